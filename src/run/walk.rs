//! A backfill: chunk after chunk up to the bound that was fixed at the start, then the proof; and once more along the
//! table when rows appeared behind the cursor meanwhile.

use std::time::Duration;

use super::patience::Patience;
use super::{Event, Halt, Run};
use crate::backend::{Attempt, Backend, BackendError, Limits};
use crate::backfill::{Job, Pace};
use crate::ledger::{JobRecord, Lease};
use crate::plan::{Step, StepKind};
use crate::schema::Dialect;

/// How often a table is walked before the run says that rows remain: the sync trigger should leave none.
const ROUNDS: u32 = 3;

/// A chunk waits for a lock for a fifth of PostgreSQL's default `deadlock_timeout`, so that in a deadlock it is always
/// the backfill that gives way, never the application.
const CHUNK_LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// Bounds the sum of all lock waits of a chunk, below `deadlock_timeout` for the same reason.
const CHUNK_STATEMENT_TIMEOUT: Duration = Duration::from_millis(800);

/// SQLite lets waiting writers poll; between two chunks they need a gap to be let in.
const SQLITE_REST: Duration = Duration::from_millis(10);

/// Why a chunk was not committed.
enum Obstacle {
    /// Something that a smaller chunk, a little later, may pass.
    Passing(BackendError),
    /// The connection broke.
    Cut(BackendError),
}

impl<B: Backend> Run<'_, B> {
    /// Runs a backfill to its end.
    pub(super) async fn walk(&mut self, lease: &Lease, step: &Step, job: &Job) -> Result<Attempt, Halt> {
        let mut record = self.open(lease, step, job).await?;
        if record.done {
            return Ok(Attempt::AlreadyDone);
        }
        let rest = match self.backend.server().dialect {
            Dialect::Sqlite => SQLITE_REST,
            Dialect::Postgres | Dialect::Mysql => Duration::ZERO,
        };
        let mut pace = Pace::new(self.options.chunk_target, rest);
        for round in 1..=ROUNDS {
            self.chunks(lease, step, job, &mut record, &mut pace).await?;
            if !self.is_left(job).await? {
                self.end(lease, step).await?;
                return Ok(Attempt::Ran);
            }
            if round < ROUNDS {
                self.observer.see(&Event::WalkingAgain { node: step.node.clone(), round: round + 1 });
                record = self.rewind(lease, step, job).await?;
            }
        }
        Err(Halt::RowsRemain { node: step.node.clone(), place: step.place.clone(), rounds: ROUNDS })
    }

    /// Runs chunks until nothing is left up to the bound.
    async fn chunks(&mut self, lease: &Lease, step: &Step, job: &Job, record: &mut JobRecord, pace: &mut Pace) -> Result<(), Halt> {
        let mut patience = self.patience();
        loop {
            if self.stop.is_asked() {
                return Err(Halt::Stopped);
            }
            let limits = self.chunk_limits(pace);
            let obstacle = match self.backend.chunk(lease, step, job, pace.rows(), &limits).await {
                Ok(chunk) if chunk.cursor.is_none() => return Ok(()),
                Ok(chunk) => {
                    pace.finished(chunk.walked, chunk.took);
                    record.rows_changed += chunk.changed;
                    record.rows_walked += chunk.walked;
                    self.observer.see(&Event::ChunkFinished {
                        node: step.node.clone(),
                        changed: record.rows_changed,
                        walked: record.rows_walked,
                        estimated: record.rows_estimated,
                        rows: chunk.walked,
                        took: chunk.took,
                    });
                    patience = self.patience();
                    self.stop.sleep(pace.rest()).await;
                    continue;
                }
                Err(error) => obstacle(error, &limits)?,
            };
            match obstacle {
                Obstacle::Passing(error) => {
                    pace.obstructed();
                    self.give_way(step, error, &mut patience).await?;
                }
                // The cursor in the database tells whether the chunk was committed.
                Obstacle::Cut(error) => {
                    self.reconnect(error).await?;
                    *record = self.open(lease, step, job).await?;
                }
            }
        }
    }

    async fn give_way(&mut self, step: &Step, error: BackendError, patience: &mut Patience) -> Result<(), Halt> {
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
        let attempt = patience.attempts();
        self.observer.see(&Event::Retrying { node: step.node.clone(), attempt, pause, blockers });
        self.stop.sleep(pause).await;
        Ok(())
    }

    fn patience(&self) -> Patience {
        Patience::new(self.options.give_up_after, Duration::from_millis(100), Duration::from_millis(1000))
    }

    fn chunk_limits(&self, pace: &Pace) -> Limits {
        match self.backend.server().dialect {
            // The smallest chunk must be allowed to end, however slow its rows are.
            Dialect::Postgres | Dialect::Mysql => Limits {
                lock_timeout: self.options.lock_timeout.min(CHUNK_LOCK_TIMEOUT),
                statement_timeout: (!pace.is_at_floor()).then_some(CHUNK_STATEMENT_TIMEOUT.max(self.options.chunk_target * 3)),
            },
            Dialect::Sqlite => Limits { lock_timeout: self.options.lock_timeout, statement_timeout: None },
        }
    }

    async fn open(&mut self, lease: &Lease, step: &Step, job: &Job) -> Result<JobRecord, Halt> {
        loop {
            match self.backend.open_job(lease, step, job).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return result.map_err(Halt::Failed),
            }
        }
    }

    /// Sends the jobs of a backfill that is done back to the start.
    pub(super) async fn rewind_all(&mut self, lease: &Lease, steps: &[Step]) -> Result<(), Halt> {
        for step in steps {
            match &step.kind {
                StepKind::Backfill(job) => self.rewind(lease, step, job).await.map(|_| ())?,
                StepKind::Transaction(_) | StepKind::Alone { .. } => {}
            }
        }
        Ok(())
    }

    async fn rewind(&mut self, lease: &Lease, step: &Step, job: &Job) -> Result<JobRecord, Halt> {
        loop {
            match self.backend.rewind_job(lease, step, job).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return result.map_err(Halt::Failed),
            }
        }
    }

    async fn is_left(&mut self, job: &Job) -> Result<bool, Halt> {
        loop {
            match self.backend.rows_left(job).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return result.map_err(Halt::Failed),
            }
        }
    }

    async fn end(&mut self, lease: &Lease, step: &Step) -> Result<(), Halt> {
        loop {
            match self.backend.close_job(lease, step).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return result.map_err(Halt::Failed),
            }
        }
    }
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
