//! Approval: the one way from a plan to something that a runner takes.

use std::sync::Arc;

use super::{Basis, Gate, GateSpec, HistoryConflict, Override, Plan, ScriptState, Step};
use crate::lint::{Finding, Level};
use crate::migration::{MigrationId, NodeRef, Runner};
use crate::schema::Phase;
use crate::sql::{Digest, Source};

/// What somebody wants to run.
#[derive(Clone, Debug)]
pub struct Request {
    /// The phase.
    pub phase: Phase,
    /// `--to`: nothing behind this migration.
    pub to: Option<MigrationId>,
    /// Migrations whose backfill runs once more although it is done: rows appeared behind it.
    pub again: Vec<MigrationId>,
    /// Gates that somebody answers for.
    pub overrides: Vec<Override>,
}

impl Request {
    /// Everything that is pending in a phase.
    pub fn all(phase: Phase) -> Request {
        Request { phase, to: None, again: Vec::new(), overrides: Vec::new() }
    }
}

/// A plan that may run: made by [`Plan::approve`] alone.
#[derive(Clone, Debug)]
pub struct ApprovedPlan {
    phase: Phase,
    scripts: Vec<ApprovedScript>,
    held: Vec<Gate>,
    blocked: Vec<(NodeRef, Vec<NodeRef>)>,
    overrides: Vec<Override>,
}

/// A script that may run.
#[derive(Clone, Debug)]
pub struct ApprovedScript {
    node: NodeRef,
    digest: Digest,
    source: Source,
    steps: Arc<[Step]>,
    gate: Option<Box<GateSpec>>,
    turn: Turn,
}

/// Whether a script has its turn for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It was not finished so far.
    First,
    /// A backfill that is done walks its tables once more.
    Again,
}

/// Why a plan may not run.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The plan was made without a database: it does not know what ran.
    #[error("the plan was made without a database; give --database-url")]
    Offline,
    /// Another tool runs the scripts.
    #[error("migrate.toml says that {runner} runs these scripts (`runner`): they are judged here and run there")]
    RunElsewhere {
        /// Which.
        runner: Runner,
    },
    /// What ran is not what the project says.
    #[error("the history does not match: {}", list(conflicts))]
    History {
        /// Every conflict.
        conflicts: Vec<HistoryConflict>,
    },
    /// A script that would run has findings at level deny.
    #[error("{} at level deny in what would run", count(findings.len(), "finding"))]
    Findings {
        /// They.
        findings: Vec<Finding>,
    },
    /// A backfill cannot run again once the contract has removed what it reads.
    #[error("{node} cannot run again: the contract of {} ran, or it has none", node.migration)]
    Settled {
        /// The script.
        node: NodeRef,
    },
    /// A script waits for one of another phase.
    #[error("{node} comes after {}, which did not run yet; run `migrate apply --phase {}` first", names(waits_for), waits_for.first().map_or(Phase::Expand, |node| node.phase))]
    Blocked {
        /// The script.
        node: NodeRef,
        /// What must run first.
        waits_for: Vec<NodeRef>,
    },
}

fn list(conflicts: &[HistoryConflict]) -> String {
    conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn names(nodes: &[NodeRef]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

impl Plan {
    /// Approves what a request asks for, or says why not.
    ///
    /// Findings in scripts that would not run now do not stand in the way; held contracts are left out and
    /// listed; an expand script that waits for another phase refuses the whole, because the release that is about to
    /// be deployed would not find its schema.
    ///
    /// # Errors
    /// `History`, `Findings` or `Blocked`.
    pub fn approve(self, request: Request) -> Result<ApprovedPlan, Refusal> {
        match self.basis {
            Basis::Files => return Err(Refusal::Offline),
            Basis::Ledger => {}
        }
        if self.runner != Runner::Concertina {
            return Err(Refusal::RunElsewhere { runner: self.runner });
        }
        if !self.history.is_empty() {
            return Err(Refusal::History { conflicts: self.history });
        }
        let last = request.to.as_ref().map(|id| self.scripts.iter().rposition(|script| &script.node.migration == id));
        let within = |index: usize| match last {
            Some(Some(last)) => index <= last,
            Some(None) => false,
            None => true,
        };
        let mut approved =
            ApprovedPlan { phase: request.phase, scripts: Vec::new(), held: Vec::new(), blocked: Vec::new(), overrides: request.overrides };
        let mut findings = Vec::new();
        for (index, script) in self.scripts.into_iter().enumerate() {
            if script.node.phase != request.phase || !within(index) {
                continue;
            }
            let mut turn = Turn::First;
            match script.state {
                ScriptState::Done { .. } if request.phase == Phase::Backfill && request.again.contains(&script.node.migration) => {
                    if script.source.is_none() {
                        return Err(Refusal::Settled { node: script.node });
                    }
                    turn = Turn::Again;
                }
                ScriptState::Done { .. } | ScriptState::Unchanged => continue,
                ScriptState::Held(gate) => {
                    let gate = gate.overridden(&approved.overrides);
                    if !gate.is_open() {
                        approved.held.push(gate);
                        continue;
                    }
                }
                ScriptState::Blocked { by } => {
                    if request.phase == Phase::Expand || request.to.as_ref() == Some(&script.node.migration) {
                        return Err(Refusal::Blocked { node: script.node, waits_for: by });
                    }
                    approved.blocked.push((script.node, by));
                    continue;
                }
                ScriptState::Pending | ScriptState::Running { .. } => {}
            }
            findings.extend(script.findings.iter().filter(|finding| finding.level == Level::Deny));
            let Some(source) = script.source else { continue };
            approved.scripts.push(ApprovedScript {
                node: script.node,
                digest: script.digest,
                source,
                steps: script.steps,
                gate: script.gate,
                turn,
            });
        }
        if findings.is_empty() { Ok(approved) } else { Err(Refusal::Findings { findings }) }
    }
}

impl ApprovedPlan {
    /// The phase that runs.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What runs, in order.
    pub fn scripts(&self) -> &[ApprovedScript] {
        &self.scripts
    }

    /// Contracts that their gates hold.
    pub fn held(&self) -> &[Gate] {
        &self.held
    }

    /// Scripts that wait for others, with what they wait for.
    pub fn blocked(&self) -> &[(NodeRef, Vec<NodeRef>)] {
        &self.blocked
    }

    /// Gates that somebody answers for.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Whether nothing runs.
    pub fn is_empty(&self) -> bool {
        self.scripts.is_empty()
    }
}

impl ApprovedScript {
    /// Which script.
    pub fn node(&self) -> &NodeRef {
        &self.node
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Its text, for the ledger.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether it runs for the first time.
    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// For a contract: what its gate is judged by, again, inside the lease.
    pub fn gate(&self) -> Option<&GateSpec> {
        self.gate.as_deref()
    }
}

#[cfg(test)]
mod tests;
