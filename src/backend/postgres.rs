//! PostgreSQL 14 and newer: two connections of its own, the simple protocol, nothing that a transaction pooler breaks.

mod alone;
mod catalogue;
mod chunk;
mod claim;
mod control;
mod cut;
mod facts;
mod fleet;
mod gauge;
mod job;
mod keeper;
mod lease;
mod ledger;
mod pages;
mod proof;
mod quote;
mod rows;
mod script;
mod session;
mod size;
mod speed;
mod step;
mod testify;
mod undoing;
mod waits;
mod way;

use crate::backend::gauge::Gauge;
use crate::backend::{
    Attempt, Backend, BackendError, Blocker, Care, Chunk, Limits, LockWait, Marked, Notices, ScriptStart, TableSize, snapshot,
};
use crate::backfill::strategy::Facts;
use crate::backfill::{Chunking, Claim, Claimed, Job};
use crate::dialect::speed::Rate;
use crate::ledger::{
    ApprovalRecord, ControlRecord, FORMAT, Holder, Instance, JobRecord, Lease, Ledger, Marker, OverrideRecord, Pulse, Timing,
};
use crate::migration::pacing::throttle::Throttle;
use crate::migration::{DatabaseUrl, MigrationId, NodeRef};
use crate::plan::{Inquiry, Testimony};
use crate::plan::{Resume, Step, StepKind};
use crate::schema::{Dialect, Ident, ObjectName, Server, ServerVersion};

use keeper::{Keeper, Lookout};
use lease::Route;
use session::{LEDGER, Session, value};

/// How long the ledger's own writes wait for a lock.
const LEDGER_LIMITS: Limits = Limits { lock_timeout: std::time::Duration::from_secs(5), statement_timeout: None };

/// A PostgreSQL database.
pub struct PostgresBackend {
    target: DatabaseUrl,
    main: Session,
    /// While the lease is held: the second connection.
    keeper: Option<Keeper>,
    /// For a further worker: the second connection of the run that it works for.
    borrowed: Option<Lookout>,
    route: Route,
    /// The session of the first connection, where it is direct.
    worker: i32,
    /// The role that the connection came with; `none` for the one that logged in.
    role: String,
    /// The lease's token, to note the new session after a reconnect.
    token: Option<i64>,
    /// What the running script set for its session: a new session is told again.
    settings: Vec<String>,
    /// The table of the job that runs, and the types of its key.
    walked: Option<ObjectName>,
    key_types: Vec<String>,
    /// How far a proof came before the connection broke.
    proved: Option<proof::Proved>,
    /// How much log the server had written when the chunk at work began.
    log_begun: f64,
}

impl PostgresBackend {
    /// Connects. Nothing is read or written yet.
    ///
    /// # Errors
    /// [`BackendError::Unreachable`], or [`BackendError::Unsuitable`] for a server older than 14.
    pub async fn connect(target: &DatabaseUrl) -> Result<PostgresBackend, BackendError> {
        let main = Session::connect(target).await?;
        if main.version_number() < 140_000 {
            let reason = format!("PostgreSQL {} is older than 14", main.version_number() / 10_000);
            return Err(BackendError::Unsuitable { reason });
        }
        Ok(PostgresBackend {
            target: target.clone(),
            main,
            keeper: None,
            route: Route::Direct,
            worker: 0,
            role: "none".to_owned(),
            token: None,
            settings: Vec::new(),
            borrowed: None,
            walked: None,
            key_types: Vec::new(),
            log_begun: 0.0,
            proved: None,
        })
    }

    fn lookout(&self) -> Option<&Lookout> {
        self.keeper.as_ref().map(Keeper::lookout).or(self.borrowed.as_ref())
    }

    /// A further connection that works on the same jobs.
    async fn further(&self) -> Result<PostgresBackend, BackendError> {
        let mut further = PostgresBackend::connect(&self.target).await?;
        further.borrowed = self.lookout().cloned();
        further.route = self.route;
        if further.route == Route::Direct {
            further.settle().await;
        }
        Ok(further)
    }

    async fn take_lease(&mut self, holder: &Holder) -> Result<Lease, BackendError> {
        self.main.roll_back().await?;
        let identity = lease::identify(&mut self.main).await?;
        if !identity.has_tables {
            lease::create_tables(&mut self.main).await?;
        }
        lease::check_format(&mut self.main).await?;
        if identity.has_tables && lease::format(&mut self.main).await? < FORMAT {
            lease::create_tables(&mut self.main).await?;
        }
        let token = lease::take(&mut self.main, holder).await?;
        self.role = identity.role.clone();
        match self.keep(token, &identity).await {
            Ok(()) => Ok(Lease::new(token)),
            Err(error) => {
                lease::give_back(&mut self.main, token).await?;
                Err(error)
            }
        }
    }

    /// Opens the second connection, finds out what stands between us and the server, begins to renew.
    async fn keep(&mut self, token: i64, identity: &lease::Identity) -> Result<(), BackendError> {
        let mut second = Session::connect(&self.target).await?;
        self.route = lease::route(identity, &mut second).await?;
        if self.route == Route::Direct {
            self.settle().await;
            lease::note_worker(&mut self.main, token).await?;
            self.worker = identity.pid;
        }
        lease::renew(&mut second, token).await?;
        let keeper = Keeper::start(second, self.target.clone(), token);
        self.main.end_with(keeper.signal());
        self.keeper = Some(keeper);
        self.token = Some(token);
        Ok(())
    }

    /// A direct connection stays on its session for ever; when it does not, it is a pooler's after all.
    async fn check_session(&mut self, pid: i32) -> Result<(), BackendError> {
        if let (Route::Direct, Some(token), true) = (self.route, self.token, pid != self.worker) {
            self.route = Route::Pooled;
            lease::forget_sessions(&mut self.main, token).await?;
        }
        Ok(())
    }

    /// Asks the server to notice within two seconds that our process is gone, even in the middle of a statement.
    async fn settle(&mut self) {
        // Not on every platform of the server; without it a killed run's statement ends by itself.
        if let Err(error) = self.main.run(LEDGER, "SET client_connection_check_interval = '2s'").await {
            tracing::debug!(%error, "the server does not watch its clients");
        }
    }

    async fn connect_again(&mut self) -> Result<(), BackendError> {
        self.hold_lease()?;
        self.main = Session::connect(&self.target).await?;
        if let Some(keeper) = &self.keeper {
            self.main.end_with(keeper.signal());
        }
        let identity = lease::identify(&mut self.main).await?;
        if let (Route::Direct, Some(token)) = (self.route, self.token) {
            self.settle().await;
            lease::note_worker(&mut self.main, token).await?;
            self.worker = identity.pid;
        }
        for setting in &self.settings {
            self.main.run(LEDGER, setting.as_str()).await?;
        }
        Ok(())
    }

    /// A script's settings end with it: the next one gets a session that nobody changed.
    async fn forget_settings(&mut self) -> Result<(), BackendError> {
        if self.settings.is_empty() {
            return Ok(());
        }
        self.settings.clear();
        self.connect_again().await
    }

    /// Through a pooler nothing can be set for a statement outside a transaction: the defaults must do.
    async fn check_route(&mut self, steps: &[&Step]) -> Result<(), BackendError> {
        if self.route == Route::Direct {
            return Ok(());
        }
        let mut alone = None;
        for step in steps {
            match &step.kind {
                StepKind::Alone { resume: Resume::Session, .. } => {
                    let reason = format!(
                        "{}: a setting of the session would reach other clients of the pooler; write SET LOCAL inside \
                         BEGIN … COMMIT, or use a URL that leads to the server itself",
                        step.place
                    );
                    return Err(BackendError::Unsuitable { reason });
                }
                StepKind::Alone { .. } => alone = alone.or(Some(&step.place)),
                StepKind::Transaction(_) | StepKind::Backfill(_) => {}
            }
        }
        let Some(place) = alone else { return Ok(()) };
        // reset_val is what a session begins with: the server's, the database's and the role's setting.
        let rows = self
            .main
            .rows(
                "SELECT name || ' = ' || reset_val AS setting FROM pg_settings \
                 WHERE name IN ('lock_timeout', 'statement_timeout') AND reset_val <> '0'",
            )
            .await?;
        match rows.first() {
            None => Ok(()),
            Some(row) => Err(BackendError::Unsuitable {
                reason: format!(
                    "{place}: this statement runs outside a transaction, and through a transaction pooler its time-outs \
                     cannot be lifted: {} (ms) would end it halfway; use a URL that leads to the server itself, or \
                     ALTER ROLE … SET it to 0",
                    value(row, "setting")?
                ),
            }),
        }
    }
}

impl Backend for PostgresBackend {
    fn server(&self) -> Server {
        let number = self.main.version_number();
        let part = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        Server { dialect: Dialect::Postgres, version: ServerVersion::new(part(number / 10_000), part(number % 10_000)) }
    }

    async fn ledger(&mut self) -> Result<Ledger, BackendError> {
        self.read_ledger().await
    }

    async fn script_text(&mut self, node: &NodeRef) -> Result<Option<String>, BackendError> {
        self.main.roll_back().await?;
        script::source(&mut self.main, node).await
    }

    async fn reconnect(&mut self) -> Result<(), BackendError> {
        self.connect_again().await
    }

    async fn preflight(&mut self, steps: &[&Step]) -> Result<(), BackendError> {
        self.check_route(steps).await
    }

    async fn acquire(&mut self, holder: &Holder) -> Result<Lease, BackendError> {
        self.take_lease(holder).await
    }

    async fn release(&mut self, lease: Lease) -> Result<(), BackendError> {
        if let Some(keeper) = self.keeper.take() {
            keeper.stop();
        }
        self.token = None;
        self.main.roll_back().await?;
        lease::give_back(&mut self.main, lease.token()).await
    }

    async fn start_script(&mut self, lease: &Lease, start: &ScriptStart) -> Result<(), BackendError> {
        self.forget_settings().await?;
        script::start(&mut self.main, lease, start, &LEDGER_LIMITS).await
    }

    async fn finish_script(&mut self, lease: &Lease, node: &NodeRef) -> Result<(), BackendError> {
        self.forget_settings().await?;
        self.main.roll_back().await?;
        script::finish(&mut self.main, lease, node).await
    }

    async fn execute(&mut self, lease: &Lease, step: &Step, limits: &Limits, notices: &Notices) -> Result<Attempt, BackendError> {
        match &step.kind {
            StepKind::Transaction(statements) => self.execute_group(lease, step, statements, limits, notices).await,
            StepKind::Alone { sql, resume } => self.execute_alone(lease, step, sql, resume, limits, notices).await,
            StepKind::Backfill(_) => Err(snapshot::damaged("a backfill is run in chunks")),
        }
    }

    async fn reading_speed(&mut self, table: &ObjectName) -> Result<Vec<Rate>, BackendError> {
        self.read_slices(table).await
    }

    async fn remember(&mut self, lease: &Lease, timing: &Timing) -> Result<(), BackendError> {
        self.main.roll_back().await?;
        self.keep_timing(lease, timing).await
    }

    async fn facts(&mut self, job: &Job) -> Result<Facts, BackendError> {
        self.table_facts(job).await
    }

    async fn open_job(&mut self, lease: &Lease, step: &Step, job: &Job, chunking: &Chunking) -> Result<JobRecord, BackendError> {
        self.main.roll_back().await?;
        self.register_job(lease, step, job, chunking, &LEDGER_LIMITS).await
    }

    async fn rewind_job(&mut self, lease: &Lease, step: &Step, job: &Job, chunking: &Chunking) -> Result<JobRecord, BackendError> {
        self.place_job(lease, step, job, chunking, &LEDGER_LIMITS).await
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

    async fn another(&mut self) -> Result<PostgresBackend, BackendError> {
        self.further().await
    }

    async fn claim(&mut self, step: &Step, job: &Job, owner: &str) -> Result<Claimed, BackendError> {
        self.claim_range(step, job, owner).await
    }

    async fn give_up(&mut self, step: &Step, claim: &Claim) -> Result<(), BackendError> {
        self.yield_range(step, claim).await
    }

    async fn chunk(&mut self, step: &Step, job: &Job, claim: &mut Claim, rows: u32, limits: &Limits) -> Result<Chunk, BackendError> {
        self.run_chunk(step, job, claim, rows, limits).await
    }

    async fn rows_left(&mut self, job: &Job) -> Result<bool, BackendError> {
        self.finds_row(job).await
    }

    async fn in_the_way(&mut self, step: &Step, limits: &Limits) -> Result<Vec<Blocker>, BackendError> {
        match step.kind {
            StepKind::Transaction(_) => way::holders(&mut self.main, &step.locks, limits.lock_timeout).await,
            // Built beside everybody else, in chunks: nobody queues behind these.
            StepKind::Alone { .. } | StepKind::Backfill(_) => Ok(Vec::new()),
        }
    }

    async fn has_trigger(&mut self, table: &ObjectName, trigger: &Ident) -> Result<bool, BackendError> {
        self.main.roll_back().await?;
        catalogue::has_trigger(&mut self.main, table, trigger).await
    }

    async fn rows_found(&mut self, query: &str) -> Result<u64, BackendError> {
        self.main.roll_back().await?;
        let row = self.main.row(&format!("SELECT ({query})::text AS counted")).await?;
        session::number(&row, "counted")
    }

    fn watch(&self, gauge: &mut Gauge, table: &ObjectName, throttles: &[Throttle]) {
        gauge::start(gauge, &self.target, table, throttles);
    }

    async fn control(&mut self, migration: &MigrationId) -> Result<Option<ControlRecord>, BackendError> {
        self.read_control(migration).await
    }

    async fn order(&mut self, control: &ControlRecord) -> Result<(), BackendError> {
        // The tables may be those of an earlier build.
        if lease::format(&mut self.main).await? < FORMAT {
            lease::create_tables(&mut self.main).await?;
        }
        self.write_control(control).await
    }

    async fn pulse(&mut self, node: &NodeRef, step: u32, worker: &str, pulse: &Pulse) -> Result<(), BackendError> {
        self.hold_lease()?;
        self.write_pulse(node, step, worker, pulse).await
    }

    async fn close_job(&mut self, lease: &Lease, step: &Step) -> Result<(), BackendError> {
        self.end_job(lease, step, &LEDGER_LIMITS).await
    }

    async fn roll_back(&mut self, lease: &Lease, node: &NodeRef, statements: &[String], limits: &Limits) -> Result<(), BackendError> {
        self.undo_script(lease, node, statements, limits).await
    }

    async fn mark(&mut self, marker: &Marker, behind: u64) -> Result<Marked, BackendError> {
        self.add_marker(marker, behind).await
    }

    async fn approve(&mut self, record: &ApprovalRecord) -> Result<(), BackendError> {
        self.add_approval(record).await
    }

    async fn testify(&mut self, inquiry: &Inquiry) -> Result<Testimony, BackendError> {
        self.answer(inquiry).await
    }

    async fn heartbeat(&mut self, instance: &Instance) -> Result<(), BackendError> {
        self.beat(instance).await
    }

    async fn deregister(&mut self, instance: &str) -> Result<(), BackendError> {
        self.main.roll_back().await?;
        self.forget(instance).await
    }

    async fn sizes(&mut self, tables: &[ObjectName]) -> Result<Vec<(ObjectName, TableSize)>, BackendError> {
        self.main.roll_back().await?;
        let mut sizes = Vec::new();
        for table in tables {
            if let Some(size) = size::of(&mut self.main, table).await? {
                sizes.push((table.clone(), size));
            }
        }
        Ok(sizes)
    }

    async fn size_at_once(&mut self, table: &ObjectName) -> Result<Option<TableSize>, BackendError> {
        let size = size::at_once(&mut self.main, table).await;
        self.main.roll_back().await?;
        match size {
            // Somebody else holds it, or it is gone: nobody waits for that.
            Err(BackendError::Statement { .. } | BackendError::Blocked { .. }) => Ok(None),
            size => size,
        }
    }

    async fn count(&mut self, _care: Care) -> Result<Vec<(ObjectName, TableSize)>, BackendError> {
        self.main.roll_back().await?;
        size::all(&mut self.main).await
    }

    async fn waits(&mut self) -> Result<Vec<LockWait>, BackendError> {
        self.main.roll_back().await?;
        waits::now(&mut self.main).await
    }

    async fn record_override(&mut self, lease: &Lease, record: &OverrideRecord) -> Result<(), BackendError> {
        self.main.roll_back().await?;
        script::add_override(&mut self.main, lease, record).await
    }

    async fn close(self) {
        self.main.close().await;
    }
}
