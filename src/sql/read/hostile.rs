//! Inputs made to break a reader: as large as the limits allow, on the stack of an ordinary thread.

use crate::schema::{Dialect, Server};
use crate::sql::split::limits::{COPY, HEIGHT, NESTING, ORDINARY_HEIGHT};
use crate::sql::{ProblemKind, Source, read};

/// The stack of threads that Rust and tokio start.
const STACK: usize = 2 * 1024 * 1024;

fn on_an_ordinary_thread(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap_or_else(|error| panic!("{error}"));
    assert!(thread.join().is_ok());
}

/// Expressions of about this height.
fn expressions(dialect: Dialect, height: u32) -> Vec<String> {
    let links = height as usize - 40;
    let mut chains =
        vec![" AND a", " OR a = 1", " || a", " + 1", " IS NULL", " - -1", " COLLATE x", " BETWEEN 1 AND 2", " IN (1)", " LIKE b"];
    match dialect {
        Dialect::Postgres => chains.extend(["::int", "[1]", " AT TIME ZONE 'x'", " ->> 'x'", " ISNULL", " OPERATOR(pg_catalog.+) 1"]),
        Dialect::Sqlite => chains.extend([" GLOB b", " ->> 'x'", " NOTNULL"]),
        Dialect::Mysql => chains.extend([" XOR a", " DIV 2", " REGEXP 'x'"]),
    }
    let mut found: Vec<String> = chains.iter().map(|chain| format!("a{}", chain.repeat(links / cost(chain)))).collect();
    let half = links / 2;
    found.push(format!("(a{}){}", " AND a".repeat(half), " OR b".repeat(half)));
    found.push(format!("{}a{}", "(".repeat(NESTING - 10), ")".repeat(NESTING - 10)));
    found.push(format!("{}a{}", "f(".repeat(NESTING - 10), ")".repeat(NESTING - 10)));
    found.push(format!("{}a{}", "CASE WHEN ".repeat(NESTING - 10), " THEN 1 END".repeat(NESTING - 10)));
    found.push(format!("{}a", "NOT ".repeat(links)));
    found.push(format!("{}a", "- ".repeat(links)));
    found.push(format!("{}1{}", "(SELECT ".repeat(NESTING - 10), ")".repeat(NESTING - 10)));
    found.push(format!("(SELECT 1{})", " UNION ALL SELECT 1".repeat(links)));
    found
}

/// How many links the splitter counts in one step of a chain.
fn cost(chain: &str) -> usize {
    match chain {
        " OR a = 1" | " - -1" | " BETWEEN 1 AND 2" => 2,
        " OPERATOR(pg_catalog.+) 1" => 3,
        " GLOB b" | " DIV 2" | " REGEXP 'x'" => COPY as usize,
        _ => 1,
    }
}

fn statements(dialect: Dialect, expression: &str) -> Vec<String> {
    let mut found = vec![
        format!("SELECT {expression}"),
        format!("UPDATE t SET a = {expression} WHERE {expression}"),
        format!("DELETE FROM t WHERE {expression}"),
        format!("INSERT INTO t SELECT {expression} FROM s"),
        format!("CREATE TABLE t (a int DEFAULT ({expression}), CHECK ({expression}))"),
        format!("CREATE VIEW v AS SELECT {expression}"),
        format!("CREATE INDEX i ON t (({expression}))"),
        format!("ALTER TABLE t ADD COLUMN b int DEFAULT ({expression})"),
    ];
    if dialect == Dialect::Postgres {
        found.push(format!("ALTER TABLE t ADD CONSTRAINT c CHECK ({expression}) NOT VALID"));
        found.push(format!("ALTER TABLE t ALTER a TYPE int USING {expression}"));
        found.push(format!("CREATE POLICY p ON t USING ({expression})"));
        found.push(format!("DO $$ BEGIN UPDATE t SET a = 1 WHERE {expression}; END $$"));
        found.push(format!("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT {expression}; END"));
    }
    found
}

fn assert_read(height: u32, forms: std::ops::Range<usize>) {
    for dialect in Dialect::ALL {
        let forms = forms.clone();
        on_an_ordinary_thread(move || {
            for expression in expressions(dialect, height) {
                for statement in statements(dialect, &expression).into_iter().skip(forms.start).take(forms.len()) {
                    let begin: String = statement.chars().take(60).collect();
                    let script = read(&Source::new("hostile.sql", statement), Server::oldest(dialect));
                    assert_eq!(script.problems, [], "{dialect}: {begin}");
                    assert_eq!(script.statements.len(), 1, "{dialect}: {begin}");
                    drop(script.clone());
                }
            }
        });
    }
}

#[test]
fn tall_statements_fit_on_an_ordinary_stack() {
    assert_read(ORDINARY_HEIGHT, 0..usize::MAX);
}

#[test]
fn the_tallest_statements_get_a_larger_stack() {
    // One form is enough where every tree costs a second of a debug build.
    assert_read(HEIGHT, 2..3);
}

#[test]
fn one_step_more_is_too_complex() {
    for dialect in Dialect::ALL {
        on_an_ordinary_thread(move || {
            for expression in
                [format!("a{}", " AND a".repeat(HEIGHT as usize + 1)), format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000))]
            {
                let script = read(&Source::new("hostile.sql", format!("SELECT 1;\nSELECT {expression};")), Server::oldest(dialect));
                assert!(
                    matches!(script.problems[..], [ref problem] if matches!(problem.kind, ProblemKind::TooComplex(_))),
                    "{:?}",
                    script.problems
                );
                assert_eq!(script.source.place(script.problems[0].span.start).line, 2);
                assert_eq!(script.statements.len(), 2);
            }
        });
    }
}
