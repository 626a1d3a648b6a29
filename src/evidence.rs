//! What opens and what holds the gate of a contract: one file for each condition.
//!
//! Pure: the ledger, its clock and the answers to proofs come in as values. Markers open; everything else can only
//! hold. What is not known holds as well.

mod conflicts;
mod fleet;
mod instances;
mod markers;
mod phases;
mod proof;
mod readiness;
mod requires;
mod soak;
mod version;
mod words;

pub use fleet::{Fleet, Live, Who};
pub use proof::ProofAnswer;
pub use readiness::{Readiness, readiness};
pub use version::compare;

use crate::ledger::Ledger;
use crate::plan::{Condition, ConditionKind, Gate, GateSpec, GateState};

/// Judges the gate of one contract. `answers` are those to `spec.proofs`, in that order; a missing one is unknown.
pub fn gate(spec: &GateSpec, ledger: &Ledger, answers: &[ProofAnswer]) -> Gate {
    let fleet = Fleet::of(&ledger.markers);
    let conditions = ConditionKind::ALL.map(|kind| match kind {
        ConditionKind::Phases => phases::judge(spec, ledger),
        ConditionKind::Markers => markers::judge(spec, ledger, &fleet),
        ConditionKind::Instances => instances::judge(spec, ledger),
        ConditionKind::Requires => requires::judge(spec, &fleet),
        ConditionKind::Soak => soak::judge(spec, ledger, &fleet),
        ConditionKind::Proof => proof::judge(spec, ledger, answers),
        ConditionKind::Conflicts => conflicts::judge(spec),
    });
    Gate { migration: spec.migration.clone(), conditions: conditions.into() }
}

/// A condition that holds.
fn open(kind: ConditionKind, reason: impl Into<String>, evidence: serde_json::Value) -> Condition {
    Condition { kind, state: GateState::Open, reason: reason.into(), evidence, opens_at: None, next: None }
}

/// A condition that does not hold, with what to do about it.
fn closed(kind: ConditionKind, reason: impl Into<String>, evidence: serde_json::Value, next: impl Into<String>) -> Condition {
    Condition { kind, state: GateState::Closed, reason: reason.into(), evidence, opens_at: None, next: Some(next.into()) }
}

#[cfg(test)]
mod tests;
