//! The databases: the only users of sqlx. A backend reads and writes the ledger, executes steps under a lease and
//! knows nothing of gates, lints or files.

pub mod any;
pub mod cut;
pub mod error;
pub mod gauge;
#[cfg(feature = "postgres")]
pub mod postgres;
mod snapshot;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use any::{AnyBackend, ConnectError};
pub use cut::{Cut, Knife};
pub use error::BackendError;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

use self::gauge::Gauge;
use crate::backfill::strategy::Facts;
use crate::backfill::{Chunking, Claim, Claimed, Job};
use crate::dialect::speed::Rate;
use crate::ledger::{ApprovalRecord, ControlRecord, Instance, JobRecord, OverrideRecord, Pulse, Timing};
use crate::ledger::{Holder, Lease, Ledger, Marker};
use crate::migration::pacing::throttle::Throttle;
use crate::migration::{MigrationId, NodeRef};
use crate::plan::{Inquiry, Step, Testimony};
pub use crate::schema::size::TableSize;
use crate::schema::{Ident, ObjectName, Server};
use crate::sql::Digest;

/// How long a statement may wait and run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `lock_timeout` per attempt; busy timeout on SQLite.
    pub lock_timeout: Duration,
    /// How long one statement may take; `None` for as long as it needs.
    pub statement_timeout: Option<Duration>,
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

/// What became of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It was written.
    Written,
    /// Somebody else wrote one first; nothing was written.
    Overtaken,
}

/// What one chunk did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Rows that the statement changed.
    pub changed: u64,
    /// Rows walked: each counts once, when the last pass over it is done.
    pub walked: u64,
    /// Rows that this chunk went over, which is what its duration is measured by.
    pub size: u64,
    /// Whether the range goes on behind it.
    pub end: ChunkEnd,
    /// BEGIN to acknowledged COMMIT.
    pub took: Duration,
    /// Bytes of write-ahead log that the server wrote meanwhile, whoever wrote them; `None` where there is none to count.
    pub log: Option<u64>,
}

/// What lies behind a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkEnd {
    /// More of the range.
    More,
    /// Nothing: the range is done, and no longer held.
    Range,
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

/// A session that waits for a lock, where it or whoever it waits for belongs to a run.
#[derive(Clone, Debug, PartialEq)]
pub struct LockWait {
    /// Whose session it is.
    pub waiter: Waiter,
    /// The session, as the server numbers it.
    pub pid: i64,
    /// Role, application and address.
    pub who: String,
    /// For how long it waits.
    pub seconds: f64,
    /// Who holds what it waits for.
    pub blockers: String,
}

/// Whose session waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiter {
    /// A run of this tool waits for somebody.
    Run,
    /// Somebody waits for a run of this tool.
    Application,
}

/// What a backend tells while a statement runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The statement waits for a lock that these sessions hold.
    Waiting(Vec<Blocker>),
    /// An index build tells how far it is.
    Building(Build),
    /// Nobody looks, or goes on looking, whether it waits.
    Unwatched,
}

/// How far an index build is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// What it does, in the server's words.
    pub stage: String,
    /// Parts of this stage that are done.
    pub done: u64,
    /// Parts of this stage in all; zero when the server does not tell.
    pub total: u64,
    /// What is counted.
    pub unit: BuildUnit,
    /// The session whose transaction it waits for.
    pub waits_for: Option<i64>,
}

/// What the progress of an index build counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildUnit {
    /// Blocks of the table or the index.
    Blocks,
    /// Rows.
    Rows,
    /// Sessions whose transactions must end first.
    Sessions,
}

impl BuildUnit {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            BuildUnit::Blocks => "blocks",
            BuildUnit::Rows => "rows",
            BuildUnit::Sessions => "sessions",
        }
    }
}

/// Where a backend sends its notices, never waiting for the reader, and hears that it shall cut off the statement at work.
#[derive(Clone, Debug)]
pub struct Notices {
    sender: tokio::sync::mpsc::UnboundedSender<Notice>,
    cut: Cut,
}

/// Where the notices of a statement are read.
pub type NoticeReader = tokio::sync::mpsc::UnboundedReceiver<Notice>;

impl Notices {
    /// A sender and its reader; nobody cuts anything off.
    pub fn channel() -> (Notices, NoticeReader) {
        Notices::until(Cut::never())
    }

    /// As [`Notices::channel`], for a statement that may be cut off.
    pub fn until(cut: Cut) -> (Notices, NoticeReader) {
        let (sender, reader) = tokio::sync::mpsc::unbounded_channel();
        (Notices { sender, cut }, reader)
    }

    /// Passes one on. A reader that went away misses nothing that matters.
    pub fn send(&self, notice: Notice) {
        self.sender.send(notice).unwrap_or_default();
    }

    /// Tells when the statement at work shall be cut off.
    pub fn cut(&self) -> &Cut {
        &self.cut
    }
}

/// How exactly tables are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// As far as it costs next to nothing: large tables are known to be large.
    Quick,
    /// As exactly as the database can tell, even if every page is read for it.
    Exact,
}

/// Turns writes on the ledger and steps into what one database understands.
///
/// Every method that writes is safe to kill between any two instructions: either nothing happened or it is recorded.
pub trait Backend: Send {
    /// Dialect and version of the server.
    fn server(&self) -> Server;

    /// The whole ledger in one round trip; an empty one when the tables do not exist. Never writes.
    fn ledger(&mut self) -> impl Future<Output = Result<Ledger, BackendError>> + Send;

    /// How fast some pages of a table are read, each reading for itself; empty where the database cannot tell, or the table is not ours to
    /// read. Takes some tenths of a second at most and holds no lock that anybody would notice.
    fn reading_speed(&mut self, table: &ObjectName) -> impl Future<Output = Result<Vec<Rate>, BackendError>> + Send;

    /// Keeps how long work on a table took.
    fn remember(&mut self, lease: &Lease, timing: &Timing) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// The text of a script as it was when it was started, to show what was edited since.
    fn script_text(&mut self, node: &NodeRef) -> impl Future<Output = Result<Option<String>, BackendError>> + Send;

    /// Opens the connection anew after [`BackendError::Unreachable`]; the lease is kept if nobody took it. One attempt.
    fn reconnect(&mut self) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Looks whether these steps can be run safely over this connection, before the first of them.
    ///
    /// # Errors
    /// `Unsuitable` with the reason: a pooler that cannot promise a setting, a standby, a rebuild that would delete rows.
    fn preflight(&mut self, steps: &[&Step]) -> impl Future<Output = Result<(), BackendError>> + Send;

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

    /// Who holds a lock that the step will ask for and has done so for longer than `limits.lock_timeout`: asking would only make
    /// others queue behind us. Empty where nobody does, or the database cannot tell.
    fn in_the_way(&mut self, step: &Step, limits: &Limits) -> impl Future<Output = Result<Vec<Blocker>, BackendError>> + Send;

    /// Executes a `Transaction` or `Alone` step once: one attempt, `lock_timeout` set, recorded as design.md section 5 says.
    ///
    /// # Errors
    /// `Blocked` with `attempts: 1` on lock timeout, deadlock or serialization failure: the caller retries. `CutOff` when the
    /// notices' [`Cut`] asked for it in time: nothing of the statement stays, or the next attempt removes it.
    fn execute(
        &mut self,
        lease: &Lease,
        step: &Step,
        limits: &Limits,
        notices: &Notices,
    ) -> impl Future<Output = Result<Attempt, BackendError>> + Send;

    /// What the catalogue says about a job's table, to choose how it is cut.
    fn facts(&mut self, job: &Job) -> impl Future<Output = Result<Facts, BackendError>> + Send;

    /// Registers a backfill job, cut in this way up to the last row there is now, or finds it again as it was cut then.
    fn open_job(
        &mut self,
        lease: &Lease,
        step: &Step,
        job: &Job,
        chunking: &Chunking,
    ) -> impl Future<Output = Result<JobRecord, BackendError>> + Send;

    /// Sends a job back to the start, cut in this way, keeping its counts: rows appeared behind it.
    fn rewind_job(
        &mut self,
        lease: &Lease,
        step: &Step,
        job: &Job,
        chunking: &Chunking,
    ) -> impl Future<Output = Result<JobRecord, BackendError>> + Send;

    /// A further connection to the same database, for a worker of this run.
    fn another(&mut self) -> impl Future<Output = Result<Self, BackendError>> + Send
    where
        Self: Sized;

    /// Takes the next range of a job that nobody holds, by the database's clock. Needs no lease: the range is one.
    ///
    /// # Errors
    /// `LeaseLost` when this connection held the run's lease and lost it.
    fn claim(&mut self, step: &Step, job: &Job, owner: &str) -> impl Future<Output = Result<Claimed, BackendError>> + Send;

    /// Gives a range back before its end, for somebody else to take at once.
    fn give_up(&mut self, step: &Step, claim: &Claim) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Runs the next chunk of at most `rows` rows of a range; its position moves in the same transaction, and in `claim`.
    ///
    /// # Errors
    /// `RangeLost` when the range was taken over; nothing of the chunk was written then.
    fn chunk(
        &mut self,
        step: &Step,
        job: &Job,
        claim: &mut Claim,
        rows: u32,
        limits: &Limits,
    ) -> impl Future<Output = Result<Chunk, BackendError>> + Send;

    /// Runs the next chunk of at most `rows` rows one row at a time: those that fail by their values are recorded, and the
    /// position moves over them, in the same transaction.
    fn row_by_row(
        &mut self,
        step: &Step,
        job: &Job,
        claim: &mut Claim,
        rows: u32,
        limits: &Limits,
    ) -> impl Future<Output = Result<Chunk, BackendError>> + Send;

    /// How many rows of a job were recorded because they could not be changed.
    fn poisoned(&mut self, step: &Step) -> impl Future<Output = Result<u64, BackendError>> + Send;

    /// Tries those rows again, each in a transaction of its own; how many are left.
    fn retry_poison(
        &mut self,
        lease: &Lease,
        step: &Step,
        job: &Job,
        limits: &Limits,
    ) -> impl Future<Output = Result<u64, BackendError>> + Send;

    /// Whether the job's own predicate still finds a row.
    fn rows_left(&mut self, job: &Job) -> impl Future<Output = Result<bool, BackendError>> + Send;

    /// Whether a table has a trigger of this name that works for ordinary sessions.
    fn has_trigger(&mut self, table: &ObjectName, trigger: &Ident) -> impl Future<Output = Result<bool, BackendError>> + Send;

    /// The answer to a query that counts rows.
    fn rows_found(&mut self, query: &str) -> impl Future<Output = Result<u64, BackendError>> + Send;

    /// Starts to read these signals beside a backfill of this table, until the gauge is dropped.
    fn watch(&self, gauge: &mut Gauge, table: &ObjectName, throttles: &[Throttle]);

    /// What somebody asked of a migration's backfill.
    fn control(&mut self, migration: &MigrationId) -> impl Future<Output = Result<Option<ControlRecord>, BackendError>> + Send;

    /// Asks something of a migration's backfill; its clock is the database's. Needs no lease.
    fn order(&mut self, control: &ControlRecord) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Writes what a worker says of itself. Where no second connection keeps the lease alive, this does.
    ///
    /// # Errors
    /// `LeaseLost` when this connection held the run's lease and lost it.
    fn pulse(&mut self, node: &NodeRef, step: u32, worker: &str, pulse: &Pulse) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Records that a job is done.
    fn close_job(&mut self, lease: &Lease, step: &Step) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Undoes an expand: runs these statements and records the script as rolled back, all in one transaction.
    fn roll_back(
        &mut self,
        lease: &Lease,
        node: &NodeRef,
        statements: &[String],
        limits: &Limits,
    ) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Appends a marker, if the newest one is still this one: what it was judged by is still true then. Needs no lease.
    fn mark(&mut self, marker: &Marker, behind: u64) -> impl Future<Output = Result<Marked, BackendError>> + Send;

    /// Appends an approval. Needs no lease.
    fn approve(&mut self, record: &ApprovalRecord) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// What the database tells of those who use it. Never writes.
    ///
    /// # Errors
    /// `Unsuitable` where this database, or what is installed in it, does not tell.
    fn testify(&mut self, inquiry: &Inquiry) -> impl Future<Output = Result<Testimony, BackendError>> + Send;

    /// Writes a heartbeat. Needs no lease.
    fn heartbeat(&mut self, instance: &Instance) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Removes an instance that drains. Needs no lease.
    fn deregister(&mut self, instance: &str) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Sizes of these tables, by estimate; tables that do not exist are left out.
    fn sizes(&mut self, tables: &[ObjectName]) -> impl Future<Output = Result<Vec<(ObjectName, TableSize)>, BackendError>> + Send;

    /// The size of one table, where it can be had at once; `None` where somebody else holds it, or it does not exist.
    fn size_at_once(&mut self, table: &ObjectName) -> impl Future<Output = Result<Option<TableSize>, BackendError>> + Send;

    /// Sizes of all tables and materialised views but the tool's own; a partitioned table has the sum of its partitions.
    fn count(&mut self, care: Care) -> impl Future<Output = Result<Vec<(ObjectName, TableSize)>, BackendError>> + Send;

    /// Sessions that wait for a run's locks, and a run that waits for others, the longest first. Empty where the database
    /// knows no sessions.
    fn waits(&mut self) -> impl Future<Output = Result<Vec<LockWait>, BackendError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Gates overridden so far are in the ledger; this appends one.
    fn record_override(&mut self, lease: &Lease, record: &OverrideRecord) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Ends the connection. A lease that is still held runs out.
    fn close(self) -> impl Future<Output = ()> + Send;
}
