//! Where an allowance counts, and what is wrong with one.

use concertina::lint::{Judge, Level, Placed, Policy, Replay};
use concertina::migration::MigrationId;
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Phase, Server};
use concertina::sql::{self, Source};

const TODAY: jiff::civil::Date = jiff::civil::Date::constant(2026, 11, 21);
const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80), nick varchar(40), age integer);";

/// The lints that are found, notices aside, and those that are allowed.
fn judged(text: &str) -> (Vec<String>, Vec<String>) {
    let server = Server::oldest(Dialect::Postgres);
    let mut replay = Replay::new(server, Knowledge::Known, Policy::of(TODAY));
    let read = |path: &str, text: &str| sql::read(&Source::new(path, text), server);
    let given = read("m/1/expand.sql", USERS);
    replay.script(Placed { migration: &MigrationId::new("1"), phase: Phase::Expand, script: &given, allowances: &[] }, Judge::No);
    let script = read("m/2/expand.sql", text);
    let report =
        replay.script(Placed { migration: &MigrationId::new("2"), phase: Phase::Expand, script: &script, allowances: &[] }, Judge::Yes);
    (
        report.findings.iter().filter(|finding| finding.level > Level::Notice).map(|finding| finding.lint.to_string()).collect(),
        report.allowed.iter().map(|allowed| allowed.finding.lint.to_string()).collect(),
    )
}

const ALLOW: &str = "-- migrate: allow(drop-column) reason=\"never written\"";
const DROP: &str = "ALTER TABLE users DROP COLUMN nick;";

#[test]
fn an_allowance_counts_for_the_statement_it_stands_at() {
    for text in [
        format!("{ALLOW}\n{DROP}"),
        format!("{DROP} {ALLOW}"),
        format!("{ALLOW}\n-- and more words\n\n{DROP}"),
        format!("SELECT 1;\n{ALLOW}\n\n{DROP}"),
        "ALTER TABLE users\n  -- migrate: allow(drop-column) reason=\"x\"\n  DROP COLUMN nick;".to_owned(),
        "ALTER TABLE users DROP COLUMN nick /* migrate: allow(drop-column) until=2027-01-31 reason='x' */;".to_owned(),
        format!("--migrate:allow(drop-column) until=2027-01-31 reason=\"x\"\n{DROP}"),
        format!("{ALLOW}\nBEGIN;\nALTER TABLE users ADD COLUMN a text;\n{DROP}\nCOMMIT;"),
        format!("{ALLOW}\n\nSELECT 1;\n{DROP}"),
        "-- migrate: allow(drop-column) reason=\"x\"\nDO $$ BEGIN ALTER TABLE users DROP COLUMN nick; END $$;".to_owned(),
    ] {
        assert_eq!(judged(&text), (vec![], vec!["drop-column".to_owned()]), "{text}");
    }
}

#[test]
fn an_allowance_counts_no_further() {
    let again = "ALTER TABLE users DROP COLUMN age;";
    let found = |lint: &str| vec![lint.to_owned()];
    assert_eq!(judged(&format!("{ALLOW}\n{DROP}\n{again}")), (found("drop-column"), found("drop-column")));
    assert_eq!(judged(&format!("{DROP} {ALLOW}\n{again}")), (found("drop-column"), found("drop-column")));
    assert_eq!(judged(&format!("{ALLOW}\nBEGIN;\n{DROP}\nCOMMIT;\n{again}")), (found("drop-column"), found("drop-column")));
    let inside = "DO $$ BEGIN\n-- migrate: allow(drop-column) reason=\"x\"\nALTER TABLE users DROP COLUMN nick; END $$;";
    assert_eq!(judged(inside), (found("drop-column"), vec![]));
}

#[test]
fn several_lints_stand_in_one_allowance() {
    let text = "-- migrate: allow(drop-column, create-index-blocks-writes) reason=\"x\"\n\n\nALTER TABLE users DROP COLUMN nick;\nCREATE INDEX i ON users (age);";
    assert_eq!(judged(text), (vec![], vec!["drop-column".to_owned(), "create-index-blocks-writes".to_owned()]));
}

#[test]
fn a_wrong_allowance_is_a_finding() {
    for (allowance, lints) in [
        ("allow(drop-colum) reason=\"x\"", vec!["unknown-lint", "drop-column"]),
        ("allow(drop-column)", vec!["allow-without-reason", "drop-column"]),
        ("allow(drop-column) reason=\"\"", vec!["allow-without-reason", "drop-column"]),
        ("allow(drop-column) until=2026-11-20 reason=\"x\"", vec!["expired-allow", "drop-column"]),
        ("allow(drop-table) reason=\"x\"", vec!["unused-allow", "drop-column"]),
        ("allow(parse-error) reason=\"x\"", vec!["unused-allow", "drop-column"]),
        ("allow(drop-column) until=soon reason=\"x\"", vec!["unknown-directive", "drop-column"]),
        ("alow(drop-column) reason=\"x\"", vec!["unknown-directive", "drop-column"]),
    ] {
        assert_eq!(judged(&format!("-- migrate: {allowance}\n{DROP}")).0, lints, "{allowance}");
    }
    assert_eq!(judged(&format!("SELECT 1;\n{ALLOW}\n")).0, ["unknown-directive"]);
    assert_eq!(judged(&format!("{ALLOW}\n{ALLOW}\n{DROP}")), (vec!["unused-allow".to_owned()], vec!["drop-column".to_owned()]));
}
