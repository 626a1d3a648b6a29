//! Plans as parts of a report: migrations with their phases, statements with locks and cost, gates.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::dialect::{self, Certainty, Cost, Lock, Speeds, Work};
use crate::migration::{MigrationId, NodeRef};
use crate::plan::{
    Basis, Gate, GateSpec, Plan, PlannedScript, PlannedStatement, PlannedStatements, Question, ScriptState, StatementOrigin,
};
use crate::schema::size::Sizes;
use crate::sql::Source;

use super::forecast::Outlook;
use super::text::{first_line, span};
use super::view::{
    Blocks, GateView, LockView, MigrationView, PhaseState, PhaseView, ProgressView, SecondsView, StatementView, WorkKind, WorkView,
};

/// The migrations of a plan that have something left to do, in its order.
pub fn open(plan: &Plan) -> Vec<MigrationView> {
    some(plan, |script| !script.state.is_done() && script.state != ScriptState::Unchanged)
}

/// The migrations that have a script of interest, in the order of the plan, with these scripts alone.
pub fn some(plan: &Plan, is_wanted: impl Fn(&PlannedScript) -> bool) -> Vec<MigrationView> {
    let mut migrations: Vec<MigrationView> = Vec::new();
    let mut places: HashMap<&MigrationId, usize> = HashMap::new();
    for script in plan.scripts.iter().filter(|script| is_wanted(script)) {
        let id = &script.node.migration;
        let place = *places.entry(id).or_insert_with(|| {
            migrations.push(MigrationView { id: id.to_string(), phases: Vec::with_capacity(1) });
            migrations.len() - 1
        });
        migrations[place].phases.push(phase(script, plan));
    }
    for migration in &mut migrations {
        migration.phases.sort_by_key(|phase| phase.phase);
    }
    migrations
}

/// A phase of which nothing but its state is told.
pub fn bare(node: &NodeRef, state: PhaseState, file: String) -> MigrationView {
    let phase = PhaseView {
        phase: node.phase,
        state,
        file,
        started_at: None,
        finished_at: None,
        actor: None,
        progress: None,
        waits_for: Vec::new(),
        needs: Vec::new(),
        statements: Statements::default(),
    };
    MigrationView { id: node.migration.to_string(), phases: vec![phase] }
}

/// When it makes sense to ask again: the first moment at which a gate opens by itself.
pub fn next_check(plan: &Plan) -> Option<Timestamp> {
    let held = plan.scripts.iter().filter_map(|script| match &script.state {
        ScriptState::Held(gate) => gate.opens_at(),
        ScriptState::Done { .. }
        | ScriptState::Unchanged
        | ScriptState::Running { .. }
        | ScriptState::Pending
        | ScriptState::Blocked { .. } => None,
    });
    held.min()
}

/// The conditions of every contract that its gate holds.
pub fn held(plan: &Plan) -> Vec<GateView> {
    let held = plan.scripts.iter().filter_map(|script| match &script.state {
        ScriptState::Held(gate) => Some(gate),
        ScriptState::Done { .. }
        | ScriptState::Unchanged
        | ScriptState::Running { .. }
        | ScriptState::Pending
        | ScriptState::Blocked { .. } => None,
    });
    held.flat_map(gate).collect()
}

/// The conditions of one gate.
pub fn gate(gate: &Gate) -> impl Iterator<Item = GateView> + '_ {
    gate.conditions.iter().map(|condition| GateView {
        migration: gate.migration.to_string(),
        kind: condition.kind,
        name: condition.name.clone(),
        state: condition.state,
        reason: condition.reason.clone(),
        evidence: condition.evidence.clone(),
        opens_at: condition.opens_at,
        next: condition.next.clone(),
    })
}

fn phase(script: &PlannedScript, plan: &Plan) -> PhaseView {
    let basis = plan.basis;
    let mut view = PhaseView {
        phase: script.node.phase,
        state: PhaseState::Unknown,
        file: script.path.to_string(),
        started_at: None,
        finished_at: None,
        actor: None,
        progress: None,
        waits_for: Vec::new(),
        needs: script.gate.as_deref().map(needs).unwrap_or_default(),
        statements: Statements::of(script, plan),
    };
    view.state = match &script.state {
        ScriptState::Done { at } => {
            view.finished_at = *at;
            PhaseState::Done
        }
        ScriptState::Unchanged => PhaseState::Unchanged,
        ScriptState::Running { finished, of } => {
            view.progress = Some(Box::new(ProgressView { steps_done: *finished, steps: Some(*of), rows: None, backfill: None }));
            PhaseState::Running
        }
        ScriptState::Pending if basis == Basis::Files => PhaseState::Unknown,
        ScriptState::Pending => PhaseState::Pending,
        ScriptState::Blocked { .. } if basis == Basis::Files => PhaseState::Unknown,
        ScriptState::Blocked { by } => {
            view.waits_for = by.iter().map(ToString::to_string).collect();
            PhaseState::Blocked
        }
        ScriptState::Held(_) => PhaseState::Held,
    };
    view
}

/// What a gate asks for, before anybody knows whether it holds.
fn needs(spec: &GateSpec) -> Vec<String> {
    let mut needs = Vec::new();
    let earlier: Vec<String> = spec.before.iter().map(|(node, _)| node.to_string()).collect();
    if !earlier.is_empty() {
        needs.push(format!("{} must have run to the end", earlier.join(" and ")));
    }
    let services = match spec.services.is_empty() {
        true => "every service that uses the database".to_owned(),
        false => spec.services.join(" and "),
    };
    needs.push(format!("every live release of {services} must be built with this very contract.sql"));
    needs.extend(spec.requires.iter().map(|requirement| format!("`{requirement}` must hold")));
    if !spec.soak.is_zero() {
        needs.push(format!("nothing that was built without it may have been live for {}", span(spec.soak)));
    }
    needs.extend(spec.proofs.iter().map(|proof| match &proof.question {
        Ok(Question::Nothing) => format!("the backfill at {} must have run", proof.place),
        Ok(Question::RowsLeft(_)) => format!("the backfill at {} must find no row that is left", proof.place),
        Ok(Question::Trigger { table, trigger }) => format!("trigger {trigger} on {table} must be there and work"),
        Err(reason) => format!("the backfill at {} cannot prove that it is done: {reason}", proof.place),
    }));
    needs.extend(spec.clashes.iter().map(|clash| {
        let other = if clash.first.node.migration == spec.migration { &clash.second } else { &clash.first };
        format!("{} must be ordered before or after it", other.node)
    }));
    needs.extend(spec.vetoes.iter().map(|veto| format!("{} (gate {})", veto.ask, veto.name)));
    needs
}

/// The statements of a phase. Each is told when it is asked for: a long plan has hundreds of thousands.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    of: Option<Planned>,
}

#[derive(Clone, Debug)]
struct Planned {
    text: Source,
    statements: PlannedStatements,
    sizes: Sizes,
    speeds: Speeds,
    outlook: Option<Box<Outlook>>,
}

impl Statements {
    fn of(script: &PlannedScript, plan: &Plan) -> Statements {
        let planned = || Planned {
            text: script.text.clone(),
            statements: script.statements.clone(),
            sizes: plan.sizes.clone(),
            speeds: plan.speeds.clone(),
            outlook: None,
        };
        Statements { of: (!script.statements.is_empty()).then(planned) }
    }

    /// Each statement, in the order of the script.
    pub fn iter(&self) -> impl Iterator<Item = StatementView> {
        self.of.iter().flat_map(|of| of.statements.iter().map(|planned| of.told(&planned)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.of.as_ref().map_or(0, |planned| planned.statements.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.of.is_none()
    }

    /// Tells with each what a backfill of it is expected to take.
    pub(super) fn foresee(&mut self, outlook: Outlook) {
        if let Some(planned) = &mut self.of {
            planned.outlook = Some(Box::new(outlook));
        }
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.of = None;
    }
}

impl Planned {
    fn told(&self, planned: &PlannedStatement) -> StatementView {
        let Planned { text, sizes, speeds, .. } = self;
        let sql = text.text.get(planned.span.range()).unwrap_or_default();
        let is_declared = planned.origin == StatementOrigin::Declared;
        StatementView {
            line: planned.line,
            file: is_declared.then(|| text.locate(planned.span.start).0.to_string()),
            sql: first_line(sql),
            text: is_declared.then(|| sql.to_owned()),
            locks: planned
                .locks
                .iter()
                .map(|held| LockView { table: held.table.to_string(), lock: held.lock.name(), blocks: blocks(held.lock) })
                .collect(),
            work: planned
                .work
                .iter()
                .map(|work| work_view(work, sizes, speeds))
                .map(|work| self.outlook.iter().fold(work, |work, outlook| outlook.add(work)))
                .collect(),
            worst_case: planned.certainty == Certainty::WorstCase,
        }
    }
}

impl Serialize for Statements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

fn blocks(lock: Lock) -> Blocks {
    match (lock.blocks_reads(), lock.blocks_writes()) {
        (true, _) => Blocks::ReadsAndWrites,
        (false, true) => Blocks::Writes,
        (false, false) => Blocks::Nothing,
    }
}

fn work_view(work: &Work, sizes: &Sizes, speeds: &Speeds) -> WorkView {
    let (kind, table) = match work {
        Work::Scan(table) => (WorkKind::Scan, table),
        Work::BuildIndex(table) => (WorkKind::IndexBuild, table),
        Work::Rewrite(table) => (WorkKind::Rewrite, table),
        Work::Rows(table) => (WorkKind::Rows, table),
    };
    let size = sizes.counted(table);
    let seconds = size.and_then(|size| dialect::cost(work, size, speeds)).map(|cost| SecondsView { told: cost.timing(), ..seconds(&cost) });
    WorkView {
        kind,
        table: table.to_string(),
        rows: size.map(|size| size.rows),
        bytes: size.map(|size| size.total_bytes()),
        seconds,
        log: None,
    }
}

/// How long work takes: for people and for programs.
pub(super) fn seconds(cost: &Cost) -> SecondsView {
    SecondsView { least: cost.least.as_secs_f64(), most: cost.most.as_secs_f64(), told: cost.to_string() }
}
