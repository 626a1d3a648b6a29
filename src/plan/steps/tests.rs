//! How scripts are cut into steps.

use super::*;
use crate::ledger::Ledger;
use crate::plan::Known;
use crate::plan::testing::{plan, plan_in};
use crate::schema::Dialect;
use crate::sql::Again;

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

/// Whether a changed row is known not to fit again; and the column that adds up, where one does.
fn exclusion(table: &str, sql: &str) -> (bool, Option<String>) {
    excluded(sql, &of_phases(table, sql))
}

fn excluded(sql: &str, steps: &[Step]) -> (bool, Option<String>) {
    let [Step { kind: StepKind::Backfill(job), .. }] = steps else { panic!("{sql}: {steps:?}") };
    match &job.exclusion {
        crate::sql::Exclusion::Proven { .. } => (true, None),
        crate::sql::Exclusion::Unproven { again: Again::Same, .. } => (false, None),
        crate::sql::Exclusion::Unproven { again: Again::AddsUp { column }, .. } => (false, Some(column.clone())),
        crate::sql::Exclusion::Unproven { again: Again::Unknown, .. } => (false, Some("?".to_owned())),
    }
}

fn of_phases(table: &str, sql: &str) -> Vec<Step> {
    of_phases_in(Dialect::Postgres, table, sql)
}

fn of_phases_in(dialect: Dialect, table: &str, sql: &str) -> Vec<Step> {
    let files = [("0_t/expand.sql", table), ("1_a/backfill.sql", sql)];
    let plan = plan_in(dialect, &files, Known::Ledger(&Ledger::empty(jiff::Timestamp::UNIX_EPOCH)));
    plan.scripts.last().expect("planned").steps.to_vec()
}

const T: &str = "CREATE TABLE t (id bigint PRIMARY KEY, name text NOT NULL, nick text, slug text, code varchar(3), cents integer, \
    price numeric(10, 2) NOT NULL, state text NOT NULL, done boolean, wide bigint, rate real, \
    period daterange NOT NULL, n integer NOT NULL);\
    CREATE TABLE emails (user_id bigint, addr text);";

#[test]
fn a_changed_row_is_known_not_to_fit_again() {
    for sql in [
        "UPDATE t SET slug = lower(name) WHERE slug IS NULL",
        "UPDATE t AS x SET slug = lower(x.name) || '-' || x.id WHERE x.slug IS NULL AND x.id > 5",
        "UPDATE t SET slug = coalesce(nick, 'none') WHERE (slug IS NULL)",
        "UPDATE t SET slug = nick WHERE slug IS NULL AND nick IS NOT NULL",
        "UPDATE t SET slug = CAST(price AS text) WHERE slug IS NULL",
        "UPDATE t SET slug = price::text WHERE slug IS NULL",
        "UPDATE t SET cents = (price * 100)::integer WHERE cents IS NULL",
        "UPDATE t SET done = true WHERE done IS NULL",
        "UPDATE t SET slug = nick WHERE slug IS DISTINCT FROM nick",
        "UPDATE t SET slug = nick WHERE slug::text IS DISTINCT FROM nick::text",
        "UPDATE t SET cents = CAST(price * 100 AS integer) WHERE cents IS DISTINCT FROM CAST(price * 100 AS integer) \
         AND (cents IS NULL OR price IS DISTINCT FROM CAST(cents / 100.0 AS numeric(10, 2)))",
        "UPDATE t SET state = 'new' WHERE state = 'old'",
        "UPDATE t SET n = 7 WHERE n <> 7",
        "UPDATE t SET slug = lower(name), n = n + 1 WHERE slug IS NULL",
        "DELETE FROM t WHERE state = 'old'",
    ] {
        assert_eq!(exclusion(T, sql), (true, None), "{sql}");
    }
}

#[test]
fn what_is_not_understood_counts_as_unproven() {
    for sql in [
        "UPDATE t SET slug = nick WHERE slug IS NULL",
        "UPDATE t SET slug = nullif(name, '') WHERE slug IS NULL",
        "UPDATE t SET slug = guess(name) WHERE slug IS NULL",
        // An operator behind a cast, a column of another table, a bound that a range need not have, a value that its type rounds.
        "UPDATE t SET slug = name::text ILIKE nick WHERE slug IS NULL",
        "UPDATE t SET slug = addr FROM emails WHERE user_id = t.id AND slug IS DISTINCT FROM addr",
        "UPDATE t SET slug = lower(period)::text WHERE slug IS NULL",
        "UPDATE t SET rate = 0.1 WHERE rate <> 0.1",
        // NULL where the pattern is not found.
        "UPDATE t SET slug = substring(name, '[0-9]+') WHERE slug IS NULL",
        "UPDATE t SET slug = lower(name) WHERE slug IS NULL OR slug = ''",
        "UPDATE t SET slug = name WHERE nick IS NULL",
        // The column cannot hold what is assigned: it stays different.
        "UPDATE t SET cents = price * 100 WHERE cents IS DISTINCT FROM price * 100",
        "UPDATE t SET code = name WHERE code IS DISTINCT FROM name",
        "UPDATE t SET slug = now()::text WHERE slug IS DISTINCT FROM now()::text",
        // Equal without case, in some collations.
        "UPDATE t SET state = 'New' WHERE state = 'new'",
        "UPDATE t SET state = 'new' WHERE state IN ('old', 'new')",
        "UPDATE t SET slug = o.name FROM t AS o WHERE o.id = t.wide AND t.slug IS NULL",
        "UPDATE t SET slug = CASE WHEN n > 1 THEN 'a' END WHERE slug IS NULL",
        "INSERT INTO t (id, name, price, state, n) SELECT id + 1000000, name, price, state, n FROM t WHERE id < 1000000 ON CONFLICT DO NOTHING",
    ] {
        assert_eq!(exclusion(T, sql), (false, None), "{sql}");
    }
    assert_eq!(exclusion(T, "UPDATE t SET n = n * 100 WHERE n < 1000"), (false, Some("n".to_owned())));
}

#[test]
fn what_may_add_up_is_walked_once() {
    for sql in [
        "UPDATE t SET (slug, nick) = ('a', 'b') WHERE slug IS NULL",
        "UPDATE t SET (n, state) = (n + 10, 'new') WHERE done",
        "WITH x AS (SELECT 1) UPDATE t SET n = n + 1 FROM x WHERE n < 1000",
        "INSERT INTO t (id, name, price, state, n) SELECT id + 1000000, name, price, state, n FROM t WHERE id < 1000000",
        "INSERT INTO t (id, name, price, state, n) SELECT id, name, price, state, 1 FROM t WHERE id < 9 \
         ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n",
    ] {
        let steps = of_phases(T, sql);
        let [Step { kind: StepKind::Backfill(job), .. }] = &steps[..] else { panic!("{sql}: {steps:?}") };
        assert!(!job.may_be_walked_again(), "{sql}: {:?}", job.exclusion);
    }
}

#[test]
fn a_quotient_may_be_null_where_zero_divides_without_an_error() {
    let table = "CREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL, by_n integer);";
    for (dialect, value, proven) in [
        (Dialect::Postgres, "100 / n", true),
        (Dialect::Sqlite, "100 / n", false),
        (Dialect::Sqlite, "100 % n", false),
        (Dialect::Sqlite, "1 + 100 / n", false),
        (Dialect::Sqlite, "100 * n", true),
    ] {
        let sql = format!("UPDATE t SET by_n = {value} WHERE by_n IS NULL");
        assert_eq!(excluded(&sql, &of_phases_in(dialect, table, &sql)), (proven, None), "{dialect:?}: {sql}");
    }
}

#[test]
fn a_table_without_a_key_is_cut_by_pages_where_no_row_can_be_changed_twice() {
    let table = "CREATE TABLE t (name text NOT NULL, slug text, n integer NOT NULL);";
    let job = |sql: &str| of_phases(table, sql).len();
    assert_eq!(job("UPDATE t SET slug = lower(name) WHERE slug IS NULL"), 1);
    assert_eq!(job("UPDATE t SET n = n * 100 WHERE n < 1000"), 0);
}
