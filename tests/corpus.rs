//! How many statements of real migrations are read: measured over a folder that `MIGRATE_CORPUS` names.
//!
//! The folder holds `postgres/`, `mysql/` and `sqlite/` with migrations of any projects, and `regress/` with PostgreSQL's
//! own regression SQL. Statements that the database itself would reject are told apart where an oracle is at hand.

#![expect(clippy::print_stderr, reason = "the figures are what it is run for")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use concertina::schema::{Dialect, Operation, Server};
use concertina::sql::{ProblemKind, Source, Statement, read};

/// What was counted in one folder.
#[derive(Default)]
struct Count {
    files: usize,
    statements: usize,
    invalid: usize,
    unread: usize,
    valid_ddl: usize,
    unread_ddl: usize,
    /// The first words of what was not read, with how often, a sample and the reason.
    failures: BTreeMap<String, (usize, String)>,
}

fn corpus(part: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("MIGRATE_CORPUS") else {
        eprintln!("SKIPPED: MIGRATE_CORPUS names no folder, so how much of {part} is read was not measured");
        return None;
    };
    let folder = PathBuf::from(root).join(part);
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

fn reason(statement: &Statement) -> Option<&str> {
    statement.clauses.iter().find_map(|clause| match &clause.operation {
        Operation::Opaque(opaque) => Some(opaque.reason.as_str()),
        _ => None,
    })
}

fn is_ddl(sql: &str) -> bool {
    let verb = sql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    ["CREATE", "ALTER", "DROP", "TRUNCATE", "DO", "REINDEX", "REFRESH", "RENAME"].contains(&verb.as_str())
}

fn measure(folder: &Path, dialect: Dialect, valid: fn(&str) -> bool) -> Count {
    let mut paths = Vec::new();
    files(folder, &mut paths);
    let mut count = Count::default();
    for path in paths {
        let bytes = std::fs::read(&path).expect("a file");
        let Ok(source) = Source::decode(path.to_string_lossy(), &bytes) else { continue };
        count.files += 1;
        let script = read(&source, Server::oldest(dialect));
        for statement in &script.statements {
            let sql = script.text(statement.span);
            let reason = reason(statement);
            count.statements += 1;
            let template = script
                .problems
                .iter()
                .any(|problem| matches!(problem.kind, ProblemKind::Template(_)) && statement.span.range().contains(&problem.span.start));
            if reason.is_some() && (template || !valid(sql)) {
                count.invalid += 1;
                continue;
            }
            count.valid_ddl += usize::from(is_ddl(sql));
            if let Some(reason) = reason {
                count.unread += 1;
                count.unread_ddl += usize::from(is_ddl(sql));
                let head: Vec<&str> = sql.split_whitespace().take(2).collect();
                let sample: String = sql.chars().take(300).collect();
                let entry = count.failures.entry(format!("{} — {reason}", head.join(" ").to_uppercase())).or_default();
                entry.0 += 1;
                entry.1 = format!("{}:{}\n{sample}", path.display(), source.place(statement.span.start).line);
            }
        }
    }
    count
}

fn report(name: &str, count: &Count, goal: f64, ddl_only: bool) {
    let valid = count.statements - count.invalid;
    let rate = |unread: usize, of: usize| 100.0 * (1.0 - unread as f64 / of.max(1) as f64);
    let (all, ddl) = (rate(count.unread, valid), rate(count.unread_ddl, count.valid_ddl));
    let mut failures: Vec<_> = count.failures.iter().collect();
    failures.sort_by_key(|(_, (times, _))| std::cmp::Reverse(*times));
    for (what, (times, sample)) in failures.iter().take(60) {
        eprintln!("{times:5} × {what}\n        {}", sample.replace('\n', "\n        "));
    }
    eprintln!(
        "{name}: {} files, {} statements, {} invalid, {} not read: {all:.3} % of the valid are read, {ddl:.3} % of the {} DDL among them",
        count.files, count.statements, count.invalid, count.unread, count.valid_ddl
    );
    let reached = if ddl_only { ddl } else { all };
    assert!(reached >= goal, "{name}: {reached:.3} % is less than {goal} %");
}

fn postgres_accepts(sql: &str) -> bool {
    squawk_syntax::SourceFile::parse(&format!("{sql};")).errors().is_empty()
}

#[test]
fn postgres_migrations_are_read() {
    if let Some(folder) = corpus("postgres") {
        report("postgres", &measure(&folder, Dialect::Postgres, postgres_accepts), 99.9, false);
    }
}

#[test]
fn regression_sql_of_postgres_is_read() {
    if let Some(folder) = corpus("regress") {
        report("regress", &measure(&folder, Dialect::Postgres, postgres_accepts), 97.0, true);
    }
}

#[test]
fn mysql_migrations_are_read() {
    if let Some(folder) = corpus("mysql") {
        report("mysql", &measure(&folder, Dialect::Mysql, |_| true), 99.5, false);
    }
}

#[test]
fn sqlite_migrations_are_read() {
    if let Some(folder) = corpus("sqlite") {
        report("sqlite", &measure(&folder, Dialect::Sqlite, |_| true), 99.8, false);
    }
}
