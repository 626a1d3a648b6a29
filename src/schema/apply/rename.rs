//! Renames and moves of tables and columns, with everything that the database renames along.

use std::sync::Arc;

use super::Applied;
use super::reach::exists;
use crate::schema::operation::{ObjectChange, SequenceChange};
use crate::schema::table::{ConstraintKind, ForeignKey, Generated, IndexKey, Partitioning, Table};
use crate::schema::{Dialect, Expression, Ident, ObjectName, Schema};

impl Schema {
    pub(super) fn rename_table(&mut self, written: &ObjectName, to: &Ident) -> Applied {
        let old = self.canonical(written);
        if self.views.contains_key(&old) {
            return self.alter_view(written, &ObjectChange::Rename(to.clone()));
        }
        if self.sequences.contains_key(&old) {
            return self.alter_sequence(written, &SequenceChange::Rename(to.clone()));
        }
        if self.index_tables.contains_key(&old) {
            return self.rename_index(written, None, to);
        }
        let old = self.reach_table(written)?;
        let new = Schema::beside(&old, to);
        if self.is_relation(&new) && new != old {
            return Err(exists("table", &new));
        }
        self.rekey_table(&old, &new);
        Ok(())
    }

    pub(super) fn move_table(&mut self, written: &ObjectName, schema: &Ident) -> Applied {
        let old = self.canonical(written);
        if self.views.contains_key(&old) {
            return self.alter_view(written, &ObjectChange::Move(schema.clone()));
        }
        let old = self.reach_table(written)?;
        let new = self.moved(&old, schema);
        if new == old {
            return Ok(());
        }
        if self.is_relation(&new) {
            return Err(exists("table", &new));
        }
        let indexes = self.tables.get(&old).map(|table| table.indexes.as_slice()).unwrap_or_default();
        for index in indexes.iter().filter_map(|index| index.name.as_ref()) {
            if self.is_relation(&Schema::beside(&new, index)) {
                return Err(exists("index", &Schema::beside(&new, index)));
            }
        }
        for sequence in self.owned_sequences.copied(&old) {
            let moved = self.moved(&sequence, schema);
            self.rekey_sequence(&sequence, &moved);
        }
        self.rekey_table(&old, &new);
        Ok(())
    }

    /// Gives a table another canonical name, and tells everything that points at it.
    pub(super) fn rekey_table(&mut self, old: &ObjectName, new: &ObjectName) {
        let Some(mut table) = self.tables.remove(old) else { return };
        self.note_gone(old);
        self.note_made(new);
        Arc::make_mut(&mut table).name = new.clone();
        if self.dialect != Dialect::Mysql {
            for index in table.indexes.iter().filter_map(|index| index.name.as_ref()) {
                self.index_tables.remove(&Schema::beside(old, index));
                self.index_tables.insert(Schema::beside(new, index), new.clone());
            }
        }
        for trigger in &table.triggers {
            self.forget_trigger(old, trigger);
        }
        let triggers = table.triggers.clone();
        let referenced: Vec<ObjectName> = table.foreign_keys().map(|key| key.references.clone()).collect();
        let (inherits, partitions, parent) = (table.inherits.clone(), table.partitions().to_vec(), table.partition_parent().cloned());
        self.tables.insert(new.clone(), table);
        for trigger in &triggers {
            self.link_trigger(new, trigger);
        }
        for target in &referenced {
            self.referencing.remove(target, old);
            self.referencing.add(target, new);
        }
        for child in self.referencing.copied(old) {
            self.referencing.remove(old, &child);
            self.referencing.add(new, &child);
            let Some(child) = self.table_mut(&child) else { continue };
            for held in &mut child.constraints {
                if let ConstraintKind::ForeignKey(key) = &mut held.kind {
                    if &key.references == old {
                        key.references = new.clone();
                    }
                }
            }
        }
        for above in &inherits {
            self.heirs.remove(above, old);
            self.heirs.add(above, new);
        }
        for heir in self.heirs.copied(old) {
            self.heirs.remove(old, &heir);
            self.heirs.add(new, &heir);
            if let Some(heir) = self.table_mut(&heir) {
                replace(&mut heir.inherits, old, new);
            }
        }
        if let Some(above) = parent {
            if let Some(above) = self.table_mut(&above) {
                above.rename_partition(old, new);
            }
        }
        for partition in partitions {
            if let Some(partition) = self.table_mut(&partition) {
                partition.rename_parent(new);
            }
        }
        for sequence in self.owned_sequences.copied(old) {
            self.owned_sequences.remove(old, &sequence);
            self.owned_sequences.add(new, &sequence);
            if let Some(sequence) = self.sequences.get_mut(&sequence) {
                if let Some((owner, _)) = &mut Arc::make_mut(sequence).owned_by {
                    *owner = new.clone();
                }
            }
        }
        self.retarget_views(old, new);
    }

    /// Views follow a renamed relation, but for MySQL's, which keep the name and break.
    pub(super) fn retarget_views(&mut self, old: &ObjectName, new: &ObjectName) {
        if self.dialect == Dialect::Mysql {
            return;
        }
        for view in self.readers.copied(old) {
            self.readers.remove(old, &view);
            self.readers.add(new, &view);
            if let Some(view) = self.views.get_mut(&view) {
                let view = Arc::make_mut(view);
                replace(&mut view.reads, old, new);
                replace(&mut view.uses, &old.name, &new.name);
            }
        }
    }

    pub(super) fn rename_column(&mut self, written: &ObjectName, column: &Ident, to: &Ident) -> Applied {
        let name = self.canonical(written);
        if self.views.contains_key(&name) {
            return self.alter_view(written, &ObjectChange::RenameColumn { column: column.clone(), to: to.clone() });
        }
        let canonical = self.reach_table(written)?;
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        if table.column(column).is_none() {
            return table.unless_unseen("column", column);
        }
        if column == to {
            return Ok(());
        }
        if table.column(to).is_some() {
            return table.unless_stale("column", to);
        }
        for heir in self.descendants(&canonical) {
            self.rename_column_of(&heir, column, to);
        }
        self.rename_column_of(&canonical, column, to);
        Ok(())
    }

    fn rename_column_of(&mut self, canonical: &ObjectName, column: &Ident, to: &Ident) {
        let dialect = self.dialect;
        let Some(table) = self.table_mut(canonical) else { return };
        table.rename_column(column, to);
        let triggers = table.triggers.clone();
        for child in self.referencing.copied(canonical) {
            let Some(child) = self.table_mut(&child) else { continue };
            for held in &mut child.constraints {
                if let ConstraintKind::ForeignKey(key) = &mut held.kind {
                    if &key.references == canonical {
                        replace(&mut key.referenced_columns, column, to);
                    }
                }
            }
        }
        for sequence in self.owned_sequences.copied(canonical) {
            let Some(sequence) = self.sequences.get_mut(&sequence) else { continue };
            match &mut Arc::make_mut(sequence).owned_by {
                Some((_, owner)) if owner == column => *owner = to.clone(),
                Some(_) | None => {}
            }
        }
        if dialect == Dialect::Mysql {
            return;
        }
        for view in self.readers.copied(canonical) {
            let Some(view) = self.views.get_mut(&view) else { continue };
            let view = Arc::make_mut(view);
            match view.reads.as_slice() {
                [_] => replace(&mut view.uses, column, to),
                // The old name may be that of a column of another table.
                _ if view.uses.contains(column) && !view.uses.contains(to) => view.uses.push(to.clone()),
                _ => {}
            }
        }
        if dialect == Dialect::Sqlite {
            for trigger in triggers {
                self.forget_trigger(canonical, &trigger);
                let mut renamed = trigger.clone();
                replace(&mut renamed.uses, column, to);
                self.link_trigger(canonical, &renamed);
                if let Some(table) = self.table_mut(canonical) {
                    for held in table.triggers.iter_mut().filter(|held| held.name == trigger.name) {
                        *held = renamed.clone();
                    }
                }
            }
        }
    }
}

impl Table {
    /// The foreign keys of the table.
    pub fn foreign_keys(&self) -> impl Iterator<Item = &ForeignKey> {
        self.constraints.iter().filter_map(|held| match &held.kind {
            ConstraintKind::ForeignKey(key) => Some(key),
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => None,
        })
    }

    fn rename_column(&mut self, column: &Ident, to: &Ident) {
        for held in &mut self.columns {
            if &held.name == column {
                held.name = to.clone();
            }
            if let Generated::Stored(expression) | Generated::Virtual(expression) = &mut held.generated {
                expression.rename_column(column, to);
            }
        }
        for held in &mut self.constraints {
            match &mut held.kind {
                ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } | ConstraintKind::Exclusion { columns } => {
                    replace(columns, column, to);
                }
                ConstraintKind::ForeignKey(key) => replace(&mut key.columns, column, to),
                ConstraintKind::NotNull(named) if named == column => *named = to.clone(),
                ConstraintKind::NotNull(_) => {}
                ConstraintKind::Check(condition) => condition.rename_column(column, to),
            }
        }
        for index in &mut self.indexes {
            for key in &mut index.keys {
                match key {
                    IndexKey::Column(name) if name == column => *name = to.clone(),
                    IndexKey::Column(_) => {}
                    IndexKey::Expression(expression) => expression.rename_column(column, to),
                }
            }
            replace(&mut index.include, column, to);
            if let Some(predicate) = &mut index.predicate {
                predicate.rename_column(column, to);
            }
        }
        if let Partitioning::Partitioned { columns, .. } = &mut self.partitioning {
            replace(columns, column, to);
        }
    }

    fn rename_partition(&mut self, old: &ObjectName, new: &ObjectName) {
        if let Partitioning::Partitioned { partitions, default, .. } = &mut self.partitioning {
            replace(partitions, old, new);
            if let Some(held) = default.as_mut().filter(|held| *held == old) {
                *held = new.clone();
            }
        }
    }

    fn rename_parent(&mut self, new: &ObjectName) {
        match &mut self.partitioning {
            Partitioning::PartitionOf(parent) => *parent = new.clone(),
            Partitioning::Partitioned { parent, .. } => *parent = Some(new.clone()),
            Partitioning::None => {}
        }
    }
}

impl Expression {
    /// The same expression after a rename of one column.
    pub(in crate::schema) fn rename_column(&mut self, column: &Ident, to: &Ident) {
        if !self.columns.contains(column) {
            return;
        }
        replace(&mut self.columns, column, to);
        replace(&mut self.proves_not_null, column, to);
        let mut in_string = false;
        let words: Vec<&str> = self
            .text
            .split(' ')
            .map(|word| {
                let names = !in_string && (word == column.as_str() || word.trim_matches(['"', '`']) == column.as_str());
                in_string ^= word.matches('\'').count() % 2 == 1;
                if names { to.as_str() } else { word }
            })
            .collect();
        self.text = words.join(" ");
    }
}

fn replace<T: PartialEq + Clone>(list: &mut [T], old: &T, new: &T) {
    for item in list.iter_mut().filter(|item| *item == old) {
        *item = new.clone();
    }
}
