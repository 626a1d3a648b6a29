//! The report for people: readable at 80 columns, without colour and through a pipe. Colour is always written; the
//! printer strips it where nobody wants it.

mod change;
mod event;
mod finding;
mod fleet;
mod gate;
mod migration;
mod wrap;

use std::fmt::Write;

use colored::Colorize;

use super::view::{FindingView, LevelView};
use super::{CommandName, ErrorView, Outcome, Report};

pub use event::{event, first_line, precise};
pub use wrap::{ago, span, wrapped};

/// What a line holds where no terminal says otherwise.
pub const WIDTH: usize = 80;

/// The whole report, ending in a newline; empty when there is nothing to say.
pub fn render(report: &Report, width: usize) -> String {
    let width = width.clamp(40, 120);
    let mut text = String::new();
    if let Some(page) = &report.page {
        text.push_str(page);
        if !page.ends_with('\n') {
            text.push('\n');
        }
    }
    migration::render(report, width, &mut text);
    fleet::render(report, &mut text);
    change::render(report, &mut text);
    for note in &report.notes {
        text.push_str(&wrapped(note, width, "", ""));
        text.push('\n');
    }
    for file in &report.files {
        line(&mut text, &format!("  {file}"));
    }
    if let Some(error) = &report.error {
        failed(error, width, &mut text);
    }
    if let Some(summary) = summary(report) {
        paragraph(&mut text);
        line(&mut text, &summary);
    }
    next(&report.next, width, &mut text);
    text
}

/// Begins a paragraph: an empty line unless nothing was written yet.
fn paragraph(text: &mut String) {
    if !text.is_empty() && !text.ends_with("\n\n") {
        text.push('\n');
    }
}

fn line(text: &mut String, content: &str) {
    text.push_str(content.trim_end());
    text.push('\n');
}

fn failed(error: &ErrorView, width: usize, text: &mut String) {
    paragraph(text);
    let head = "error: ";
    let message = wrapped(&error.message, width, head, "       ");
    line(text, &message.replacen(head, &format!("{}: ", "error".red().bold()), 1));
    for cause in &error.causes {
        line(text, &wrapped(cause, width, "  because: ", "           "));
    }
    if let Some(details) = &error.details {
        text.push('\n');
        details.lines().for_each(|detail| line(text, &painted(detail)));
        text.push('\n');
    }
}

/// A line of a difference in its colour.
fn painted(line: &str) -> String {
    match line.chars().next() {
        Some('+') => line.green().to_string(),
        Some('-') => line.red().to_string(),
        _ => line.to_owned(),
    }
}

fn next(commands: &[String], width: usize, text: &mut String) {
    for (index, command) in commands.iter().enumerate() {
        let label = if index == 0 { "next: " } else { "  or: " };
        // A command stays in one piece, so that it can be copied; a sentence is broken.
        let told = if command.starts_with("migrate ") { format!("{label}{command}") } else { wrapped(command, width, label, "      ") };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{label}{}", told[label.len()..].bold());
    }
}

/// The last line of a report about SQL: how it ended, in numbers.
fn summary(report: &Report) -> Option<String> {
    if report.error.is_some() {
        return None;
    }
    let judged = matches!(report.command, CommandName::Lint | CommandName::Plan | CommandName::Apply);
    if !judged || (report.findings.is_empty() && report.command == CommandName::Apply) {
        return None;
    }
    let denied = count(&report.findings, LevelView::Deny);
    let warned = count(&report.findings, LevelView::Warn);
    let text = match (denied, warned) {
        (0, 0) => "no findings".green().to_string(),
        (0, warned) => format!("{}, nothing is refused", plural(warned, "warning").yellow()),
        (denied, 0) => format!("{}: {}", "refused".red().bold(), plural(denied, "error")),
        (denied, warned) => format!("{}: {}, {}", "refused".red().bold(), plural(denied, "error"), plural(warned, "warning")),
    };
    Some(text)
}

fn count(findings: &[FindingView], level: LevelView) -> usize {
    findings.iter().filter(|finding| finding.level == level).count()
}

/// `1 error`, `2 errors`.
fn plural(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The word for how a command ended.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Nothing => "nothing to do",
        Outcome::Held => "held",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
        Outcome::Interrupted => "interrupted",
    }
}
