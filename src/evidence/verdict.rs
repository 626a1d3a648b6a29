//! What a source outside of the markers answered, and how it becomes a condition of the gate.

use serde_json::{Value, json};

use crate::migration::Veto;
use crate::plan::{Condition, ConditionKind, GateState};

/// What one source says.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether it agrees.
    pub state: GateState,
    /// Why, in a sentence for people.
    pub reason: String,
    /// What was seen.
    pub evidence: Value,
}

impl Verdict {
    /// It agrees.
    pub(super) fn open(reason: impl Into<String>, evidence: Value) -> Verdict {
        Verdict { state: GateState::Open, reason: reason.into(), evidence }
    }

    /// It does not.
    pub(super) fn closed(reason: impl Into<String>, evidence: Value) -> Verdict {
        Verdict { state: GateState::Closed, reason: reason.into(), evidence }
    }

    /// Nobody knows.
    pub fn unknown(reason: impl Into<String>, evidence: Value) -> Verdict {
        Verdict { state: GateState::Unknown, reason: reason.into(), evidence }
    }
}

/// The condition that a source makes; one that was not asked is not known.
pub(super) fn condition(veto: &Veto, verdict: Option<&Verdict>) -> Condition {
    let unasked = Verdict::unknown("was not asked", Value::Null);
    let verdict = verdict.unwrap_or(&unasked);
    let next = match verdict.state {
        GateState::Open | GateState::Overridden => None,
        GateState::Closed => Some(format!("come back when it agrees; or answer for it with `--override-gate {} --reason …`", veto.name)),
        GateState::Unknown => Some(format!("see to it that it can be asked; or `--override-gate {} --reason …`", veto.name)),
    };
    Condition {
        kind: ConditionKind::Veto(veto.kind()),
        name: veto.name.clone(),
        state: verdict.state,
        reason: verdict.reason.clone(),
        evidence: json!({ "asked": veto.ask.to_string(), "seen": verdict.evidence }),
        opens_at: None,
        next,
    }
}
