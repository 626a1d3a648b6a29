//! Statements about rows and storage: data changes, TRUNCATE, LOCK, VACUUM.

use super::{At, NO_TABLE};
use crate::dialect::{Fact, Impact, Lock, TransactionUse, Work};
use crate::schema::ObjectName;
use crate::schema::operation::{ChangeData, MaintenanceKind};

static CHANGE: Fact = Fact {
    claim: "a data change holds ROW EXCLUSIVE on the table and locks the rows that it touches until the transaction ends",
    source: "PostgreSQL manual, 13.3 Explicit Locking; measured on 14–18",
};
static TRUNCATE: Fact = Fact {
    claim: "TRUNCATE holds ACCESS EXCLUSIVE, with CASCADE on every table that references it",
    source: "PostgreSQL manual, TRUNCATE (Notes); measured on 14–18",
};
static LOCK: Fact =
    Fact { claim: "LOCK holds what it says until the transaction ends", source: "PostgreSQL manual, LOCK; measured on 14–18" };
static VACUUM: Fact = Fact {
    claim: "VACUUM holds SHARE UPDATE EXCLUSIVE and refuses to run inside a transaction",
    source: "PostgreSQL manual, VACUUM (Notes)",
};
static VACUUM_FULL: Fact = Fact {
    claim: "VACUUM FULL writes the table anew under ACCESS EXCLUSIVE and refuses to run inside a transaction",
    source: "PostgreSQL manual, VACUUM (FULL)",
};
static ANALYZE: Fact = Fact {
    claim: "ANALYZE reads a sample under SHARE UPDATE EXCLUSIVE: reads and writes go on",
    source: "PostgreSQL manual, 13.3.1 Table-Level Locks; measured on 14–18",
};
static CLUSTER: Fact = Fact {
    claim: "CLUSTER writes the table anew under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, CLUSTER (Notes); measured on 14–18",
};

impl At<'_> {
    pub(super) fn change_data(self, change: &ChangeData) -> Impact {
        let table = self.name(&change.table);
        let impact = Impact::of(&CHANGE).locking(table.clone(), Lock::RowExclusive).working(Work::Rows(table));
        self.reading(impact, &change.reads)
    }

    pub(super) fn truncate(self, table: &ObjectName, cascade: bool) -> Impact {
        let mut impact = self.exclusive_family(table, &TRUNCATE);
        if cascade {
            let mut pending = vec![self.name(table)];
            while let Some(next) = pending.pop() {
                let children: Vec<ObjectName> = self.schema.referencing(&next).map(|(child, _, _)| child.name.clone()).collect();
                for child in children {
                    if impact.lock(&child).is_none() {
                        impact = self.family(impact, &child, Lock::AccessExclusive);
                        pending.push(child);
                    }
                }
            }
        }
        impact
    }

    pub(super) fn lock_table(self, table: &ObjectName, mode: Option<&str>) -> Impact {
        let lock = mode.map_or(Some(Lock::AccessExclusive), Lock::from_manual);
        let impact = self.family(Impact::of(&LOCK), table, lock.unwrap_or(Lock::AccessExclusive));
        if lock.is_some() { impact } else { impact.assumed() }
    }

    pub(super) fn maintain(self, kind: MaintenanceKind, table: Option<&ObjectName>) -> Impact {
        let on = |impact: Impact, lock: Lock| match table {
            Some(table) => self.family(impact, table, lock),
            None => impact.assumed(),
        };
        let rewriting = |impact: Impact| match table {
            Some(table) => self.work(impact, table, Work::Rewrite),
            None => impact,
        };
        match kind {
            MaintenanceKind::Vacuum => on(Impact::of(&VACUUM), Lock::ShareUpdateExclusive).in_transaction(TransactionUse::Forbidden),
            MaintenanceKind::VacuumFull => {
                rewriting(on(Impact::of(&VACUUM_FULL), Lock::AccessExclusive)).in_transaction(TransactionUse::Forbidden)
            }
            MaintenanceKind::Analyze => on(Impact::of(&ANALYZE), Lock::ShareUpdateExclusive),
            MaintenanceKind::Cluster => {
                let impact = rewriting(on(Impact::of(&CLUSTER), Lock::AccessExclusive));
                if table.is_some() { impact } else { impact.in_transaction(TransactionUse::Forbidden) }
            }
            MaintenanceKind::Server => Impact::of(&NO_TABLE).in_transaction(TransactionUse::Forbidden),
            MaintenanceKind::Session => Impact::of(&NO_TABLE),
        }
    }
}

impl Lock {
    /// The PostgreSQL mode that a LOCK statement names.
    fn from_manual(name: &str) -> Option<Lock> {
        let modes = [
            Lock::AccessShare,
            Lock::RowShare,
            Lock::RowExclusive,
            Lock::ShareUpdateExclusive,
            Lock::Share,
            Lock::ShareRowExclusive,
            Lock::Exclusive,
            Lock::AccessExclusive,
        ];
        modes.into_iter().find(|mode| mode.name().eq_ignore_ascii_case(name.trim_end_matches(" MODE").trim()))
    }
}
