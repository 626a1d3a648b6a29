//! GitHub Actions: workflow commands that mark the lines of a pull request, the outputs of a step, and its summary.

use std::fmt::Write;

use super::line::{is_held, pending};
use super::view::{FindingView, LevelView};
use super::{CommandName, Report, markdown};

/// Annotations of one level that GitHub shows of a step; what comes after them is dropped without a word.
const SHOWN: usize = 10;

/// Bytes that the summary of a step may have: 1 MiB.
pub const SUMMARY: usize = 1024 * 1024;

/// The workflow commands, the gravest finding first, ten of each level; then a line about what is left out.
pub fn commands(report: &Report) -> String {
    let mut text = String::new();
    let mut left = 0;
    for level in [LevelView::Deny, LevelView::Warn, LevelView::Notice] {
        let of_level = || report.findings.iter().filter(move |finding| finding.level == level);
        of_level().take(SHOWN).for_each(|finding| annotation(report, finding, &mut text));
        left += of_level().count().saturating_sub(SHOWN);
    }
    if let Some(error) = &report.error {
        let told: Vec<&str> = std::iter::once(&error.message).chain(&error.causes).map(String::as_str).collect();
        let title = format!("migrate {}", report.command.as_str());
        let _ = writeln!(text, "::error title={}::{}", property(&title), data(&told.join("\n")));
    }
    if left > 0 {
        let _ = writeln!(text, "{left} more in the summary of this step: GitHub shows {SHOWN} of each level");
    }
    text
}

fn annotation(report: &Report, finding: &FindingView, text: &mut String) {
    let command = match finding.level {
        LevelView::Notice => "notice",
        LevelView::Warn => "warning",
        LevelView::Deny => "error",
    };
    let file = property(&report.in_repository(&finding.file));
    let _ = write!(text, "::{command} file={file},line={},endLine={}", finding.line, finding.end_line);
    // Columns of a range over several lines are refused.
    if finding.line == finding.end_line {
        let _ = write!(text, ",col={},endColumn={}", finding.column, finding.end_column);
    }
    let message = if finding.help.is_empty() { finding.message.clone() } else { format!("{}\n{}", finding.message, finding.help) };
    let _ = writeln!(text, ",title={}::{}", property(finding.lint), data(&message));
}

/// How it ended, for a log that has nothing but annotations.
pub fn closing(report: &Report) -> String {
    format!("migrate {}: {}\n", report.command.as_str(), markdown::headline(report))
}

/// A contract that is held back, for a run that is no check: it is no failure, and somebody should see it.
pub fn held(report: &Report) -> String {
    if report.command != CommandName::Apply || !is_held(report) {
        return String::new();
    }
    let waits = report.gates.iter().filter(|gate| !gate.state.lets_through());
    let mut told: Vec<String> = waits.map(|gate| format!("{}: {}: {}", gate.migration, gate.name, gate.reason)).collect();
    told.extend(report.next_check_at.map(|at| format!("come back at {at}")));
    format!("::warning title={}::{}\n", property("migrate apply: held"), data(&told.join("\n")))
}

/// What a later step can ask for: `name=value` lines. A value that is not known is empty.
pub fn outputs(report: &Report) -> String {
    let mut text = String::new();
    let mut say = |name: &str, value: &str| {
        let _ = writeln!(text, "{name}={}", value.replace(['\r', '\n'], " "));
    };
    let digest = report.plan_digest.as_deref().unwrap_or_default();
    let is_check = matches!(report.command, CommandName::Plan | CommandName::Lint);
    if is_check {
        let has_findings = report.findings.iter().any(|finding| finding.level > LevelView::Notice);
        say("has-findings", &has_findings.to_string());
    }
    say("held", &is_held(report).to_string());
    if is_check {
        // The name that the action has had from the beginning.
        say("digest", digest);
    }
    say("outcome", report.outcome.as_str());
    say("next-check-at", &report.next_check_at.map(|at| at.to_string()).unwrap_or_default());
    say("plan-digest", digest);
    say("pending-count", &pending(report).map(|left| left.to_string()).unwrap_or_default());
    text
}

/// The summary of the step.
pub fn summary(report: &Report) -> String {
    markdown::render(report, SUMMARY)
}

/// The text behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_command_or_a_property_is_escaped() {
        assert_eq!(data("100 %\r\nb: c, d"), "100 %25%0D%0Ab: c, d");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
