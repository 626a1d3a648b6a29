//! One step until it is done: attempts, pauses between them, a broken connection opened again.

use std::time::{Duration, Instant};

use tracing::Instrument;

use super::patience::Patience;
use super::{Event, Halt, Observer, Run};
use crate::backend::{Attempt, Backend, BackendError, Knife, Limits, Notice, Notices};
use crate::dialect::duration::handled;
use crate::evidence::Alarm;
use crate::ledger::Lease;
use crate::ledger::timing::{Timing, WORTH_KEEPING};
use crate::plan::{Resume, Step, StepKind};
use crate::schema::Phase;

/// How often it is looked whether those who hold a table are gone.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl<B: Backend> Run<'_, B> {
    /// Runs a step to its end.
    pub(super) async fn step(&mut self, lease: &Lease, step: &Step) -> Result<(), Halt> {
        let began = Instant::now();
        self.observer.see(&Event::StepStarted { node: step.node.clone(), step: step.number, place: step.place.clone(), sql: shown(step) });
        let span = tracing::info_span!("step", migration = %step.node.migration, phase = %step.node.phase, step = step.number);
        let attempt = match &step.kind {
            StepKind::Transaction(_) | StepKind::Alone { .. } => self.until_done(lease, step).instrument(span).await?,
            StepKind::Backfill(job) => self.walk(lease, step, job).instrument(span).await?,
        };
        self.observer.see(&Event::StepFinished {
            node: step.node.clone(),
            step: step.number,
            already: attempt == Attempt::AlreadyDone,
            took: began.elapsed(),
        });
        Ok(())
    }

    async fn until_done(&mut self, lease: &Lease, step: &Step) -> Result<Attempt, Halt> {
        let limits = Limits { lock_timeout: self.options.lock_timeout, statement_timeout: None };
        let mut patience = Patience::new(self.options.give_up_after, Duration::from_millis(200), Duration::from_secs(10));
        let mut interrupted = false;
        loop {
            self.hold_back(step, &limits, &patience).await?;
            let began = Instant::now();
            let (tried, breach) = self.attempt(lease, step, &limits).await;
            let took = began.elapsed();
            match tried {
                Ok(Tried { attempt: Attempt::Ran, disturbed: Disturbed::No }) if !interrupted => {
                    self.remember(lease, step, took).await;
                    return Ok(Attempt::Ran);
                }
                // After a lost answer to COMMIT the journal says that it ran: it was this run that did it.
                Ok(_) if interrupted => return Ok(Attempt::Ran),
                Ok(Tried { attempt, .. }) => return Ok(attempt),
                Err(BackendError::Blocked { reason, blockers, .. }) => match patience.pause() {
                    Some(pause) => {
                        self.observer.see(&Event::Retrying { node: step.node.clone(), attempt: patience.attempts(), pause, blockers });
                        self.stop.sleep(pause).await;
                        if self.stop.is_asked() {
                            return Err(Halt::Stopped);
                        }
                        self.heed(&step.node).await?;
                    }
                    None => {
                        let (attempts, waited) = (patience.attempts(), patience.waited());
                        return Err(Halt::Failed(BackendError::Blocked { reason, attempts, waited, blockers }));
                    }
                },
                // Whether it ran, the journal and the catalogue tell: the next attempt begins by asking them.
                Err(error @ BackendError::Unreachable { .. }) => {
                    self.reconnect(error).await?;
                    interrupted = true;
                }
                Err(BackendError::CutOff { place }) => {
                    let Some(Alarm { name, reason }) = breach else { return Err(Halt::Failed(BackendError::CutOff { place })) };
                    return Err(Halt::Breached { node: step.node.clone(), cut: Some(place), condition: name, reason });
                }
                Err(error) => return Err(Halt::Failed(error)),
            }
        }
    }

    /// Waits while somebody has long held what the step will ask for: a lock that is waited for makes everybody else wait behind
    /// it, and this one would not be had. After half of our patience it is asked for all the same, `lock_timeout` at a time.
    async fn hold_back(&mut self, step: &Step, limits: &Limits, patience: &Patience) -> Result<(), Halt> {
        let mut told = Vec::new();
        loop {
            let Some(left) = (self.options.give_up_after / 2).checked_sub(patience.waited()) else { return Ok(()) };
            let blockers = match self.backend.in_the_way(step, limits).await {
                Ok(blockers) if blockers.is_empty() => return Ok(()),
                Ok(blockers) => blockers,
                // Whatever it is, the attempt itself will tell.
                Err(_) => return Ok(()),
            };
            if self.stop.is_asked() {
                return Err(Halt::Stopped);
            }
            self.heed(&step.node).await?;
            if told != blockers {
                told.clone_from(&blockers);
                self.observer.see(&Event::HoldingBack { node: step.node.clone(), at_most: left, blockers });
            }
            self.stop.sleep(LOOK_AGAIN.min(left)).await;
        }
    }

    /// Keeps how long the work of a step took, where it was of one kind and long enough to say something.
    async fn remember(&mut self, lease: &Lease, step: &Step, took: Duration) {
        let [work] = step.work.as_slice() else { return };
        if took < WORTH_KEEPING {
            return;
        }
        let sized = self.backend.size_at_once(work.table()).await;
        let kept = match sized.map(|size| size.map(|size| handled(work, size))) {
            Ok(Some(bytes @ 1..)) => self.backend.remember(lease, &Timing { work: work.clone(), bytes, took }).await,
            Ok(Some(0) | None) => Ok(()),
            Err(error) => Err(error),
        };
        // Whatever it is, the next step meets it as well, or it does no harm.
        if let Err(error) = kept {
            tracing::debug!(%error, "how long the work took could not be kept");
        }
    }

    /// One attempt, while its notices become events; and the breach that it was cut off for, if that was asked.
    async fn attempt(&mut self, lease: &Lease, step: &Step, limits: &Limits) -> (Result<Tried, BackendError>, Option<Alarm>) {
        let (knife, cut) = Knife::new();
        let (notices, mut reader) = Notices::until(cut);
        let watch = self.options.watch.clone();
        let work = self.backend.execute(lease, step, limits, &notices);
        tokio::pin!(work);
        let may_be_cut = may_be_cut(step);
        let mut breach = None;
        let mut disturbed = Disturbed::No;
        loop {
            tokio::select! {
                biased;
                Some(notice) = reader.recv() => disturbed = hear(&mut *self.observer, step, notice, disturbed),
                alarm = watch.cut_off(), if may_be_cut && breach.is_none() => {
                    knife.cut();
                    breach = Some(alarm);
                }
                result = &mut work => {
                    while let Ok(notice) = reader.try_recv() {
                        disturbed = hear(&mut *self.observer, step, notice, disturbed);
                    }
                    return (result.map(|attempt| Tried { attempt, disturbed }), breach);
                }
            }
        }
    }
}

/// Whether nothing stays of a step that is cut off, or what stays is removed. An index that is being dropped would be of no use
/// any more and still cost every write; of a detached partition and whatever the catalogue cannot tell, half may stay.
fn may_be_cut(step: &Step) -> bool {
    let is_expand = step.node.phase == Phase::Expand;
    is_expand
        && match &step.kind {
            StepKind::Transaction(_) => true,
            StepKind::Alone { resume, .. } => match resume {
                Resume::IndexBuilt { .. } | Resume::Reindexed { .. } | Resume::Repeatable => true,
                Resume::IndexGone { .. } | Resume::PartitionDetached { .. } | Resume::Session | Resume::Ask => false,
            },
            StepKind::Backfill(_) => false,
        }
}

/// What became of an attempt.
struct Tried {
    attempt: Attempt,
    disturbed: Disturbed,
}

/// Whether others made a statement wait, or may have without anybody who looked.
#[derive(Clone, Copy)]
enum Disturbed {
    Yes,
    No,
}

/// Tells an observer of a notice; whether the statement is disturbed by now.
fn hear(observer: &mut dyn Observer, step: &Step, notice: Notice, before: Disturbed) -> Disturbed {
    let node = step.node.clone();
    match notice {
        Notice::Waiting(blockers) => {
            observer.see(&Event::WaitingForLock { node, blockers });
            Disturbed::Yes
        }
        Notice::Building(build) => {
            observer.see(&Event::Building { node, build });
            before
        }
        Notice::Unwatched => Disturbed::Yes,
    }
}

/// What an observer is shown of a step.
fn shown(step: &Step) -> String {
    match &step.kind {
        StepKind::Transaction(statements) => statements.join(";\n"),
        StepKind::Alone { sql, .. } => sql.clone(),
        StepKind::Backfill(job) => job.sql.clone(),
    }
}
