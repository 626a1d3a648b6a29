//! The gate of a contract: a light for each condition.

use jiff::Timestamp;

use super::moment::Moment;
use crate::plan::{Condition, ConditionKind, Gate, GateState};

/// A gate.
pub(super) struct Card {
    /// Whose contract.
    pub(super) id: String,
    /// Class.
    pub(super) look: &'static str,
    /// How it stands, in a few words.
    pub(super) word: String,
    /// When it opens if nothing else happens.
    pub(super) opens: Option<Moment>,
    /// What holds it, then what does not.
    pub(super) lights: Vec<Light>,
    /// Conditions that hold nothing.
    pub(super) open: Vec<Light>,
}

/// A condition.
pub(super) struct Light {
    /// What it asks for.
    pub(super) title: &'static str,
    /// Class and icon.
    pub(super) look: &'static str,
    /// Its state.
    pub(super) word: &'static str,
    /// Why.
    pub(super) reason: String,
    /// What to do about it.
    pub(super) next: Option<String>,
    /// Whether that is a command.
    pub(super) is_command: bool,
}

impl Card {
    pub(super) fn of(gate: &Gate, now: Timestamp) -> Card {
        let (open, lights): (Vec<Light>, Vec<Light>) =
            gate.conditions.iter().map(Light::of).partition(|light| matches!(light.look, "open" | "overridden"));
        let unknown = lights.iter().filter(|light| light.look == "unknown").count();
        let (look, word) = match (lights.len(), unknown) {
            (0, _) => ("open", "open: the contract may run".to_owned()),
            (all, unknown) if all == unknown => ("unknown", "not known, which holds it".to_owned()),
            (1, _) => ("held", "held by one condition".to_owned()),
            (several, _) => ("held", format!("held by {several} conditions")),
        };
        let opens = gate.opens_at().map(|at| Moment::of(at, now));
        Card { id: gate.migration.to_string(), look, word, opens, lights, open }
    }
}

impl Light {
    fn of(condition: &Condition) -> Light {
        let (look, word) = match condition.state {
            GateState::Open => ("open", "holds"),
            GateState::Closed => ("closed", "does not hold"),
            GateState::Unknown => ("unknown", "not known"),
            GateState::Overridden => ("overridden", "overridden"),
        };
        let is_command = condition.next.as_deref().is_some_and(|next| next.starts_with("migrate "));
        Light { title: title(condition.kind), look, word, reason: condition.reason.clone(), next: condition.next.clone(), is_command }
    }
}

/// What a condition asks for.
fn title(kind: ConditionKind) -> &'static str {
    kind.as_str()
}
