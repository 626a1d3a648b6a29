//! Joining: a run that finds the lease held works on the backfill that its holder leads, by the leases of ranges alone. It
//! writes nothing but chunks; what begins, ends and proves a job stays with the holder.

use super::{Halt, Run};
use crate::backend::Backend;
use crate::ledger::{Ledger, ScriptStatus};
use crate::plan::{ApprovedPlan, ApprovedScript, Step, StepKind};

impl<B: Backend> Run<'_, B> {
    /// Works on the ranges of a job that is open, if there is one in the plan, until all are done.
    pub(super) async fn join(&mut self, plan: &ApprovedPlan) -> Result<Joined, Halt> {
        let ledger = self.read_ledger().await?;
        for script in plan.scripts().iter().filter(|script| is_at_work(script, &ledger)) {
            for step in script.steps() {
                match &step.kind {
                    StepKind::Backfill(job) => {
                        let open = ledger.jobs.iter().find(|record| &record.node == script.node() && record.step == step.number);
                        let Some(record) = open.filter(|record| is_open(record, step)) else { continue };
                        self.at_work = Some(script.node().clone());
                        self.work(step, job, record).await?;
                        return Ok(Joined::Worked);
                    }
                    StepKind::Transaction(_) | StepKind::Alone { .. } => {}
                }
            }
        }
        Ok(Joined::FoundNothing)
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// There were ranges.
    Worked,
    /// There was no job with ranges.
    FoundNothing,
}

/// The holder runs the very script that this plan has.
fn is_at_work(script: &ApprovedScript, ledger: &Ledger) -> bool {
    let record = ledger.script(&script.node().migration, script.node().phase);
    record.is_some_and(|record| record.status == ScriptStatus::Running && record.digest == script.digest())
}

fn is_open(record: &crate::ledger::JobRecord, step: &Step) -> bool {
    !record.done && record.digest == step.digest && record.ranges_done < record.ranges
}
