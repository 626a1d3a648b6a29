//! The comment on a pull request, and the summary of a job: what ships with this deploy, what each statement makes wait, what
//! is wrong with its cure as a difference, and what the contracts will need.

mod escape;
mod finding;
mod phase;

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::text::outcome;
use super::view::{FindingView, LevelView, MigrationView};
use super::{CommandName, Report};
use escape::{code, prose};

/// Bytes that GitHub takes in a comment, less some room: 65,536 characters.
pub const COMMENT: usize = 65_000;

/// Kept for the line that says what was left out, and the digest.
const ROOM: usize = 600;

/// Lines of the overview. In a longer plan, the migrations with the gravest findings come first.
const ROWS: usize = 100;

/// Parts that did not fit before no further one is tried.
const MISSES: usize = 20;

/// The whole, at most `limit` bytes, ending in a newline. Its first line marks it, so that it can be found and replaced.
pub fn render(report: &Report, limit: usize) -> String {
    let mut text = marker(report);
    let _ = writeln!(text, "\n### migrate {}: {}\n", report.command.as_str(), headline(report));
    if let Some(error) = &report.error {
        failed(report, &mut text);
        let _ = writeln!(text, "{}", prose(&error.message));
        error.causes.iter().for_each(|cause| text.push_str(&format!("\nbecause: {}\n", prose(cause))));
    }
    let page = Page::of(report);
    let parts = page.parts();
    let mut left = 0;
    for part in &parts {
        // A part that does not fit is left out; a smaller one behind it may still fit.
        let told = if left < MISSES { page.render(part) } else { String::new() };
        if left < MISSES && text.len() + told.len() + ROOM <= limit {
            text.push_str(&told);
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

/// What can be left out when it does not fit.
enum Part<'r> {
    Overview,
    Migration(&'r MigrationView),
    Finding(&'r FindingView),
    Allowed,
}

/// A report with its findings by file.
struct Page<'r> {
    report: &'r Report,
    by_file: HashMap<&'r str, Vec<&'r FindingView>>,
}

impl<'r> Page<'r> {
    fn of(report: &'r Report) -> Page<'r> {
        let mut by_file: HashMap<&str, Vec<&FindingView>> = HashMap::new();
        for finding in &report.findings {
            by_file.entry(&finding.file).or_default().push(finding);
        }
        Page { report, by_file }
    }

    fn of_file(&self, file: &str) -> &[&'r FindingView] {
        self.by_file.get(file).map(Vec::as_slice).unwrap_or_default()
    }

    /// The gravest level of a migration's findings.
    fn gravest(&self, migration: &MigrationView) -> Option<LevelView> {
        let findings = migration.phases.iter().flat_map(|phase| self.of_file(&phase.file));
        findings.map(|finding| finding.level).max()
    }

    /// Migrations with the gravest findings first, each level in the order of the plan.
    fn migrations(&self) -> Vec<&'r MigrationView> {
        let mut migrations: Vec<&MigrationView> = self.report.migrations.iter().collect();
        let is_long = migrations.len() > ROWS;
        if is_long {
            migrations.sort_by_key(|migration| std::cmp::Reverse(self.gravest(migration)));
        }
        migrations
    }

    fn parts(&self) -> Vec<Part<'r>> {
        let mut parts = Vec::new();
        if !self.report.migrations.is_empty() {
            parts.push(Part::Overview);
        }
        let phases = self.report.migrations.iter().flat_map(|migration| &migration.phases);
        let told: HashSet<&str> = phases.map(|phase| phase.file.as_str()).collect();
        parts.extend(self.migrations().into_iter().map(Part::Migration));
        parts.extend(self.report.worst_first().into_iter().filter(|finding| !told.contains(&*finding.file)).map(Part::Finding));
        if !self.report.allowed.is_empty() {
            parts.push(Part::Allowed);
        }
        parts
    }

    fn render(&self, part: &Part<'_>) -> String {
        match part {
            Part::Overview => self.overview(),
            Part::Migration(migration) => self.migration(migration),
            Part::Finding(finding) => finding::render(finding),
            Part::Allowed => allowed(self.report),
        }
    }

    /// A line for each phase: whether it can ship in this deploy.
    fn overview(&self) -> String {
        let mut text = String::from("| migration | phase | ships in this deploy |\n|---|---|---|\n");
        let is_refused = |file: &str| self.of_file(file).iter().any(|finding| finding.level == LevelView::Deny);
        let phases = || self.migrations().into_iter().flat_map(|migration| migration.phases.iter().map(move |phase| (migration, phase)));
        for (migration, phase) in phases().take(ROWS) {
            let ships = phase::ships(migration, phase, is_refused);
            let _ = writeln!(text, "| {} | {} | {ships} |", code(&migration.id), phase.phase);
        }
        if let Some(more) = phases().count().checked_sub(ROWS).filter(|more| *more > 0) {
            let _ = writeln!(text, "| {more} more | | |");
        }
        text.push('\n');
        text
    }

    fn migration(&self, migration: &MigrationView) -> String {
        let mut text = format!("#### {}\n\n", code(&migration.id));
        for phase in &migration.phases {
            phase::render(self.report, phase, &mut text);
            self.of_file(&phase.file).iter().for_each(|finding| text.push_str(&finding::render(finding)));
        }
        phase::contract(self.report, migration, &mut text);
        text
    }
}

/// Findings that somebody answers for.
fn allowed(report: &Report) -> String {
    let mut text = format!("<details><summary>allowed: {}</summary>\n\n", report.allowed.len());
    for allowed in &report.allowed {
        let finding = &allowed.finding;
        let place = code(&format!("{}:{}", finding.file, finding.line));
        let _ = writeln!(text, "- {} at {place}: {}", code(finding.lint), prose(&allowed.reason));
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
