//! What a contract waits for: each condition with its state, its reason, what opens it and when.

use std::fmt::Write;

use colored::Colorize;
use jiff::Timestamp;

use super::{ago, wrapped};
use crate::plan::{ConditionKind, GateState};
use crate::report::view::GateView;

/// The conditions of one gate or several.
pub(super) fn render<'a>(gates: impl Iterator<Item = &'a GateView>, now: Option<Timestamp>, width: usize, text: &mut String) {
    for gate in gates {
        let state = match gate.state {
            GateState::Open => "open",
            GateState::Closed => "closed",
            GateState::Unknown => "unknown",
            GateState::Overridden => "overridden",
        };
        let first = format!("    {:<10} {:<10} ", kind(gate.kind), state);
        let rest = " ".repeat(first.len());
        let block = wrapped(&gate.reason, width, &first, &rest);
        let painted = match gate.state {
            GateState::Open => state.green(),
            GateState::Closed => state.red(),
            GateState::Unknown | GateState::Overridden => state.yellow(),
        };
        let _ = writeln!(text, "{}", block.replacen(state, &painted.to_string(), 1));
        if gate.state == GateState::Open {
            continue;
        }
        if let Some(at) = gate.opens_at {
            let _ = writeln!(text, "{rest}opens {}", ago(at, now));
        }
        if let Some(next) = &gate.next {
            let _ = writeln!(text, "{}", wrapped(next, width, &format!("{rest}do: "), &format!("{rest}    ")));
        }
    }
}

/// The word that `--override-gate` takes.
pub(super) fn kind(kind: ConditionKind) -> &'static str {
    match kind {
        ConditionKind::Phases => "phases",
        ConditionKind::Markers => "markers",
        ConditionKind::Instances => "instances",
        ConditionKind::Requires => "requires",
        ConditionKind::Soak => "soak",
        ConditionKind::Proof => "proof",
        ConditionKind::Conflicts => "conflicts",
    }
}
