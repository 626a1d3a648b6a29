//! Every form of the manuals is read, into the operations and over the bytes that it should be.

use super::dispatch::statement;
use crate::schema::{Dialect, Operation, Server};
use crate::sql::{Clause, Span};

fn read(dialect: Dialect, sql: &str) -> Vec<Clause> {
    statement(sql, Span::new(0, sql.len()), Server::oldest(dialect))
}

fn refusal(clauses: &[Clause]) -> Option<&str> {
    clauses.iter().find_map(|clause| match &clause.operation {
        Operation::Opaque(opaque) => Some(opaque.reason.as_str()),
        _ => None,
    })
}

/// The statements of a probe file: one a line, `--` in front of a comment.
fn probes(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"))
}

fn assert_all_read(dialect: Dialect, file: &'static str) {
    let unread: Vec<String> =
        probes(file).filter_map(|sql| refusal(&read(dialect, sql)).map(|reason| format!("{sql}\n    {reason}"))).collect();
    assert!(unread.is_empty(), "{} of {} not read:\n{}", unread.len(), probes(file).count(), unread.join("\n"));
}

fn assert_none_read(dialect: Dialect, file: &'static str) {
    let accepted: Vec<&str> = probes(file).filter(|sql| refusal(&read(dialect, sql)).is_none()).collect();
    assert!(accepted.is_empty(), "read although {dialect} rejects them:\n{}", accepted.join("\n"));
}

/// `Variant | clause text` for each clause.
fn outline(dialect: Dialect, sql: &str) -> Vec<String> {
    read(dialect, sql)
        .iter()
        .map(|clause| {
            let debug = format!("{:?}", clause.operation);
            let variant = debug.split([' ', '(']).next().unwrap_or_default();
            format!("{variant} | {}", &sql[clause.span.range()])
        })
        .collect()
}

#[test]
fn postgres_forms_are_read() {
    assert_all_read(Dialect::Postgres, include_str!("../../../tests/probes/postgres.sql"));
}

#[test]
fn sqlite_forms_are_read() {
    assert_all_read(Dialect::Sqlite, include_str!("../../../tests/probes/sqlite.sql"));
}

#[test]
fn what_sqlite_rejects_is_refused() {
    assert_none_read(Dialect::Sqlite, include_str!("../../../tests/probes/refused/sqlite.sql"));
}

#[test]
fn mysql_forms_are_read() {
    assert_all_read(Dialect::Mysql, include_str!("../../../tests/probes/mysql.sql"));
}

#[test]
fn what_mysql_rejects_is_refused() {
    assert_none_read(Dialect::Mysql, include_str!("../../../tests/probes/refused/mysql.sql"));
}

#[test]
fn what_postgres_rejects_is_refused() {
    assert_none_read(Dialect::Postgres, include_str!("../../../tests/probes/refused/postgres.sql"));
}
