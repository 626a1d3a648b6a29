//! Gates as values: conditions with three states, of which only `Open` opens.

use jiff::Timestamp;
use serde::Serialize;

use crate::migration::MigrationId;

/// Everything that decides whether a contract may run.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
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
}

/// Three states; unknown counts as closed.
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

impl Gate {
    /// Whether the contract may run.
    pub fn is_open(&self) -> bool {
        self.conditions.iter().all(|condition| matches!(condition.state, GateState::Open | GateState::Overridden))
    }
}
