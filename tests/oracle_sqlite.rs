//! SQLite's own engine as judge of what the reader takes and refuses.
#![cfg(feature = "sqlite")]
#![expect(clippy::print_stderr, reason = "the figures are what a reader of the log looks for")]

use concertina::schema::{Dialect, Operation, Server};
use concertina::sql::{Source, read};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

/// The lists that the reader is tested with, and beginnings that its own forms share.
const VALID: &str = include_str!("probes/rows/sqlite.sql");
const REFUSED: &str = include_str!("probes/rows/refused/sqlite.sql");

/// Words put in place of others to spoil a statement.
const SPOILERS: [&str; 12] = ["SELECT", "TABLE", "x", ",", "(", ")", "1", "'s'", "NOT", "NULL", "KEY", "="];

/// What the engine says when it stumbles over the grammar rather than over what the statement names.
const GRAMMAR: [&str; 9] = [
    "unknown table option",
    "columns assigned",
    "syntax error",
    "incomplete input",
    "unrecognized token",
    "is not constant",
    "before parameter",
    "clause should come after",
    "must have at least one",
];

async fn accepts(connection: &mut SqliteConnection, sql: &str) -> bool {
    // In a transaction that is taken back, so that no statement sees what another made.
    let _ = sqlx::raw_sql("SAVEPOINT probe").execute(&mut *connection).await;
    let result = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *connection).await;
    let _ = sqlx::raw_sql("ROLLBACK TO probe; RELEASE probe").execute(&mut *connection).await;
    match result {
        Ok(_) => true,
        Err(error) => {
            let message = error.to_string();
            !GRAMMAR.iter().any(|grammar| message.contains(grammar))
        }
    }
}

fn is_read(sql: &str) -> bool {
    let script = read(&Source::new("probe.sql", sql.to_owned()), Server::oldest(Dialect::Sqlite));
    script.problems.is_empty()
        && script.statements.iter().flat_map(|statement| &statement.clauses).all(|clause| !matches!(clause.operation, Operation::Opaque(_)))
}

async fn engine() -> SqliteConnection {
    SqliteConnection::connect("sqlite::memory:").await.expect("an engine in memory")
}

#[tokio::test]
async fn the_engine_agrees_with_the_lists() {
    let mut engine = engine().await;
    let mut wrong = Vec::new();
    for (list, valid) in [(VALID, true), (REFUSED, false)] {
        for line in list.lines() {
            if accepts(&mut engine, line).await != valid {
                wrong.push(line);
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn spoiled_statements_are_judged_as_the_engine_judges_them() {
    let mut engine = engine().await;
    let (mut valid, mut unread, mut invalid, mut taken) = (0, Vec::new(), 0, Vec::new());
    for (number, line) in VALID.lines().enumerate() {
        let words: Vec<&str> = line.split(' ').collect();
        for spoiled in 1..words.len() {
            let mut changed = words.clone();
            changed[spoiled] = SPOILERS[(number * 7 + spoiled) % SPOILERS.len()];
            let mut dropped = words.clone();
            dropped.remove(spoiled);
            for text in [changed.join(" "), dropped.join(" ")] {
                match (accepts(&mut engine, &text).await, is_read(&text)) {
                    (true, true) => valid += 1,
                    (true, false) => {
                        valid += 1;
                        unread.push(text);
                    }
                    (false, false) => invalid += 1,
                    (false, true) => {
                        invalid += 1;
                        taken.push(text);
                    }
                }
            }
        }
    }
    eprintln!("{valid} valid, {} of them not read; {invalid} invalid, {} of them read", unread.len(), taken.len());
    if std::env::var_os("MIGRATE_SHOW").is_some() {
        eprintln!("not read:\n{}\n\nread:\n{}", unread.join("\n"), taken.join("\n"));
    }
    assert!(unread.len() * 50 <= valid, "more than 2 % of the valid are not read");
    assert!(taken.len() * 20 <= invalid, "more than 5 % of the invalid are read");
}
