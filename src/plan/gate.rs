//! Gates as values: what decides whether a contract may run, and the answer, with three states of which only `Open` opens.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::commute::Clash;
use super::inquiry::Removed;
use crate::backfill::Job;
use crate::migration::{MigrationId, NodeRef, Requirement, Veto, VetoKind};
use crate::schema::{Ident, ObjectName};
use crate::sql::Digest;

/// Everything about one contract that its gate is judged by, beside the ledger.
///
/// Made by the survey, judged by `evidence::gate`, and carried by the approved plan so that it can be judged again
/// inside the lease.
#[derive(Clone, Debug)]
pub struct GateSpec {
    /// Whose contract.
    pub migration: MigrationId,
    /// The digest of contract.sql: what a ready release must know.
    pub contract: Digest,
    /// Expand and backfill of the migration, and what the contract follows besides, with the digests of their files.
    pub before: Vec<(NodeRef, Digest)>,
    /// The declared services.
    pub services: Vec<String>,
    /// `requires` of migration.toml.
    pub requires: Vec<Requirement>,
    /// How long nothing that is not ready must have been seen or live.
    pub soak: Duration,
    /// The backfill's statements, each of which must find nothing left, and the triggers that kept columns equal since.
    pub proofs: Vec<ProofJob>,
    /// Open scripts that are not ordered against this contract and conflict with it.
    pub clashes: Vec<Clash>,
    /// Sources outside of the markers that must agree: those of the project, then those of the migration.
    pub vetoes: Vec<Veto>,
    /// What it drops, for sources that look for its use.
    pub removes: Vec<Removed>,
}

impl GateSpec {
    /// Over what this contract does and what it comes after: what people approve.
    pub fn digest(&self) -> Digest {
        let before: Vec<String> = self.before.iter().map(|(node, digest)| format!("{node} {digest}")).collect();
        Digest::of_bytes(format!("concertina gate 1\n{}\n{}\n{}", self.migration, self.contract, before.join("\n")).as_bytes())
    }
}

/// One thing to be proven.
#[derive(Clone, Debug)]
pub struct ProofJob {
    /// `path:line`.
    pub place: String,
    /// What the database is asked; what stands in the way where it cannot be.
    pub question: Result<Question, String>,
}

/// What the database is asked for a proof.
#[derive(Clone, Debug)]
pub enum Question {
    /// Whether a statement of the backfill finds a row that is left.
    RowsLeft(Box<Job>),
    /// Nothing: the backfill only tends storage, and is done when it ran.
    Nothing,
    /// Whether a trigger is there and works: without it, a write after the backfill may have reached one side only.
    Trigger {
        /// Its table.
        table: ObjectName,
        /// Its name.
        trigger: Ident,
    },
}

/// The gate of one contract, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// Whose contract.
    pub migration: MigrationId,
    /// Each must be open (or overridden).
    pub conditions: Vec<Condition>,
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Which.
    pub kind: ConditionKind,
    /// What it is called: its kind, or the name that the settings give it.
    pub name: String,
    /// Whether it holds.
    pub state: GateState,
    /// Why, for people: who is still old, where, since when.
    pub reason: String,
    /// What was looked at, as JSON; stored with the ledger row.
    pub evidence: serde_json::Value,
    /// When it will open if nothing else happens.
    pub opens_at: Option<Timestamp>,
    /// What to do about it: a command.
    pub next: Option<String>,
}

/// The conditions of a contract gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConditionKind {
    /// Expand and backfill ran to their end with unchanged digests.
    Phases,
    /// Every declared service has a live release, and every live release is ready.
    Markers,
    /// Every live instance is ready.
    Instances,
    /// `requires` of migration.toml.
    Requires,
    /// Nothing that was not ready was seen or live for this long.
    Soak,
    /// The backfill's own predicate finds no row.
    Proof,
    /// No open migration that is not ordered against this one conflicts with it.
    Conflicts,
    /// A source outside of the markers agrees.
    Veto(VetoKind),
}

impl ConditionKind {
    /// The conditions of every gate, in the order in which they are told.
    pub const ALL: [ConditionKind; 7] = [
        ConditionKind::Phases,
        ConditionKind::Markers,
        ConditionKind::Instances,
        ConditionKind::Requires,
        ConditionKind::Soak,
        ConditionKind::Proof,
        ConditionKind::Conflicts,
    ];

    /// The name used on the command line, in tables and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            ConditionKind::Phases => "phases",
            ConditionKind::Markers => "markers",
            ConditionKind::Instances => "instances",
            ConditionKind::Requires => "requires",
            ConditionKind::Soak => "soak",
            ConditionKind::Proof => "proof",
            ConditionKind::Conflicts => "conflicts",
            ConditionKind::Veto(kind) => kind.as_str(),
        }
    }

    /// Reads the name back.
    pub fn from_name(name: &str) -> Option<ConditionKind> {
        let vetoes = VetoKind::ALL.map(ConditionKind::Veto);
        ConditionKind::ALL.into_iter().chain(vetoes).find(|kind| kind.as_str() == name)
    }
}

impl Serialize for ConditionKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl std::fmt::Display for ConditionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The states of a condition; unknown counts as closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GateState {
    /// It holds.
    Open,
    /// It does not.
    Closed,
    /// It could not be found out.
    Unknown,
    /// It does not hold, and somebody answers for going on.
    Overridden,
}

impl GateState {
    /// Whether the contract may run as far as this condition goes.
    pub fn lets_through(self) -> bool {
        match self {
            GateState::Open | GateState::Overridden => true,
            GateState::Closed | GateState::Unknown => false,
        }
    }
}

/// `--override-gate <kind> --reason "…"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Which condition, by its name.
    pub condition: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
}

impl Gate {
    /// Whether the contract may run. A gate of which nothing was judged is closed.
    pub fn is_open(&self) -> bool {
        !self.conditions.is_empty() && self.closed().next().is_none()
    }

    /// The conditions that hold the contract.
    pub fn closed(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(|condition| !condition.state.lets_through())
    }

    /// When it opens if nothing else happens: known only when time alone is missing.
    pub fn opens_at(&self) -> Option<Timestamp> {
        let mut latest = None;
        for condition in self.closed() {
            latest = latest.max(Some(condition.opens_at?));
        }
        latest
    }

    /// Lets conditions through that somebody answers for. Those that hold anyway are left as they are.
    #[must_use]
    pub fn overridden(mut self, overrides: &[Override]) -> Gate {
        for condition in &mut self.conditions {
            let answer = overrides.iter().find(|given| given.condition == condition.name);
            if let (false, Some(answer)) = (condition.state.lets_through(), answer) {
                condition.state = GateState::Overridden;
                condition.reason = format!("{} (overridden by {}: {})", condition.reason, answer.actor, answer.reason);
            }
        }
        self
    }

    /// What was looked at, for the ledger.
    pub fn evidence(&self) -> serde_json::Value {
        serde_json::json!({ "conditions": self.conditions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(kind: ConditionKind, state: GateState, opens_at: Option<i64>) -> Condition {
        let opens_at = opens_at.map(|second| Timestamp::from_second(second).expect("in range"));
        Condition { kind, name: kind.to_string(), state, reason: "r".into(), evidence: serde_json::Value::Null, opens_at, next: None }
    }

    fn gate(conditions: Vec<Condition>) -> Gate {
        Gate { migration: MigrationId::new("1_a"), conditions }
    }

    #[test]
    fn only_open_opens() {
        let one = |state| gate(vec![condition(ConditionKind::Soak, state, None)]).is_open();
        assert!(one(GateState::Open) && one(GateState::Overridden));
        assert!(!one(GateState::Closed) && !one(GateState::Unknown));
        assert!(!gate(Vec::new()).is_open());
    }

    #[test]
    fn an_override_reaches_its_own_condition_only() {
        let closed =
            || vec![condition(ConditionKind::Soak, GateState::Closed, Some(5)), condition(ConditionKind::Proof, GateState::Unknown, None)];
        let soak = Override { condition: "soak".into(), reason: "urgent".into(), actor: "ann".into() };
        let gate = gate(closed()).overridden(std::slice::from_ref(&soak));
        assert_eq!(gate.conditions[0].state, GateState::Overridden);
        assert!(gate.conditions[0].reason.contains("overridden by ann: urgent"));
        assert_eq!(gate.conditions[1].state, GateState::Unknown);
        assert!(!gate.is_open());
    }

    #[test]
    fn opens_by_itself_only_when_time_alone_is_missing() {
        let soak = condition(ConditionKind::Soak, GateState::Closed, Some(5));
        let instances = condition(ConditionKind::Instances, GateState::Closed, Some(9));
        assert_eq!(gate(vec![soak.clone(), instances.clone()]).opens_at().map(|at| at.as_second()), Some(9));
        let markers = condition(ConditionKind::Markers, GateState::Closed, None);
        assert_eq!(gate(vec![soak, instances, markers]).opens_at(), None);
        assert_eq!(gate(vec![condition(ConditionKind::Soak, GateState::Open, None)]).opens_at(), None);
    }

    #[test]
    fn names_go_both_ways() {
        for kind in ConditionKind::ALL {
            assert_eq!(ConditionKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("a name"), kind.as_str());
        }
    }
}
