//! Partitions: attaching and detaching.

use super::At;
use crate::dialect::{Fact, Impact, Lock, TransactionUse, Work};
use crate::schema::ObjectName;
use crate::schema::table::{ConstraintKind, Partitioning, Table, Validity};

static ATTACH: Fact = Fact {
    claim: "ATTACH PARTITION holds SHARE UPDATE EXCLUSIVE on the parent and ACCESS EXCLUSIVE on the partition while it reads it",
    source: "PostgreSQL manual, ALTER TABLE (ATTACH PARTITION); measured on 14–18",
};
static ATTACH_PROVEN: Fact = Fact {
    claim: "ATTACH PARTITION reads no row where a validated CHECK over NOT NULL key columns implies the bounds",
    source: "PostgreSQL manual, ALTER TABLE (ATTACH PARTITION); measured on 14–18",
};
static ATTACH_DEFAULT: Fact = Fact {
    claim: "the DEFAULT partition is locked ACCESS EXCLUSIVE and read, for rows that belong to the new partition",
    source: "PostgreSQL manual, ALTER TABLE (ATTACH PARTITION); measured on 14–18",
};
static ATTACH_INDEX: Fact = Fact {
    claim: "for each index of the parent that the partition has not, one is built",
    source: "PostgreSQL manual, ALTER TABLE (ATTACH PARTITION); measured on 14–18",
};
static DETACH: Fact = Fact {
    claim: "DETACH PARTITION holds ACCESS EXCLUSIVE on the parent, the partition and the DEFAULT partition",
    source: "PostgreSQL manual, ALTER TABLE (DETACH PARTITION); measured on 14–18",
};
static DETACH_CONCURRENTLY: Fact = Fact {
    claim: "DETACH PARTITION CONCURRENTLY holds SHARE UPDATE EXCLUSIVE on the parent, and on the partition ACCESS EXCLUSIVE at its end",
    source: "PostgreSQL manual, ALTER TABLE (DETACH PARTITION), since 14",
};

impl At<'_> {
    pub(super) fn attach_partition(self, parent: &ObjectName, partition: &ObjectName, default: bool) -> Impact {
        let above = self.table(parent);
        let child = self.table(partition);
        let proven = match (above.map(|above| &above.partitioning), child) {
            (Some(Partitioning::Partitioned { columns, .. }), Some(child)) => !columns.is_empty() && is_bounded(child, columns),
            (Some(Partitioning::None | Partitioning::PartitionOf(_)) | None, _) | (_, None) => false,
        };
        let mut impact = Impact::of(if proven { &ATTACH_PROVEN } else { &ATTACH });
        impact = impact.locking(self.name(parent), Lock::ShareUpdateExclusive);
        impact = self.family(impact, partition, Lock::AccessExclusive);
        // A new DEFAULT partition is compared with the bounds of all others: without others there is nothing to compare.
        let compared = !default || above.is_none_or(|above| !above.partitions().is_empty());
        if !proven && compared {
            impact = self.work(impact, partition, Work::Scan);
        }
        let Some(above) = above else { return impact.assumed() };
        if let Some(default) = above.default_partition() {
            impact = self.family(impact.because(&ATTACH_DEFAULT), default, Lock::AccessExclusive);
            if !self.table(default).is_some_and(|default| has_check_on(default, above)) {
                impact = self.work(impact, default, Work::Scan);
            }
        }
        let has_like = |index: &crate::schema::table::Index| {
            child.is_some_and(|child| child.indexes.iter().any(|held| held.keys == index.keys && held.unique >= index.unique))
        };
        if above.indexes.iter().any(|index| !has_like(index)) {
            impact = self.work(impact.because(&ATTACH_INDEX), partition, Work::BuildIndex);
        }
        self.inherited_keys(impact, parent)
    }

    pub(super) fn detach_partition(self, parent: &ObjectName, partition: &ObjectName, concurrently: bool, finalize: bool) -> Impact {
        if concurrently || finalize {
            let impact = Impact::of(&DETACH_CONCURRENTLY)
                .locking(self.name(parent), Lock::ShareUpdateExclusive)
                .locking(self.name(partition), Lock::AccessExclusive);
            return match concurrently {
                true => impact.in_transaction(TransactionUse::Forbidden),
                false => impact,
            };
        }
        let mut impact = Impact::of(&DETACH).locking(self.name(parent), Lock::AccessExclusive);
        impact = impact.locking(self.name(partition), Lock::AccessExclusive);
        if let Some(default) = self.table(parent).and_then(|parent| parent.default_partition()) {
            impact = impact.locking(default.clone(), Lock::AccessExclusive);
        }
        impact
    }
}

/// Whether validated CHECKs over the key columns, none of which can be NULL, may imply the bounds.
fn is_bounded(child: &Table, key: &[crate::schema::Ident]) -> bool {
    key.iter().all(|column| {
        let not_null = child.column(column).is_some_and(|held| held.not_null) || child.proves_not_null(column);
        not_null && checks(child, column)
    })
}

fn has_check_on(default: &Table, above: &Table) -> bool {
    match &above.partitioning {
        Partitioning::Partitioned { columns, .. } => !columns.is_empty() && columns.iter().all(|column| checks(default, column)),
        Partitioning::None | Partitioning::PartitionOf(_) => false,
    }
}

/// Whether a validated CHECK compares the column, and does not only say that it is not NULL.
fn checks(table: &Table, column: &crate::schema::Ident) -> bool {
    table.constraints.iter().any(|held| match &held.kind {
        ConstraintKind::Check(condition) => {
            held.validity == Validity::Valid && condition.columns.contains(column) && condition.text.contains(['<', '>', '='])
        }
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::NotNull(_)
        | ConstraintKind::ForeignKey(_)
        | ConstraintKind::Exclusion { .. } => false,
    })
}
