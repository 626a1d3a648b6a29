//! What a contract waits for: each condition with its state, its reason, what opens it and when.

use std::fmt::Write;

use colored::Colorize;
use jiff::Timestamp;

use super::{ago, wrapped};
use crate::plan::GateState;
use crate::report::view::GateView;

/// How much is told of conditions that hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Their names.
    Names,
    /// Their reasons too.
    Reasons,
}

/// The conditions of one gate: those that hold it first.
pub(super) fn render(gate: &[&GateView], detail: Detail, now: Option<Timestamp>, width: usize, text: &mut String) {
    let is_told = |view: &&&GateView| view.state != GateState::Open || detail == Detail::Reasons;
    for condition in gate.iter().filter(is_told) {
        one(condition, now, width, text);
    }
    let rest: Vec<&str> = gate.iter().filter(|view| !is_told(view)).map(|view| view.name.as_str()).collect();
    if !rest.is_empty() {
        let _ = writeln!(text, "    {} {}", format!("{:<10}", "open").green(), rest.join(", "));
    }
}

fn one(condition: &GateView, now: Option<Timestamp>, width: usize, text: &mut String) {
    let state = match condition.state {
        GateState::Open => "open",
        GateState::Closed => "closed",
        GateState::Unknown => "unknown",
        GateState::Overridden => "overridden",
    };
    let first = format!("    {:<10} {:<10} ", condition.name, state);
    let rest = " ".repeat(first.len());
    let block = wrapped(&condition.reason, width, &first, &rest);
    let painted = match condition.state {
        GateState::Open => state.green(),
        GateState::Closed => state.red(),
        GateState::Unknown | GateState::Overridden => state.yellow(),
    };
    let _ = writeln!(text, "{}", block.replacen(state, &painted.to_string(), 1));
    if condition.state.lets_through() {
        return;
    }
    if let Some(at) = condition.opens_at {
        let _ = writeln!(text, "{rest}opens {}", ago(at, now));
    }
    if let Some(next) = &condition.next {
        let next = match next.starts_with("migrate ") {
            // A command stays in one piece, so that it can be copied.
            true => format!("{rest}do: {next}"),
            false => wrapped(next, width, &format!("{rest}do: "), &format!("{rest}    ")),
        };
        let _ = writeln!(text, "{next}");
    }
}
