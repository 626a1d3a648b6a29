//! A draft, read, judged and replayed: what a plan would find in it, and the schema it ends in.

use std::sync::Arc;

use super::{Case, Draft, counts};
use crate::lint::finding::Finding;
use crate::lint::{Judge, Placed, PlanFault};
use crate::migration::{Migration, NodeRef, ScriptFile, ScriptText, Settings, Sync};
use crate::plan::steps::steps;
use crate::recipe::sync::weave;
use crate::schema::{Operation, Origin, Phase, Schema};
use crate::sql::{self, Digest, Script, Source};

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
    /// The columns that the tool keeps equal in it.
    pub(super) syncs: Vec<Sync>,
    /// What is wrong with migration.toml.
    pub(super) misfit: Option<String>,
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
    let mut judged = Judged { scripts: Vec::new(), findings: Vec::new(), end: start.clone(), start, syncs: Vec::new(), misfit: None };
    let settings = match Settings::parse(&case.settings_path, draft.settings()) {
        Ok(settings) => settings,
        Err(error) => {
            judged.misfit = Some(error.to_string());
            Settings::default()
        }
    };
    judged.syncs.clone_from(&settings.syncs);
    let migration = Migration { id: case.migration.clone(), scripts: Vec::new(), rollback: None, settings: settings.into() };
    let declared: Arc<str> = migration.settings.syncs.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into();
    for (phase, path) in Phase::ALL.into_iter().zip(&case.paths) {
        let text = draft.text(phase);
        let contributes = !migration.settings.syncs.is_empty() && phase != Phase::Contract;
        if text.trim().is_empty() && !contributes {
            continue;
        }
        let source = Source::new(path.as_str(), text);
        // What is taken apart is the file; what is judged holds what the syncs contribute as well.
        let file = ScriptFile {
            phase,
            path: Arc::clone(&source.path),
            digest: Digest([0; 32]),
            content: Digest([0; 32]),
            text: ScriptText::Embedded(source.clone()),
            declared: Arc::clone(&declared),
        };
        let woven = weave(&migration, &file, replay.schema(), server).unwrap_or_else(|error| {
            judged.misfit.get_or_insert_with(|| error.to_string());
            source.clone()
        });
        let script = sql::read(&woven, server);
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
        judged.scripts.push((phase, sql::read(&source, server)));
    }
    judged.end = replay.schema().clone();
    judged
}
