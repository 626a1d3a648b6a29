//! Renames and moves of tables and columns, with everything that the database renames along.

use std::sync::Arc;

use super::Applied;
use super::reach::exists;
use super::rename_column::replace;
use crate::schema::operation::{ObjectChange, SequenceChange};
use crate::schema::table::{ConstraintKind, ForeignKey, Partitioning, Table};
use crate::schema::{Dialect, Ident, ObjectName, Schema};

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
                if let ConstraintKind::ForeignKey(key) = &mut held.kind
                    && &key.references == old
                {
                    key.references = new.clone();
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
        if let Some(above) = parent
            && let Some(above) = self.table_mut(&above)
        {
            above.rename_partition(old, new);
        }
        for partition in partitions {
            if let Some(partition) = self.table_mut(&partition) {
                partition.rename_parent(new);
            }
        }
        for sequence in self.owned_sequences.copied(old) {
            self.owned_sequences.remove(old, &sequence);
            self.owned_sequences.add(new, &sequence);
            if let Some(sequence) = self.sequences.get_mut(&sequence)
                && let Some((owner, _)) = &mut Arc::make_mut(sequence).owned_by
            {
                *owner = new.clone();
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
