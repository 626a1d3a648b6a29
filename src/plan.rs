//! What is to be done, in which order, and whether it may be: graph, gates, steps, approval.
//!
//! Pure: knows no database and no clock. Texts come through the scripts that `migration` hands out.

pub mod approve;
mod base;
pub mod commute;
pub mod digest;
pub mod gate;
pub mod graph;
pub mod history;
pub mod inquiry;
pub mod memory;
pub mod step;
pub mod steps;
pub mod survey;
#[cfg(test)]
pub(crate) mod testing;
pub mod undo;

pub use approve::{ApprovedPlan, ApprovedScript, Refusal, Request, Turn};
pub use commute::{Clash, Side};
pub use digest::{NoDigest, PlanDigest};
pub use gate::{Condition, ConditionKind, Gate, GateSpec, GateState, Override, ProofJob, Question};
pub use graph::{Cycle, Graph};
pub use history::HistoryConflict;
pub use inquiry::{Inquiry, Removed, Testimony};
pub use memory::{Forgetful, Memory};
pub use step::{Resume, Step, StepKind};
pub use survey::{Known, PlanError, Survey};

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dialect::{Certainty, Impact, Speeds, TableLock, Work};
use crate::lint::{Allowed, Finding, PackedFindings};
use crate::migration::{MigrationId, NodeRef, Runner};
use crate::schema::Server;
use crate::schema::size::Sizes;
use crate::sql::{Digest, Source, Span};

/// Every script in the order in which it ran or may run, with what is known of it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the scripts were judged for.
    pub server: Server,
    /// Who runs the scripts.
    pub runner: Runner,
    /// What the states rest on.
    pub basis: Basis,
    /// In order.
    pub scripts: Vec<PlannedScript>,
    /// Where the project and the ledger disagree.
    pub history: Vec<HistoryConflict>,
    /// Findings about no script of the plan: allowances of migration.toml that allow nothing.
    pub findings: Vec<Finding>,
    /// Pairs that must be ordered and are not; each is a finding of the later script as well.
    pub clashes: Vec<Clash>,
    /// How large tables are, where somebody counted.
    pub sizes: Sizes,
    /// How fast the server is.
    pub speeds: Speeds,
}

/// What the states of a plan rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The files alone: nothing may run by such a plan.
    Files,
    /// A ledger.
    Ledger,
}

/// One script.
#[derive(Clone, Debug)]
pub struct PlannedScript {
    /// Which.
    pub node: NodeRef,
    /// Its file.
    pub path: Arc<str>,
    /// Over its tokens.
    pub digest: Digest,
    /// Where it is.
    pub state: ScriptState,
    /// Its text; `None` for scripts that cannot run: they were only followed, or no ledger was at hand.
    pub source: Option<Source>,
    /// What the spans of its statements count in; empty for scripts that were only followed.
    pub text: Source,
    /// What it does; empty for scripts that were only followed.
    pub statements: PlannedStatements,
    /// What is wrong with it.
    pub findings: PackedFindings,
    /// What would be wrong with it, had nobody answered for it.
    pub allowed: Vec<Allowed>,
    /// What a backend executes; empty for scripts that are done, where a finding stands in the way, and without a ledger
    /// (but for backfills).
    pub steps: Arc<[Step]>,
    /// Steps that an earlier run finished.
    pub finished: usize,
    /// A contract's gate, to be judged with a ledger at hand.
    pub gate: Option<Box<GateSpec>>,
}

/// Where a script is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptState {
    /// It ran.
    Done {
        /// When it ended, by the database's clock.
        at: Option<Timestamp>,
    },
    /// It is the same in the base that the plan is compared with.
    Unchanged,
    /// It was started and not finished.
    Running {
        /// Steps that are done.
        finished: usize,
        /// Steps in all.
        of: usize,
    },
    /// It can run.
    Pending,
    /// Others must run before.
    Blocked {
        /// They.
        by: Vec<NodeRef>,
    },
    /// Its gate is closed.
    Held(Gate),
}

/// One statement of a script. A history has hundreds of thousands: what can be looked up in the text is not kept beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlannedStatement {
    /// Its bytes in the script's text.
    pub span: Span,
    /// Its first line in the file that it comes from.
    pub line: usize,
    /// Who wrote it.
    pub origin: StatementOrigin,
    /// The strongest lock on each table.
    pub locks: Box<[TableLock]>,
    /// What is done to stored rows, each kind of work on a table once.
    pub work: Box<[Work]>,
    /// Whether the schema told everything that this depends on.
    pub certainty: Certainty,
}

/// The statements of a script, packed: as values they would take more room than everything else in a long plan.
#[derive(Clone, Debug, Default)]
pub struct PlannedStatements {
    number: usize,
    packed: Arc<[u8]>,
}

impl FromIterator<PlannedStatement> for PlannedStatements {
    fn from_iter<I: IntoIterator<Item = PlannedStatement>>(statements: I) -> PlannedStatements {
        let statements: Vec<PlannedStatement> = statements.into_iter().collect();
        // Numbers, names and kinds: they always go into bytes.
        let packed = postcard::to_stdvec(&statements).unwrap_or_default();
        PlannedStatements { number: statements.len(), packed: packed.into() }
    }
}

impl PlannedStatements {
    /// Each of them, in the order of the script.
    pub fn iter(&self) -> std::vec::IntoIter<PlannedStatement> {
        let unpacked: Vec<PlannedStatement> =
            if self.is_empty() { Vec::new() } else { postcard::from_bytes(&self.packed).unwrap_or_default() };
        unpacked.into_iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.number
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.number == 0
    }
}

impl PlannedStatement {
    /// What the clauses of a statement do together.
    fn new(span: Span, line: usize, origin: StatementOrigin, impacts: &[Impact]) -> PlannedStatement {
        let mut locks: Vec<TableLock> = Vec::with_capacity(impacts.iter().map(|impact| impact.locks.len()).sum());
        for held in impacts.iter().flat_map(|impact| &impact.locks) {
            match locks.iter_mut().find(|strongest| strongest.table == held.table) {
                Some(strongest) => strongest.lock = strongest.lock.max(held.lock),
                None => locks.push(held.clone()),
            }
        }
        let mut work: Vec<Work> = Vec::with_capacity(impacts.iter().map(|impact| impact.work.len()).sum());
        for done in impacts.iter().flat_map(|impact| &impact.work) {
            if !work.contains(done) {
                work.push(done.clone());
            }
        }
        let worst = impacts.iter().any(|impact| impact.certainty == Certainty::WorstCase);
        let certainty = if worst { Certainty::WorstCase } else { Certainty::Known };
        PlannedStatement { span, line, origin, locks: locks.into(), work: work.into(), certainty }
    }
}

/// Who wrote a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatementOrigin {
    /// It stands in the script's file.
    Written,
    /// The tool, for what migration.toml declares.
    Declared,
}

impl ScriptState {
    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        match self {
            ScriptState::Done { .. } => true,
            ScriptState::Unchanged
            | ScriptState::Running { .. }
            | ScriptState::Pending
            | ScriptState::Blocked { .. }
            | ScriptState::Held(_) => false,
        }
    }
}

impl Plan {
    /// What each open contract's gate is judged by.
    pub fn gates(&self) -> impl Iterator<Item = &GateSpec> {
        self.scripts.iter().filter_map(|script| script.gate.as_deref())
    }

    /// Enters how the gates were judged: a contract whose gate lets it through is pending (or running), any other stays held.
    #[must_use]
    pub fn with_gates(mut self, gates: Vec<Gate>) -> Plan {
        for gate in gates {
            let contract = self.scripts.iter_mut().find(|script| script.gate.as_ref().is_some_and(|spec| spec.migration == gate.migration));
            if let Some(script) = contract {
                script.enter(gate);
            }
        }
        self
    }

    /// The same plan, its times told by these speeds.
    #[must_use]
    pub fn at(mut self, speeds: Speeds) -> Plan {
        let told = |mut finding: Finding| {
            finding.costs = finding.costs.into_iter().map(|cost| cost.at(&speeds)).collect();
            finding.costs.sort_by_key(|cost| std::cmp::Reverse(cost.most));
            finding
        };
        for script in &mut self.scripts {
            script.findings = script.findings.iter().map(told).collect();
        }
        self.findings = self.findings.into_iter().map(told).collect();
        self.speeds = speeds;
        self
    }

    /// The script of a node.
    pub fn script(&self, node: &NodeRef) -> Option<&PlannedScript> {
        self.scripts.iter().find(|script| &script.node == node)
    }

    /// The scripts of a migration, in the order of the plan.
    pub fn of<'a>(&'a self, migration: &'a MigrationId) -> impl Iterator<Item = &'a PlannedScript> {
        self.scripts.iter().filter(move |script| &script.node.migration == migration)
    }

    /// Every finding, script by script, then those about none.
    pub fn all_findings(&self) -> impl Iterator<Item = Finding> {
        self.scripts.iter().flat_map(|script| script.findings.iter()).chain(self.findings.iter().cloned())
    }
}

impl PlannedScript {
    fn enter(&mut self, gate: Gate) {
        if let (ScriptState::Held(_), true) = (&self.state, gate.is_open()) {
            self.state = if self.finished == 0 {
                ScriptState::Pending
            } else {
                ScriptState::Running { finished: self.finished, of: self.steps.len() }
            };
        } else if let ScriptState::Held(_) = self.state {
            self.state = ScriptState::Held(gate);
        }
    }
}
