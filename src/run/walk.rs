//! A backfill: its ranges, worked off by one or several workers, then the proof; and once more along the table when rows
//! appeared behind them meanwhile.

use futures::future::join_all;

use super::worker::{Crew, Worker};
use super::{Event, Halt, Run, outside};
use crate::backend::gauge::Gauge;
use crate::backend::{Attempt, Backend, BackendError, Limits};
use crate::backfill::strategy::{self, Choice};
use crate::backfill::{Chunking, Job};
use crate::ledger::{JobRecord, Lease};
use crate::plan::{Step, StepKind};

/// How often a table is walked before the run says that rows remain: the sync trigger should leave none.
const ROUNDS: u32 = 3;

impl<B: Backend> Run<'_, B> {
    /// Runs a backfill to its end.
    pub(super) async fn walk(&mut self, lease: &Lease, step: &Step, job: &Job) -> Result<Attempt, Halt> {
        let (job, choice) = self.choose(job).await?;
        let job = &job;
        let mut record = self.open(lease, step, job, &choice.chunking).await?;
        if record.done {
            return Ok(Attempt::AlreadyDone);
        }
        if record.chunks == 0 {
            self.observer.see(&Event::JobBegun {
                node: step.node.clone(),
                chunking: choice.chunking.to_string(),
                reasons: choice.reasons.iter().map(ToString::to_string).collect(),
                ranges: record.ranges,
            });
        }
        self.take_up(lease, step, job).await?;
        let rounds = if job.may_be_walked_again() { ROUNDS } else { 1 };
        for round in 1..=rounds {
            self.work(step, job, &record).await?;
            let rows = self.poisoned(step).await?;
            if rows > 0 {
                return Err(Halt::Incomplete { node: step.node.clone(), place: step.place.clone(), rows, most: None });
            }
            if !self.is_left(job).await? {
                self.end(lease, step, job).await?;
                return Ok(Attempt::Ran);
            }
            if round < rounds {
                self.observer.see(&Event::WalkingAgain { node: step.node.clone(), round: round + 1 });
                record = self.rewind(lease, step, job, &choice.chunking.closing(job)).await?;
            }
        }
        Err(Halt::RowsRemain { node: step.node.clone(), place: step.place.clone(), rounds })
    }

    /// The job as the database takes it, and how its table is cut, by what the database says of it now.
    async fn choose(&mut self, job: &Job) -> Result<(Job, Choice), Halt> {
        let facts = loop {
            match self.backend.facts(job).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => break result.map_err(Halt::Failed)?,
            }
        };
        let choice = strategy::choose(job, &facts, &job.cutting);
        let choice = choice.map_err(|reason| Halt::Failed(BackendError::Unsuitable { reason: reason.to_string() }))?;
        Ok((job.met_with(&facts), choice))
    }

    /// Tries the rows again that an earlier run left out.
    async fn take_up(&mut self, lease: &Lease, step: &Step, job: &Job) -> Result<(), Halt> {
        if self.poisoned(step).await? == 0 {
            return Ok(());
        }
        let limits = Limits { lock_timeout: self.options.lock_timeout, statement_timeout: None };
        loop {
            match self.backend.retry_poison(lease, step, job, &limits).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return result.map(|_| ()).map_err(Halt::Failed),
            }
        }
    }

    async fn poisoned(&mut self, step: &Step) -> Result<u64, Halt> {
        loop {
            match self.backend.poisoned(step).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return result.map_err(Halt::Failed),
            }
        }
    }

    /// Works until every range is done: the first worker on the run's own connection, each further one on another.
    pub(super) async fn work(&mut self, step: &Step, job: &Job, record: &JobRecord) -> Result<(), Halt> {
        let mut further = Vec::new();
        for _ in 1..self.options.workers {
            match self.backend.another().await {
                Ok(backend) => further.push(backend),
                Err(error) => {
                    tracing::warn!(%error, "a further worker cannot be had; going on with {}", further.len() + 1);
                    break;
                }
            }
        }
        let gauge = self.gauge(step, job);
        let workers = u32::try_from(further.len() + 1).unwrap_or(u32::MAX);
        let results = {
            let crew = Crew::new((step, job), record, workers, self.options, self.stop, &gauge, &mut *self.observer);
            let hands = std::iter::once(&mut *self.backend).chain(&mut further);
            join_all(hands.zip(1..).map(|(backend, number)| Worker::new(backend, &crew, number).work())).await
        };
        for backend in further {
            backend.close().await;
        }
        // One that cannot go on stops the others: its reason is the reason.
        let (stopped, failed): (Vec<Halt>, Vec<Halt>) =
            results.into_iter().filter_map(Result::err).partition(|halt| matches!(halt, Halt::Stopped));
        match failed.into_iter().chain(stopped).next() {
            Some(halt) => Err(halt),
            None => Ok(()),
        }
    }

    /// Starts to read the signals that this backfill yields to.
    fn gauge(&mut self, step: &Step, job: &Job) -> Gauge {
        let throttles = self.options.pacing_for(&step.node.migration).watched(self.backend.server().dialect);
        let mut gauge = Gauge::new(&throttles);
        self.backend.watch(&mut gauge, &job.table, &throttles);
        outside::watch(&mut gauge, &throttles);
        gauge
    }

    async fn open(&mut self, lease: &Lease, step: &Step, job: &Job, chunking: &Chunking) -> Result<JobRecord, Halt> {
        loop {
            match self.backend.open_job(lease, step, job, chunking).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return result.map_err(Halt::Failed),
            }
        }
    }

    /// Sends the jobs of a backfill that is done back to the start.
    pub(super) async fn rewind_all(&mut self, lease: &Lease, steps: &[Step]) -> Result<(), Halt> {
        for step in steps {
            match &step.kind {
                StepKind::Backfill(job) => {
                    let (_, choice) = self.choose(job).await?;
                    self.rewind(lease, step, job, &choice.chunking).await.map(|_| ())?;
                }
                StepKind::Transaction(_) | StepKind::Alone { .. } => {}
            }
        }
        Ok(())
    }

    async fn rewind(&mut self, lease: &Lease, step: &Step, job: &Job, chunking: &Chunking) -> Result<JobRecord, Halt> {
        loop {
            match self.backend.rewind_job(lease, step, job, chunking).await {
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

    /// Ends the job and tells what it came to, whoever did it: a chunk whose answer was lost, or another process.
    async fn end(&mut self, lease: &Lease, step: &Step, job: &Job) -> Result<(), Halt> {
        loop {
            match self.backend.close_job(lease, step).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => break result.map_err(Halt::Failed)?,
            }
        }
        let record = self.open(lease, step, job, &Chunking::Keys).await?;
        self.observer.see(&Event::JobFinished {
            node: step.node.clone(),
            changed: record.rows_changed,
            walked: record.rows_walked,
            estimated: record.rows_estimated,
        });
        Ok(())
    }
}
