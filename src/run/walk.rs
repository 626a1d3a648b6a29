//! A backfill: its ranges, worked off by one or several workers, then the proof; and once more along the table when rows
//! appeared behind them meanwhile.

use futures::future::join_all;

use super::worker::{Crew, Worker};
use super::{Event, Halt, Run};
use crate::backend::{Attempt, Backend, BackendError};
use crate::backfill::Job;
use crate::ledger::{JobRecord, Lease};
use crate::plan::{Step, StepKind};

/// How often a table is walked before the run says that rows remain: the sync trigger should leave none.
const ROUNDS: u32 = 3;

impl<B: Backend> Run<'_, B> {
    /// Runs a backfill to its end.
    pub(super) async fn walk(&mut self, lease: &Lease, step: &Step, job: &Job) -> Result<Attempt, Halt> {
        let mut record = self.open(lease, step, job).await?;
        if record.done {
            return Ok(Attempt::AlreadyDone);
        }
        for round in 1..=ROUNDS {
            self.work(step, job, &record).await?;
            if !self.is_left(job).await? {
                self.end(lease, step, job).await?;
                return Ok(Attempt::Ran);
            }
            if round < ROUNDS {
                self.observer.see(&Event::WalkingAgain { node: step.node.clone(), round: round + 1 });
                record = self.rewind(lease, step, job).await?;
            }
        }
        Err(Halt::RowsRemain { node: step.node.clone(), place: step.place.clone(), rounds: ROUNDS })
    }

    /// Works until every range is done: the first worker on the run's own connection, each further one on another.
    async fn work(&mut self, step: &Step, job: &Job, record: &JobRecord) -> Result<(), Halt> {
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
        let results = {
            let crew = Crew::new((step, job), record, self.options, self.stop, &mut *self.observer);
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

    /// Ends the job and tells what it came to, whoever did it: a chunk whose answer was lost, or another process.
    async fn end(&mut self, lease: &Lease, step: &Step, job: &Job) -> Result<(), Halt> {
        loop {
            match self.backend.close_job(lease, step).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => break result.map_err(Halt::Failed)?,
            }
        }
        let record = self.open(lease, step, job).await?;
        self.observer.see(&Event::JobFinished {
            node: step.node.clone(),
            changed: record.rows_changed,
            walked: record.rows_walked,
            estimated: record.rows_estimated,
        });
        Ok(())
    }
}
