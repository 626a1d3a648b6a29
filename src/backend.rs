//! The databases: the only users of sqlx. A backend reads and writes the ledger, executes steps under a lease and
//! knows nothing of gates, lints or files.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

use crate::backfill::{Job, KeyValue};
use crate::ledger::{Holder, Lease, Ledger, Marker};
use crate::ledger::{Instance, LeaseRecord, OverrideRecord};
use crate::migration::NodeRef;
use crate::plan::Step;
use crate::schema::{ObjectName, Server};
use crate::sql::Digest;

/// How long a statement may wait and run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `lock_timeout` per attempt; busy timeout on SQLite.
    pub lock_timeout: Duration,
    /// How long all attempts together may take.
    pub give_up_after: Duration,
}

/// The script that a step belongs to, as it is recorded when it starts.
#[derive(Clone, Debug)]
pub struct ScriptStart {
    /// Which.
    pub node: NodeRef,
    /// Its digest.
    pub digest: Digest,
    /// Its text.
    pub text: String,
    /// Who.
    pub actor: String,
    /// Why its gate was open, as JSON (contract).
    pub evidence: Option<String>,
    /// Gates overridden for it.
    pub overrides: Vec<OverrideRecord>,
}

/// What became of one attempt at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It ran now.
    Ran,
    /// It had run before: the catalogue or the journal says so.
    AlreadyDone,
}

/// What one chunk did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Rows that the statement changed.
    pub changed: u64,
    /// Rows walked.
    pub walked: u64,
    /// The last key handled; `None` when nothing was left to walk.
    pub cursor: Option<KeyValue>,
    /// BEGIN to acknowledged COMMIT.
    pub took: Duration,
}

/// Who stands in the way of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// The session, as the server numbers it.
    pub pid: i64,
    /// Role, application and address.
    pub who: String,
    /// What it does, cut to one line.
    pub query: String,
    /// Since when its transaction is open.
    pub since: Option<Timestamp>,
}

/// The size of a table as the server estimates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// Rows.
    pub rows: u64,
    /// Bytes with indexes.
    pub bytes: u64,
}

/// Why a backend could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The database cannot be reached, or the connection broke.
    #[error("cannot reach {target}: {reason}")]
    Unreachable {
        /// Where, without credentials.
        target: String,
        /// The engine's message.
        reason: String,
    },
    /// Somebody else holds the lease.
    #[error("another run holds the lease: {}", holder.holder)]
    LeaseBusy {
        /// Who.
        holder: LeaseRecord,
    },
    /// The lease expired and somebody else took it: nothing of the current step was written.
    #[error("the lease was lost to another run")]
    LeaseLost,
    /// The lock was not obtained in time, after this many attempts; or a deadlock or serialization failure went on.
    #[error("lock not obtained after {attempts} attempts in {} s", waited.as_secs())]
    Blocked {
        /// How often it was tried.
        attempts: u32,
        /// How long in all.
        waited: Duration,
        /// Who held it, where the server tells.
        blockers: Vec<Blocker>,
    },
    /// The statement failed for good.
    #[error("{place}: {message}")]
    Statement {
        /// Where it stands: `path:line`.
        place: String,
        /// SQLSTATE or the engine's code.
        code: String,
        /// The engine's message, with detail and hint.
        message: String,
    },
    /// The tables were written by a newer version of this tool.
    #[error("the ledger has format {found}, this build writes {known}")]
    NewerLedger {
        /// The format found.
        found: u32,
        /// The format this build knows.
        known: u32,
    },
    /// The server or pooler cannot do what a safe run needs; nothing was touched.
    #[error("{reason}")]
    Unsuitable {
        /// What and why.
        reason: String,
    },
    /// A row of the tool's own tables that cannot be understood.
    #[error("the ledger is damaged: {reason}")]
    Damaged {
        /// Which and why.
        reason: String,
    },
}

/// Turns writes on the ledger and steps into what one database understands.
///
/// Every method that writes is safe to kill between any two instructions: either nothing happened or it is recorded.
pub trait Backend: Send {
    /// Dialect and version of the server.
    fn server(&self) -> Server;

    /// The whole ledger in one round trip; an empty one when the tables do not exist. Never writes.
    fn ledger(&mut self) -> impl Future<Output = Result<Ledger, BackendError>> + Send;

    /// Creates the tool's tables if need be and takes the lease. The backend keeps it alive until it is released:
    /// on a connection of its own where steps may run long, with each write where one writer excludes all others.
    ///
    /// # Errors
    /// `LeaseBusy` at once when somebody holds it; waiting is the caller's.
    fn acquire(&mut self, holder: &Holder) -> impl Future<Output = Result<Lease, BackendError>> + Send;

    /// Gives the lease back.
    fn release(&mut self, lease: Lease) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Records that a script starts (or goes on, when it is recorded with the same digest).
    fn start_script(&mut self, lease: &Lease, start: &ScriptStart) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Records that a script ran to its end and prunes its journal.
    fn finish_script(&mut self, lease: &Lease, node: &NodeRef) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Executes a `Transaction` or `Alone` step once: one attempt, `lock_timeout` set, recorded as design.md section 5 says.
    ///
    /// # Errors
    /// `Blocked` with `attempts: 1` on lock timeout, deadlock or serialization failure: the caller retries.
    fn execute(&mut self, lease: &Lease, step: &Step, limits: &Limits) -> impl Future<Output = Result<Attempt, BackendError>> + Send;

    /// Registers a backfill job (fixes its upper bound, estimates its rows) or finds it again.
    fn open_job(&mut self, lease: &Lease, step: &Step, job: &Job) -> impl Future<Output = Result<crate::ledger::JobRecord, BackendError>> + Send;

    /// Runs the next chunk of at most `rows` rows behind the recorded cursor; the cursor moves in the same transaction.
    fn chunk(&mut self, lease: &Lease, step: &Step, job: &Job, rows: u32, limits: &Limits) -> impl Future<Output = Result<Chunk, BackendError>> + Send;

    /// Whether the job's own predicate still finds a row.
    fn rows_left(&mut self, job: &Job) -> impl Future<Output = Result<bool, BackendError>> + Send;

    /// Records that a job is done.
    fn close_job(&mut self, lease: &Lease, step: &Step) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Undoes an expand: runs these statements in transactions and records the script as rolled back.
    fn roll_back(&mut self, lease: &Lease, node: &NodeRef, groups: &[Vec<String>], limits: &Limits) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Appends a marker. Needs no lease.
    fn mark(&mut self, marker: &Marker) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Writes a heartbeat. Needs no lease.
    fn heartbeat(&mut self, instance: &Instance) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Removes an instance that drains. Needs no lease.
    fn deregister(&mut self, instance: &str) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Sizes of these tables, by estimate; tables that do not exist are left out.
    fn sizes(&mut self, tables: &[ObjectName]) -> impl Future<Output = Result<Vec<(ObjectName, TableSize)>, BackendError>> + Send;

    /// Gates overridden so far are in the ledger; this appends one.
    fn record_override(&mut self, lease: &Lease, record: &OverrideRecord) -> impl Future<Output = Result<(), BackendError>> + Send;

}
