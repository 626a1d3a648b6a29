//! What opens and what holds the gate of a contract: one file for each condition.
//!
//! The ledger, its clock and what the database answers come in as values; sources outside are asked in `consult`, and
//! only there. Markers open; everything else can only hold. What is not known holds as well.

mod approval;
mod aws;
pub mod command;
mod conflicts;
mod consult;
mod database;
mod flag;
mod flagsmith;
mod fleet;
pub mod http;
mod instances;
mod kubernetes;
mod launchdarkly;
mod markers;
mod ofrep;
mod phases;
pub mod prometheus;
mod proof;
mod readiness;
mod requires;
pub mod secret;
mod sigv4;
mod soak;
mod trend;
mod unleash;
mod value;
mod verdict;
mod version;
mod watch;
mod words;

pub use command::Programs;
pub use consult::{Told, consult, inquiries};
pub use fleet::{Fleet, Live, Service, Who};
pub use proof::ProofAnswer;
pub use readiness::{Readiness, readiness};
pub use verdict::Verdict;
pub use version::compare;
pub use watch::{Alarm, Sight, Watch};

use crate::ledger::Ledger;
use crate::plan::{Condition, ConditionKind, Gate, GateSpec, GateState};

/// What was answered before a gate is judged. What is missing is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// What the database said to `spec.proofs`, in that order.
    pub proofs: Vec<ProofAnswer>,
    /// What the sources outside said, in the order of `spec.vetoes`.
    pub verdicts: Vec<Verdict>,
}

/// Judges the gate of one contract.
pub fn gate(spec: &GateSpec, ledger: &Ledger, answers: &Answers) -> Gate {
    let fleet = Fleet::of(&ledger.markers);
    let conditions = ConditionKind::ALL.map(|kind| match kind {
        ConditionKind::Phases => phases::judge(spec, ledger),
        ConditionKind::Markers => markers::judge(spec, ledger, &fleet),
        ConditionKind::Instances => instances::judge(spec, ledger),
        ConditionKind::Requires => requires::judge(spec, &fleet),
        ConditionKind::Soak => soak::judge(spec, ledger, &fleet),
        ConditionKind::Proof => proof::judge(spec, ledger, &answers.proofs),
        ConditionKind::Conflicts => conflicts::judge(spec),
        // `ALL` holds the conditions of every gate alone.
        ConditionKind::Veto(_) => closed(kind, "is judged with the sources", serde_json::Value::Null, "migrate status"),
    });
    let vetoes = spec.vetoes.iter().enumerate().map(|(index, veto)| verdict::condition(veto, answers.verdicts.get(index)));
    Gate { migration: spec.migration.clone(), conditions: conditions.into_iter().chain(vetoes).collect() }
}

/// A condition that holds.
fn open(kind: ConditionKind, reason: impl Into<String>, evidence: serde_json::Value) -> Condition {
    Condition { kind, name: kind.to_string(), state: GateState::Open, reason: reason.into(), evidence, opens_at: None, next: None }
}

/// A condition that does not hold, with what to do about it.
fn closed(kind: ConditionKind, reason: impl Into<String>, evidence: serde_json::Value, next: impl Into<String>) -> Condition {
    Condition {
        kind,
        name: kind.to_string(),
        state: GateState::Closed,
        reason: reason.into(),
        evidence,
        opens_at: None,
        next: Some(next.into()),
    }
}

#[cfg(test)]
mod tests;
