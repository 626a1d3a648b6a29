//! Partitions: attaching and detaching.

use super::At;
use crate::dialect::{Fact, Impact, Lock, TransactionUse, Work};
use crate::schema::bound::PartitionBound;
use crate::schema::comparison::{Comparison, Demand, Relation};
use crate::schema::table::{ConstraintKind, Partitioning, Table, Validity};
use crate::schema::{Ident, ObjectName};

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
    pub(super) fn attach_partition(self, parent: &ObjectName, partition: &ObjectName, bound: &PartitionBound) -> Impact {
        let above = self.table(parent);
        let child = self.table(partition);
        let proven = match (above, child) {
            (Some(above), Some(child)) => is_bounded(child, above, bound),
            (Some(_) | None, None) | (None, Some(_)) => false,
        };
        let mut impact = Impact::of(if proven { &ATTACH_PROVEN } else { &ATTACH });
        impact = impact.locking(self.name(parent), Lock::ShareUpdateExclusive);
        impact = self.family(impact, partition, Lock::AccessExclusive);
        // A new DEFAULT partition is compared with the bounds of all others: without others there is nothing to compare.
        let compared = !bound.is_default() || above.is_none_or(|above| !above.partitions().is_empty());
        if !proven && compared {
            impact = self.work(impact, partition, Work::Scan);
        }
        let Some(above) = above else { return impact.assumed() };
        if let Some(default) = above.default_partition() {
            impact = self.family(impact.because(&ATTACH_DEFAULT), default, Lock::AccessExclusive);
            if !self.table(default).is_some_and(|default| is_kept_out(default, above, bound)) {
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

/// Whether validated constraints of a table imply that all its rows lie within the bounds.
fn is_bounded(child: &Table, above: &Table, bound: &PartitionBound) -> bool {
    let key = key_columns(above);
    let not_null = |column: &Ident| child.column(column).is_some_and(|held| held.not_null) || child.proves_not_null(column);
    match key {
        [] => false,
        [column] => {
            let implied = |wanted: &Comparison| holding(child).any(|held| held.implies(wanted));
            not_null(column) && bound.demands(column).is_some_and(|demands| demands.iter().all(implied))
        }
        // The bounds of several columns are one condition that only its like implies: that a CHECK compares each is taken for it.
        [..] => {
            *bound != PartitionBound::Hash && key.iter().all(|column| not_null(column) && holding(child).any(|held| held.column == *column))
        }
    }
}

/// Whether validated constraints of the DEFAULT partition imply that none of its rows lies within the bounds.
pub(super) fn is_kept_out(default: &Table, above: &Table, bound: &PartitionBound) -> bool {
    let [column] = key_columns(above) else { return false };
    let Some(within) = bound.demands(column).filter(|within| !within.is_empty()) else { return false };
    // The values of a list are kept out one by one, whichever constraint does it; a range is kept out as a whole.
    let pieces: Vec<Vec<Comparison>> = match &within[..] {
        [only] if only.relation == Relation::OneOf => {
            only.constants.iter().map(|value| vec![Comparison { constants: vec![value.clone()], ..only.clone() }]).collect()
        }
        _ => vec![within],
    };
    pieces.iter().all(|piece| {
        demands(default).any(|demand| match demand {
            Demand::Excludes(excluded) => excluded.iter().all(|comparison| piece.iter().any(|held| held.implies(comparison))),
            Demand::Holds(_) => false,
        })
    })
}

fn key_columns(table: &Table) -> &[Ident] {
    match &table.partitioning {
        Partitioning::Partitioned { columns, .. } => columns,
        Partitioning::None | Partitioning::PartitionOf(_) => &[],
    }
}

/// The comparisons that hold for every row.
fn holding(table: &Table) -> impl Iterator<Item = &Comparison> {
    demands(table).filter_map(|demand| match demand {
        Demand::Holds(comparison) => Some(comparison),
        Demand::Excludes(_) => None,
    })
}

/// What validated CHECKs say.
fn demands(table: &Table) -> impl Iterator<Item = &Demand> {
    let valid = table.constraints.iter().filter(|held| held.validity == Validity::Valid);
    valid.flat_map(|held| match &held.kind {
        ConstraintKind::Check(condition) => &condition.demands[..],
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::NotNull(_)
        | ConstraintKind::ForeignKey(_)
        | ConstraintKind::Exclusion { .. } => &[],
    })
}
