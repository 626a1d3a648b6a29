//! Views and materialised views.

use std::sync::Arc;

use super::Applied;
use super::reach::{exists, missing};
use crate::schema::object::View;
use crate::schema::operation::{CreateView, Drop, ObjectChange};
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Ident, ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn create_view(&mut self, create: &CreateView, origin: &Origin) -> Applied {
        let name = if create.temporary { self.name_for_temporary(&create.name) } else { self.name_for_new(&create.name) };
        let mut indexes = Vec::new();
        if self.is_relation(&name) {
            if create.if_not_exists {
                return Ok(());
            }
            match self.views.get(&name) {
                Some(existing) if create.or_replace => indexes = existing.indexes.clone(),
                Some(existing) if existing.knowledge == Knowledge::Unknown || create.temporary => {}
                Some(_) | None => return Err(exists("view", &create.name)),
            }
            self.unlink_view(&name);
        }
        let unseen = create.if_not_exists && self.may_exist_unseen(&name);
        let reads: Vec<ObjectName> = create.reads.iter().map(|read| self.canonical(read)).collect();
        for read in &reads {
            self.readers.add(read, &name);
        }
        let view = View {
            name: name.clone(),
            reads,
            uses: create.uses.clone(),
            materialized: create.materialized,
            indexes,
            knowledge: if unseen { Knowledge::Unknown } else { Knowledge::Known },
            origin: if unseen { Origin::unseen() } else { origin.clone() },
        };
        self.note_made(&name);
        self.views.insert(name, Arc::new(view));
        Ok(())
    }

    pub(super) fn drop_view(&mut self, drop: &Drop) -> Applied {
        let name = self.canonical(&drop.name);
        if !self.views.contains_key(&name) {
            if !self.is_relation(&name) && (drop.if_exists || self.may_exist_unseen(&name)) {
                self.note_gone(&name);
                return Ok(());
            }
            return if drop.if_exists { Ok(()) } else { Err(missing("view", &drop.name)) };
        }
        if drop.cascade && self.dialect == Dialect::Postgres {
            self.drop_views_reading(&name);
        }
        self.remove_view(&name);
        Ok(())
    }

    /// CASCADE: the views that read a relation, and the views that read those. MySQL and SQLite leave them, broken.
    pub(super) fn drop_views_reading(&mut self, relation: &ObjectName) {
        if self.dialect != Dialect::Postgres {
            return;
        }
        for view in self.readers.copied(relation) {
            self.remove_view(&view);
        }
    }

    /// Takes a view out of the schema, and in PostgreSQL those that read it, which cannot stay.
    pub(super) fn remove_view(&mut self, name: &ObjectName) {
        if !self.views.contains_key(name) {
            return;
        }
        self.unlink_view(name);
        if let Some(view) = self.views.remove(name) {
            for index in view.indexes.iter().filter_map(|index| index.name.as_ref()) {
                self.index_tables.remove(&Schema::beside(name, index));
            }
        }
        self.note_gone(name);
        self.drop_views_reading(name);
    }

    fn unlink_view(&mut self, name: &ObjectName) {
        let Some(view) = self.views.get(name) else { return };
        for read in &view.reads {
            self.readers.remove(read, name);
        }
    }

    pub(super) fn alter_view(&mut self, written: &ObjectName, change: &ObjectChange) -> Applied {
        let name = self.canonical(written);
        if !self.views.contains_key(&name) {
            return self.unless_unseen(&name, "view", written);
        }
        match change {
            ObjectChange::Rename(to) => self.rekey_view(&name, Schema::beside(&name, to)),
            ObjectChange::Move(schema) => {
                let moved = self.moved(&name, schema);
                self.rekey_view(&name, moved)
            }
            ObjectChange::RenameColumn { column, to } => {
                self.rename_view_column(&name, column, to);
                Ok(())
            }
            ObjectChange::Option => Ok(()),
        }
    }

    fn rekey_view(&mut self, old: &ObjectName, new: ObjectName) -> Applied {
        if &new == old {
            return Ok(());
        }
        if self.is_relation(&new) {
            return Err(exists("view", &new));
        }
        self.unlink_view(old);
        let Some(mut view) = self.views.remove(old) else { return Ok(()) };
        self.note_gone(old);
        self.note_made(&new);
        Arc::make_mut(&mut view).name = new.clone();
        for read in &view.reads {
            self.readers.add(read, &new);
        }
        for index in view.indexes.iter().filter_map(|index| index.name.as_ref()) {
            self.index_tables.remove(&Schema::beside(old, index));
            self.index_tables.insert(Schema::beside(&new, index), new.clone());
        }
        self.views.insert(new.clone(), view);
        self.retarget_views(old, &new);
        Ok(())
    }

    /// The output column gets another name; the views above follow it.
    fn rename_view_column(&mut self, name: &ObjectName, column: &Ident, to: &Ident) {
        let above = self.readers.copied(name);
        for view in std::iter::once(name).chain(&above) {
            let Some(view) = self.views.get_mut(view) else { continue };
            let view = Arc::make_mut(view);
            if (view.uses.contains(column) || &view.name == name) && !view.uses.contains(to) {
                view.uses.push(to.clone());
            }
        }
    }

    pub(super) fn refresh_view(&mut self, written: &ObjectName) -> Applied {
        let name = self.canonical(written);
        if self.views.contains_key(&name) { Ok(()) } else { self.unless_unseen(&name, "materialized view", written) }
    }
}
