//! The report for people: readable at 80 columns, without colour and through a pipe. Colour is always written; the
//! printer strips it where nobody wants it.

mod change;
mod event;
mod finding;
mod fleet;
mod gate;
mod migration;
pub mod pace;
mod quota;
mod wrap;

use std::fmt::Write;

use colored::Colorize;

use super::view::LevelView;
use super::{CommandName, ErrorView, Outcome, Report};

pub use event::{event, first_line, precise};
pub use migration::{cost_of_locks, cost_of_work};
pub use wrap::{ago, span, wrapped};

/// What a line holds where no terminal says otherwise.
pub const WIDTH: usize = 80;

/// How the report is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// What a line holds, in characters.
    pub width: usize,
    /// How much is told of what repeats itself.
    pub amount: Amount,
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// The first findings of a lint in full, the next in two lines, the rest as a number; notices in two lines.
    Usual,
    /// Everything in full (`-v`).
    Everything,
}

/// Bytes of a report that are held before they go on their way.
const HELD: usize = 1 << 16;

/// The whole report, ending in a newline; empty when there is nothing to say.
pub fn render(report: &Report, style: &Style) -> String {
    let mut whole = String::new();
    write(report, style, &mut |piece| whole.push_str(piece));
    whole
}

/// Hands the report over piece by piece: that of a long history is never held as a whole.
pub fn write(report: &Report, style: &Style, out: &mut dyn FnMut(&str)) {
    let width = style.width.clamp(40, 120);
    let mut text = String::new();
    if let Some(page) = &report.page {
        text.push_str(page);
        if !page.ends_with('\n') {
            text.push('\n');
        }
    }
    if let Some(stats) = &report.stats {
        text.push_str(&stats.document());
    }
    migration::render(report, &Style { width, ..*style }, &mut text, out);
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
    if let Some(digest) = &report.plan_digest
        && report.error.is_none()
        && !report.migrations.is_empty()
        && report.count(LevelView::Deny) == 0
    {
        if report.notes.is_empty() {
            paragraph(&mut text);
        }
        line(&mut text, &format!("plan digest: {digest}"));
    }
    if let Some(summary) = summary(report) {
        paragraph(&mut text);
        line(&mut text, &summary);
    }
    // What `init` writes is used step by step; elsewhere one of the commands will do.
    let further = if report.command == CommandName::Init { "then: " } else { "  or: " };
    next(&report.next, further, width, &mut text);
    out(&text);
}

/// Hands over what is held but for its end, which tells whether a paragraph has begun.
fn pass(text: &mut String, out: &mut dyn FnMut(&str)) {
    if text.len() > HELD {
        let cut = text.floor_char_boundary(text.len() - 2);
        out(&text[..cut]);
        text.drain(..cut);
    }
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

fn next(commands: &[String], further: &str, width: usize, text: &mut String) {
    for (index, command) in commands.iter().enumerate() {
        let label = if index == 0 { "next: " } else { further };
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
    let [denied, warned, noticed] = [LevelView::Deny, LevelView::Warn, LevelView::Notice].map(|level| report.count(level));
    let told = [
        (denied, plural(denied, "error").normal()),
        (warned, plural(warned, "warning").yellow()),
        (noticed, plural(noticed, "notice").normal()),
    ];
    let told: Vec<String> = told.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words.to_string()).collect();
    Some(match (denied, told.is_empty()) {
        (0, true) => "no findings".green().to_string(),
        (0, false) => format!("{}, nothing is refused", told.join(", ")),
        (_, _) => format!("{}: {}", "refused".red().bold(), told.join(", ")),
    })
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
