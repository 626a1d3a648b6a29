//! What is fuzzed. Shared by the targets of cargo-fuzz and by `tests/fuzzing.rs`, which needs no nightly compiler.
//!
//! Any input is a file: the first byte chooses the database and the phase, the rest is the text.

use concertina::lint::{Judge, Placed, Policy, Replay};
use concertina::migration::MigrationId;
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Phase, Server};
use concertina::sql::{self, Digest, Source};

/// The text behind the first byte, and what that byte chooses.
fn file(data: &[u8]) -> Option<(Source, Server, Phase)> {
    let (first, text) = data.split_first()?;
    let source = Source::decode("fuzz.sql", text).ok()?;
    let server = Server::oldest(Dialect::ALL[usize::from(*first) % Dialect::ALL.len()]);
    Some((source, server, Phase::ALL[usize::from(*first) / 3 % Phase::ALL.len()]))
}

/// The lexer and the splitter: the digest does not depend on white space at the ends, statements lie in the text in order.
pub(crate) fn splitter(data: &[u8]) {
    let Some((source, server, _)) = file(data) else { return };
    let text: &str = &source.text;
    let digest = Digest::of(text, server.dialect);
    assert_eq!(Digest::of(&format!("\n {text}"), server.dialect), digest, "leading white space counts");
    let mut end = 0;
    for statement in sql::read(&source, server).statements {
        assert!(end <= statement.span.start && statement.span.start <= statement.span.end, "statements overlap");
        end = statement.span.end;
        assert!(text.get(statement.span.range()).is_some(), "a span cuts a character or leaves the text");
    }
}

/// The reader: every statement does something, and what is said of it points into the text.
pub(crate) fn reader(data: &[u8]) {
    let Some((source, server, _)) = file(data) else { return };
    let script = sql::read(&source, server);
    for statement in &script.statements {
        assert!(!statement.clauses.is_empty(), "a statement vanished");
        for clause in &statement.clauses {
            assert!(source.text.get(clause.span.range()).is_some(), "the span of a clause is no text");
        }
    }
    for problem in &script.problems {
        assert!(source.text.get(problem.span.range()).is_some(), "the span of a problem is no text");
    }
}

/// The whole path: read, replayed over a small schema, judged, as known and as unknown history.
pub(crate) fn lint(data: &[u8]) {
    let Some((source, server, phase)) = file(data) else { return };
    let script = sql::read(&source, server);
    let before = sql::read(&Source::new("before.sql", BEFORE), server);
    for history in [Knowledge::Known, Knowledge::Unknown] {
        let mut replay = Replay::new(server, history, Policy::of(jiff::civil::Date::constant(2026, 11, 21)));
        let (old, new) = (MigrationId::new("1_old"), MigrationId::new("2_new"));
        replay.script(Placed { migration: &old, phase: Phase::Expand, script: &before, allowances: &[] }, Judge::No);
        for judge in [Judge::Yes, Judge::No] {
            let report = replay.script(Placed { migration: &new, phase, script: &script, allowances: &[] }, judge);
            for finding in &report.findings {
                assert!(source.text.get(finding.span.range()).is_some(), "the span of a finding is no text");
                assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{} says nothing", finding.lint);
            }
        }
    }
}

/// What the fuzzed file meets.
const BEFORE: &str = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, mail text, age int DEFAULT 1 CHECK (age > 0));\n\
    CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id), total numeric(10, 2), note text);\n\
    CREATE INDEX orders_user ON orders (user_id);\nCREATE VIEW open_orders AS SELECT id, note FROM orders;\n";
