//! Tables as a whole: created, dropped, and changed otherwise than in one column or constraint.

use super::Applied;
use super::reach::missing;
use crate::schema::operation::{Drop, TableChange};
use crate::schema::table::{ConstraintKind, Detail, Persistence, RowVersions, Table};
use crate::schema::{Dialect, ObjectName, Schema};

impl Schema {
    pub(super) fn drop_table(&mut self, drop: &Drop) -> Applied {
        let name = self.canonical(&drop.name);
        if !self.tables.contains_key(&name) {
            if self.is_relation(&name) || !(drop.if_exists || self.may_exist_unseen(&name)) {
                return if drop.if_exists { Ok(()) } else { Err(missing("table", &drop.name)) };
            }
            self.drop_users_of_table(&name, drop.cascade);
            self.note_gone(&name);
            return Ok(());
        }
        self.drop_users_of_table(&name, drop.cascade);
        for partition in self.descendants(&name) {
            self.remove_table(&partition);
        }
        self.remove_table(&name);
        Ok(())
    }

    /// What cannot stay without a table: foreign keys to it, with CASCADE the views that read it.
    fn drop_users_of_table(&mut self, name: &ObjectName, cascade: bool) {
        if cascade {
            self.drop_views_reading(name);
        }
        if self.dialect == Dialect::Sqlite {
            // There a key may reference what does not exist.
            return;
        }
        for child in self.referencing.copied(name) {
            if &child != name {
                self.drop_matching_keys(&child, |key| &key.references == name);
            }
        }
    }

    /// Takes a table out of the schema with all that only it holds: indexes, sequences, triggers, links.
    pub(super) fn remove_table(&mut self, name: &ObjectName) {
        let Some(table) = self.tables.remove(name) else { return };
        for index in table.indexes.iter().filter_map(|index| index.name.as_ref()) {
            self.index_tables.remove(&Schema::beside(name, index));
        }
        for constraint in &table.constraints {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                self.referencing.remove(&key.references, name);
            }
        }
        for trigger in &table.triggers {
            self.forget_trigger(name, trigger);
        }
        for parent in &table.inherits {
            self.heirs.remove(parent, name);
        }
        for sequence in self.owned_sequences.copied(name) {
            self.owned_sequences.remove(name, &sequence);
            self.sequences.remove(&sequence);
        }
        for partition in table.partitions() {
            self.orphan(partition);
        }
        for heir in self.heirs.copied(name) {
            self.heirs.remove(name, &heir);
            if let Some(heir) = self.table_mut(&heir) {
                heir.inherits.retain(|parent| parent != name);
            }
        }
        if let Some(parent) = table.partition_parent() {
            self.unlink_partition(parent, name);
        }
        self.note_gone(name);
    }

    pub(super) fn alter_table(&mut self, written: &ObjectName, change: &TableChange) -> Applied {
        let relation = self.canonical(written);
        if self.views.contains_key(&relation) || self.sequences.contains_key(&relation) || self.index_tables.contains_key(&relation) {
            // PostgreSQL lets ALTER TABLE change options of any relation.
            return Ok(());
        }
        let canonical = self.reach_table(written)?;
        match change {
            TableChange::SetLogged { logged } => {
                if let Some(table) = self.table_mut(&canonical) {
                    table.persistence = if *logged { Persistence::Permanent } else { Persistence::Unlogged };
                }
            }
            TableChange::Inherit { parent, add } => {
                let parent = self.reach_table(parent)?;
                match add {
                    true => self.heirs.add(&parent, &canonical),
                    false => self.heirs.remove(&parent, &canonical),
                }
                if let Some(table) = self.table_mut(&canonical) {
                    table.inherits.retain(|held| held != &parent);
                    if *add {
                        table.inherits.push(parent);
                    }
                }
            }
            TableChange::ReplicaIdentity => {
                if let Some(table) = self.table_mut(&canonical) {
                    table.replica_identity = true;
                }
            }
            TableChange::Trigger { name, enabled } => return self.switch_triggers(&canonical, name.as_ref(), *enabled),
            TableChange::Charset { convert: true } => {
                if let Some(table) = self.table_mut(&canonical) {
                    table.forget_charset();
                }
            }
            TableChange::Charset { convert: false } => {
                if let Some(table) = self.table_mut(&canonical) {
                    table.charset = None;
                }
            }
            TableChange::SetEngine | TableChange::Rebuild => {
                if let Some(table) = self.table_mut(&canonical) {
                    table.row_versions = RowVersions::default();
                }
            }
            // The partitions of MySQL are no tables of their own.
            TableChange::Option
            | TableChange::SetTablespace
            | TableChange::OfType
            | TableChange::Rule { enabled: _ }
            | TableChange::Keys { enabled: _ }
            | TableChange::Partitions { drops_rows: _ }
            | TableChange::Algorithm { .. } => {}
        }
        Ok(())
    }
}

impl Table {
    /// CONVERT: no column has a character set of its own any more, and the new one is not recorded.
    fn forget_charset(&mut self) {
        self.charset = None;
        for column in &mut self.columns {
            column.details.retain(|detail| !matches!(detail, Detail::Charset(_)));
            column.collation = None;
        }
    }
}
