//! The backend that a URL asks for.

use super::gauge::Gauge;
#[cfg(feature = "postgres")]
use super::postgres::PostgresBackend;
#[cfg(feature = "sqlite")]
use super::sqlite::SqliteBackend;
use super::{Attempt, Backend, BackendError, Blocker, Care, Chunk, Limits, LockWait, Marked, Notices, ScriptStart, TableSize};
use crate::backfill::strategy::Facts;
use crate::backfill::{Chunking, Claim, Claimed, Job};
use crate::dialect::speed::Rate;
use crate::ledger::{ApprovalRecord, ControlRecord, Holder, Instance, JobRecord, Lease, Ledger, Marker, OverrideRecord, Pulse, Timing};
use crate::migration::pacing::throttle::Throttle;
use crate::migration::{DatabaseUrl, MigrationError, MigrationId, NodeRef};
use crate::plan::{Inquiry, Step, Testimony};
use crate::schema::{Dialect, Ident, ObjectName, Server};

/// Whichever database a URL leads to.
pub enum AnyBackend {
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(PostgresBackend),
    /// SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteBackend),
}

/// Why no backend could be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL names no database.
    #[error(transparent)]
    Target(#[from] MigrationError),
    /// The database could not be reached or cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl AnyBackend {
    /// Connects to the database behind a URL.
    ///
    /// # Errors
    /// When the URL is wrong, this build has no driver for it, or the database cannot be reached.
    pub async fn connect(url: &str) -> Result<AnyBackend, ConnectError> {
        let target = DatabaseUrl::parse(url)?;
        match target.dialect() {
            #[cfg(feature = "postgres")]
            Dialect::Postgres => Ok(AnyBackend::Postgres(PostgresBackend::connect(&target).await?)),
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => Ok(AnyBackend::Sqlite(SqliteBackend::connect(&target).await?)),
            dialect => {
                let reason = format!("this build was made without {dialect}");
                Err(BackendError::Unsuitable { reason }.into())
            }
        }
    }
}

/// Hands a call on to whichever backend it is.
macro_rules! on {
    ($self:ident, $backend:ident => $call:expr) => {
        match $self {
            #[cfg(feature = "postgres")]
            AnyBackend::Postgres($backend) => $call,
            #[cfg(feature = "sqlite")]
            AnyBackend::Sqlite($backend) => $call,
        }
    };
}

impl Backend for AnyBackend {
    fn server(&self) -> Server {
        on!(self, backend => backend.server())
    }
    async fn ledger(&mut self) -> Result<Ledger, BackendError> {
        on!(self, backend => backend.ledger().await)
    }
    async fn reading_speed(&mut self, table: &ObjectName) -> Result<Vec<Rate>, BackendError> {
        on!(self, backend => backend.reading_speed(table).await)
    }
    async fn remember(&mut self, lease: &Lease, timing: &Timing) -> Result<(), BackendError> {
        on!(self, backend => backend.remember(lease, timing).await)
    }
    async fn script_text(&mut self, node: &NodeRef) -> Result<Option<String>, BackendError> {
        on!(self, backend => backend.script_text(node).await)
    }
    async fn reconnect(&mut self) -> Result<(), BackendError> {
        on!(self, backend => backend.reconnect().await)
    }
    async fn preflight(&mut self, steps: &[&Step]) -> Result<(), BackendError> {
        on!(self, backend => backend.preflight(steps).await)
    }
    async fn acquire(&mut self, holder: &Holder) -> Result<Lease, BackendError> {
        on!(self, backend => backend.acquire(holder).await)
    }
    async fn release(&mut self, lease: Lease) -> Result<(), BackendError> {
        on!(self, backend => backend.release(lease).await)
    }
    async fn start_script(&mut self, lease: &Lease, start: &ScriptStart) -> Result<(), BackendError> {
        on!(self, backend => backend.start_script(lease, start).await)
    }
    async fn finish_script(&mut self, lease: &Lease, node: &NodeRef) -> Result<(), BackendError> {
        on!(self, backend => backend.finish_script(lease, node).await)
    }
    async fn execute(&mut self, lease: &Lease, step: &Step, limits: &Limits, notices: &Notices) -> Result<Attempt, BackendError> {
        on!(self, backend => backend.execute(lease, step, limits, notices).await)
    }
    async fn facts(&mut self, job: &Job) -> Result<Facts, BackendError> {
        on!(self, backend => backend.facts(job).await)
    }
    async fn open_job(&mut self, lease: &Lease, step: &Step, job: &Job, chunking: &Chunking) -> Result<JobRecord, BackendError> {
        on!(self, backend => backend.open_job(lease, step, job, chunking).await)
    }
    async fn rewind_job(&mut self, lease: &Lease, step: &Step, job: &Job, chunking: &Chunking) -> Result<JobRecord, BackendError> {
        on!(self, backend => backend.rewind_job(lease, step, job, chunking).await)
    }
    async fn row_by_row(&mut self, step: &Step, job: &Job, claim: &mut Claim, rows: u32, limits: &Limits) -> Result<Chunk, BackendError> {
        on!(self, backend => backend.row_by_row(step, job, claim, rows, limits).await)
    }
    async fn poisoned(&mut self, step: &Step) -> Result<u64, BackendError> {
        on!(self, backend => backend.poisoned(step).await)
    }
    async fn retry_poison(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<u64, BackendError> {
        on!(self, backend => backend.retry_poison(lease, step, job, limits).await)
    }
    async fn another(&mut self) -> Result<AnyBackend, BackendError> {
        match self {
            #[cfg(feature = "postgres")]
            AnyBackend::Postgres(backend) => backend.another().await.map(AnyBackend::Postgres),
            #[cfg(feature = "sqlite")]
            AnyBackend::Sqlite(backend) => backend.another().await.map(AnyBackend::Sqlite),
        }
    }
    async fn claim(&mut self, step: &Step, job: &Job, owner: &str) -> Result<Claimed, BackendError> {
        on!(self, backend => backend.claim(step, job, owner).await)
    }
    async fn give_up(&mut self, step: &Step, claim: &Claim) -> Result<(), BackendError> {
        on!(self, backend => backend.give_up(step, claim).await)
    }
    async fn chunk(&mut self, step: &Step, job: &Job, claim: &mut Claim, rows: u32, limits: &Limits) -> Result<Chunk, BackendError> {
        on!(self, backend => backend.chunk(step, job, claim, rows, limits).await)
    }
    async fn rows_left(&mut self, job: &Job) -> Result<bool, BackendError> {
        on!(self, backend => backend.rows_left(job).await)
    }
    async fn in_the_way(&mut self, step: &Step, limits: &Limits) -> Result<Vec<Blocker>, BackendError> {
        on!(self, backend => backend.in_the_way(step, limits).await)
    }

    async fn has_trigger(&mut self, table: &ObjectName, trigger: &Ident) -> Result<bool, BackendError> {
        on!(self, backend => backend.has_trigger(table, trigger).await)
    }
    async fn rows_found(&mut self, query: &str) -> Result<u64, BackendError> {
        on!(self, backend => backend.rows_found(query).await)
    }
    fn watch(&self, gauge: &mut Gauge, table: &ObjectName, throttles: &[Throttle]) {
        on!(self, backend => backend.watch(gauge, table, throttles));
    }
    async fn control(&mut self, migration: &MigrationId) -> Result<Option<ControlRecord>, BackendError> {
        on!(self, backend => backend.control(migration).await)
    }
    async fn order(&mut self, control: &ControlRecord) -> Result<(), BackendError> {
        on!(self, backend => backend.order(control).await)
    }
    async fn pulse(&mut self, node: &NodeRef, step: u32, worker: &str, pulse: &Pulse) -> Result<(), BackendError> {
        on!(self, backend => backend.pulse(node, step, worker, pulse).await)
    }
    async fn close_job(&mut self, lease: &Lease, step: &Step) -> Result<(), BackendError> {
        on!(self, backend => backend.close_job(lease, step).await)
    }
    async fn roll_back(&mut self, lease: &Lease, node: &NodeRef, statements: &[String], limits: &Limits) -> Result<(), BackendError> {
        on!(self, backend => backend.roll_back(lease, node, statements, limits).await)
    }
    async fn mark(&mut self, marker: &Marker, behind: u64) -> Result<Marked, BackendError> {
        on!(self, backend => backend.mark(marker, behind).await)
    }
    async fn approve(&mut self, record: &ApprovalRecord) -> Result<(), BackendError> {
        on!(self, backend => backend.approve(record).await)
    }
    async fn testify(&mut self, inquiry: &Inquiry) -> Result<Testimony, BackendError> {
        on!(self, backend => backend.testify(inquiry).await)
    }
    async fn heartbeat(&mut self, instance: &Instance) -> Result<(), BackendError> {
        on!(self, backend => backend.heartbeat(instance).await)
    }
    async fn deregister(&mut self, instance: &str) -> Result<(), BackendError> {
        on!(self, backend => backend.deregister(instance).await)
    }
    async fn sizes(&mut self, tables: &[ObjectName]) -> Result<Vec<(ObjectName, TableSize)>, BackendError> {
        on!(self, backend => backend.sizes(tables).await)
    }

    async fn size_at_once(&mut self, table: &ObjectName) -> Result<Option<TableSize>, BackendError> {
        on!(self, backend => backend.size_at_once(table).await)
    }
    async fn count(&mut self, care: Care) -> Result<Vec<(ObjectName, TableSize)>, BackendError> {
        on!(self, backend => backend.count(care).await)
    }
    async fn waits(&mut self) -> Result<Vec<LockWait>, BackendError> {
        on!(self, backend => backend.waits().await)
    }
    async fn record_override(&mut self, lease: &Lease, record: &OverrideRecord) -> Result<(), BackendError> {
        on!(self, backend => backend.record_override(lease, record).await)
    }
    async fn close(self) {
        on!(self, backend => backend.close().await);
    }
}
