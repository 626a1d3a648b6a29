//! Schemas (the SQL kind), settings that change how names are read, and objects that are only counted.

use super::Applied;
use super::reach::{exists, missing};
use crate::schema::operation::{Drop, ObjectChange, ObjectKind, Setting, Verb};
use crate::schema::{Dialect, Ident, KeyChecks, ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn create_schema(&mut self, name: &Ident, if_not_exists: bool, origin: &Origin) -> Applied {
        if self.is_default_schema(name) {
            return if if_not_exists { Ok(()) } else { Err(exists("schema", &ObjectName::bare(name.clone()))) };
        }
        if self.schemas.contains_key(name) && !if_not_exists {
            return Err(exists("schema", &ObjectName::bare(name.clone())));
        }
        let is_known = !(if_not_exists && self.history == crate::schema::table::Knowledge::Unknown);
        if is_known && !self.schemas.contains_key(name) {
            self.schemas.insert(name.clone(), origin.clone());
        }
        Ok(())
    }

    pub(super) fn alter_schema(&mut self, name: &Ident, change: &ObjectChange) -> Applied {
        let ObjectChange::Rename(to) = change else { return Ok(()) };
        if self.schemas.contains_key(to) || self.holds_anything(to) {
            return Err(exists("schema", &ObjectName::bare(to.clone())));
        }
        let of: Vec<ObjectName> = sorted(self.tables.keys().filter(|held| self.lives_in(held, name)));
        for table in of {
            let moved = self.moved(&table, to);
            self.rekey_table(&table, &moved);
        }
        let of: Vec<ObjectName> = sorted(self.views.keys().filter(|held| self.lives_in(held, name)));
        for view in of {
            self.alter_view(&view, &ObjectChange::Move(to.clone()))?;
        }
        let of: Vec<ObjectName> = sorted(self.sequences.keys().filter(|held| self.lives_in(held, name)));
        for sequence in of {
            let moved = self.moved(&sequence, to);
            self.rekey_sequence(&sequence, &moved);
        }
        let of: Vec<ObjectName> = sorted(self.routines.keys().filter(|held| self.lives_in(held, name)));
        for routine in of {
            self.alter_routine(&routine, &ObjectChange::Move(to.clone()))?;
        }
        let of: Vec<ObjectName> = sorted(self.types.keys().filter(|held| self.lives_in(held, name)));
        for user_type in of {
            let change = crate::schema::operation::TypeChange::Move(to.clone());
            self.alter_type(&user_type, &change, &Origin::unseen())?;
        }
        if let Some(origin) = self.schemas.remove(name) {
            self.schemas.insert(to.clone(), origin);
        }
        Ok(())
    }

    pub(super) fn drop_schema(&mut self, name: &Ident, if_exists: bool, cascade: bool) -> Applied {
        let known = self.schemas.contains_key(name) || self.is_default_schema(name);
        if !known && !if_exists && self.history == crate::schema::table::Knowledge::Known && self.dialect == Dialect::Mysql {
            return Err(missing("schema", &ObjectName::bare(name.clone())));
        }
        if cascade || self.dialect == Dialect::Mysql {
            for view in sorted(self.views.keys().filter(|held| self.lives_in(held, name))) {
                self.remove_view(&view);
            }
            for table in sorted(self.tables.keys().filter(|held| self.lives_in(held, name))) {
                self.drop_table(&Drop { name: table, if_exists: true, cascade: true })?;
            }
            for sequence in sorted(self.sequences.keys().filter(|held| self.lives_in(held, name))) {
                self.drop_sequence(&Drop { name: sequence, if_exists: true, cascade: true })?;
            }
            for routine in sorted(self.routines.keys().filter(|held| self.lives_in(held, name))) {
                self.unlink_routine(&routine);
                self.routines.remove(&routine);
            }
            for user_type in sorted(self.types.keys().filter(|held| self.lives_in(held, name))) {
                self.drop_type(&Drop { name: user_type, if_exists: true, cascade: true })?;
            }
        }
        self.schemas.remove(name);
        Ok(())
    }

    fn holds_anything(&self, schema: &Ident) -> bool {
        let relations = self.tables.keys().chain(self.views.keys()).chain(self.sequences.keys());
        relations.chain(self.types.keys()).chain(self.routines.keys()).any(|held| self.lives_in(held, schema))
    }

    fn is_default_schema(&self, name: &Ident) -> bool {
        self.dialect.default_schema() == Some(name.as_str())
    }

    /// SET search_path (also as SET SCHEMA) decides how later names are read.
    pub(super) fn set_setting(&mut self, setting: &Setting, origin: &Origin) {
        if self.dialect == Dialect::Mysql && setting.name == "foreign_key_checks" {
            let off = |value: &String| value == "0" || value.eq_ignore_ascii_case("off") || value.eq_ignore_ascii_case("false");
            self.key_checks = if setting.values.iter().any(off) { KeyChecks::Off } else { KeyChecks::On };
        }
        if self.dialect != Dialect::Postgres || !matches!(setting.name.as_str(), "search_path" | "schema") {
            return;
        }
        match setting.local {
            true => self.search_path.set_local(&setting.values, origin.transaction),
            false => self.search_path.set(&setting.values),
        }
    }

    /// Ends the session: what was set in it for MySQL is gone.
    pub fn end_session(&mut self) {
        self.key_checks = KeyChecks::On;
    }

    /// An extension brings functions and types that no statement names.
    pub(super) fn note_other_object(&mut self, verb: Verb, kind: ObjectKind) {
        match (verb, kind) {
            (Verb::Create, ObjectKind::Extension | ObjectKind::Aggregate | ObjectKind::Language) => self.extended = true,
            (Verb::Create, ObjectKind::Publication) => self.published = true,
            (Verb::Create | Verb::Alter | Verb::Drop, _) => {}
        }
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a ObjectName>) -> Vec<ObjectName> {
    let mut names: Vec<ObjectName> = names.cloned().collect();
    names.sort();
    names
}
