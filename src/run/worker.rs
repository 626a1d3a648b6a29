//! A worker of a backfill: takes a range, runs its chunks, takes the next, until none is left.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::Instrument;

use super::event::PaceShown;
use super::hunt::{Hunt, Ran};
use super::lease::reconnected;
use super::patience::Patience;
use super::rein::Rein;
use super::{Event, Halt, Observer, Options, Stop};
use crate::backend::gauge::Gauge;
use crate::backend::{Backend, BackendError, Chunk, ChunkEnd, Limits};
use crate::backfill::eta::Progress;
use crate::backfill::signal::measure;
use crate::backfill::{Claim, Claimed, Job};
use crate::ledger::JobRecord;
use crate::migration::pacing::throttle::Unit;
use crate::plan::Step;
use crate::schema::Dialect;

/// A chunk waits for a lock for a fifth of PostgreSQL's default `deadlock_timeout`, so that in a deadlock it is always
/// the backfill that gives way, never the application.
const CHUNK_LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// Bounds the sum of all lock waits of a chunk, below `deadlock_timeout` for the same reason.
const CHUNK_STATEMENT_TIMEOUT: Duration = Duration::from_millis(800);

/// How often a worker without a range looks whether one became free.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What the workers of one job share.
pub(super) struct Crew<'a> {
    pub(super) step: &'a Step,
    pub(super) job: &'a Job,
    pub(super) options: &'a Options,
    pub(super) stop: &'a Stop,
    /// How many they are in this process.
    pub(super) workers: u32,
    observer: Mutex<&'a mut dyn Observer>,
    tally: Mutex<Tally>,
    pub(super) gauge: &'a Gauge,
    /// One of them cannot go on: the others stop at their next safe point.
    halted: AtomicBool,
    /// Chunks that were begun.
    begun: AtomicU64,
}

/// Rows of the job so far, and the time that they took.
struct Tally {
    changed: u64,
    walked: u64,
    estimated: Option<u64>,
    progress: Progress,
    /// Whose standing still counts: they all stand still for the same reasons.
    slowest: Option<String>,
}

impl Tally {
    fn of(record: &JobRecord, now: Duration) -> Tally {
        Tally {
            changed: record.rows_changed,
            walked: record.rows_walked,
            estimated: record.rows_estimated,
            progress: Progress::new(now, record.rows_walked),
            slowest: None,
        }
    }
}

impl<'a> Crew<'a> {
    /// Those who work on this job.
    pub(super) fn new(
        (step, job): (&'a Step, &'a Job),
        record: &JobRecord,
        workers: u32,
        options: &'a Options,
        stop: &'a Stop,
        gauge: &'a Gauge,
        observer: &'a mut dyn Observer,
    ) -> Crew<'a> {
        let tally = Mutex::new(Tally::of(record, gauge.now()));
        Crew {
            step,
            job,
            options,
            stop,
            workers,
            observer: Mutex::new(observer),
            tally,
            gauge,
            halted: AtomicBool::new(false),
            begun: AtomicU64::new(0),
        }
    }

    pub(super) fn see(&self, event: &Event) {
        self.observer.lock().unwrap_or_else(PoisonError::into_inner).see(event);
    }

    fn count(&self, chunk: &Chunk, (held, duty): (Option<String>, f64)) {
        let event = {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.changed += chunk.changed;
            tally.walked += chunk.walked;
            let walked = tally.walked;
            tally.progress.add(self.gauge.now(), walked);
            let rates = tally.progress.rates();
            let left = tally.estimated.and_then(|all| all.checked_sub(walked)).and_then(|rows| rates.left(rows));
            Event::ChunkFinished {
                node: self.step.node.clone(),
                step: self.step.number,
                changed: tally.changed,
                walked,
                estimated: tally.estimated,
                rows: chunk.size,
                took: chunk.took,
                pulse: PaceShown { duty, rates, left, held, lag: self.lag() },
            }
        };
        self.see(&event);
    }

    /// How far the slowest replica is behind, where there is one.
    fn lag(&self) -> Option<String> {
        let dials = self.gauge.read();
        let reading = dials.iter().find(|dial| dial.name == "replica-lag")?.last.as_ref()?;
        reading.detail.as_ref()?;
        Some(measure(reading.value, Unit::Seconds))
    }

    /// A worker stood still for so long.
    pub(super) fn stood_still(&self, worker: &str, time: Duration) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        if tally.slowest.get_or_insert_with(|| worker.to_owned()) == worker {
            tally.progress.stood_still(time);
        }
    }

    /// The number of a chunk that begins, for traces.
    fn next_chunk(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    /// Rows estimated in all.
    pub(super) fn estimated(&self) -> Option<u64> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).estimated
    }

    fn halt(&self) {
        self.halted.store(true, Ordering::Release);
    }

    pub(super) fn must_stop(&self) -> bool {
        self.stop.is_asked() || self.halted.load(Ordering::Acquire)
    }
}

/// One of them, on a connection of its own.
pub(super) struct Worker<'a, B> {
    pub(super) backend: &'a mut B,
    pub(super) crew: &'a Crew<'a>,
    owner: String,
    rein: Rein,
    pub(super) hunt: Option<Hunt>,
    /// Rows were left out since they were last counted.
    pub(super) left_out: bool,
}

impl<'a, B: Backend> Worker<'a, B> {
    /// The worker of this number.
    pub(super) fn new(backend: &'a mut B, crew: &'a Crew<'a>, number: u32) -> Worker<'a, B> {
        // Several processes may be at work under the same name.
        let owner = format!("{} worker {number} {:08x}", crew.options.holder, fastrand::u32(..));
        let rein = Rein::new(crew, backend.server().dialect, owner.clone());
        Worker { backend, crew, owner, rein, hunt: None, left_out: false }
    }

    /// Works until no range is left to anybody.
    pub(super) async fn work(mut self) -> Result<(), Halt> {
        let worked = self.ranges().await;
        if worked.is_err() {
            self.crew.halt();
        }
        self.rein.leave(self.backend, self.crew).await;
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
            let rows = Hunt::narrows(self.hunt, self.rein.pace.rows());
            let span = self.span(rows);
            match self.chunk(&mut claim, rows, &limits).instrument(span).await {
                Ok(Ran::Whole(chunk) | Ran::RowByRow(chunk)) if chunk.end == ChunkEnd::Range => {
                    self.after_chunk(&chunk).await;
                    return self.count_left_out().await;
                }
                Ok(Ran::Whole(chunk)) => {
                    patience = self.patience();
                    self.after_chunk(&chunk).await;
                }
                Ok(Ran::RowByRow(chunk)) => {
                    self.after_chunk(&chunk).await;
                    self.count_left_out().await?;
                }
                Ok(Ran::Narrowed) => {}
                Err(BackendError::RangeLost) => return Ok(()),
                Err(error) => match obstacle(error, &limits)? {
                    Obstacle::Passing(error) => {
                        self.rein.obstructed(&error);
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

    fn span(&self, rows: u32) -> tracing::Span {
        let node = &self.crew.step.node;
        let (step, chunk) = (self.crew.step.number, self.crew.next_chunk());
        tracing::debug_span!("chunk", migration = %node.migration, phase = %node.phase, step, chunk, rows, worker = self.owner)
    }

    /// Everything that may keep the next chunk from being run, or make it smaller, is looked at here.
    async fn before_chunk(&mut self, claim: &Claim) -> Result<(), Halt> {
        let may = self.rein.before(self.backend, self.crew).await;
        if may.is_err() {
            // Else the next run would wait for this range's time to run out, where it cannot see that our session is gone.
            if let Err(error) = self.backend.give_up(self.crew.step, claim).await {
                tracing::debug!(%error, "a range could not be given back");
            }
        }
        may
    }

    /// Everything that learns from a chunk, and the rest after it.
    async fn after_chunk(&mut self, chunk: &Chunk) {
        if chunk.size > 0 {
            self.crew.count(chunk, self.rein.held());
        }
        self.rein.after(self.backend, self.crew, chunk).await;
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

    pub(super) async fn reconnect(&mut self, broken: BackendError) -> Result<(), Halt> {
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
                statement_timeout: (!self.rein.pace.is_at_floor()).then_some(CHUNK_STATEMENT_TIMEOUT.max(self.rein.pace.target() * 3)),
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
