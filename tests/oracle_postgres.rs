//! PostgreSQL's grammar, as `squawk-syntax` knows it, as judge of what the reader takes and refuses.

#![expect(clippy::print_stderr, reason = "the figures are what a reader of the log looks for")]

use concertina::schema::{Dialect, Operation, Server};
use concertina::sql::{Source, read};

/// The list that the reader is tested with.
const VALID: &str = include_str!("probes/rows/postgres.sql");

/// Words put in place of others to spoil a statement.
const SPOILERS: [&str; 14] = ["SELECT", "TABLE", "x", ",", "(", ")", "1", "'s'", "NOT", "NULL", "KEY", "=", "AUTO_INCREMENT", "UNSIGNED"];

fn accepts(sql: &str) -> bool {
    squawk_syntax::SourceFile::parse(sql).errors().is_empty()
}

fn is_read(sql: &str) -> bool {
    let script = read(&Source::new("probe.sql", sql.to_owned()), Server::oldest(Dialect::Postgres));
    script.problems.is_empty()
        && script.statements.iter().flat_map(|statement| &statement.clauses).all(|clause| !matches!(clause.operation, Operation::Opaque(_)))
}

#[test]
fn spoiled_statements_are_judged_as_the_grammar_judges_them() {
    let (mut valid, mut unread, mut invalid, mut taken) = (0, Vec::new(), 0, Vec::new());
    for (number, line) in VALID.lines().enumerate().filter(|(_, line)| !line.starts_with('~')) {
        let words: Vec<&str> = line.split(' ').collect();
        for spoiled in 1..words.len() {
            let mut changed = words.clone();
            changed[spoiled] = SPOILERS[(number * 7 + spoiled) % SPOILERS.len()];
            let mut dropped = words.clone();
            dropped.remove(spoiled);
            for text in [changed.join(" "), dropped.join(" ")] {
                match (accepts(&text), is_read(&text)) {
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
    // The grammar at hand is lenient: of what it takes and the reader does not, the servers reject nearly all, such as
    // `PARTITION BY x` or `DEFAULT || 'b'`.
    assert!(unread.len() * 8 <= valid, "more than 12 % of the valid are not read");
    assert!(taken.len() * 20 <= invalid, "more than 5 % of the invalid are read");
}
