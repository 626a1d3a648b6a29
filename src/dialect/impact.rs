//! The values in which facts are told: locks, work, use of transactions, and the source of each claim.

use std::fmt;

use super::Algorithm;
use crate::schema::ObjectName;

/// What one operation does to other sessions and to storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// The strongest lock on each table, canonical names, the operation's own table first.
    pub locks: Vec<TableLock>,
    /// What is done to stored rows; empty when only the catalogue changes.
    pub work: Vec<Work>,
    /// Whether it may, or must not, share a transaction.
    pub transaction: TransactionUse,
    /// How MySQL carries it out; `None` for other databases and for what is no ALTER.
    pub algorithm: Option<Algorithm>,
    /// Whether the schema told everything that the answer depends on.
    pub certainty: Certainty,
    /// The claims behind the answer, the decisive one first. Never empty.
    pub facts: Vec<&'static Fact>,
}

/// A lock on one table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TableLock {
    /// Canonical name.
    pub table: ObjectName,
    /// How strong.
    pub lock: Lock,
}

/// The kinds of locks that DDL takes, weakest first within each database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Lock {
    /// PostgreSQL: SELECT.
    AccessShare,
    /// PostgreSQL: SELECT … FOR UPDATE, and the referenced table of VALIDATE.
    RowShare,
    /// PostgreSQL: INSERT, UPDATE, DELETE.
    RowExclusive,
    /// PostgreSQL: reads and writes go on, other DDL waits.
    ShareUpdateExclusive,
    /// PostgreSQL: writes wait.
    Share,
    /// PostgreSQL: writes wait, one holder.
    ShareRowExclusive,
    /// PostgreSQL: writes and locking reads wait.
    Exclusive,
    /// PostgreSQL: everything waits.
    AccessExclusive,
    /// SQLite: the one write lock of the whole database; readers go on in WAL mode.
    DatabaseWrite,
    /// MySQL: an exclusive metadata lock at the start and the end only; reads and writes go on between (`LOCK=NONE`).
    MetadataBrief,
    /// MySQL: writes wait while the table is copied or built (`LOCK=SHARED`).
    MetadataShared,
    /// MySQL: reads and writes wait (`LOCK=EXCLUSIVE`).
    MetadataExclusive,
}

/// What is done to the stored rows of one table (canonical name).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Work {
    /// Every row is read.
    Scan(ObjectName),
    /// An index is built from every row.
    BuildIndex(ObjectName),
    /// Every row is written anew, with all indexes.
    Rewrite(ObjectName),
    /// The rows that the statement itself names are inserted, updated or deleted.
    Rows(ObjectName),
}

/// How an operation goes with transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionUse {
    /// It can share a transaction and be rolled back.
    Transactional,
    /// The server refuses it inside a transaction: CONCURRENTLY, VACUUM, ALTER SYSTEM, CREATE DATABASE.
    Forbidden,
    /// It ends the open transaction: MySQL's DDL.
    CommitsImplicitly,
}

/// Whether an answer rests on what the schema knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Certainty {
    /// Everything that decides was known.
    Known,
    /// Something was not known, and the worst case was taken for it.
    WorstCase,
}

/// One claim about a database with the place where it can be checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Fact {
    /// What the database does, in one clause without a final period.
    pub claim: &'static str,
    /// The manual's section, or the servers on which it was measured (tests/facts.rs).
    pub source: &'static str,
}

impl Work {
    /// The table (canonical name).
    pub fn table(&self) -> &ObjectName {
        match self {
            Work::Scan(table) | Work::BuildIndex(table) | Work::Rewrite(table) | Work::Rows(table) => table,
        }
    }
}

impl Impact {
    /// An operation that changes the catalogue at most.
    pub(super) fn of(fact: &'static Fact) -> Impact {
        Impact {
            locks: Vec::new(),
            work: Vec::new(),
            transaction: TransactionUse::Transactional,
            algorithm: None,
            certainty: Certainty::Known,
            facts: vec![fact],
        }
    }

    /// Adds a lock; of two on one table the stronger stays.
    #[must_use]
    pub(super) fn locking(mut self, table: ObjectName, lock: Lock) -> Impact {
        match self.locks.iter_mut().find(|held| held.table == table) {
            Some(held) => held.lock = held.lock.max(lock),
            None => self.locks.push(TableLock { table, lock }),
        }
        self
    }

    /// Adds one lock on several tables.
    #[must_use]
    pub(super) fn locking_all(self, tables: Vec<ObjectName>, lock: Lock) -> Impact {
        tables.into_iter().fold(self, |impact, table| impact.locking(table, lock))
    }

    /// Adds work.
    #[must_use]
    pub(super) fn working(mut self, work: Work) -> Impact {
        if !self.work.contains(&work) {
            self.work.push(work);
        }
        self
    }

    /// Adds a claim that the answer also rests on.
    #[must_use]
    pub(super) fn because(mut self, fact: &'static Fact) -> Impact {
        if !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
        self
    }

    /// States how it goes with transactions.
    #[must_use]
    pub(super) fn in_transaction(mut self, transaction: TransactionUse) -> Impact {
        self.transaction = transaction;
        self
    }

    /// States how MySQL carries it out; of two ways the dearer stays.
    #[must_use]
    pub(super) fn carried_out(mut self, algorithm: Algorithm) -> Impact {
        self.algorithm = self.algorithm.max(Some(algorithm));
        self
    }

    /// States that the worst case was assumed.
    #[must_use]
    pub(super) fn assumed(mut self) -> Impact {
        self.certainty = Certainty::WorstCase;
        self
    }

    /// The strongest lock on this table (canonical name).
    pub fn lock(&self, table: &ObjectName) -> Option<Lock> {
        self.locks.iter().find(|held| &held.table == table).map(|held| held.lock)
    }

    /// The strongest lock on any table.
    pub fn strongest(&self) -> Option<&TableLock> {
        self.locks.iter().max_by_key(|held| held.lock)
    }

    /// Whether stored rows are neither read nor written.
    pub fn is_catalogue_only(&self) -> bool {
        self.work.is_empty()
    }

    /// Whether all rows of this table (canonical name) are read, for a check, an index or a rewrite.
    pub fn reads_all_rows(&self, table: &ObjectName) -> bool {
        self.work.iter().any(|work| match work {
            Work::Scan(of) | Work::BuildIndex(of) | Work::Rewrite(of) => of == table,
            Work::Rows(_) => false,
        })
    }

    /// The tables that are written anew.
    pub fn rewrites(&self) -> impl Iterator<Item = &ObjectName> {
        self.work.iter().filter_map(|work| match work {
            Work::Rewrite(table) => Some(table),
            Work::Scan(_) | Work::BuildIndex(_) | Work::Rows(_) => None,
        })
    }

    /// The tables that are read in full to check something, without an index build or a rewrite.
    pub fn scans(&self) -> impl Iterator<Item = &ObjectName> {
        self.work.iter().filter_map(|work| match work {
            Work::Scan(table) => Some(table),
            Work::BuildIndex(_) | Work::Rewrite(_) | Work::Rows(_) => None,
        })
    }

    /// The tables on which an index is built.
    pub fn index_builds(&self) -> impl Iterator<Item = &ObjectName> {
        self.work.iter().filter_map(|work| match work {
            Work::BuildIndex(table) => Some(table),
            Work::Scan(_) | Work::Rewrite(_) | Work::Rows(_) => None,
        })
    }
}

impl Lock {
    /// Whether a plain SELECT waits for it.
    pub fn blocks_reads(self) -> bool {
        match self {
            Lock::AccessExclusive | Lock::MetadataExclusive => true,
            Lock::AccessShare
            | Lock::RowShare
            | Lock::RowExclusive
            | Lock::ShareUpdateExclusive
            | Lock::Share
            | Lock::ShareRowExclusive
            | Lock::Exclusive
            | Lock::DatabaseWrite
            | Lock::MetadataBrief
            | Lock::MetadataShared => false,
        }
    }

    /// Whether INSERT, UPDATE and DELETE wait for it.
    pub fn blocks_writes(self) -> bool {
        match self {
            Lock::Share
            | Lock::ShareRowExclusive
            | Lock::Exclusive
            | Lock::AccessExclusive
            | Lock::DatabaseWrite
            | Lock::MetadataShared
            | Lock::MetadataExclusive => true,
            Lock::AccessShare | Lock::RowShare | Lock::RowExclusive | Lock::ShareUpdateExclusive | Lock::MetadataBrief => false,
        }
    }

    /// The name in which the database's manual speaks of it.
    pub fn name(self) -> &'static str {
        match self {
            Lock::AccessShare => "ACCESS SHARE",
            Lock::RowShare => "ROW SHARE",
            Lock::RowExclusive => "ROW EXCLUSIVE",
            Lock::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Lock::Share => "SHARE",
            Lock::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Lock::Exclusive => "EXCLUSIVE",
            Lock::AccessExclusive => "ACCESS EXCLUSIVE",
            Lock::DatabaseWrite => "write lock of the database",
            Lock::MetadataBrief => "brief metadata lock",
            Lock::MetadataShared => "LOCK=SHARED",
            Lock::MetadataExclusive => "LOCK=EXCLUSIVE",
        }
    }

    /// PostgreSQL's table of conflicts: the locks of others that this one waits for; empty for other databases.
    ///
    /// Source: manual, "Explicit Locking", table 13.2; tests/faults/locks.rs holds each against each.
    pub fn waits_for(self) -> &'static [Lock] {
        use Lock::{AccessExclusive, AccessShare, Exclusive, RowExclusive, RowShare, Share, ShareRowExclusive, ShareUpdateExclusive};
        match self {
            AccessShare => &[AccessExclusive],
            RowShare => &[Exclusive, AccessExclusive],
            RowExclusive => &[Share, ShareRowExclusive, Exclusive, AccessExclusive],
            ShareUpdateExclusive => &[ShareUpdateExclusive, Share, ShareRowExclusive, Exclusive, AccessExclusive],
            Share => &[RowExclusive, ShareUpdateExclusive, ShareRowExclusive, Exclusive, AccessExclusive],
            ShareRowExclusive => &[RowExclusive, ShareUpdateExclusive, Share, ShareRowExclusive, Exclusive, AccessExclusive],
            Exclusive => &[RowShare, RowExclusive, ShareUpdateExclusive, Share, ShareRowExclusive, Exclusive, AccessExclusive],
            AccessExclusive => {
                &[AccessShare, RowShare, RowExclusive, ShareUpdateExclusive, Share, ShareRowExclusive, Exclusive, AccessExclusive]
            }
            Lock::DatabaseWrite | Lock::MetadataBrief | Lock::MetadataShared | Lock::MetadataExclusive => &[],
        }
    }

    /// The name in `pg_locks.mode`; `None` for locks of other databases.
    pub fn pg_locks_mode(self) -> Option<&'static str> {
        match self {
            Lock::AccessShare => Some("AccessShareLock"),
            Lock::RowShare => Some("RowShareLock"),
            Lock::RowExclusive => Some("RowExclusiveLock"),
            Lock::ShareUpdateExclusive => Some("ShareUpdateExclusiveLock"),
            Lock::Share => Some("ShareLock"),
            Lock::ShareRowExclusive => Some("ShareRowExclusiveLock"),
            Lock::Exclusive => Some("ExclusiveLock"),
            Lock::AccessExclusive => Some("AccessExclusiveLock"),
            Lock::DatabaseWrite | Lock::MetadataBrief | Lock::MetadataShared | Lock::MetadataExclusive => None,
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
