//! Columns: added, dropped, changed. What rests on a column goes with it as each database does it.

use super::Applied;
use crate::schema::operation::{AddColumn, ColumnChange, NewColumn, NewConstraint};
use crate::schema::table::{Column, ConstraintKind, Generated, IndexKey, Knowledge, TypeName, Validity};
use crate::schema::{Dialect, Ident, ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn add_column(&mut self, add: &AddColumn, origin: &Origin) -> Applied {
        let canonical = self.reach_table(&add.table)?;
        let name = &add.column.name;
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        if table.column(name).is_some() {
            if add.if_not_exists {
                return Ok(());
            }
            table.unless_stale("column", name)?;
        }
        // On a table that was not seen in full, IF NOT EXISTS may find an older column.
        let unseen = add.if_not_exists && table.knowledge == Knowledge::Unknown;
        self.count_row_version(&canonical, origin);
        let column = add.column.as_column(&if unseen { Origin::unseen() } else { origin.clone() });
        if self.has_descendants(&canonical) {
            for heir in self.descendants(&canonical) {
                self.put_column(&heir, &column);
            }
        }
        self.put_column(&canonical, &column);
        if column.has_sequence() && self.dialect == Dialect::Postgres {
            self.make_owned_sequence(&canonical, name, origin);
        }
        let mut applied = Ok(());
        for constraint in &add.constraints {
            applied = applied.and(self.place_written(&canonical, constraint, origin));
        }
        applied
    }

    /// MySQL makes a version of the row for each statement that adds or drops columns.
    fn count_row_version(&mut self, canonical: &ObjectName, origin: &Origin) {
        if self.dialect == Dialect::Mysql
            && let Some(table) = self.table_mut(canonical)
            && table.row_versions.last != origin.transaction
        {
            table.row_versions.last = origin.transaction;
            table.row_versions.number += 1;
        }
    }

    fn put_column(&mut self, canonical: &ObjectName, column: &Column) {
        let Some(table) = self.table_mut(canonical) else { return };
        match table.columns.iter_mut().find(|held| held.name == column.name) {
            Some(held) => *held = column.clone(),
            None => table.columns.push(column.clone()),
        }
    }

    pub(super) fn drop_column(&mut self, written: &ObjectName, column: &Ident, if_exists: bool, cascade: bool, origin: &Origin) -> Applied {
        let canonical = self.reach_table(written)?;
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        if table.column(column).is_none() {
            return if if_exists { Ok(()) } else { table.unless_unseen("column", column) };
        }
        if self.dialect == Dialect::Sqlite && table.holds_column(column) {
            // Refused by the database.
            return Ok(());
        }
        self.count_row_version(&canonical, origin);
        if cascade {
            self.drop_users_of_column(&canonical, column);
        }
        for heir in self.descendants(&canonical) {
            self.remove_column(&heir, column, cascade);
        }
        self.remove_column(&canonical, column, cascade);
        Ok(())
    }

    /// CASCADE: views that use the column, foreign keys to it, columns computed from it.
    fn drop_users_of_column(&mut self, canonical: &ObjectName, column: &Ident) {
        let views: Vec<ObjectName> =
            self.views_reading(canonical).filter(|view| view.uses.contains(column)).map(|view| view.name.clone()).collect();
        for view in views {
            self.remove_view(&view);
        }
        let Some(table) = self.tables.get(canonical) else { return };
        let is_whole_key = table.primary_key().contains(column);
        for child in self.referencing.copied(canonical) {
            self.drop_matching_keys(&child, |key| {
                &key.references == canonical
                    && (key.referenced_columns.contains(column) || (is_whole_key && key.referenced_columns.is_empty()))
            });
        }
        let Some(table) = self.tables.get(canonical) else { return };
        let computed: Vec<Ident> =
            table.columns.iter().filter(|other| other.is_computed_from(column)).map(|other| other.name.clone()).collect();
        for other in computed {
            self.remove_column(canonical, &other, true);
        }
    }

    /// Takes a column off one table with the constraints, indexes and sequences on it.
    pub(super) fn remove_column(&mut self, canonical: &ObjectName, column: &Ident, cascade: bool) {
        let keeps_rest_of_index = self.dialect == Dialect::Mysql;
        loop {
            let Some(table) = self.tables.get(canonical) else { return };
            let concerned = |held: &crate::schema::table::Constraint| match &held.kind {
                // MySQL shortens a key; PostgreSQL drops it.
                ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } if keeps_rest_of_index => {
                    columns.as_slice() == std::slice::from_ref(column)
                }
                ConstraintKind::PrimaryKey(_)
                | ConstraintKind::Unique { .. }
                | ConstraintKind::Check(_)
                | ConstraintKind::NotNull(_)
                | ConstraintKind::ForeignKey(_)
                | ConstraintKind::Exclusion { .. } => held.concerns(column),
            };
            let Some(position) = table.constraints.iter().position(concerned) else { break };
            self.remove_constraint(canonical, position, cascade);
        }
        let mut dropped_indexes = Vec::new();
        if let Some(table) = self.table_mut(canonical) {
            table.columns.retain(|held| &held.name != column);
            if keeps_rest_of_index {
                table.shorten_keys(column);
            }
            table.indexes.retain(|index| {
                let keep = !index.concerns(column) && !index.keys.is_empty();
                if !keep {
                    dropped_indexes.extend(index.name.clone());
                }
                keep
            });
        }
        for index in dropped_indexes {
            self.index_tables.remove(&Schema::beside(canonical, &index));
        }
        self.drop_owned_sequences(canonical, column);
    }

    pub(super) fn alter_column(&mut self, written: &ObjectName, column: &Ident, change: &ColumnChange, origin: &Origin) -> Applied {
        let canonical = self.reach_table(written)?;
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        let Some(before) = table.column(column) else { return table.unless_unseen("column", column) };
        let had_sequence = before.has_sequence();
        if let ColumnChange::Redefine { column: new, constraints } = change {
            self.redefine_column(&canonical, column, new);
            return self.place_inline(&canonical, constraints, origin);
        }
        if self.has_descendants(&canonical) {
            for heir in self.descendants(&canonical) {
                self.change_column(&heir, column, change);
            }
        }
        self.change_column(&canonical, column, change);
        if self.dialect == Dialect::Postgres {
            let has_sequence = self.tables.get(&canonical).and_then(|table| table.column(column)).is_some_and(Column::has_sequence);
            match (had_sequence, has_sequence) {
                (false, true) => self.make_owned_sequence(&canonical, column, origin),
                // That of a serial column stays without the default.
                (true, false) if *change != ColumnChange::DropDefault => self.drop_owned_sequences(&canonical, column),
                (true, _) | (false, false) => {}
            }
        }
        Ok(())
    }

    fn place_inline(&mut self, canonical: &ObjectName, constraints: &[NewConstraint], origin: &Origin) -> Applied {
        constraints.iter().try_for_each(|constraint| self.place_written(canonical, constraint, origin))
    }

    fn change_column(&mut self, canonical: &ObjectName, name: &Ident, change: &ColumnChange) {
        let Some(table) = self.table_mut(canonical) else { return };
        let keyed = table.primary_key().contains(name);
        let Some(column) = table.columns.iter_mut().find(|held| &held.name == name) else { return };
        match change {
            ColumnChange::SetType { ty, using: _, collation } => {
                column.ty = ty.clone();
                column.collation = collation.clone();
            }
            ColumnChange::SetDefault(default) => column.default = Some(default.clone()),
            ColumnChange::DropDefault => {
                column.default = None;
                if column.generated == Generated::Serial {
                    // The sequence stays, owned by the column; nothing fills it any more.
                    column.generated = Generated::No;
                }
            }
            ColumnChange::SetNotNull => {
                column.not_null = true;
                for held in &mut table.constraints {
                    if matches!(&held.kind, ConstraintKind::NotNull(named) if named == name) {
                        held.validity = Validity::Valid;
                    }
                }
            }
            ColumnChange::DropNotNull => {
                column.not_null = keyed;
                table.constraints.retain(|held| !matches!(&held.kind, ConstraintKind::NotNull(named) if named == name));
            }
            ColumnChange::SetIdentity(generated) => {
                column.generated = generated.clone();
                column.not_null = true;
            }
            ColumnChange::DropIdentity { if_exists: _ } | ColumnChange::DropExpression { if_exists: _ } => column.generated = Generated::No,
            ColumnChange::SetExpression(expression) => {
                column.generated = match &column.generated {
                    Generated::Virtual(_) => Generated::Virtual(expression.clone()),
                    Generated::Stored(_) | Generated::No | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => {
                        Generated::Stored(expression.clone())
                    }
                };
            }
            ColumnChange::RestartIdentity | ColumnChange::Storage | ColumnChange::Statistics | ColumnChange::Redefine { .. } => {}
        }
    }

    /// MySQL's MODIFY and CHANGE: what is not stated again is lost, but for the keys.
    fn redefine_column(&mut self, canonical: &ObjectName, name: &Ident, new: &NewColumn) {
        let Some(table) = self.table_mut(canonical) else { return };
        let keyed = table.primary_key().contains(name);
        if let Some(held) = table.columns.iter_mut().find(|held| &held.name == name || held.name == new.name) {
            let stated = new.as_column(&held.origin);
            let ty = if stated.ty == TypeName::plain("") { held.ty.clone() } else { stated.ty.clone() };
            *held = Column { ty, not_null: stated.not_null || keyed, name: held.name.clone(), ..stated };
        }
    }
}

impl crate::schema::table::Table {
    /// MySQL's DROP COLUMN: the column leaves every key and index.
    fn shorten_keys(&mut self, column: &Ident) {
        for index in &mut self.indexes {
            index.keys.retain(|key| !matches!(key, IndexKey::Column(name) if name == column));
        }
        for held in &mut self.constraints {
            match &mut held.kind {
                ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } => columns.retain(|name| name != column),
                ConstraintKind::Check(_)
                | ConstraintKind::NotNull(_)
                | ConstraintKind::ForeignKey(_)
                | ConstraintKind::Exclusion { .. } => {}
            }
        }
    }
}
