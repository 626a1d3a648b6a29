//! The gate of a contract: a light for each condition.

use jiff::Timestamp;

use super::moment::Moment;
use crate::plan::{Condition, Gate, GateState};

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
    /// Its name.
    pub(super) title: String,
    /// Class and icon.
    pub(super) look: &'static str,
    /// Its state.
    pub(super) word: &'static str,
    /// Why.
    pub(super) reason: Vec<Part>,
    /// What to do about it, where that is one command.
    pub(super) command: Option<String>,
    /// What to do about it, in words.
    pub(super) advice: Vec<Part>,
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
        let is_command = |next: &&String| next.starts_with("migrate ");
        let command = condition.next.as_ref().filter(is_command).cloned();
        let advice = condition.next.as_ref().filter(|next| !is_command(next)).map(|next| parts(next)).unwrap_or_default();
        Light { title: condition.name.clone(), look, word, reason: parts(&condition.reason), command, advice }
    }
}

/// A stretch of a sentence.
pub(super) struct Part {
    /// What it says.
    pub(super) text: String,
    /// Whether it stood between backquotes: a command.
    pub(super) is_code: bool,
}

/// A sentence with its commands apart.
fn parts(sentence: &str) -> Vec<Part> {
    let pieces = sentence.split('`').enumerate();
    pieces.filter(|(_, text)| !text.is_empty()).map(|(place, text)| Part { text: text.to_owned(), is_code: place % 2 == 1 }).collect()
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn commands_in_a_sentence_stand_apart() {
        let told: Vec<(String, bool)> =
            parts("finish it, then `migrate mark deployed api@2`").into_iter().map(|part| (part.text, part.is_code)).collect();
        assert_eq!(told, [("finish it, then ".to_owned(), false), ("migrate mark deployed api@2".to_owned(), true)]);
        assert!(parts("").is_empty());
    }
}
