//! How scripts are cut into steps.

use super::*;
use crate::ledger::Ledger;
use crate::plan::Known;
use crate::plan::testing::plan;

const USERS: (&str, &str) = (
    "0_users/expand.sql",
    "CREATE TABLE users (id bigint PRIMARY KEY, name text, at date);\n\
     CREATE TABLE pairs (a int, b int, note text, PRIMARY KEY (a, b));\n\
     CREATE TABLE codes (code text NOT NULL, note text);\nCREATE UNIQUE INDEX codes_code ON codes (code);",
);

/// The steps of an expand script, or of the file at this path.
fn of(path: &str, sql: &str) -> Vec<Step> {
    let plan = plan(&[USERS, (path, sql)], Known::Ledger(&Ledger::empty(jiff::Timestamp::UNIX_EPOCH)));
    plan.scripts.last().expect("planned").steps.to_vec()
}

fn expand(sql: &str) -> Vec<Step> {
    of("1_a/expand.sql", sql)
}

#[test]
fn groups_are_transactions_and_lone_statements_their_own() {
    let steps = expand("CREATE TABLE a (id int);\n\nBEGIN;\nCREATE TABLE b (id int);\nCREATE TABLE c (id int);\nCOMMIT;\n");
    let texts: Vec<_> = steps
        .iter()
        .map(|step| match &step.kind {
            StepKind::Transaction(statements) => statements.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, [vec!["CREATE TABLE a (id int)"], vec!["CREATE TABLE b (id int)", "CREATE TABLE c (id int)"]]);
    assert_eq!(
        steps.iter().map(|step| (step.number, step.place.as_str())).collect::<Vec<_>>(),
        [(0, "1_a/expand.sql:1"), (1, "1_a/expand.sql:4")]
    );
}

#[test]
fn an_empty_group_is_no_step() {
    assert_eq!(expand("BEGIN; COMMIT;\nCREATE TABLE a (id int);").len(), 1);
}

#[test]
fn what_takes_no_transaction_is_recognised_with_the_way_to_resume_it() {
    let resume = |sql: &str| match &expand(sql)[..] {
        [Step { kind: StepKind::Alone { resume, .. }, .. }] => resume.clone(),
        other => panic!("{sql}: {other:?}"),
    };
    let name = |text: &str| ObjectName::bare(crate::schema::Ident::stored(text));
    assert_eq!(
        resume("CREATE INDEX CONCURRENTLY users_name ON users (name);"),
        Resume::IndexBuilt { index: name("users_name"), table: name("users") }
    );
    assert_eq!(resume("CREATE INDEX CONCURRENTLY ON users (name);"), Resume::Ask);
    assert_eq!(resume("DROP INDEX CONCURRENTLY codes_code;"), Resume::IndexGone { index: name("codes_code") });
    assert_eq!(resume("REINDEX TABLE CONCURRENTLY users;"), Resume::Reindexed { target: name("users"), index: None });
    assert_eq!(resume("VACUUM users;"), Resume::Repeatable);
    assert_eq!(resume("SET lock_timeout = '1s';"), Resume::Session);
}

#[test]
fn the_digest_of_a_step_follows_its_own_text() {
    let one = expand("CREATE TABLE a (id int);\nCREATE TABLE b (id int);");
    let reformatted = expand("-- a\nCREATE TABLE a\n  (id int);\nCREATE TABLE c (id int);");
    assert_eq!(one[0].digest, reformatted[0].digest);
    assert_ne!(one[1].digest, reformatted[1].digest);
}

#[test]
fn backfills_walk_the_key_of_their_table() {
    let keys = |sql: &str| match &of("1_a/backfill.sql", sql)[..] {
        [Step { kind: StepKind::Backfill(job), .. }] => job.key.iter().map(ToString::to_string).collect::<Vec<_>>(),
        other => panic!("{sql}: {other:?}"),
    };
    assert_eq!(keys("UPDATE users SET name = 'x' WHERE name IS NULL;"), ["id"]);
    assert_eq!(keys("UPDATE pairs SET note = 'x' WHERE note IS NULL;"), ["a", "b"]);
    assert_eq!(keys("UPDATE codes AS c SET note = 'x' WHERE c.note IS NULL;"), ["code"]);
    assert_eq!(keys("DELETE FROM users WHERE at < DATE '2020-01-01';"), ["id"]);
}

#[test]
fn a_backfill_may_tend_storage_between_its_jobs() {
    let steps =
        of("1_a/backfill.sql", "SET work_mem = '64MB';\nUPDATE users SET name = '' WHERE name IS NULL;\nANALYZE users;\nVACUUM users;");
    let kinds: Vec<&str> = steps
        .iter()
        .map(|step| match step.kind {
            StepKind::Backfill(_) => "job",
            StepKind::Transaction(_) => "transaction",
            StepKind::Alone { .. } => "alone",
        })
        .collect();
    assert_eq!(kinds, ["alone", "job", "transaction", "alone"]);
}
