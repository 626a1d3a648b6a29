//! Steps: what a backend executes, one at a time, each recorded.

use crate::backfill::Job;
use crate::dialect::{TableLock, Work};
use crate::migration::NodeRef;
use crate::schema::{Ident, ObjectName};
use crate::sql::Digest;

/// One unit of work: a statement group, a statement that takes no transaction, or a backfill.
#[derive(Clone, Debug)]
pub struct Step {
    /// The script it belongs to.
    pub node: NodeRef,
    /// Its number within the script, from zero.
    pub number: u32,
    /// Over its text.
    pub digest: Digest,
    /// The first line of its first statement in the file, for messages: `path:line`.
    pub place: String,
    /// The tables that it locks, and how.
    pub locks: Vec<TableLock>,
    /// What it does to stored rows, each kind of work on a table once.
    pub work: Vec<Work>,
    /// What is executed.
    pub kind: StepKind,
}

/// How a step is executed.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// These statements in one transaction, recorded in the same transaction.
    Transaction(Vec<String>),
    /// One statement that the database refuses inside a transaction. Intent is recorded before, result after.
    Alone {
        /// Its text.
        sql: String,
        /// How to tell, after a kill, whether it ran.
        resume: Resume,
    },
    /// A data statement in chunks.
    Backfill(Box<Job>),
}

/// How to find out from the catalogue whether a statement outside a transaction ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resume {
    /// CREATE INDEX CONCURRENTLY: there and valid = done; there and invalid = drop and redo; absent = redo.
    IndexBuilt {
        /// The index; in the table's schema when unqualified.
        index: ObjectName,
        /// The table.
        table: ObjectName,
    },
    /// DROP INDEX CONCURRENTLY: absent = done; otherwise redo.
    IndexGone {
        /// The index.
        index: ObjectName,
    },
    /// DETACH PARTITION CONCURRENTLY: detached = done; half detached = FINALIZE.
    PartitionDetached {
        /// The parent.
        parent: ObjectName,
        /// The partition.
        partition: ObjectName,
    },
    /// REINDEX CONCURRENTLY: leftovers `<name>_ccnew` are dropped, then redo.
    Reindexed {
        /// The table or index.
        target: ObjectName,
        /// The index's own name where one index is rebuilt.
        index: Option<Ident>,
    },
    /// Changes settings of the session only (SET, RESET, PRAGMA foreign_keys): runs again in every session that goes on
    /// with the script, outside a transaction.
    Session,
    /// Safe to run again: VACUUM, ANALYZE, REFRESH, ALTER SYSTEM.
    Repeatable,
    /// Cannot be found out: the runner stops and says what to look at.
    Ask,
}
