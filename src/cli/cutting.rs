//! How the backfills of a plan would be cut, and why: for `migrate plan`, where a database tells the facts.

use super::failure::Failure;
use crate::backend::{AnyBackend, Backend, BackendError};
use crate::backfill::strategy;
use crate::plan::{Plan, ScriptState, StepKind};
use crate::schema::Dialect;

/// A note for each backfill that can run; none where there is no choice.
pub(super) async fn told(plan: &Plan, backend: &mut AnyBackend) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    let has_choice = match plan.server.dialect {
        Dialect::Postgres => true,
        Dialect::Sqlite => false,
        Dialect::Mysql => return Ok(notes),
    };
    for script in plan.scripts.iter().filter(|script| may_run(&script.state)) {
        for step in script.steps.iter() {
            let job = match &step.kind {
                StepKind::Backfill(job) => job,
                StepKind::Transaction(_) | StepKind::Alone { .. } => continue,
            };
            let facts = match backend.facts(job).await {
                Ok(facts) => facts,
                // The table, or a column, is only made by the expand before it.
                Err(BackendError::Unsuitable { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            if !has_choice && facts.undone.is_none() {
                continue;
            }
            notes.push(match strategy::choose(job, &facts, &job.cutting) {
                Ok(choice) => {
                    let reasons: Vec<String> = choice.reasons.iter().map(strategy::Reason::told).collect();
                    format!("{}: cut {}: {}", step.place, choice.chunking, reasons.join("; "))
                }
                Err(reason) => format!("{}: cannot be cut: {reason}", step.place),
            });
        }
    }
    Ok(notes)
}

fn may_run(state: &ScriptState) -> bool {
    match state {
        ScriptState::Pending | ScriptState::Running { .. } | ScriptState::Blocked { .. } => true,
        ScriptState::Done { .. } | ScriptState::Unchanged | ScriptState::Held(_) => false,
    }
}
