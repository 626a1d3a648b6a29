//! Executes an approved plan: lease, step, record, next. Tells what happens as [`Event`]s.

pub mod event;
mod gate;
mod heed;
mod hunt;
mod join;
mod lease;
pub mod outcome;
mod outside;
mod patience;
mod rein;
mod step;
pub mod stop;
pub mod undo;
mod walk;
mod worker;

pub use event::{Event, Observer};
pub use outcome::{End, Hand, Options, Outcome, RunError};
pub use stop::{Stop, Stopper};

use crate::backend::{Backend, BackendError, ScriptStart};
use crate::ledger::{JournalState, Lease, Ledger, OverrideRecord, ScriptStatus};
use crate::migration::NodeRef;
use crate::plan::{ApprovedPlan, ApprovedScript, Gate, Step, Turn};

/// Runs what a plan holds, in its order, under the lease. A plan that holds nothing needs no lease.
///
/// Safe to drop or to kill at any moment: the next run goes on where this one stopped. Asked to stop, it finishes the
/// statement or chunk at hand.
///
/// # Errors
/// What stopped it, with the scripts that it had finished; the lease is given back in any case.
pub async fn execute<B: Backend>(
    plan: ApprovedPlan,
    backend: &mut B,
    observer: &mut dyn Observer,
    options: &Options,
    stop: &Stop,
) -> Result<Outcome, RunError> {
    let mut run = Run { backend, observer, options, stop, applied: Vec::new(), held: plan.held().to_vec(), at_work: None };
    if plan.is_empty() {
        return Ok(run.outcome(End::Complete));
    }
    let halted = match run.lease(&plan).await {
        Ok(lease) => {
            let ran = run.scripts(&lease, &plan).await;
            run.give_back(lease).await;
            ran
        }
        Err(halt) => Err(halt),
    };
    match halted {
        Ok(()) => Ok(run.outcome(End::Complete)),
        Err(Halt::Stopped) => {
            run.observer.see(&Event::Stopping);
            Ok(run.outcome(End::Interrupted))
        }
        Err(Halt::Cancelled { node, by, reason }) => Ok(run.outcome(End::Cancelled { node, by, reason })),
        Err(Halt::Failed(source)) => Err(RunError::Backend { applied: run.applied, node: run.at_work, source }),
        Err(Halt::RowsRemain { node, place, rounds }) => Err(RunError::RowsRemain { applied: run.applied, node, place, rounds }),
        Err(Halt::Incomplete { node, place, rows, most }) => Err(RunError::Incomplete { applied: run.applied, node, place, rows, most }),
        Err(Halt::Overtaken { node }) => Err(RunError::Overtaken { applied: run.applied, node }),
        Err(Halt::Breached { node, cut, condition, reason }) => {
            Err(RunError::Breached { applied: run.applied, node, cut, condition, reason })
        }
        Err(Halt::Unanswered { node, condition, reason }) => Err(RunError::Unanswered { applied: run.applied, node, condition, reason }),
    }
}

/// One run: what it works with and what it has done.
struct Run<'a, B> {
    backend: &'a mut B,
    observer: &'a mut dyn Observer,
    options: &'a Options,
    stop: &'a Stop,
    applied: Vec<NodeRef>,
    held: Vec<Gate>,
    at_work: Option<NodeRef>,
}

/// Why a run does not go on.
enum Halt {
    /// It was asked to.
    Stopped,
    /// Somebody cancelled its backfill.
    Cancelled { node: NodeRef, by: String, reason: Option<String> },
    /// The database said no.
    Failed(BackendError),
    /// A backfill does not come to an end.
    RowsRemain { node: NodeRef, place: String, rounds: u32 },
    /// Rows of a backfill could not be changed; more than `most` were, where it stopped for that.
    Incomplete { node: NodeRef, place: String, rows: u64, most: Option<u64> },
    /// Another run started the script with another text.
    Overtaken { node: NodeRef },
    /// Something that is watched is wrong; where the statement stands that was cut off for it.
    Breached { node: NodeRef, cut: Option<String>, condition: String, reason: String },
    /// Something that is watched does not answer.
    Unanswered { node: NodeRef, condition: String, reason: String },
}

impl From<BackendError> for Halt {
    fn from(error: BackendError) -> Halt {
        Halt::Failed(error)
    }
}

impl<B: Backend> Run<'_, B> {
    fn outcome(&mut self, end: End) -> Outcome {
        Outcome { applied: std::mem::take(&mut self.applied), held: std::mem::take(&mut self.held), end }
    }

    async fn give_back(&mut self, lease: Lease) {
        // Lost, expired or unreachable: in each case it ends without us, and what was recorded stands.
        if let Err(error) = self.backend.release(lease).await {
            tracing::debug!(%error, "the lease could not be given back");
        }
    }

    async fn scripts(&mut self, lease: &Lease, plan: &ApprovedPlan) -> Result<(), Halt> {
        // What was planned may be older than what the lease's last holder did.
        let ledger = self.read_ledger().await?;
        let pending: Vec<&ApprovedScript> =
            plan.scripts().iter().filter(|script| script.turn() == Turn::Again || !ledger.is_done(script.node())).collect();
        for script in plan.scripts() {
            if let Some(record) = ledger.script(&script.node().migration, script.node().phase)
                && record.status == ScriptStatus::Done
                && record.digest != script.digest()
            {
                return Err(Halt::Overtaken { node: script.node().clone() });
            }
        }
        let steps: Vec<&Step> = pending.iter().flat_map(|script| script.steps()).collect();
        self.backend.preflight(&steps).await?;
        for script in pending {
            if self.stop.is_asked() {
                return Err(Halt::Stopped);
            }
            self.at_work = Some(script.node().clone());
            self.heed(script.node()).await?;
            let Some(start) = self.pass_gate(script, plan).await? else { continue };
            self.script(lease, &ledger, script, start).await?;
            self.applied.push(script.node().clone());
        }
        Ok(())
    }

    async fn script(&mut self, lease: &Lease, ledger: &Ledger, script: &ApprovedScript, start: ScriptStart) -> Result<(), Halt> {
        let node = script.node();
        self.started(lease, &start).await?;
        let finished = ledger.journal.iter().filter(|entry| &entry.node == node && entry.state == JournalState::Done).count();
        self.observer.see(&Event::ScriptStarted { node: node.clone(), steps: script.steps().len(), finished });
        if script.turn() == Turn::Again {
            self.rewind_all(lease, script.steps()).await?;
        }
        for step in script.steps() {
            if self.stop.is_asked() {
                return Err(Halt::Stopped);
            }
            self.heed(node).await?;
            self.step(lease, step).await?;
        }
        self.finished(lease, node).await?;
        self.observer.see(&Event::ScriptFinished { node: node.clone() });
        Ok(())
    }

    async fn started(&mut self, lease: &Lease, start: &ScriptStart) -> Result<(), Halt> {
        loop {
            match self.backend.start_script(lease, start).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return Ok(result?),
            }
        }
    }

    async fn finished(&mut self, lease: &Lease, node: &NodeRef) -> Result<(), Halt> {
        loop {
            match self.backend.finish_script(lease, node).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return Ok(result?),
            }
        }
    }

    async fn read_ledger(&mut self) -> Result<Ledger, Halt> {
        loop {
            match self.backend.ledger().await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => return Ok(result?),
            }
        }
    }
}

/// The gates that were overridden for this script, as they are kept.
fn overrides(script: &ApprovedScript, plan: &ApprovedPlan, gate: &Gate) -> Vec<OverrideRecord> {
    let used = plan.overrides().iter().filter(|given| {
        let state = gate.conditions.iter().find(|condition| condition.name == given.condition).map(|found| found.state);
        state == Some(crate::plan::GateState::Overridden)
    });
    let record = |given: &crate::plan::Override| OverrideRecord {
        migration: script.node().migration.clone(),
        condition: given.condition.clone(),
        reason: given.reason.clone(),
        actor: given.actor.clone(),
        // The database writes its own clock.
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    used.map(record).collect()
}
