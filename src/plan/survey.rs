//! Project + migrations + what is known of the past → a plan: every script replayed, judged and cut into steps.

mod prove;

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use super::base;
use super::commute::{Touches, clashes, foresee};
use super::graph::{Cycle, Graph, Reach};
use super::history;
use super::inquiry::{self, Removed};
use super::memory::Memory;
use super::steps::{Steps, changes_data, steps};
use super::{
    Basis, Clash, Gate, GateSpec, Plan, PlannedScript, PlannedStatement, PlannedStatements, ProofJob, ScriptState, StatementOrigin,
};
use crate::dialect::Speeds;
use crate::ledger::{JournalState, Ledger, ScriptRecord, ScriptStatus};
use crate::lint::{self, Finding, Judge, Level, LevelError, Levels, Placed, PlanFault, Policy, Replay, ScriptReport};
use crate::migration::{Manifest, Migration, MigrationError, MigrationId, Migrations, NodeRef, Project, ScriptFile};
use crate::recipe::sync::weave;
use crate::schema::size::Sizes;
use crate::schema::{Phase, Server};
use crate::sql::{self, Script, Source, Span};

/// What is known of the past.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    /// Nothing: every script is judged.
    Nothing,
    /// The scripts of a base (`--base REF`): what it holds unchanged is followed and not judged.
    Base(&'a Manifest),
    /// What a database says: what ran is followed in the order in which it ran.
    Ledger(&'a Ledger),
}

/// Everything that a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Survey<'a> {
    /// Its settings.
    pub project: &'a Project,
    /// Its migrations.
    pub migrations: &'a Migrations,
    /// What the scripts are judged for.
    pub server: Server,
    /// What is known of the past.
    pub known: Known<'a>,
    /// Decides whether an allowance has expired.
    pub today: Date,
    /// How large tables are, where somebody counted.
    pub sizes: &'a Sizes,
}

/// Why no plan can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A script cannot be read.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The order runs in a circle.
    #[error(transparent)]
    Cycle(#[from] Cycle),
    /// `[lint.levels]` of migrate.toml names a lint that cannot be set.
    #[error("migrate.toml: {0}")]
    Levels(#[from] LevelError),
}

impl Survey<'_> {
    /// The scripts that ran on the database that was asked, with the history before this tool; `None` where it keeps no record.
    pub fn ran(&self) -> Option<Vec<NodeRef>> {
        let past = Past::of(self);
        let recorded = past.ledger().is_some_and(|ledger| !ledger.scripts.is_empty());
        let nodes = self.migrations.iter().flat_map(Migration::nodes).filter(|node| past.is_done(node) || past.is_old(node));
        recorded.then(|| nodes.collect())
    }

    /// Whether a script is left that may run.
    pub fn leaves_work(&self) -> bool {
        let past = Past::of(self);
        self.migrations.iter().flat_map(Migration::nodes).any(|node| !past.is_done(&node))
    }

    /// Makes the plan, taking up an earlier replay of the history where the memory has one. The plan is the same.
    ///
    /// # Errors
    /// As [`Survey::plan`].
    pub fn plan_with(&self, memory: &dyn Memory) -> Result<Plan, PlanError> {
        let graph = Graph::new(self.migrations)?;
        let levels =
            Levels::new(self.project.lint_levels.iter().map(|line| (line.lint.as_str(), line.level)))?.with_style(self.project.style);
        let policy = Policy {
            levels,
            runner: self.project.runner,
            naming: self.project.naming.clone(),
            sizes: self.sizes.clone(),
            small_limit: self.project.small_limit,
            ..Policy::of(self.today)
        }
        .with_small_tables(self.project.small_tables.iter().map(String::as_str));
        let past = Past::of(self);
        let beside = Reach::new(&graph).beside_open(|node| past.judge(node) == Judge::Yes);
        let mut work = Work {
            beside,
            survey: self,
            past: &past,
            replay: Replay::new(self.server, self.migrations.knowledge(), policy),
            findings: Vec::new(),
            touches: Touches::new(self.server.dialect),
            scripts: Vec::new(),
            proofs: HashMap::new(),
            removes: HashMap::new(),
        };
        let order = past.order(&graph);
        work.scripts.reserve_exact(order.len());
        let done = work.take_up(&order, memory)?;
        for node in &order[done..] {
            work.script(node)?;
        }
        work.judge_base()?;
        work.finish(&graph)
    }
}

/// The past, looked up by script.
pub(super) struct Past<'a> {
    known: Known<'a>,
    records: HashMap<&'a NodeRef, &'a ScriptRecord>,
    base: HashSet<&'a NodeRef>,
    /// The last migration of a history that is older than this tool.
    baseline: Option<usize>,
    migrations: &'a Migrations,
}

impl<'a> Past<'a> {
    fn of(survey: &Survey<'a>) -> Past<'a> {
        let baseline = survey.project.baseline.as_ref().and_then(|baseline| survey.migrations.position(&baseline.migration));
        let mut past = Past { known: survey.known, records: HashMap::new(), base: HashSet::new(), baseline, migrations: survey.migrations };
        match survey.known {
            Known::Nothing => {}
            Known::Base(manifest) => {
                let same =
                    |node: &&NodeRef| survey.migrations.script(node).map(|script| script.digest) == manifest.scripts.get(*node).copied();
                past.base = manifest.scripts.keys().filter(same).collect();
            }
            Known::Ledger(ledger) => {
                let live = ledger.scripts.iter().filter(|record| record.status != ScriptStatus::RolledBack);
                past.records = live.map(|record| (&record.node, record)).collect();
            }
        }
        past
    }

    /// What ran comes first, in the order in which it was started; then the order of the graph.
    fn order(&self, graph: &Graph) -> Vec<NodeRef> {
        let mut ran: Vec<&ScriptRecord> = self.records.values().copied().filter(|record| record.status == ScriptStatus::Done).collect();
        let rank: HashMap<&NodeRef, usize> = graph.order().enumerate().map(|(rank, node)| (node, rank)).collect();
        ran.retain(|record| rank.contains_key(&record.node));
        ran.sort_by_key(|record| (record.started_at, rank[&record.node]));
        let rest = graph.order().filter(|node| !self.is_done(node));
        ran.iter().map(|record| &record.node).chain(rest).cloned().collect()
    }

    pub(super) fn is_done(&self, node: &NodeRef) -> bool {
        self.records.get(node).is_some_and(|record| record.status == ScriptStatus::Done)
    }

    /// Whether a script is judged, or only followed.
    pub(super) fn judge(&self, node: &NodeRef) -> Judge {
        if self.is_done(node) || self.base.contains(node) || self.is_old(node) { Judge::No } else { Judge::Yes }
    }

    /// Whether a script belongs to the history that `baseline` ends. A contract never does: it still has to pass its gate.
    fn is_old(&self, node: &NodeRef) -> bool {
        node.phase != Phase::Contract
            && self.baseline.is_some_and(|last| self.migrations.position(&node.migration).is_some_and(|here| here <= last))
    }

    /// Whether a script of the old history has yet to run on the database that was asked: it runs without being blamed.
    pub(super) fn is_old_and_pending(&self, node: &NodeRef) -> bool {
        self.ledger().is_some() && self.is_old(node) && !self.is_done(node)
    }

    fn ledger(&self) -> Option<&'a Ledger> {
        match self.known {
            Known::Ledger(ledger) => Some(ledger),
            Known::Nothing | Known::Base(_) => None,
        }
    }

    /// How many steps of a script that was started are done.
    fn finished(&self, node: &NodeRef) -> usize {
        let Some(ledger) = self.ledger() else { return 0 };
        let journal =
            ledger.journal.iter().filter(|entry| &entry.node == node && entry.state == JournalState::Done).map(|entry| entry.step);
        let jobs = ledger.jobs.iter().filter(|job| &job.node == node && job.done).map(|job| job.step);
        journal.chain(jobs).collect::<HashSet<u32>>().len()
    }
}

/// What the plan keeps of a script.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    pub(super) judge: Judge,
    /// Whether it belongs to the history before this tool and has yet to run here.
    pub(super) is_late: bool,
    /// Whether it may run: for the first time, or a backfill once more.
    pub(super) runs: bool,
}

/// A plan in the making.
pub(super) struct Work<'a> {
    pub(super) survey: &'a Survey<'a>,
    pub(super) past: &'a Past<'a>,
    /// The scripts that are not ordered against every other: only these can clash.
    pub(super) beside: HashSet<NodeRef>,
    pub(super) replay: Replay,
    touches: Touches,
    pub(super) scripts: Vec<PlannedScript>,
    /// Findings about scripts that are not here.
    findings: Vec<Finding>,
    /// The backfills of migrations whose contract is open.
    proofs: HashMap<MigrationId, Vec<ProofJob>>,
    /// What open contracts drop.
    removes: HashMap<MigrationId, Vec<Removed>>,
}

impl Work<'_> {
    pub(super) fn script(&mut self, node: &NodeRef) -> Result<(), PlanError> {
        let migrations = self.survey.migrations;
        let (Some(migration), Some(file)) = (migrations.get(&node.migration), migrations.script(node)) else { return Ok(()) };
        let judge = self.past.judge(node);
        let script = sql::read(&self.text(migration, file, judge)?, self.survey.server);
        let placed = Placed { migration: &migration.id, phase: node.phase, script: &script, allowances: &migration.settings.allowances };
        let is_beside = self.beside.contains(node);
        let foreseen = if is_beside { foresee(&script, self.replay.schema()) } else { Vec::new() };
        let is_late = self.past.is_old_and_pending(node);
        let mut report = self.replay.script(placed, if is_late { Judge::Yes } else { judge });
        if is_late {
            // What cannot be sent to a database stops a run all the same.
            report.findings.retain(|finding| lint::rule(finding.lint.as_str()).is_some_and(lint::Rule::is_fixed));
            report.allowed.clear();
        }
        let open_contract =
            migration.script(Phase::Contract).is_some() && !self.past.is_done(&NodeRef::new(&migration.id, Phase::Contract));
        let mut cut = Steps::default();
        let runs = judge == Judge::Yes || is_late || (node.phase == Phase::Backfill && open_contract);
        // By files alone nothing runs; what is asked of a backfill is whether it can be cut.
        if runs && (self.past.ledger().is_some() || node.phase == Phase::Backfill) {
            cut = steps(node, &script, &report.statements, self.replay.schema(), self.survey.server);
            cut.cut_as(&migration.settings.cutting.over(&self.survey.project.cutting));
        }
        if node.phase == Phase::Backfill && open_contract {
            let mut proofs = prove::proofs(&script, &cut);
            proofs.extend(prove::guards(migration, self.survey.server));
            self.proofs.insert(migration.id.clone(), proofs);
        }
        if node.phase == Phase::Contract && open_contract {
            self.removes.insert(migration.id.clone(), inquiry::removes(&script));
        }
        if is_beside {
            self.touches.add(node, &script, &foreseen, self.replay.schema(), judge);
        }
        if judge == Judge::Yes || is_late {
            self.judge_cut(placed, &cut, &mut report);
        }
        self.scripts.push(self.planned(node, file, Kept { judge, is_late, runs }, &script, report, cut));
        Ok(())
    }

    /// The text of a script with what its syncs contribute. What ran, ran, whether or not it fits what is known now.
    fn text(&self, migration: &Migration, file: &ScriptFile, judge: Judge) -> Result<Source, MigrationError> {
        let woven = weave(migration, file, self.replay.schema(), self.survey.server);
        match judge {
            Judge::Yes => woven,
            Judge::No => woven.or_else(|_| file.source()),
        }
    }

    /// A backfill statement that cannot be cut is a finding, unless another lint has refused the statement already.
    fn judge_cut(&mut self, placed: Placed<'_>, cut: &Steps, report: &mut ScriptReport) {
        for uncut in &cut.uncut {
            let (source, told) = placed.script.source.told(uncut.span);
            let refused = |finding: &Finding| {
                finding.level == Level::Deny
                    && finding.source.path == source.path
                    && finding.span.start < told.end
                    && told.start < finding.span.end
            };
            let data = placed.script.statements.iter().any(|statement| statement.span == uncut.span && changes_data(statement));
            if data || !report.findings.iter().any(refused) {
                let fault = PlanFault::Uncut { reason: uncut.reason.to_string() };
                self.replay.plan_fault(placed, uncut.span, &fault, report);
            }
        }
    }

    /// What the branch does to the history that its base holds.
    fn judge_base(&mut self) -> Result<(), PlanError> {
        let Known::Base(manifest) = self.survey.known else { return Ok(()) };
        for (node, fault) in base::faults(self.survey.migrations, manifest) {
            let file = self.survey.migrations.script(&node);
            // A script that is gone is told where it stood, as far as its name tells.
            let source = file.map_or_else(|| Ok(Source::new(node.migration.as_str(), "")), ScriptFile::source)?;
            let script = sql::read(&source, self.survey.server);
            let allowances = self.survey.migrations.get(&node.migration).map(|migration| &migration.settings.allowances[..]);
            let placed =
                Placed { migration: &node.migration, phase: node.phase, script: &script, allowances: allowances.unwrap_or_default() };
            let span = script.statements.first().map_or(Span::new(0, 0), |statement| statement.span);
            let mut report = ScriptReport::default();
            self.replay.plan_fault(placed, span, &fault, &mut report);
            match self.scripts.iter_mut().find(|script| script.node == node) {
                Some(planned) => {
                    planned.findings = report.findings.into_iter().chain(planned.findings.iter()).collect();
                    planned.allowed.extend(report.allowed);
                }
                None => self.findings.extend(report.findings),
            }
        }
        Ok(())
    }

    pub(super) fn planned(
        &self,
        node: &NodeRef,
        file: &ScriptFile,
        kept: Kept,
        script: &Script,
        report: ScriptReport,
        cut: Steps,
    ) -> PlannedScript {
        let whole = cut.uncut.is_empty() && script.problems.is_empty();
        let statements = if kept.judge == Judge::Yes || kept.is_late { statements(script, &report) } else { PlannedStatements::default() };
        let text = if statements.is_empty() { Source::new(std::sync::Arc::clone(&file.path), "") } else { script.source.clone() };
        let finished = self.past.finished(node);
        let record = self.past.records.get(node);
        let state = match record.map(|record| record.status) {
            Some(ScriptStatus::Done) => ScriptState::Done { at: record.and_then(|record| record.finished_at) },
            Some(ScriptStatus::Running) => ScriptState::Running { finished, of: cut.steps.len() },
            Some(ScriptStatus::RolledBack) | None if self.past.base.contains(node) || (self.past.is_old(node) && !kept.is_late) => {
                ScriptState::Unchanged
            }
            Some(ScriptStatus::RolledBack) | None => ScriptState::Pending,
        };
        PlannedScript {
            node: node.clone(),
            path: std::sync::Arc::clone(&file.path),
            digest: file.digest,
            state,
            source: (kept.runs && self.past.ledger().is_some()).then(|| script.source.clone()),
            text,
            statements,
            findings: report.findings.into_iter().collect(),
            allowed: report.allowed,
            steps: if kept.runs && whole { cut.steps.into() } else { Vec::new().into() },
            finished,
            gate: None,
        }
    }

    fn finish(mut self, graph: &Graph) -> Result<Plan, PlanError> {
        let mut clashes = clashes(graph, &self.touches);
        let places: HashMap<NodeRef, usize> = self.scripts.iter().enumerate().map(|(place, script)| (script.node.clone(), place)).collect();
        let mut allowed = Vec::new();
        for clash in &clashes {
            // The later one is told, since it is the one that is being written, unless it ran already.
            let (side, other) = match self.past.judge(&clash.second.node) {
                Judge::Yes => (&clash.second, &clash.first),
                Judge::No => (&clash.first, &clash.second),
            };
            let Some(planned) = places.get(&side.node).map(|place| &mut self.scripts[*place]) else { continue };
            let migrations = self.survey.migrations;
            let (Some(migration), Some(file)) = (migrations.get(&side.node.migration), migrations.script(&side.node)) else { continue };
            let script = sql::read(&file.source()?, self.survey.server);
            let placed =
                Placed { migration: &migration.id, phase: side.node.phase, script: &script, allowances: &migration.settings.allowances };
            let mut report = ScriptReport {
                findings: planned.findings.iter().collect(),
                allowed: std::mem::take(&mut planned.allowed),
                statements: Vec::new(),
            };
            let answered = report.allowed.len();
            self.replay.plan_fault(placed, side.span, &side.fault(other, &clash.object), &mut report);
            if report.allowed.len() > answered {
                allowed.push(clash.clone());
            }
            planned.findings = report.findings.into_iter().collect();
            planned.allowed = report.allowed;
        }
        clashes.retain(|clash| !allowed.contains(clash));
        let history = self.past.ledger().map(|ledger| history::compare(self.survey.migrations, ledger)).unwrap_or_default();
        let mut plan = Plan {
            server: self.survey.server,
            runner: self.survey.project.runner,
            basis: if self.past.ledger().is_some() { Basis::Ledger } else { Basis::Files },
            scripts: std::mem::take(&mut self.scripts),
            history,
            findings: Vec::new(),
            clashes,
            sizes: self.survey.sizes.clone(),
            speeds: Speeds::default(),
        };
        for script in plan.scripts.iter_mut().filter(|script| script.node.phase == Phase::Contract && !script.state.is_done()) {
            let Some(migration) = self.survey.migrations.get(&script.node.migration) else { continue };
            let open = plan.clashes.iter().filter(|clash| clash.first.node == script.node || clash.second.node == script.node);
            let proofs = self.proofs.remove(&migration.id).unwrap_or_default();
            let removes = self.removes.remove(&migration.id).unwrap_or_default();
            script.gate =
                self.gate_spec(graph, migration, proofs, open.cloned().collect()).map(|spec| Box::new(GateSpec { removes, ..spec }));
        }
        if self.past.ledger().is_some() {
            self.past.hold_and_block(graph, &mut plan);
        }
        plan.findings = std::mem::take(&mut self.findings);
        plan.findings.extend(self.replay.finish());
        Ok(plan)
    }
}

impl Work<'_> {
    fn gate_spec(&self, graph: &Graph, migration: &Migration, proofs: Vec<ProofJob>, clashes: Vec<Clash>) -> Option<GateSpec> {
        let contract = migration.script(Phase::Contract)?;
        let own = migration.nodes().filter(|node| node.phase != Phase::Contract);
        let mut before: Vec<NodeRef> = own.collect();
        before.extend(graph.before(&NodeRef::new(&migration.id, Phase::Contract)).filter(|node| node.migration != migration.id).cloned());
        let digest = |node: NodeRef| self.survey.migrations.script(&node).map(|script| (node, script.digest));
        let project = self.survey.project;
        Some(GateSpec {
            migration: migration.id.clone(),
            contract: contract.digest,
            before: before.into_iter().filter_map(digest).collect(),
            services: project.services.clone(),
            requires: migration.settings.requires.clone(),
            soak: migration.settings.soak.unwrap_or(project.soak),
            proofs,
            clashes,
            vetoes: project.vetoes.iter().chain(&migration.settings.vetoes).map(|veto| veto.clone().rooted(&project.root)).collect(),
            removes: Vec::new(),
        })
    }
}

impl Past<'_> {
    /// Contracts are held until their gates are judged; other scripts wait for what they follow.
    fn hold_and_block(&self, graph: &Graph, plan: &mut Plan) {
        // What one run of a phase does in order does not block within that phase.
        let mut blocked: HashSet<NodeRef> = HashSet::new();
        for script in plan.scripts.iter_mut().filter(|script| !script.state.is_done()) {
            if script.node.phase == Phase::Contract {
                script.state = ScriptState::Held(Gate { migration: script.node.migration.clone(), conditions: Vec::new() });
                continue;
            }
            let missing = graph.before(&script.node).filter(|before| !self.is_done(before));
            let by: Vec<NodeRef> =
                missing.filter(|before| before.phase != script.node.phase || blocked.contains(*before)).cloned().collect();
            if !by.is_empty() {
                blocked.insert(script.node.clone());
                script.state = ScriptState::Blocked { by };
            }
        }
    }
}

fn statements(script: &Script, report: &ScriptReport) -> PlannedStatements {
    let lines = sql::Lines::of(&script.source);
    let statement = |report: &crate::lint::StatementReport| {
        let (_, place) = lines.locate(report.span.start);
        let declared = script.source.is_declared(report.span.start);
        let origin = if declared { StatementOrigin::Declared } else { StatementOrigin::Written };
        PlannedStatement::new(report.span, place.line, origin, &report.impacts)
    };
    report.statements.iter().map(statement).collect()
}

#[cfg(test)]
mod tests;
