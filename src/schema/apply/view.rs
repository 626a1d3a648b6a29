//! Views and materialised views.

use std::sync::Arc;

use super::Applied;
use super::reach::{exists, missing};
use crate::schema::object::{OutputColumn, View};
use crate::schema::operation::{CreateView, Drop, ObjectChange, Shown};
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
        let columns = self.output(create);
        let mut uses = create.uses.clone();
        // `*` is spelled out when the view is made; SQLite does so at every use.
        if self.dialect != Dialect::Sqlite && create.shows.as_ref().is_some_and(|shows| shows.contains(&Shown::All)) {
            let named = columns.iter().flatten().filter_map(|column| column.name.clone());
            uses.extend(named.filter(|name| !create.uses.contains(name)).collect::<Vec<Ident>>());
        }
        let view = View {
            name: name.clone(),
            reads,
            uses,
            columns,
            updatable: create.simple && !create.materialized,
            materialized: create.materialized,
            indexes,
            knowledge: if unseen { Knowledge::Unknown } else { Knowledge::Known },
            origin: if unseen { Origin::unseen() } else { origin.clone() },
        };
        self.note_made(&name);
        self.views.insert(name, Arc::new(view));
        Ok(())
    }

    /// The columns that a view will show.
    pub fn output(&self, create: &CreateView) -> Option<Vec<OutputColumn>> {
        let only = match create.reads.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        let mut columns = Vec::new();
        for shown in create.shows.as_ref()? {
            match shown {
                Shown::All => columns.extend(self.output_of(only?)?),
                Shown::One { name, source, ty } => {
                    let held = source.as_ref().zip(only).and_then(|(source, only)| self.column(only, source).known());
                    columns.push(OutputColumn { name: name.clone(), ty: ty.clone().or_else(|| Some(held?.ty.clone())) });
                }
            }
        }
        Some(columns)
    }

    /// The columns of a table or view.
    fn output_of(&self, relation: &ObjectName) -> Option<Vec<OutputColumn>> {
        if let Some(table) = self.table(relation).known() {
            let column =
                |column: &crate::schema::table::Column| OutputColumn { name: Some(column.name.clone()), ty: Some(column.ty.clone()) };
            return Some(table.columns.iter().map(column).collect());
        }
        self.view(relation).known()?.columns.clone()
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
        if let Some(view) = self.views.get_mut(name) {
            let columns = Arc::make_mut(view).columns.iter_mut().flatten();
            for held in columns.filter(|held| held.name.as_ref() == Some(column)) {
                held.name = Some(to.clone());
            }
        }
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
