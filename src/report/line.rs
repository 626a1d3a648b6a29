//! The outcome in one line of JSON, for logs, jobs and termination messages; docs/line.schema.json is its schema.
//!
//! Its keys mean what they mean in the full document. What does not fit is cut: reasons first, lists next.

use jiff::Timestamp;
use serde::Serialize;

use super::view::{PhaseState, PhaseView};
use super::{CommandName, FORMAT, Outcome, Report};
use crate::plan::{ConditionKind, GateState};
use crate::schema::Phase;

/// Characters that are left of a sentence where not all of it fits.
const SENTENCE: usize = 160;

/// Entries that are left of a list where not all of it fits.
const ENTRIES: usize = 4;

/// What a deploy job asks for.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    format: u32,
    command: CommandName,
    outcome: Outcome,
    phase: Option<Phase>,
    exit_code: u8,
    /// Whether a gate holds a contract back.
    held: bool,
    /// Phases that are left to run; null where no database was asked.
    pending_count: Option<usize>,
    /// `id:phase` of what ran.
    applied: Vec<String>,
    /// What a contract waits for: conditions that do not hold.
    gates: Vec<Waits>,
    next_check_at: Option<Timestamp>,
    plan_digest: Option<String>,
    error: Option<String>,
    next: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Waits {
    migration: String,
    kind: ConditionKind,
    name: String,
    state: GateState,
    reason: String,
}

impl Line {
    /// What a report says, in full.
    pub fn of(report: &Report) -> Line {
        let waits = report.gates.iter().filter(|gate| !gate.state.lets_through());
        let gates = waits.map(|gate| Waits {
            migration: gate.migration.clone(),
            kind: gate.kind,
            name: gate.name.clone(),
            state: gate.state,
            reason: gate.reason.clone(),
        });
        let told = |error: &super::ErrorView| {
            let sentences: Vec<&str> = std::iter::once(&error.message).chain(&error.causes).map(String::as_str).collect();
            sentences.join("; because: ")
        };
        Line {
            format: FORMAT,
            command: report.command,
            outcome: report.outcome,
            phase: report.phase,
            exit_code: report.exit_code,
            held: is_held(report),
            pending_count: pending(report),
            applied: if report.outcome == Outcome::Nothing { Vec::new() } else { applied(report) },
            gates: gates.collect(),
            next_check_at: report.next_check_at,
            plan_digest: report.plan_digest.clone(),
            error: report.error.as_ref().map(told),
            next: report.next.clone(),
        }
    }

    /// The line without its end. A value of plain data is always JSON.
    pub fn render(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The line in at most so many bytes, with less of everything where it must be.
    pub fn fitting(mut self, bytes: usize) -> String {
        let full = self.render();
        if full.len() <= bytes {
            return full;
        }
        for gate in &mut self.gates {
            cut(&mut gate.reason);
        }
        self.error.iter_mut().for_each(cut);
        self.next.iter_mut().for_each(cut);
        let shorter = self.render();
        if shorter.len() <= bytes {
            return shorter;
        }
        self.gates.truncate(ENTRIES);
        self.applied.truncate(ENTRIES);
        self.next.truncate(ENTRIES);
        let shortest = self.render();
        if shortest.len() <= bytes {
            return shortest;
        }
        (self.gates, self.applied, self.next) = (Vec::new(), Vec::new(), Vec::new());
        self.render()
    }
}

fn cut(sentence: &mut String) {
    if sentence.chars().count() > SENTENCE {
        *sentence = sentence.chars().take(SENTENCE).chain(['…']).collect();
    }
}

fn phases(report: &Report) -> impl Iterator<Item = (&str, &PhaseView)> {
    report.migrations.iter().flat_map(|migration| migration.phases.iter().map(|phase| (migration.id.as_str(), phase)))
}

fn applied(report: &Report) -> Vec<String> {
    let done = phases(report).filter(|(_, phase)| phase.state == PhaseState::Done);
    match report.command {
        CommandName::Apply => done.map(|(id, phase)| format!("{id}:{}", phase.phase)).collect(),
        CommandName::Init
        | CommandName::New
        | CommandName::Fix
        | CommandName::Lint
        | CommandName::Plan
        | CommandName::Stats
        | CommandName::Backfill
        | CommandName::Approve
        | CommandName::Mark
        | CommandName::Releases
        | CommandName::Status
        | CommandName::Wait
        | CommandName::Rollback
        | CommandName::Explain
        | CommandName::Serve
        | CommandName::Completions
        | CommandName::Unknown => Vec::new(),
    }
}

/// Whether a gate holds a contract back.
pub fn is_held(report: &Report) -> bool {
    report.gates.iter().any(|gate| !gate.state.lets_through()) || phases(report).any(|(_, phase)| phase.state == PhaseState::Held)
}

/// Phases that are left to run, held ones included; `None` where no database was asked.
pub fn pending(report: &Report) -> Option<usize> {
    if let Some(left) = report.left {
        return Some(left);
    }
    let mut left = 0;
    for (_, phase) in phases(report) {
        left += match phase.state {
            PhaseState::Unknown => return None,
            PhaseState::Pending | PhaseState::Blocked | PhaseState::Running | PhaseState::Held => 1,
            PhaseState::Unchanged | PhaseState::Done | PhaseState::RolledBack => 0,
        };
    }
    matches!(report.command, CommandName::Plan | CommandName::Status | CommandName::Wait).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ErrorView;
    use crate::report::view::GateView;

    fn held(gates: usize, reason: &str) -> Report {
        let mut report = Report::new(CommandName::Apply);
        report.outcome = Outcome::Held;
        let gate = |number: usize| GateView {
            migration: format!("{number}_a"),
            kind: ConditionKind::Soak,
            name: "soak".to_owned(),
            state: GateState::Closed,
            reason: reason.to_owned(),
            evidence: serde_json::Value::Null,
            opens_at: None,
            next: None,
        };
        report.gates = (0..gates).map(gate).collect();
        report
    }

    #[test]
    fn a_line_is_one_line() {
        let line = Line::of(&held(2, "one\ntwo")).render();
        assert!(!line.contains('\n') && line.contains("\"held\":true"), "{line}");
    }

    #[test]
    fn whatever_is_told_fits_and_stays_json() {
        for (gates, length) in [(0, 0), (3, 10), (3, 5000), (500, 20), (500, 5000)] {
            let mut report = held(gates, &"ä".repeat(length));
            report.error = Some(ErrorView { message: "e".repeat(length), causes: vec!["c".repeat(length)], details: None });
            report.next = vec!["n".repeat(length); 50];
            let line = Line::of(&report).fitting(4000);
            assert!(line.len() <= 4000, "{gates} gates of {length}: {} bytes", line.len());
            let read: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
            assert_eq!(read["held"], gates > 0);
            assert_eq!(read["outcome"], "held");
        }
    }
}
