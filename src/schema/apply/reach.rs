//! Finding what an operation names, and saying what is missing only where that is certain.

use std::sync::Arc;

use super::{Applied, Problem};
use crate::schema::table::{Knowledge, Partitioning, Persistence, RowVersions, Table};
use crate::schema::{Ident, ObjectName, Origin, Schema};

impl Schema {
    /// The canonical name of a table that is about to change. One that may exist unseen is recorded as unknown first.
    pub(super) fn reach_table(&mut self, written: &ObjectName) -> Result<ObjectName, Problem> {
        let name = self.canonical(written);
        if self.tables.contains_key(&name) {
            return Ok(name);
        }
        if !self.is_relation(&name) && self.may_exist_unseen(&name) {
            self.poisoned.remove(&name);
            self.tables.insert(name.clone(), Arc::new(Table::unseen(name.clone())));
            return Ok(name);
        }
        Err(missing("table", written))
    }

    /// The table of this canonical name, for change.
    pub(super) fn table_mut(&mut self, canonical: &ObjectName) -> Option<&mut Table> {
        self.tables.get_mut(canonical).map(Arc::make_mut)
    }

    /// The table as written, for change.
    pub(super) fn reach_table_mut(&mut self, written: &ObjectName) -> Result<&mut Table, Problem> {
        let name = self.reach_table(written)?;
        self.table_mut(&name).ok_or_else(|| missing("table", written))
    }

    /// A problem unless a relation of this name exists or may exist.
    pub(super) fn expect_relation(&self, written: &ObjectName) -> Applied {
        let name = self.canonical(written);
        if self.is_relation(&name) || self.may_exist_unseen(&name) { Ok(()) } else { Err(missing("table", written)) }
    }

    /// What to answer about a name under which nothing is recorded: a problem where it certainly does not exist.
    pub(super) fn unless_unseen(&self, canonical: &ObjectName, kind: &'static str, written: &ObjectName) -> Applied {
        if self.may_exist_unseen(canonical) { Ok(()) } else { Err(missing(kind, written)) }
    }

    /// Notes that a name denotes a recorded object from now on.
    pub(super) fn note_made(&mut self, canonical: &ObjectName) {
        if !self.poisoned.is_empty() {
            self.poisoned.remove(canonical);
        }
        if !self.gone.is_empty() {
            self.gone.remove(canonical);
        }
        if self.search_path.is_temporary(canonical.schema.as_ref()) {
            self.search_path.temporaries += 1;
        }
    }

    /// Notes that a name denotes nothing from now on.
    pub(super) fn note_gone(&mut self, canonical: &ObjectName) {
        self.poisoned.remove(canonical);
        if self.search_path.is_temporary(canonical.schema.as_ref()) {
            self.search_path.temporaries = self.search_path.temporaries.saturating_sub(1);
        } else if self.may_exist_unseen(canonical) {
            self.gone.insert(canonical.clone(), ());
        }
    }

    /// Everything below a table (canonical name): partitions and inheriting tables, and what lies below those.
    pub fn descendants(&self, canonical: &ObjectName) -> Vec<ObjectName> {
        let mut found: Vec<ObjectName> = Vec::new();
        let mut pending = vec![canonical.clone()];
        while let Some(next) = pending.pop() {
            let partitions = self.tables.get(&next).map_or(&[][..], |table| table.partitions());
            for child in partitions.iter().chain(self.heirs.of(&next)) {
                if child != canonical && !found.contains(child) {
                    found.push(child.clone());
                    pending.push(child.clone());
                }
            }
        }
        found
    }

    /// Whether anything lies below a table: most have nothing, and then nothing is copied.
    pub(super) fn has_descendants(&self, canonical: &ObjectName) -> bool {
        self.tables.get(canonical).is_some_and(|table| !table.partitions().is_empty()) || self.heirs.of(canonical).next().is_some()
    }
}

impl Table {
    /// A table of which nothing is known but that it exists or may exist.
    pub(super) fn unseen(name: ObjectName) -> Table {
        Table {
            name,
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            triggers: Vec::new(),
            row_security: false,
            policies: Vec::new(),
            partitioning: Partitioning::None,
            inherits: Vec::new(),
            persistence: Persistence::Permanent,
            replica_identity: false,
            charset: None,
            row_versions: RowVersions::default(),
            without_rowid: false,
            strict: false,
            knowledge: Knowledge::Unknown,
            origin: Origin::unseen(),
        }
    }

    /// What to answer about a part that is not recorded: a problem where the table is known in full.
    pub(super) fn unless_unseen(&self, kind: &'static str, part: &Ident) -> Applied {
        match self.knowledge {
            Knowledge::Known => Err(missing(kind, &ObjectName { schema: Some(self.name.name.clone()), name: part.clone() })),
            Knowledge::Unknown => Ok(()),
        }
    }

    /// What to answer about a new part whose name is taken: a problem where the table is known in full.
    pub(super) fn unless_stale(&self, kind: &'static str, part: &Ident) -> Applied {
        match self.knowledge {
            Knowledge::Known => Err(exists(kind, &ObjectName { schema: Some(self.name.name.clone()), name: part.clone() })),
            Knowledge::Unknown => Ok(()),
        }
    }
}

pub(super) fn missing(kind: &'static str, name: &ObjectName) -> Problem {
    Problem::Missing { kind, name: name.clone() }
}

pub(super) fn exists(kind: &'static str, name: &ObjectName) -> Problem {
    Problem::Exists { kind, name: name.clone() }
}
