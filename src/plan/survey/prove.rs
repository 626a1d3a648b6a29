//! What a contract's proof is about: the statements of its backfill, and the triggers that keep columns equal.

use crate::migration::Migration;
use crate::plan::steps::Steps;
use crate::plan::{ProofJob, Question, StepKind};
use crate::recipe::sync;
use crate::schema::Server;
use crate::sql::Script;

/// What the statements of a backfill leave to be proven.
pub(super) fn proofs(script: &Script, cut: &Steps) -> Vec<ProofJob> {
    let jobs = cut.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Backfill(job) => Some(ProofJob { place: step.place.clone(), question: Ok(Question::RowsLeft(job.clone())) }),
        StepKind::Transaction(_) | StepKind::Alone { .. } => None,
    });
    let uncut =
        cut.uncut.iter().map(|uncut| ProofJob { place: script.source.line(uncut.span.start), question: Err(uncut.reason.to_string()) });
    let proofs: Vec<ProofJob> = jobs.chain(uncut).collect();
    match (&proofs[..], cut.steps.first()) {
        ([], Some(step)) => vec![ProofJob { place: step.place.clone(), question: Ok(Question::Nothing) }],
        _ => proofs,
    }
}

/// The triggers of a migration's syncs.
pub(super) fn guards(migration: &Migration, server: Server) -> Vec<ProofJob> {
    let mut guards = Vec::new();
    for sync in &migration.settings.syncs {
        let place = sync.source().line(sync.span().start);
        match sync::names(sync, server) {
            Ok(names) => guards.extend(names.triggers().into_iter().map(|trigger| {
                let question = Question::Trigger { table: names.table.clone(), trigger };
                ProofJob { place: place.clone(), question: Ok(question) }
            })),
            Err(error) => guards.push(ProofJob { place, question: Err(error.to_string()) }),
        }
    }
    guards
}
