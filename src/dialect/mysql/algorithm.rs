//! What each way of carrying out an ALTER means: the claim, the lock, the work.

use crate::dialect::{Algorithm, Fact, Lock, Work};
use crate::schema::ObjectName;

static INSTANT: Fact = Fact {
    claim: "only metadata changes",
    source: "MySQL 8.0 manual, 17.12.1 Online DDL Operations; MariaDB, InnoDB Online DDL with ALGORITHM=INSTANT",
};
static BUILD: Fact = Fact {
    claim: "the index is built in place; reads and writes go on",
    source: "MySQL 8.0 manual, 17.12.1 Online DDL Operations (Index Operations)",
};
static BUILD_SHARED: Fact = Fact {
    claim: "a FULLTEXT or SPATIAL index is built in place while writers wait",
    source: "MySQL 8.0 manual, 17.12.1 Online DDL Operations (Index Operations)",
};
static REBUILD: Fact = Fact {
    claim: "the table is built anew in place; reads and writes go on, replicas lag by the time that it takes",
    source: "MySQL 8.0 manual, 17.12.1 Online DDL Operations",
};
static REBUILD_SHARED: Fact = Fact {
    claim: "the table is built anew in place while writers wait: a new AUTO_INCREMENT column, or a FULLTEXT index on MariaDB",
    source: "MySQL 8.0 manual, 17.12.1 Online DDL Operations (Column Operations); MariaDB 10.11, measured",
};
static COPY: Fact = Fact {
    claim: "the table is copied row by row while writers wait (ALGORITHM=COPY)",
    source: "MySQL 8.0 manual, 17.12.1 Online DDL Operations; 15.1.9 ALTER TABLE (Performance and Space Requirements)",
};

impl Algorithm {
    pub(super) fn fact(self) -> &'static Fact {
        match self {
            Algorithm::Instant => &INSTANT,
            Algorithm::Build => &BUILD,
            Algorithm::BuildShared => &BUILD_SHARED,
            Algorithm::Rebuild => &REBUILD,
            Algorithm::RebuildShared => &REBUILD_SHARED,
            Algorithm::Copy => &COPY,
        }
    }

    pub(super) fn lock(self) -> Lock {
        match self {
            Algorithm::Instant | Algorithm::Build | Algorithm::Rebuild => Lock::MetadataBrief,
            Algorithm::BuildShared | Algorithm::RebuildShared | Algorithm::Copy => Lock::MetadataShared,
        }
    }

    pub(super) fn work(self, table: ObjectName) -> Option<Work> {
        match self {
            Algorithm::Instant => None,
            Algorithm::Build | Algorithm::BuildShared => Some(Work::BuildIndex(table)),
            Algorithm::Rebuild | Algorithm::RebuildShared | Algorithm::Copy => Some(Work::Rewrite(table)),
        }
    }
}
