//! A worker of a backfill: takes a range, runs its chunks, takes the next, until none is left.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::hunt::Hunt;
use super::lease::reconnected;
use super::patience::Patience;
use super::{Event, Halt, Observer, Options, Stop};
use crate::backend::{Backend, BackendError, Chunk, ChunkEnd, Limits};
use crate::backfill::{Claim, Claimed, Job, Pace, poison};
use crate::ledger::JobRecord;
use crate::plan::Step;
use crate::schema::Dialect;

/// A chunk waits for a lock for a fifth of PostgreSQL's default `deadlock_timeout`, so that in a deadlock it is always
/// the backfill that gives way, never the application.
const CHUNK_LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// Bounds the sum of all lock waits of a chunk, below `deadlock_timeout` for the same reason.
const CHUNK_STATEMENT_TIMEOUT: Duration = Duration::from_millis(800);

/// SQLite lets waiting writers poll; between two chunks they need a gap to be let in.
const SQLITE_REST: Duration = Duration::from_millis(10);

/// How often a worker without a range looks whether one became free.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What the workers of one job share.
pub(super) struct Crew<'a> {
    pub(super) step: &'a Step,
    pub(super) job: &'a Job,
    pub(super) options: &'a Options,
    pub(super) stop: &'a Stop,
    observer: Mutex<&'a mut dyn Observer>,
    tally: Mutex<Tally>,
    /// One of them cannot go on: the others stop at their next safe point.
    halted: AtomicBool,
}

/// Rows of the job so far.
#[derive(Clone, Copy)]
struct Tally {
    changed: u64,
    walked: u64,
    estimated: Option<u64>,
}

impl Tally {
    fn of(record: &JobRecord) -> Tally {
        Tally { changed: record.rows_changed, walked: record.rows_walked, estimated: record.rows_estimated }
    }
}

impl<'a> Crew<'a> {
    /// Those who work on this job.
    pub(super) fn new(
        (step, job): (&'a Step, &'a Job),
        record: &JobRecord,
        options: &'a Options,
        stop: &'a Stop,
        observer: &'a mut dyn Observer,
    ) -> Crew<'a> {
        let tally = Mutex::new(Tally::of(record));
        Crew { step, job, options, stop, observer: Mutex::new(observer), tally, halted: AtomicBool::new(false) }
    }

    pub(super) fn see(&self, event: &Event) {
        self.observer.lock().unwrap_or_else(PoisonError::into_inner).see(event);
    }

    fn count(&self, chunk: &Chunk) {
        let tally = {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.changed += chunk.changed;
            tally.walked += chunk.walked;
            *tally
        };
        self.see(&Event::ChunkFinished {
            node: self.step.node.clone(),
            changed: tally.changed,
            walked: tally.walked,
            estimated: tally.estimated,
            rows: chunk.walked,
            took: chunk.took,
        });
    }

    /// Rows estimated in all.
    pub(super) fn estimated(&self) -> Option<u64> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).estimated
    }

    fn halt(&self) {
        self.halted.store(true, Ordering::Release);
    }

    fn must_stop(&self) -> bool {
        self.stop.is_asked() || self.halted.load(Ordering::Acquire)
    }
}

/// One of them, on a connection of its own.
pub(super) struct Worker<'a, B> {
    pub(super) backend: &'a mut B,
    pub(super) crew: &'a Crew<'a>,
    owner: String,
    pace: Pace,
    pub(super) hunt: Option<Hunt>,
}

impl<'a, B: Backend> Worker<'a, B> {
    /// The worker of this number.
    pub(super) fn new(backend: &'a mut B, crew: &'a Crew<'a>, number: u32) -> Worker<'a, B> {
        let rest = match backend.server().dialect {
            Dialect::Sqlite => SQLITE_REST,
            Dialect::Postgres | Dialect::Mysql => Duration::ZERO,
        };
        // Several processes may be at work under the same name.
        let owner = format!("{} worker {number} {:08x}", crew.options.holder, fastrand::u32(..));
        Worker { backend, crew, owner, pace: Pace::new(crew.options.chunk_target, rest), hunt: None }
    }

    /// Works until no range is left to anybody.
    pub(super) async fn work(mut self) -> Result<(), Halt> {
        let worked = self.ranges().await;
        if worked.is_err() {
            self.crew.halt();
        }
        worked
    }

    async fn ranges(&mut self) -> Result<(), Halt> {
        loop {
            match self.claim().await? {
                Claimed::Range(claim) => self.range(claim).await?,
                Claimed::Nothing => return Ok(()),
                // Their workers end them, or their time runs out and we do.
                Claimed::Elsewhere(_) => self.crew.stop.sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Runs chunks until the range is done or lost.
    async fn range(&mut self, mut claim: Claim) -> Result<(), Halt> {
        let mut patience = self.patience();
        loop {
            self.before_chunk(&claim).await?;
            let limits = self.limits();
            let rows = Hunt::narrows(self.hunt, self.pace.rows());
            match self.backend.chunk(self.crew.step, self.crew.job, &mut claim, rows, &limits).await {
                Ok(chunk) => {
                    patience = self.patience();
                    self.hunt = self.hunt.and_then(|hunt| hunt.passed(chunk.walked));
                    self.after_chunk(&chunk).await;
                    if chunk.end == ChunkEnd::Range {
                        return Ok(());
                    }
                }
                Err(BackendError::RangeLost) => return Ok(()),
                Err(error) if self.is_of_a_row(&error) => {
                    if let Some(chunk) = self.hunt(&mut claim, rows, &limits, &error).await? {
                        self.after_chunk(&chunk).await;
                        if chunk.end == ChunkEnd::Range {
                            return Ok(());
                        }
                    }
                }
                Err(error) => match obstacle(error, &limits)? {
                    Obstacle::Passing(error) => {
                        self.pace.obstructed();
                        self.give_way(error, &mut patience).await?;
                    }
                    // Whether the chunk was committed, the range in the database tells: the next claim begins there.
                    Obstacle::Cut(error) => {
                        self.reconnect(error).await?;
                        return Ok(());
                    }
                },
            }
        }
    }

    fn is_of_a_row(&self, error: &BackendError) -> bool {
        let dialect = self.backend.server().dialect;
        matches!(error, BackendError::Statement { code, .. } if poison::speaks_of_a_row(dialect, code))
    }

    /// Everything that may keep the next chunk from being run, or make it smaller, is looked at here.
    async fn before_chunk(&mut self, claim: &Claim) -> Result<(), Halt> {
        if !self.crew.must_stop() {
            return Ok(());
        }
        // Else the next run would wait for this range's time to run out, where it cannot see that our session is gone.
        if let Err(error) = self.backend.give_up(self.crew.step, claim).await {
            tracing::debug!(%error, "a range could not be given back");
        }
        Err(Halt::Stopped)
    }

    /// Everything that learns from a chunk, and the rest after it.
    async fn after_chunk(&mut self, chunk: &Chunk) {
        self.pace.finished(chunk.walked, chunk.took);
        if chunk.walked > 0 {
            self.crew.count(chunk);
        }
        self.crew.stop.sleep(self.pace.rest()).await;
    }

    async fn claim(&mut self) -> Result<Claimed, Halt> {
        let mut patience = self.patience();
        loop {
            if self.crew.must_stop() {
                return Err(Halt::Stopped);
            }
            match self.backend.claim(self.crew.step, self.crew.job, &self.owner).await {
                Ok(claimed) => return Ok(claimed),
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                Err(error @ BackendError::Blocked { .. }) => self.give_way(error, &mut patience).await?,
                Err(error) => return Err(Halt::Failed(error)),
            }
        }
    }

    async fn give_way(&mut self, error: BackendError, patience: &mut Patience) -> Result<(), Halt> {
        let Some(pause) = patience.pause() else {
            return Err(Halt::Failed(match error {
                BackendError::Blocked { reason, blockers, .. } => {
                    BackendError::Blocked { reason, blockers, attempts: patience.attempts(), waited: patience.waited() }
                }
                error => error,
            }));
        };
        let blockers = match error {
            BackendError::Blocked { blockers, .. } => blockers,
            _ => Vec::new(),
        };
        let (node, attempt) = (self.crew.step.node.clone(), patience.attempts());
        self.crew.see(&Event::Retrying { node, attempt, pause, blockers });
        self.crew.stop.sleep(pause).await;
        Ok(())
    }

    async fn reconnect(&mut self, broken: BackendError) -> Result<(), Halt> {
        let crew = self.crew;
        reconnected(self.backend, broken, crew.options, crew.stop, |event| crew.see(event)).await
    }

    fn patience(&self) -> Patience {
        Patience::new(self.crew.options.give_up_after, Duration::from_millis(100), Duration::from_millis(1000))
    }

    fn limits(&self) -> Limits {
        let lock_timeout = self.crew.options.lock_timeout;
        match self.backend.server().dialect {
            // The smallest chunk must be allowed to end, however slow its rows are.
            Dialect::Postgres | Dialect::Mysql => Limits {
                lock_timeout: lock_timeout.min(CHUNK_LOCK_TIMEOUT),
                statement_timeout: (!self.pace.is_at_floor()).then_some(CHUNK_STATEMENT_TIMEOUT.max(self.crew.options.chunk_target * 3)),
            },
            Dialect::Sqlite => Limits { lock_timeout, statement_timeout: None },
        }
    }
}

/// Why a chunk was not committed.
enum Obstacle {
    /// Something that a smaller chunk, a little later, may pass.
    Passing(BackendError),
    /// The connection broke.
    Cut(BackendError),
}

/// What an error of a chunk means for the walk.
fn obstacle(error: BackendError, limits: &Limits) -> Result<Obstacle, Halt> {
    match &error {
        BackendError::Blocked { .. } => Ok(Obstacle::Passing(error)),
        BackendError::Unreachable { .. } => Ok(Obstacle::Cut(error)),
        // Our own time-out for the statement; without one it was somebody who cancelled it.
        BackendError::Statement { code, .. } if code == "57014" && limits.statement_timeout.is_some() => Ok(Obstacle::Passing(error)),
        _ => Err(Halt::Failed(error)),
    }
}
