//! Migrations phase by phase: how far they are, what each statement locks and costs, what was found, what is held.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use colored::{ColoredString, Colorize};

use super::gate::Detail;
use super::pace;
use super::quota::Quota;
use super::{Amount, Style, ago, gate, paragraph, pass, plural, wrapped};
use crate::report::view::{Blocks, LevelView, MigrationView, PhaseState, PhaseView, ProgressView, StatementView, WorkKind};
use crate::report::{CommandName, Report};

/// Migrations of a plan that are all listed; of a longer plan, those without findings are left out but for the [`LAST`].
const LISTED: usize = 30;

/// The newest migrations are the ones that somebody is writing.
const LAST: usize = 10;

/// Every migration of the report, each finding below the phase it stands in, and the findings that belong to none.
pub(super) fn render(report: &Report, style: &Style, text: &mut String, out: &mut dyn FnMut(&str)) {
    let width = style.width;
    let mut shown = vec![false; report.findings.len()];
    let mut quota = Quota::new(*style);
    let is_run = matches!(report.command, CommandName::Apply | CommandName::Rollback | CommandName::Wait);
    let is_bare = report.migrations.iter().flat_map(|migration| &migration.phases).all(|phase| phase.statements.is_empty());
    if is_run && is_bare {
        applied(report, text);
    }
    let listed = listed(report, style.amount);
    if listed.len() < report.migrations.len() {
        let left = report.migrations.len() - listed.len();
        let _ =
            writeln!(text, "{left} of {} migrations have no error or warning and are not listed; -v lists them", report.migrations.len());
    }
    let mut by_file: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, found) in report.findings.iter().enumerate() {
        by_file.entry(&found.file).or_default().push(index);
    }
    for migration in listed.iter().copied().filter(|_| !(is_run && is_bare)) {
        paragraph(text);
        one(report, migration, &by_file, &mut shown, &mut quota, text);
        pass(text, out);
    }
    for (finding, _) in report.findings.iter().zip(&shown).filter(|(_, shown)| !**shown) {
        quota.tell(finding, text);
        pass(text, out);
    }
    quota.close(text);
    let told: HashSet<&str> = listed.iter().map(|migration| migration.id.as_str()).collect();
    loose_gates(report, &told, width, text);
}

/// The migrations that are told of: in a long plan, those with findings and the last ones.
fn listed(report: &Report, amount: Amount) -> Vec<&MigrationView> {
    let is_long = report.command == CommandName::Plan && amount == Amount::Usual && report.migrations.len() > LISTED;
    if !is_long {
        return report.migrations.iter().collect();
    }
    let last = report.migrations.len() - LAST;
    let told = report.findings.iter().filter(|finding| finding.level != LevelView::Notice);
    let files: HashSet<&str> = told.map(|finding| &*finding.file).collect();
    let has_findings = |migration: &MigrationView| migration.phases.iter().any(|phase| files.contains(phase.file.as_str()));
    let is_told = |&(index, migration): &(usize, &MigrationView)| index >= last || has_findings(migration);
    report.migrations.iter().enumerate().filter(is_told).map(|(_, migration)| migration).collect()
}

/// Gates of migrations that are not listed: each below its name, or below several names where it reads the same.
fn loose_gates(report: &Report, told: &HashSet<&str>, width: usize, text: &mut String) {
    let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
    let mut last = "";
    for gate in report.gates.iter().filter(|gate| !told.contains(gate.migration.as_str())) {
        if gate.migration == last {
            continue;
        }
        last = &gate.migration;
        let mut told = String::new();
        gate_of(report, &gate.migration, width, &mut told);
        match groups.last_mut() {
            Some((names, same)) if *same == told => names.push(&gate.migration),
            _ => groups.push((vec![&gate.migration], told)),
        }
    }
    for (names, told) in groups {
        paragraph(text);
        for name in names {
            let _ = writeln!(text, "{}", name.bold());
        }
        let _ = writeln!(text, "  {:<9} {}", "contract", painted(PhaseState::Held));
        text.push_str(&told);
    }
}

/// What a run did: a line for each phase.
fn applied(report: &Report, text: &mut String) {
    for (migration, phase) in report.migrations.iter().flat_map(|migration| migration.phases.iter().map(move |phase| (migration, phase))) {
        let rows = phase.progress.as_ref().and_then(|progress| progress.rows);
        let rows = rows.map(|rows| format!(": {}, {} changed", plural_rows(rows.walked), rows.changed)).unwrap_or_default();
        let state = state(phase.state);
        let _ = writeln!(
            text,
            "{:<9} {}{} {}{rows}",
            phase.phase.as_str(),
            painted(phase.state),
            " ".repeat(11_usize.saturating_sub(state.len())),
            migration.id
        );
    }
}

fn plural_rows(rows: u64) -> String {
    format!("{rows} row{} walked", if rows == 1 { "" } else { "s" })
}

fn gate_of(report: &Report, migration: &str, width: usize, text: &mut String) {
    let conditions: Vec<_> = report.gates.iter().filter(|gate| gate.migration == migration).collect();
    let detail = if report.command == CommandName::Explain { Detail::Reasons } else { Detail::Names };
    gate::render(&conditions, detail, report.now, width, text);
}

fn one<'r>(
    report: &'r Report,
    migration: &MigrationView,
    by_file: &HashMap<&str, Vec<usize>>,
    shown: &mut [bool],
    quota: &mut Quota<'r>,
    text: &mut String,
) {
    let width = quota.style.width;
    let _ = writeln!(text, "{}", migration.id.bold());
    for phase in &migration.phases {
        head(report, phase, width, text);
        let mut told: Option<(String, usize)> = None;
        for statement in phase.statements.iter() {
            let declared = statement.file.clone().map(|file| (file, statement.line));
            if let Some((file, line)) = declared.as_ref().filter(|_| declared != told) {
                let _ = writeln!(text, "{:>6}  {}", "", format!("[[sync]] at {file}:{line}").dimmed());
            }
            told = declared;
            one_statement(&statement, width, text);
        }
        for &index in by_file.get(phase.file.as_str()).into_iter().flatten() {
            if !std::mem::replace(&mut shown[index], true) {
                quota.tell(&report.findings[index], text);
                paragraph(text);
            }
        }
    }
    gate_of(report, &migration.id, width, text);
}

fn head(report: &Report, phase: &PhaseView, width: usize, text: &mut String) {
    let mut facts: Vec<String> = Vec::new();
    if let Some(at) = phase.finished_at.or(phase.started_at) {
        facts.push(format!("{}{}", ago(at, report.now), phase.actor.as_ref().map(|actor| format!(" by {actor}")).unwrap_or_default()));
    }
    facts.extend(phase.progress.as_deref().map(progress));
    if !phase.waits_for.is_empty() {
        facts.push(format!("for {}", phase.waits_for.join(" and ")));
    }
    if facts.is_empty() && !phase.file.is_empty() {
        facts.push(phase.file.clone());
    }
    let state = state(phase.state);
    let first = format!("  {:<9} {:<12}", phase.phase.as_str(), state);
    let rest = " ".repeat(first.len() + 1);
    let line = wrapped(&facts.join(", "), width, &format!("{first} "), &rest);
    let _ = writeln!(text, "{}", line.trim_end().replacen(state, &painted(phase.state).to_string(), 1));
    let backfill = phase.progress.as_ref().and_then(|progress| progress.backfill.as_ref());
    for told in backfill.map(|backfill| pace::lines(backfill, report.now)).unwrap_or_default() {
        let _ = writeln!(text, "{}", wrapped(&told, width, &rest, &format!("{rest}  ")).trim_end());
    }
}

fn progress(progress: &ProgressView) -> String {
    let steps = match progress.steps {
        Some(all) => format!("{} of {} done", progress.steps_done, plural(all, "step")),
        None => format!("{} done", plural(progress.steps_done, "step")),
    };
    let Some(rows) = progress.rows else { return steps };
    let estimated = rows.estimated.map(|all| format!(" of about {all}")).unwrap_or_default();
    format!("{steps}, {}{estimated} rows walked, {} changed", rows.walked, rows.changed)
}

fn state(state: PhaseState) -> &'static str {
    match state {
        PhaseState::Unknown => "",
        PhaseState::Unchanged => "unchanged",
        PhaseState::Blocked => "waits",
        PhaseState::Pending => "pending",
        PhaseState::Running => "running",
        PhaseState::Done => "done",
        PhaseState::Held => "held",
        PhaseState::RolledBack => "rolled back",
    }
}

fn painted(of: PhaseState) -> ColoredString {
    let word = state(of);
    match of {
        PhaseState::Done => word.green(),
        PhaseState::Held | PhaseState::Blocked | PhaseState::RolledBack => word.yellow(),
        PhaseState::Running => word.cyan(),
        PhaseState::Unknown | PhaseState::Unchanged | PhaseState::Pending => word.normal(),
    }
}

fn one_statement(statement: &StatementView, width: usize, text: &mut String) {
    let room = width.saturating_sub(8);
    let sql: String = if statement.sql.chars().count() > room {
        statement.sql.chars().take(room.saturating_sub(1)).chain(['…']).collect()
    } else {
        statement.sql.clone()
    };
    match &statement.text {
        // It can be read nowhere else, so nothing of it is cut.
        Some(whole) => whole.lines().for_each(|line| {
            let _ = writeln!(text, "{:>6}  {line}", "");
        }),
        None => {
            let _ = writeln!(text, "{:>6}  {sql}", statement.line.to_string().dimmed());
        }
    }
    let _ = writeln!(text, "{}", wrapped(&cost(statement), width, "        ", "          "));
}

/// What a statement locks, makes wait and costs, in one sentence.
fn cost(statement: &StatementView) -> String {
    let mut text = format!("{}; {}", cost_of_locks(statement), cost_of_work(statement));
    if statement.worst_case {
        text.push_str("; worst case: the schema does not tell");
    }
    text
}

/// The locks of a statement, and who waits for them.
pub fn cost_of_locks(statement: &StatementView) -> String {
    let mut parts: Vec<String> = Vec::new();
    for lock in &statement.locks {
        let waits = match lock.blocks {
            Blocks::Nothing => "nobody waits",
            Blocks::Writes => "writes wait",
            Blocks::ReadsAndWrites => "reads and writes wait",
        };
        let briefly = if statement.work.is_empty() && lock.blocks != Blocks::Nothing { " for a moment" } else { "" };
        parts.push(format!("{} on {}: {waits}{briefly}", lock.lock, lock.table));
    }
    if parts.is_empty() {
        parts.push("nobody waits".to_owned());
    }
    parts.join("; ")
}

/// What a statement does to stored rows.
pub fn cost_of_work(statement: &StatementView) -> String {
    let mut parts: Vec<String> = Vec::new();
    if statement.work.is_empty() {
        parts.push("catalogue only".to_owned());
    }
    for work in &statement.work {
        let what = match work.kind {
            WorkKind::Scan => "reads all of",
            WorkKind::IndexBuild => "builds an index over",
            WorkKind::Rewrite => "rewrites all of",
            WorkKind::Rows => "changes rows of",
        };
        let rows = work.rows.map(|rows| format!("about {}", plural(usize::try_from(rows).unwrap_or(usize::MAX), "row")));
        let known: Vec<String> = rows.into_iter().chain(work.seconds.as_ref().map(|seconds| seconds.told.clone())).collect();
        let known = if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) };
        parts.push(format!("{what} {}{known}", work.table));
    }
    parts.join("; ")
}
