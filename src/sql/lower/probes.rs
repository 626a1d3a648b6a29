//! Own lists of statements per dialect: all are read, their spoiled twins are not, and the oracles agree.

use super::statement;
use crate::schema::{Dialect, Server};
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::{Clause, Span};

/// Reads one statement.
pub(super) fn read(dialect: Dialect, text: &str) -> Result<Vec<Clause>, String> {
    let run = || {
        let mut cursor = Cursor::new(text, Span::new(0, text.len()), Server::oldest(dialect))?;
        let clauses = statement(&mut cursor)?;
        if cursor.finished() { Ok(clauses) } else { Err(cursor.unexpected("the end")) }
    };
    run().map_err(|unread: Unread| unread.reason)
}

/// Statements that do not come out as expected, one line each.
fn surprises(dialect: Dialect, list: &str, expect_read: bool) -> Vec<String> {
    statements(list)
        .filter_map(|line| match read(dialect, line) {
            Ok(_) if expect_read => None,
            Err(_) if !expect_read => None,
            Ok(clauses) => Some(format!("{line}\n    was read as {clauses:?}")),
            Err(reason) => Some(format!("{line}\n    {reason}")),
        })
        .collect()
}

/// The statements of a list. A mark in front says that the oracle is known to be wrong about one.
fn statements(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter(|line| !line.is_empty()).map(|line| line.strip_prefix(MARK).unwrap_or(line))
}

/// The statements about which the oracle is right.
fn judged(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter(|line| !line.is_empty() && !line.starts_with(MARK))
}

fn squawk_accepts(text: &str) -> bool {
    squawk_syntax::SourceFile::parse(text).errors().is_empty()
}

const MARK: &str = "~ ";

/// The statements that are valid and those that are not, per dialect.
const LISTS: [(Dialect, &str, &str); 3] = [
    (
        Dialect::Postgres,
        include_str!("../../../tests/probes/rows/postgres.sql"),
        include_str!("../../../tests/probes/rows/refused/postgres.sql"),
    ),
    (Dialect::Sqlite, include_str!("../../../tests/probes/rows/sqlite.sql"), include_str!("../../../tests/probes/rows/refused/sqlite.sql")),
    (Dialect::Mysql, include_str!("../../../tests/probes/rows/mysql.sql"), include_str!("../../../tests/probes/rows/refused/mysql.sql")),
];

#[test]
fn valid_statements_are_read() {
    let surprises: Vec<String> = LISTS.iter().flat_map(|(dialect, valid, _)| surprises(*dialect, valid, true)).collect();
    assert!(surprises.is_empty(), "{} surprises:\n{}", surprises.len(), surprises.join("\n"));
}

#[test]
fn what_the_database_rejects_is_refused() {
    let surprises: Vec<String> = LISTS.iter().flat_map(|(dialect, _, refused)| surprises(*dialect, refused, false)).collect();
    assert!(surprises.is_empty(), "{} surprises:\n{}", surprises.len(), surprises.join("\n"));
}

#[test]
fn the_oracle_of_postgres_agrees_with_the_lists() {
    let (_, valid, refused) = LISTS[0];
    let wrong: Vec<&str> =
        judged(valid).filter(|line| !squawk_accepts(line)).chain(judged(refused).filter(|line| squawk_accepts(line))).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
