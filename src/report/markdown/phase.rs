//! A phase of a migration: whether it ships in this deploy, what its statements make wait, and what a contract will need.

use std::fmt::Write;

use super::escape::{code, prose};
use crate::plan::GateState;
use crate::report::Report;
use crate::report::text::{cost_of_locks, cost_of_work};
use crate::report::view::{MigrationView, PhaseState, PhaseView};
use crate::schema::Phase;

/// Statements of one phase that are listed.
const STATEMENTS: usize = 50;

/// Whether a phase can ship in this deploy, and why not.
pub(super) fn ships(migration: &MigrationView, phase: &PhaseView, refused: impl Fn(&str) -> bool) -> String {
    if refused(&phase.file) {
        return "**no**: refused".to_owned();
    }
    if let Some(other) = migration.phases.iter().find(|other| other.phase < phase.phase && refused(&other.file)) {
        return format!("**no**: its {} is refused", other.phase);
    }
    match (phase.phase, phase.state) {
        (_, PhaseState::Done) => "it ran".to_owned(),
        (Phase::Expand, PhaseState::Blocked) => format!("**no**: it comes after {}", waits(phase)),
        (Phase::Expand, _) => "yes, before the roll-out".to_owned(),
        (Phase::Backfill, _) => "yes, after expand".to_owned(),
        (Phase::Contract, PhaseState::Pending | PhaseState::Running) => "yes: its gate is open".to_owned(),
        (Phase::Contract, PhaseState::Held) => "no: its gate is closed".to_owned(),
        (Phase::Contract, _) => "no: in a later one, when its gate opens".to_owned(),
    }
}

fn waits(phase: &PhaseView) -> String {
    let names: Vec<String> = phase.waits_for.iter().map(|node| code(node)).collect();
    names.join(" and ")
}

/// The statements of a phase with their locks.
pub(super) fn render(report: &Report, phase: &PhaseView, text: &mut String) {
    let _ = writeln!(text, "**{}** {}\n", phase.phase, code(&report.in_repository(&phase.file)));
    if phase.statements.is_empty() {
        return;
    }
    text.push_str("| line | statement | lock, and who waits | work |\n|---:|---|---|---|\n");
    for statement in phase.statements.iter().take(STATEMENTS) {
        let mut work = cost_of_work(&statement);
        if statement.worst_case {
            work.push_str(" (worst case: the schema does not tell)");
        }
        let declared = statement.file.as_deref().map(|file| file.rsplit('/').next().unwrap_or(file));
        let place = declared.map_or_else(|| statement.line.to_string(), |file| format!("{file}:{}", statement.line));
        let _ = writeln!(text, "| {} | {} | {} | {} |", place, code(&statement.sql), prose(&cost_of_locks(&statement)), prose(&work));
    }
    if let Some(more) = phase.statements.len().checked_sub(STATEMENTS).filter(|more| *more > 0) {
        let _ = writeln!(text, "| | {more} more | | |");
    }
    text.push('\n');
}

/// What stands between a contract and its run.
pub(super) fn contract(report: &Report, migration: &MigrationView, text: &mut String) {
    let held: Vec<_> = report.gates.iter().filter(|gate| gate.migration == migration.id && !gate.state.lets_through()).collect();
    if !held.is_empty() {
        text.push_str("The contract is held:\n\n");
        for gate in held {
            let state = match gate.state {
                GateState::Unknown => "unknown",
                GateState::Closed | GateState::Open | GateState::Overridden => "closed",
            };
            let opens = gate.opens_at.map(|at| format!("; opens {}", at.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
            let _ = writeln!(text, "- {} ({state}): {}{opens}", gate.name, prose(&gate.reason));
        }
        text.push('\n');
        return;
    }
    let needs = migration.phases.iter().flat_map(|phase| &phase.needs);
    let needs: String = needs.map(|need| format!("- {}\n", prose(need))).collect();
    if !needs.is_empty() {
        let _ = writeln!(text, "Before the contract runs:\n\n{needs}");
    }
}
