//! Partitions: attached, detached, and what a partitioned or inherited table hands down.

use super::Applied;
use crate::schema::bound::PartitionBound;
use crate::schema::operation::{CreateIndex, NewConstraint};
use crate::schema::table::{Constraint, ConstraintKind, Index, IndexKey, Knowledge, Partitioning};
use crate::schema::{ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn attach_partition(
        &mut self,
        parent: &ObjectName,
        partition: &ObjectName,
        bound: &PartitionBound,
        origin: &Origin,
    ) -> Applied {
        let parent = self.reach_table(parent)?;
        let partition = self.reach_table(partition)?;
        if let Some(former) = self.tables.get(&partition).and_then(|table| table.partition_parent().cloned()) {
            // Only possible where something went unseen; PostgreSQL refuses a second parent.
            self.unlink_partition(&former, &partition);
        }
        if let Some(table) = self.table_mut(&partition) {
            match &mut table.partitioning {
                Partitioning::Partitioned { parent: slot, .. } => *slot = Some(parent.clone()),
                Partitioning::None | Partitioning::PartitionOf(_) => table.partitioning = Partitioning::PartitionOf(parent.clone()),
            }
        }
        self.link_partition(&parent, &partition, bound.is_default(), origin);
        Ok(())
    }

    pub(super) fn detach_partition(&mut self, parent: &ObjectName, partition: &ObjectName) -> Applied {
        let parent = self.reach_table(parent)?;
        let partition = self.reach_table(partition)?;
        // FINALIZE finds it detached already.
        if self.tables.get(&partition).is_some_and(|table| table.partition_parent() == Some(&parent)) {
            self.unlink_partition(&parent, &partition);
            self.orphan(&partition);
        }
        Ok(())
    }

    /// A partition whose parent is gone or lets it go.
    pub(super) fn orphan(&mut self, partition: &ObjectName) {
        let Some(table) = self.table_mut(partition) else { return };
        match &mut table.partitioning {
            Partitioning::Partitioned { parent: slot, .. } => *slot = None,
            Partitioning::None | Partitioning::PartitionOf(_) => table.partitioning = Partitioning::None,
        }
    }

    /// Enters a partition in its parent's list and gives it the parent's constraints and indexes.
    pub(super) fn link_partition(&mut self, parent: &ObjectName, partition: &ObjectName, is_default: bool, origin: &Origin) {
        if let Some(table) = self.table_mut(parent) {
            match &mut table.partitioning {
                Partitioning::Partitioned { partitions, default, .. } => {
                    partitions.push(partition.clone());
                    if is_default {
                        *default = Some(partition.clone());
                    }
                }
                Partitioning::None | Partitioning::PartitionOf(_) => {
                    // Only a table that was not seen in full can be here.
                    let above = table.partition_parent().cloned();
                    table.partitioning = Partitioning::Partitioned {
                        strategy: String::new(),
                        columns: Vec::new(),
                        partitions: vec![partition.clone()],
                        default: is_default.then(|| partition.clone()),
                        parent: above,
                    };
                }
            }
        }
        let Some(table) = self.tables.get(parent) else { return };
        if table.knowledge == Knowledge::Unknown {
            if let Some(table) = self.table_mut(partition) {
                table.knowledge = Knowledge::Unknown;
            }
            return;
        }
        let constraints: Vec<Constraint> = table.constraints.clone();
        let indexes: Vec<Index> = table.indexes.iter().filter(|index| !index.backs_constraint && index.valid).cloned().collect();
        for constraint in constraints {
            self.hand_to(partition, &constraint.as_new(), origin);
        }
        for index in indexes {
            self.hand_index_to(partition, &index, origin);
        }
    }

    pub(super) fn unlink_partition(&mut self, parent: &ObjectName, partition: &ObjectName) {
        if let Some(table) = self.table_mut(parent)
            && let Partitioning::Partitioned { partitions, default, .. } = &mut table.partitioning
        {
            partitions.retain(|held| held != partition);
            default.take_if(|held| held == partition);
        }
    }

    /// A constraint of a parent holds for what lies below: everything for partitions, CHECK and NOT NULL for heirs.
    pub(super) fn hand_down_constraint(&mut self, canonical: &ObjectName, new: &NewConstraint, origin: &Origin) {
        if !self.has_descendants(canonical) {
            return;
        }
        let partitions = self.tables.get(canonical).map(|table| table.partitions().to_vec()).unwrap_or_default();
        let name = self.tables.get(canonical).and_then(|table| table.constraints.last()?.name.clone());
        let named = NewConstraint { name, ..new.clone() };
        for partition in partitions {
            self.hand_to(&partition, &named, origin);
        }
        if new.kind.is_inherited() {
            for heir in self.heirs.copied(canonical) {
                self.hand_to(&heir, &named, origin);
            }
        }
    }

    /// Gives one table below its like of a constraint, unless it has it. Those with an index get a name of their own.
    fn hand_to(&mut self, below: &ObjectName, new: &NewConstraint, origin: &Origin) {
        let kind = &new.kind;
        let Some(table) = self.tables.get(below) else { return };
        if table.constraints.iter().any(|held| held.kind == *kind) {
            return;
        }
        let keeps_name = !kind.has_index() && new.name.as_ref().is_none_or(|name| table.constraint(name).is_none());
        let own = NewConstraint { name: new.name.clone().filter(|_| keeps_name), ..new.clone() };
        // What the parent accepted, its partitions accept.
        let _ = self.place_constraint(below, &own, origin);
    }

    /// What goes from a parent goes from below it.
    pub(super) fn take_back_constraint(&mut self, canonical: &ObjectName, removed: &Constraint, cascade: bool) {
        if !self.has_descendants(canonical) {
            return;
        }
        let mut below = self.tables.get(canonical).map(|table| table.partitions().to_vec()).unwrap_or_default();
        if removed.kind.is_inherited() {
            below.extend(self.heirs.copied(canonical));
        }
        for child in below {
            let twin = self.tables.get(&child).and_then(|table| table.constraints.iter().position(|held| held.kind == removed.kind));
            if let Some(position) = twin {
                self.remove_constraint(&child, position, cascade);
            }
        }
    }

    /// CREATE INDEX on a partitioned table makes one on every partition.
    pub(super) fn hand_down_index(&mut self, canonical: &ObjectName, create: &CreateIndex, origin: &Origin) {
        let partitions = self.tables.get(canonical).map(|table| table.partitions().to_vec()).unwrap_or_default();
        for partition in partitions {
            self.hand_index_to(&partition, &Index::new(create, origin), origin);
        }
    }

    fn hand_index_to(&mut self, partition: &ObjectName, index: &Index, origin: &Origin) {
        let Some(table) = self.tables.get(partition) else { return };
        if table.indexes.iter().any(|held| held.covers_like(index)) {
            return;
        }
        let own = Index { name: self.index_name(partition, &index.keys), origin: origin.clone(), ..index.clone() };
        self.place_index(partition, own);
        let below = self.tables.get(partition).map(|table| table.partitions().to_vec()).unwrap_or_default();
        for partition in below {
            self.hand_index_to(&partition, index, origin);
        }
    }
}

impl ConstraintKind {
    /// Whether an inheriting table (no partition) takes it over.
    pub(super) fn is_inherited(&self) -> bool {
        match self {
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) => true,
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::ForeignKey(_)
            | ConstraintKind::Exclusion { .. } => false,
        }
    }

    /// Whether an index stands behind it.
    pub(super) fn has_index(&self) -> bool {
        match self {
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => true,
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) => false,
        }
    }
}

impl Constraint {
    /// The definition that would make it.
    fn as_new(&self) -> NewConstraint {
        NewConstraint { name: self.name.clone(), kind: self.kind.clone(), validity: self.validity, deferrable: false }
    }
}

impl IndexKey {
    /// The column, where the key is a plain one.
    pub fn column(&self) -> Option<&crate::schema::Ident> {
        match self {
            IndexKey::Column(name) => Some(name),
            IndexKey::Expression(_) => None,
        }
    }

    /// The expression, where the key is one.
    pub fn expression(&self) -> Option<&crate::schema::Expression> {
        match self {
            IndexKey::Column(_) => None,
            IndexKey::Expression(expression) => Some(expression),
        }
    }
}
