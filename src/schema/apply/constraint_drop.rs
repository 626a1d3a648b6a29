//! Constraints that go: by name or with what they rest on, and what goes with them.

use super::Applied;
use super::constraint::own_columns;
use crate::schema::operation::ConstraintRef;
use crate::schema::table::{Constraint, ConstraintKind, ForeignKey};
use crate::schema::{Dialect, Ident, ObjectName, Schema};

impl Schema {
    pub(super) fn drop_constraint(&mut self, written: &ObjectName, which: &ConstraintRef, if_exists: bool, cascade: bool) -> Applied {
        let canonical = self.reach_table(written)?;
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        let found = table.constraints.iter().position(|held| match which {
            ConstraintRef::Named(name) => held.name.as_ref() == Some(name),
            ConstraintRef::PrimaryKey => matches!(held.kind, ConstraintKind::PrimaryKey(_)),
            ConstraintRef::ForeignKey(name) => matches!(held.kind, ConstraintKind::ForeignKey(_)) && held.name.as_ref() == Some(name),
            ConstraintRef::Check(name) => matches!(held.kind, ConstraintKind::Check(_)) && held.name.as_ref() == Some(name),
        });
        if let Some(position) = found {
            self.remove_constraint(&canonical, position, cascade);
            return Ok(());
        }
        let (ConstraintRef::Named(name) | ConstraintRef::ForeignKey(name) | ConstraintRef::Check(name)) = which else {
            return if if_exists { Ok(()) } else { table.unless_unseen("primary key", &canonical.name) };
        };
        if self.drop_not_null_by_name(&canonical, name) || if_exists {
            return Ok(());
        }
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        match table.constraints.iter().any(|held| held.name.is_none()) {
            // One of the unnamed ones may be called so.
            true => Ok(()),
            false => table.unless_unseen("constraint", name),
        }
    }

    /// PostgreSQL 18 names every NOT NULL; before that no constraint has such a name.
    fn drop_not_null_by_name(&mut self, canonical: &ObjectName, name: &Ident) -> bool {
        let prefix = canonical.name.as_str();
        let column = name.as_str().strip_suffix("_not_null").and_then(|rest| rest.strip_prefix(prefix)?.strip_prefix('_'));
        let Some(column) = column.filter(|_| self.dialect == Dialect::Postgres) else { return false };
        let Some(table) = self.table_mut(canonical) else { return false };
        match table.columns.iter_mut().find(|held| held.not_null && held.name.as_str() == column) {
            Some(held) => {
                held.not_null = false;
                true
            }
            None => false,
        }
    }

    /// Takes a constraint off a table, with its index; `cascade` takes the foreign keys that rest on a key.
    pub(super) fn remove_constraint(&mut self, canonical: &ObjectName, position: usize, cascade: bool) {
        let dialect = self.dialect;
        let Some(table) = self.table_mut(canonical) else { return };
        let removed = table.constraints.remove(position);
        if let ConstraintKind::NotNull(column) = &removed.kind {
            let keyed = table.primary_key().contains(column);
            for held in table.columns.iter_mut().filter(|held| &held.name == column && !keyed) {
                held.not_null = false;
            }
        }
        let backing = table.indexes.iter().position(|index| match &removed.kind {
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => {
                index.backs_constraint
                    && index.name == removed.name
                    && (dialect != Dialect::Sqlite || index.leads_with(own_columns(&removed.kind)))
            }
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) => false,
        });
        if let Some(position) = backing {
            let index = table.indexes.remove(position);
            if let Some(name) = &index.name {
                self.index_tables.remove(&Schema::beside(canonical, name));
            }
        }
        match &removed.kind {
            ConstraintKind::ForeignKey(key) => self.unlink_reference(canonical, &key.references),
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } if cascade => {
                self.drop_references_to(canonical, columns, matches!(removed.kind, ConstraintKind::PrimaryKey(_)));
            }
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => {}
        }
        self.take_back_constraint(canonical, &removed, cascade);
    }

    /// Forgets that a table references another once its last foreign key to it is gone.
    pub(super) fn unlink_reference(&mut self, canonical: &ObjectName, referenced: &ObjectName) {
        let still = self.tables.get(canonical).is_some_and(|table| {
            table.constraints.iter().any(|held| matches!(&held.kind, ConstraintKind::ForeignKey(key) if &key.references == referenced))
        });
        if !still {
            self.referencing.remove(referenced, canonical);
        }
    }

    /// Drops the foreign keys that reference these columns; `by_default` says whether they are what an empty list means.
    fn drop_references_to(&mut self, canonical: &ObjectName, columns: &[Ident], by_default: bool) {
        for child in self.referencing.copied(canonical) {
            self.drop_matching_keys(&child, |key| {
                &key.references == canonical && (key.referenced_columns == columns || (by_default && key.referenced_columns.is_empty()))
            });
        }
    }

    /// Drops the foreign keys of a table that the test picks.
    pub(super) fn drop_matching_keys(&mut self, child: &ObjectName, picks: impl Fn(&ForeignKey) -> bool) {
        let picked = |held: &Constraint| matches!(&held.kind, ConstraintKind::ForeignKey(key) if picks(key));
        while let Some(position) = self.tables.get(child).and_then(|table| table.constraints.iter().position(picked)) {
            self.remove_constraint(child, position, false);
        }
    }
}
