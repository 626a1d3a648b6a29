//! SQLite: one file, one writer. Every write is a transaction that excludes the others from its first moment.

mod alone;
mod cascade;
mod chunk;
mod control;
mod gauge;
mod job;
mod lease;
mod ledger;
mod rows;
mod script;
mod session;
mod size;
mod undoing;
mod witness;

use std::time::Duration;

use crate::backend::gauge::Gauge;
use crate::backend::{
    Attempt, Backend, BackendError, Blocker, Care, Chunk, Cut, Limits, Marked, Notices, ScriptStart, TableSize, snapshot,
};
use crate::backfill::strategy::{Facts, Storage};
use crate::backfill::{Chunking, Claim, Claimed, Job};
use crate::dialect::speed::Rate;
use crate::ledger::{
    ApprovalRecord, ControlRecord, Holder, Instance, JobRecord, JournalState, Lease, Ledger, Marker, OverrideRecord, Pulse, Timing,
};
use crate::migration::pacing::throttle::Throttle;
use crate::migration::{DatabaseUrl, MigrationId, NodeRef};
use crate::plan::{Inquiry, Testimony};
use crate::plan::{Step, StepKind};
use crate::schema::{Dialect, Ident, ObjectName, Server, ServerVersion};

use script::Known;
use session::{Create, LEDGER, Session, Value, integer, text};
use witness::Witness;

/// How long the ledger's own writes wait for another writer.
const LEDGER_LIMITS: Limits = Limits { lock_timeout: Duration::from_secs(10), statement_timeout: None };

/// How long one attempt at the lease waits for another writer.
const LEASE_LIMITS: Limits = Limits { lock_timeout: Duration::from_secs(1), statement_timeout: None };

/// A SQLite database.
pub struct SqliteBackend {
    target: DatabaseUrl,
    /// `None` while the file does not exist: only a write makes it.
    session: Option<Session>,
    version: ServerVersion,
    witness: Option<Witness>,
    /// The token of the lease, while it is held.
    token: Option<i64>,
    /// What the running script set for its connection: a new one is told again.
    settings: Vec<String>,
}

impl SqliteBackend {
    /// Opens the file if there is one; a missing file is made by the first write.
    ///
    /// # Errors
    /// [`BackendError::Unreachable`] or [`BackendError::Unsuitable`] when the file cannot be opened.
    pub async fn connect(target: &DatabaseUrl) -> Result<SqliteBackend, BackendError> {
        let missing = session::file(target)?.is_some_and(|path| !path.exists());
        let mut session = match missing {
            true => Session::in_memory().await?,
            false => Session::open(target, Create::Never).await?,
        };
        let row = session.row("SELECT sqlite_version() AS version", &[]).await?;
        let version = text(&row, "version")?.unwrap_or_default();
        let version = version.parse().map_err(|_| snapshot::damaged(format!("version `{version}`")))?;
        let session = match missing {
            true => {
                session.close().await;
                None
            }
            false => Some(session),
        };
        Ok(SqliteBackend { target: target.clone(), session, version, witness: None, token: None, settings: Vec::new() })
    }

    fn session(&mut self) -> Result<&mut Session, BackendError> {
        self.session
            .as_mut()
            .ok_or_else(|| BackendError::Unreachable { target: self.target.to_string(), reason: "the file does not exist".to_owned() })
    }

    /// The session, with a file behind it.
    async fn writable(&mut self) -> Result<&mut Session, BackendError> {
        if self.session.is_none() {
            self.session = Some(Session::open(&self.target, Create::IfMissing).await?);
        }
        self.session()
    }

    async fn connect_again(&mut self) -> Result<(), BackendError> {
        let mut session = Session::open(&self.target, Create::Never).await?;
        for setting in &self.settings {
            session.run(LEDGER, setting.as_str()).await?;
        }
        self.session = Some(session);
        Ok(())
    }

    /// A script's settings end with it. A database in memory ends with its connection, so that one is kept.
    async fn forget_settings(&mut self) -> Result<(), BackendError> {
        if self.settings.is_empty() || session::file(&self.target)?.is_none() {
            return Ok(());
        }
        self.settings.clear();
        self.connect_again().await
    }

    /// Commits what went well, rolls back what did not.
    async fn settle<T>(&mut self, place: &str, outcome: Result<T, BackendError>) -> Result<T, BackendError> {
        let session = self.session()?;
        let outcome = match outcome {
            Ok(value) => session.commit(place).await.map(|()| value),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            session.roll_back().await?;
        }
        outcome
    }

    async fn has_tables(&mut self) -> Result<bool, BackendError> {
        let Some(session) = self.session.as_mut() else { return Ok(false) };
        session.calm().await?;
        let sql = "SELECT count(*) AS found FROM sqlite_master WHERE type = 'table' AND name = 'concertina_ledger'";
        Ok(integer(&session.row(sql, &[]).await?, "found")? > 0)
    }

    async fn execute_group(
        &mut self,
        lease: &Lease,
        step: &Step,
        statements: &[String],
        limits: &Limits,
        cut: &Cut,
    ) -> Result<Attempt, BackendError> {
        let session = self.session()?;
        session.begin(limits).await?;
        let outcome = group(session, lease, step, statements, cut).await;
        let outcome = self.settle(&step.place, outcome).await;
        self.note_failure(lease, step, &outcome).await;
        outcome
    }

    /// Records a failure of the user's own statement.
    async fn note_failure<T>(&mut self, lease: &Lease, step: &Step, outcome: &Result<T, BackendError>) {
        let Err(BackendError::Statement { code, message, .. }) = outcome else { return };
        let failed = JournalState::Failed { code: code.clone(), message: message.clone() };
        if let Err(worse) = self.journal(lease, step, &failed).await {
            tracing::warn!(%worse, "the failure could not be recorded");
        }
    }

    /// Writes a line of the journal in a transaction of its own.
    async fn journal(&mut self, lease: &Lease, step: &Step, state: &JournalState) -> Result<(), BackendError> {
        let session = self.session()?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = match lease::fence(session, lease.token()).await {
            Ok(()) => script::record(session, step, state).await,
            Err(error) => Err(error),
        };
        self.settle(LEDGER, written).await
    }
}

async fn group(session: &mut Session, lease: &Lease, step: &Step, statements: &[String], cut: &Cut) -> Result<Attempt, BackendError> {
    if script::standing(session, lease, step).await? == Known::Done {
        return Ok(Attempt::AlreadyDone);
    }
    for statement in statements {
        cascade::refuse(session, &step.place, statement).await?;
        session.run_until(&step.place, statement, cut).await?;
    }
    lease::fence(session, lease.token()).await?;
    script::record(session, step, &JournalState::Done).await?;
    Ok(Attempt::Ran)
}

impl Backend for SqliteBackend {
    fn server(&self) -> Server {
        Server { dialect: Dialect::Sqlite, version: self.version }
    }

    async fn ledger(&mut self) -> Result<Ledger, BackendError> {
        self.read_ledger().await
    }

    async fn script_text(&mut self, node: &NodeRef) -> Result<Option<String>, BackendError> {
        match self.has_tables().await? {
            true => script::source(self.session()?, node).await,
            false => Ok(None),
        }
    }

    async fn reconnect(&mut self) -> Result<(), BackendError> {
        self.connect_again().await
    }

    async fn preflight(&mut self, _steps: &[&Step]) -> Result<(), BackendError> {
        // What can go wrong here depends on pragmas that the script itself sets: `cascade` looks before each statement.
        Ok(())
    }

    async fn acquire(&mut self, holder: &Holder) -> Result<Lease, BackendError> {
        let witness = Witness::new();
        let session = self.writable().await?;
        let token = lease::take(session, holder, witness.as_ref(), &LEASE_LIMITS).await?;
        self.witness = witness;
        self.token = Some(token);
        Ok(Lease::new(token))
    }

    async fn release(&mut self, lease: Lease) -> Result<(), BackendError> {
        let given = lease::give_back(self.session()?, lease.token(), &LEDGER_LIMITS).await;
        self.witness = None;
        self.token = None;
        given
    }

    async fn start_script(&mut self, lease: &Lease, start: &ScriptStart) -> Result<(), BackendError> {
        self.forget_settings().await?;
        let session = self.session()?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = match lease::fence(session, lease.token()).await {
            Ok(()) => script::start(session, start).await,
            Err(error) => Err(error),
        };
        self.settle(LEDGER, written).await
    }

    async fn finish_script(&mut self, lease: &Lease, node: &NodeRef) -> Result<(), BackendError> {
        self.forget_settings().await?;
        let session = self.session()?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = match lease::fence(session, lease.token()).await {
            Ok(()) => script::finish(session, node).await,
            Err(error) => Err(error),
        };
        self.settle(LEDGER, written).await
    }

    async fn execute(&mut self, lease: &Lease, step: &Step, limits: &Limits, notices: &Notices) -> Result<Attempt, BackendError> {
        match &step.kind {
            StepKind::Transaction(statements) => self.execute_group(lease, step, statements, limits, notices.cut()).await,
            StepKind::Alone { sql, resume } => self.execute_alone(lease, step, sql, resume, limits, notices.cut()).await,
            StepKind::Backfill(_) => Err(snapshot::damaged("a backfill is run in chunks")),
        }
    }

    /// Plans know no bytes of SQLite's tables, so a speed would say nothing to them.
    async fn reading_speed(&mut self, _table: &ObjectName) -> Result<Vec<Rate>, BackendError> {
        Ok(Vec::new())
    }

    async fn remember(&mut self, _lease: &Lease, _timing: &Timing) -> Result<(), BackendError> {
        Ok(())
    }

    async fn facts(&mut self, job: &Job) -> Result<Facts, BackendError> {
        let undone = self.undoing(job).await?;
        Ok(Facts {
            storage: Storage::ByKey,
            integer: None,
            index: None,
            pages: 0,
            rows: 0,
            partitions: Vec::new(),
            undone,
            horizon: Duration::ZERO,
        })
    }

    async fn open_job(&mut self, lease: &Lease, step: &Step, job: &Job, _chunking: &Chunking) -> Result<JobRecord, BackendError> {
        self.register_job(lease, step, job, &LEDGER_LIMITS).await
    }

    async fn rewind_job(&mut self, lease: &Lease, step: &Step, job: &Job, _chunking: &Chunking) -> Result<JobRecord, BackendError> {
        self.place_job(lease, step, job, &LEDGER_LIMITS).await
    }

    async fn row_by_row(&mut self, step: &Step, job: &Job, claim: &mut Claim, rows: u32, limits: &Limits) -> Result<Chunk, BackendError> {
        self.chunk_of_rows(step, job, claim, rows, limits).await
    }

    async fn poisoned(&mut self, step: &Step) -> Result<u64, BackendError> {
        self.count_poison(step).await
    }

    async fn retry_poison(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<u64, BackendError> {
        self.take_up_poison(lease, step, job, limits).await
    }

    async fn another(&mut self) -> Result<SqliteBackend, BackendError> {
        let reason = "SQLite lets one writer in at a time: a backfill has one worker".to_owned();
        Err(BackendError::Unsuitable { reason })
    }

    async fn claim(&mut self, step: &Step, _job: &Job, owner: &str) -> Result<Claimed, BackendError> {
        self.claim_range(step, owner, &LEDGER_LIMITS).await
    }

    async fn give_up(&mut self, step: &Step, claim: &Claim) -> Result<(), BackendError> {
        self.yield_range(step, claim, &LEDGER_LIMITS).await
    }

    async fn chunk(&mut self, step: &Step, job: &Job, claim: &mut Claim, rows: u32, limits: &Limits) -> Result<Chunk, BackendError> {
        self.run_chunk(step, job, claim, rows, limits).await
    }

    async fn rows_left(&mut self, job: &Job) -> Result<bool, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        let row = session.row(&format!("SELECT EXISTS ({}) AS rows_left", job.proof()), &[]).await?;
        Ok(integer(&row, "rows_left")? != 0)
    }

    async fn in_the_way(&mut self, _step: &Step, _limits: &Limits) -> Result<Vec<Blocker>, BackendError> {
        // Whoever waits for the one write lock polls: nobody queues behind anybody.
        Ok(Vec::new())
    }

    async fn has_trigger(&mut self, table: &ObjectName, trigger: &Ident) -> Result<bool, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        let sql = "SELECT count(*) AS found FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?1) AND lower(name) = lower(?2)";
        let row = session.row(sql, &[Value::Text(table.name.as_str()), Value::Text(trigger.as_str())]).await?;
        Ok(integer(&row, "found")? != 0)
    }

    async fn rows_found(&mut self, query: &str) -> Result<u64, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        let row = session.row(&format!("SELECT ({query}) AS counted"), &[]).await?;
        Ok(u64::try_from(integer(&row, "counted")?).unwrap_or_default())
    }

    fn watch(&self, gauge: &mut Gauge, _table: &ObjectName, throttles: &[Throttle]) {
        gauge::start(gauge, &self.target, throttles);
    }

    async fn control(&mut self, migration: &MigrationId) -> Result<Option<ControlRecord>, BackendError> {
        self.read_control(migration).await
    }

    async fn order(&mut self, control: &ControlRecord) -> Result<(), BackendError> {
        self.write_control(control).await
    }

    async fn pulse(&mut self, node: &NodeRef, step: u32, worker: &str, pulse: &Pulse) -> Result<(), BackendError> {
        self.write_pulse(node, step, worker, pulse).await
    }

    async fn close_job(&mut self, lease: &Lease, step: &Step) -> Result<(), BackendError> {
        self.end_job(lease, step, &LEDGER_LIMITS).await
    }

    async fn roll_back(&mut self, lease: &Lease, node: &NodeRef, statements: &[String], limits: &Limits) -> Result<(), BackendError> {
        let place = format!("rollback of {node}");
        let session = self.session()?;
        session.begin(limits).await?;
        let undone = undo(session, lease, node, &place, statements).await;
        self.settle(&place, undone).await
    }

    async fn mark(&mut self, marker: &Marker, behind: u64) -> Result<Marked, BackendError> {
        let session = self.writable().await?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = match lease::create_tables(session).await {
            Ok(()) => script::add_marker(session, marker, behind).await,
            Err(error) => Err(error),
        };
        self.settle(LEDGER, written).await
    }

    async fn approve(&mut self, record: &ApprovalRecord) -> Result<(), BackendError> {
        let session = self.writable().await?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = match lease::create_tables(session).await {
            Ok(()) => script::add_approval(session, record).await,
            Err(error) => Err(error),
        };
        self.settle(LEDGER, written).await
    }

    async fn testify(&mut self, _: &Inquiry) -> Result<Testimony, BackendError> {
        Err(BackendError::Unsuitable { reason: "SQLite keeps no record of those who use it".to_owned() })
    }

    async fn heartbeat(&mut self, instance: &Instance) -> Result<(), BackendError> {
        let session = self.writable().await?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = match lease::create_tables(session).await {
            Ok(()) => script::beat(session, instance).await,
            Err(error) => Err(error),
        };
        self.settle(LEDGER, written).await
    }

    async fn deregister(&mut self, instance: &str) -> Result<(), BackendError> {
        if !self.has_tables().await? {
            return Ok(());
        }
        let session = self.session()?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = script::forget(session, instance).await;
        self.settle(LEDGER, written).await
    }

    async fn sizes(&mut self, tables: &[ObjectName]) -> Result<Vec<(ObjectName, TableSize)>, BackendError> {
        let Some(session) = self.session.as_mut() else { return Ok(Vec::new()) };
        session.calm().await?;
        let mut found = size::all(session, Care::Quick).await?;
        found.retain(|(name, _)| tables.contains(name));
        Ok(found)
    }

    async fn size_at_once(&mut self, table: &ObjectName) -> Result<Option<TableSize>, BackendError> {
        let found = self.sizes(std::slice::from_ref(table)).await?;
        Ok(found.into_iter().next().map(|(_, size)| size))
    }

    async fn count(&mut self, care: Care) -> Result<Vec<(ObjectName, TableSize)>, BackendError> {
        let Some(session) = self.session.as_mut() else { return Ok(Vec::new()) };
        session.calm().await?;
        size::all(session, care).await
    }

    async fn record_override(&mut self, lease: &Lease, record: &OverrideRecord) -> Result<(), BackendError> {
        let session = self.session()?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = match lease::fence(session, lease.token()).await {
            Ok(()) => script::add_override(session, record).await,
            Err(error) => Err(error),
        };
        self.settle(LEDGER, written).await
    }

    async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }
}

async fn undo(session: &mut Session, lease: &Lease, node: &NodeRef, place: &str, statements: &[String]) -> Result<(), BackendError> {
    for statement in statements {
        cascade::refuse(session, place, statement).await?;
        session.run(place, statement.as_str()).await?;
    }
    lease::fence(session, lease.token()).await?;
    script::undo(session, node).await
}
