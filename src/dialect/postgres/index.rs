//! Indexes: builds and their locks, concurrent or not.

use super::At;
use crate::dialect::{Fact, Impact, Lock, TransactionUse, Work};
use crate::schema::ObjectName;
use crate::schema::operation::{CreateIndex, IndexChange, ReindexTarget};

static BUILD: Fact = Fact {
    claim: "CREATE INDEX holds SHARE while it reads the table: writers wait until the build is done",
    source: "PostgreSQL manual, CREATE INDEX (Building Indexes Concurrently); measured on 14–18",
};
static BUILD_CONCURRENTLY: Fact = Fact {
    claim: "CREATE INDEX CONCURRENTLY holds SHARE UPDATE EXCLUSIVE: reads and writes go on; it reads the table twice",
    source: "PostgreSQL manual, CREATE INDEX (Building Indexes Concurrently); measured on 14–18",
};
static BUILD_ONLY: Fact = Fact {
    claim: "CREATE INDEX ON ONLY a partitioned table builds nothing and holds SHARE for a moment",
    source: "PostgreSQL manual, CREATE INDEX (ONLY); measured on 14–18",
};
static DROP: Fact = Fact {
    claim: "DROP INDEX holds ACCESS EXCLUSIVE on the table until the transaction ends",
    source: "PostgreSQL manual, DROP INDEX (CONCURRENTLY); measured on 14–18",
};
static DROP_CONCURRENTLY: Fact = Fact {
    claim: "DROP INDEX CONCURRENTLY holds SHARE UPDATE EXCLUSIVE: reads and writes go on",
    source: "PostgreSQL manual, DROP INDEX (CONCURRENTLY); measured on 14–18",
};
static REINDEX: Fact = Fact {
    claim: "REINDEX holds SHARE on the table and ACCESS EXCLUSIVE on the index: writers wait, and readers whose plan may use it",
    source: "PostgreSQL manual, REINDEX (Rebuilding Indexes Concurrently); measured on 14–18",
};
static REINDEX_CONCURRENTLY: Fact = Fact {
    claim: "REINDEX CONCURRENTLY holds SHARE UPDATE EXCLUSIVE: reads and writes go on",
    source: "PostgreSQL manual, REINDEX (Rebuilding Indexes Concurrently); measured on 14–18",
};
static REINDEX_WIDER: Fact = Fact {
    claim: "REINDEX of a schema, a database or the system takes the tables one by one, each in a transaction of its own",
    source: "PostgreSQL manual, REINDEX",
};
static ATTACH: Fact = Fact {
    claim: "ALTER INDEX … ATTACH PARTITION holds ACCESS SHARE on the tables: reads and writes go on",
    source: "RangeVarCallbackForAttachIndex; measured on 14–18",
};
static INDEX_ONLY: Fact =
    Fact { claim: "options and tablespace of an index lock the index, not the table", source: "PostgreSQL manual, ALTER INDEX" };

impl At<'_> {
    pub(super) fn create_index(self, create: &CreateIndex) -> Impact {
        let name = create.name.as_ref().map(|index| ObjectName { schema: self.name(&create.table).schema, name: index.clone() });
        let there = create.if_not_exists && name.is_some_and(|name| self.schema.index(&name, None).recorded().is_some());
        let lock = if create.concurrently { Lock::ShareUpdateExclusive } else { Lock::Share };
        let fact = if create.concurrently { &BUILD_CONCURRENTLY } else { &BUILD };
        let partitioned = self.table(&create.table).is_some_and(|table| table.is_partitioned());
        let impact = if there || (create.only && partitioned) {
            let fact = if there { fact } else { &BUILD_ONLY };
            Impact::of(fact).locking(self.name(&create.table), lock)
        } else if partitioned {
            self.work(self.family(Impact::of(fact), &create.table, lock), &create.table, Work::BuildIndex)
        } else {
            // Inheriting tables have indexes of their own.
            let table = self.name(&create.table);
            Impact::of(fact).locking(table.clone(), lock).working(Work::BuildIndex(table))
        };
        match create.concurrently {
            true => impact.in_transaction(TransactionUse::Forbidden),
            false => impact,
        }
    }

    pub(super) fn drop_index(self, index: &ObjectName, concurrently: bool) -> Impact {
        let found = self.schema.index(index, None);
        let (fact, lock) = if concurrently { (&DROP_CONCURRENTLY, Lock::ShareUpdateExclusive) } else { (&DROP, Lock::AccessExclusive) };
        let impact = match found.recorded() {
            Some((table, _)) => self.partitions(Impact::of(fact), table, lock),
            None if found.is_absent() => Impact::of(fact),
            None => Impact::of(fact).assumed(),
        };
        match concurrently {
            true => impact.in_transaction(TransactionUse::Forbidden),
            false => impact,
        }
    }

    /// One lock on a table and its partitions, not on inheriting tables.
    fn partitions(self, impact: Impact, table: &ObjectName, lock: Lock) -> Impact {
        match self.table(table).is_some_and(|table| table.is_partitioned()) {
            true => self.family(impact, table, lock),
            false => impact.locking(self.name(table), lock),
        }
    }

    pub(super) fn alter_index(self, index: &ObjectName, change: &IndexChange) -> Impact {
        match change {
            IndexChange::Attach { child } => {
                let tables = [index, child].map(|name| self.schema.index(name, None).recorded().map(|(table, _)| table.clone()));
                tables.into_iter().flatten().fold(Impact::of(&ATTACH), |impact, table| impact.locking(table, Lock::AccessShare))
            }
            IndexChange::Option | IndexChange::SetTablespace | IndexChange::Visibility { visible: _ } => Impact::of(&INDEX_ONLY),
        }
    }

    pub(super) fn reindex(self, target: &ReindexTarget, concurrently: bool) -> Impact {
        let (fact, lock) = if concurrently { (&REINDEX_CONCURRENTLY, Lock::ShareUpdateExclusive) } else { (&REINDEX, Lock::Share) };
        let (table, indexes) = match target {
            ReindexTarget::Wider => return Impact::of(&REINDEX_WIDER).in_transaction(TransactionUse::Forbidden).assumed(),
            ReindexTarget::Index(index) => {
                let found = self.schema.index(index, None);
                (found.recorded().map(|(table, _)| table.clone()), vec![self.name(index)])
            }
            ReindexTarget::Table(table) => {
                let name = self.name(table);
                let names = self.table(table).into_iter().flat_map(|table| &table.indexes).filter_map(|index| index.name.clone());
                let indexes = names.map(|index| ObjectName { schema: name.schema.clone(), name: index }).collect();
                (Some(name), indexes)
            }
        };
        let mut impact = Impact::of(fact);
        impact = match table {
            Some(table) => self.work(self.partitions(impact, &table, lock), &table, Work::BuildIndex),
            None => impact.assumed(),
        };
        if concurrently {
            return impact.in_transaction(TransactionUse::Forbidden);
        }
        indexes.into_iter().fold(impact, |impact, index| impact.locking(index, Lock::AccessExclusive))
    }
}
