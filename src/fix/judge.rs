//! A draft, read, judged and replayed: what a plan would find in it, and the schema it ends in.

use super::{Case, Draft, counts};
use crate::lint::finding::Finding;
use crate::lint::{Judge, Placed, PlanFault};
use crate::migration::NodeRef;
use crate::plan::steps::steps;
use crate::schema::{Operation, Origin, Phase, Schema};
use crate::sql::{self, Script, Source};

/// What a draft is worth.
#[derive(Debug)]
pub(super) struct Judged {
    /// By phase, those that hold something.
    pub(super) scripts: Vec<(Phase, Script)>,
    /// At warn or deny, in the order of the phases and of the text.
    pub(super) findings: Vec<Finding>,
    /// Where the migration begins.
    pub(super) start: Schema,
    /// Where it ends.
    pub(super) end: Schema,
    /// Whether the tool keeps columns equal by itself in it.
    pub(super) synced: bool,
}

/// What a clause meets, and what it does.
pub(super) struct Met {
    pub(super) schema: Schema,
    pub(super) operations: Vec<Operation>,
}

impl Judged {
    /// The schema that the clause of a finding meets.
    pub(super) fn met_by(&self, case: &Case<'_>, finding: &Finding) -> Option<Met> {
        let mut schema = self.start.clone();
        for (transaction, (phase, script)) in (1..).zip(&self.scripts) {
            let origin = Origin { migration: case.migration.shared(), phase: *phase, transaction };
            for clause in script.statements.iter().flat_map(|statement| &statement.clauses) {
                if *phase == finding.phase && clause.span == finding.span {
                    let statement =
                        script.statements.iter().find(|statement| statement.clauses.iter().any(|other| other.span == clause.span))?;
                    let operations = statement.clauses.iter().filter(|other| other.span == clause.span);
                    return Some(Met { operations: operations.map(|clause| clause.operation.clone()).collect(), schema });
                }
                // What does not fit is a finding already.
                let _ = schema.apply(&clause.operation, &origin);
            }
        }
        None
    }

    /// The script of a phase.
    pub(super) fn script(&self, phase: Phase) -> Option<&Script> {
        self.scripts.iter().find(|(known, _)| *known == phase).map(|(_, script)| script)
    }
}

pub(super) fn judge(case: &Case<'_>, draft: &Draft) -> Judged {
    let mut replay = case.past.clone();
    let server = replay.server();
    let start = replay.schema().clone();
    let mut judged = Judged { scripts: Vec::new(), findings: Vec::new(), end: start.clone(), start, synced: false };
    judged.synced = draft.settings().contains("[[sync]]");
    for (phase, path) in Phase::ALL.into_iter().zip(&case.paths) {
        let text = draft.text(phase);
        if text.trim().is_empty() {
            continue;
        }
        let script = sql::read(&Source::new(path.as_str(), text), server);
        let placed = Placed { migration: case.migration, phase, script: &script, allowances: case.allowances };
        let mut report = replay.script(placed, Judge::Yes);
        if phase == Phase::Backfill {
            let cut = steps(&NodeRef::new(case.migration, phase), &script, &report.statements, replay.schema(), server);
            for uncut in &cut.uncut {
                let fault = PlanFault::Uncut { reason: uncut.reason.to_string() };
                replay.plan_fault(placed, uncut.span, &fault, &mut report);
            }
        }
        judged.findings.extend(report.findings.into_iter().filter(counts));
        judged.scripts.push((phase, script));
    }
    judged.end = replay.schema().clone();
    judged
}
