//! Data changes, transactions, settings, upkeep, and what was not understood.

use crate::schema::expression::Expression;
use crate::schema::{Ident, ObjectName};

/// INSERT, UPDATE, DELETE, MERGE, REPLACE, COPY FROM.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChangeData {
    /// Which.
    pub kind: DataKind,
    /// The table that is written, as written.
    pub table: ObjectName,
    /// Other relations read.
    pub reads: Vec<ObjectName>,
    /// Columns assigned (UPDATE SET, INSERT column list); empty when INSERT lists none.
    pub columns: Vec<Ident>,
    /// Identifiers in the statement other than the columns that are only assigned: whatever it may read.
    /// A superset, by tokens.
    pub uses: Vec<Ident>,
    /// Which rows.
    pub extent: Extent,
    /// The WHERE condition; of MERGE that of ON, with the columns that the WHEN clauses ask for.
    pub condition: Option<Expression>,
    /// ON CONFLICT / ON DUPLICATE KEY / INSERT IGNORE.
    pub conflict_guard: bool,
    /// Whether it stands inside EXPLAIN ANALYZE or a WITH of a SELECT.
    pub nested: bool,
}

/// The kinds of data changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DataKind {
    /// INSERT … VALUES or DEFAULT VALUES.
    Insert,
    /// INSERT … SELECT.
    InsertSelect,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// MERGE.
    Merge,
    /// REPLACE, INSERT OR REPLACE.
    Replace,
    /// COPY … FROM, LOAD DATA.
    Copy,
}

/// How many rows a data change can touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Extent {
    /// This many literal rows.
    Rows(usize),
    /// Rows chosen by a condition.
    Condition,
    /// Every row: no WHERE, or one that always holds.
    All,
}

/// Transaction control.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TransactionControl {
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END.
    Commit,
    /// ROLLBACK, ABORT.
    Rollback,
    /// SAVEPOINT, RELEASE, ROLLBACK TO.
    Savepoint,
    /// PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED.
    TwoPhase,
    /// SET TRANSACTION, SET CONSTRAINTS.
    Set,
}

impl TransactionControl {
    /// Whether the transaction is over behind it.
    pub fn ends(&self) -> bool {
        match self {
            TransactionControl::Commit | TransactionControl::Rollback | TransactionControl::TwoPhase => true,
            TransactionControl::Begin | TransactionControl::Savepoint | TransactionControl::Set => false,
        }
    }
}

/// SET, RESET, PRAGMA.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Setting {
    /// Lower case: `search_path`, `lock_timeout`, `foreign_keys`.
    pub name: String,
    /// The values as written, without quotes; empty for RESET and a reading PRAGMA.
    pub values: Vec<String>,
    /// SET LOCAL.
    pub local: bool,
}

/// Statements that tend storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum MaintenanceKind {
    /// VACUUM.
    Vacuum,
    /// VACUUM FULL; SQLite's and MySQL's whole rebuilds (OPTIMIZE TABLE).
    VacuumFull,
    /// ANALYZE.
    Analyze,
    /// CLUSTER.
    Cluster,
    /// ALTER SYSTEM: settings of the whole server.
    Server,
    /// CHECKPOINT, DISCARD, LISTEN, NOTIFY, LOAD, FLUSH ….
    Session,
}

/// DO or CALL.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Block {
    /// Whether part of it is built at run time (EXECUTE of anything but a constant).
    pub dynamic: bool,
    /// The procedure called; `None` for DO.
    pub calls: Option<ObjectName>,
}

/// A statement that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Opaque {
    /// Why.
    pub reason: String,
    /// Names that stand in it: replay no longer trusts what it knows about these.
    pub names: Vec<ObjectName>,
}
