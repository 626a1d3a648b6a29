//! The comment on a pull request, and the summary of a job: what ships with this deploy, what each statement makes wait, what
//! is wrong with its cure as a difference, and what the contracts will need.

mod escape;
mod finding;
mod phase;

use std::fmt::Write;

use super::text::outcome;
use super::view::{LevelView, MigrationView};
use super::{CommandName, Report};
use escape::{code, prose};

/// Bytes that GitHub takes in a comment, less some room: 65,536 characters.
pub const COMMENT: usize = 65_000;

/// Kept for the line that says what was left out, and the digest.
const ROOM: usize = 600;

/// The whole, at most `limit` bytes, ending in a newline. Its first line marks it, so that it can be found and replaced.
pub fn render(report: &Report, limit: usize) -> String {
    let mut text = marker(report);
    let _ = writeln!(text, "\n### migrate {}: {}\n", report.command.as_str(), headline(report));
    if let Some(error) = &report.error {
        failed(report, &mut text);
        let _ = writeln!(text, "{}", prose(&error.message));
        error.causes.iter().for_each(|cause| text.push_str(&format!("\nbecause: {}\n", prose(cause))));
    }
    let parts = parts(report);
    let mut left = 0;
    for part in &parts {
        // A part that does not fit is left out; a smaller one behind it may still fit.
        if text.len() + part.len() + ROOM <= limit {
            text.push_str(part);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        let _ = writeln!(text, "{left} of {} parts are left out here: they do not fit. The log of the job has them all.\n", parts.len());
    }
    foot(report, &mut text);
    text
}

/// A comment that nobody sees: the command, and the project where a repository has several.
fn marker(report: &Report) -> String {
    let folder = if report.folder.is_empty() { "." } else { &report.folder };
    format!("<!-- concertina:{}:{} -->\n", report.command.as_str(), folder.replace("--", "- -"))
}

/// How it ended, in a few words and numbers.
pub(super) fn headline(report: &Report) -> String {
    if report.error.is_some() {
        return "it could not be judged".to_owned();
    }
    let numbers: Vec<String> = [(LevelView::Deny, "error"), (LevelView::Warn, "warning"), (LevelView::Notice, "notice")]
        .into_iter()
        .map(|(level, noun)| (report.count(level), noun))
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| format!("{number} {noun}{}", if number == 1 { "" } else { "s" }))
        .collect();
    let numbers = if numbers.is_empty() { "no findings".to_owned() } else { numbers.join(", ") };
    if report.count(LevelView::Deny) > 0 { format!("refused, {numbers}") } else { numbers }
}

fn failed(report: &Report, text: &mut String) {
    let _ = writeln!(text, "{} (exit code {})\n", outcome(report.outcome), report.exit_code);
}

/// What can be left out: the overview, the migrations, findings that belong to none.
fn parts(report: &Report) -> Vec<String> {
    let mut parts = Vec::new();
    if !report.migrations.is_empty() {
        parts.push(overview(report));
    }
    let mut shown = vec![false; report.findings.len()];
    for migration in &report.migrations {
        parts.push(one(report, migration, &mut shown));
    }
    for (index, finding) in report.findings.iter().enumerate() {
        if !shown[index] {
            parts.push(finding::render(finding));
        }
    }
    if !report.allowed.is_empty() {
        parts.push(allowed(report));
    }
    parts
}

/// A line for each phase: whether it can ship in this deploy.
fn overview(report: &Report) -> String {
    let mut text = String::from("| migration | phase | ships in this deploy |\n|---|---|---|\n");
    for migration in &report.migrations {
        for phase in &migration.phases {
            let ships = phase::ships(report, migration, phase);
            let _ = writeln!(text, "| {} | {} | {ships} |", code(&migration.id), phase.phase);
        }
    }
    text.push('\n');
    text
}

fn one(report: &Report, migration: &MigrationView, shown: &mut [bool]) -> String {
    let mut text = format!("#### {}\n\n", code(&migration.id));
    for phase in &migration.phases {
        phase::render(report, phase, &mut text);
        for (index, found) in report.findings.iter().enumerate().filter(|(_, found)| found.file == phase.file) {
            if !std::mem::replace(&mut shown[index], true) {
                text.push_str(&finding::render(found));
            }
        }
    }
    phase::contract(report, migration, &mut text);
    text
}

/// Findings that somebody answers for.
fn allowed(report: &Report) -> String {
    let mut text = format!("<details><summary>allowed: {}</summary>\n\n", report.allowed.len());
    for allowed in &report.allowed {
        let finding = &allowed.finding;
        let place = code(&format!("{}:{}", finding.file, finding.line));
        let _ = writeln!(text, "- {} at {place}: {}", code(&finding.lint), prose(&allowed.reason));
    }
    text.push_str("\n</details>\n\n");
    text
}

fn foot(report: &Report, text: &mut String) {
    if report.migrations.is_empty() && report.findings.is_empty() && report.error.is_none() {
        let nothing = match report.command {
            CommandName::Plan => "Nothing here changes the schema.",
            _ => "Nothing to say about these files.",
        };
        let _ = writeln!(text, "{nothing}\n");
    }
    for note in &report.notes {
        let _ = writeln!(text, "{}\n", prose(note));
    }
    if let Some(digest) = report.plan_digest.as_ref().filter(|_| !report.migrations.is_empty() && report.error.is_none()) {
        let _ = writeln!(text, "Plan digest {}: `migrate apply --phase … --plan-digest …` runs this plan and no other.", code(digest));
    }
}
