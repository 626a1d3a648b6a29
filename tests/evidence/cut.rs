//! A breach while a statement of an expand is at work: it is cut off, what it leaves is cleaned up, the next run goes on.

use std::process::Child;
use std::time::{Duration, Instant};

use sqlx::Executor;

use crate::abort::{BREACH, CALM, condition};
use crate::fake::Fake;
use crate::project::Project;
use crate::support::{Database, MAJORS, postgres};

/// How long a run may take to end after a breach: one interval, the time-out of one lock, and a busy machine.
const SOON: Duration = Duration::from_secs(10);

/// The exit code of a run that must end soon.
fn ended(running: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(status) = running.try_wait().expect("it can be waited for") {
            return status.code();
        }
        assert!(Instant::now() < deadline, "it goes on as if nothing were wrong");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What was said, without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn number(database: &Database, sql: &str) -> i64 {
    let mut session = database.connect().await;
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&mut session).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

async fn soon(database: &Database, sql: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while number(database, sql).await == 0 {
        assert!(Instant::now() < deadline, "{sql}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const INVALID: &str = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";

/// A table, and an expand that adds a column and builds an index over it.
fn building(database: &Database, fake: &Fake) -> Project {
    fake.answer("/slo", 200, CALM);
    let project = Project::on(&database.url, &format!("{}[locks]\ntimeout = \"300ms\"\n", condition(fake, "slo", "200ms")));
    project.write("migrations/1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n");
    project.run(&["apply", "--phase", "expand"], 0);
    project.write(
        "migrations/2_full/expand.sql",
        "ALTER TABLE users ADD COLUMN full_name text;\nCREATE INDEX CONCURRENTLY users_full_name ON users (full_name);\n",
    );
    project
}

/// Starts the expand; comes back when its index is under way and somebody writes in a transaction that stays open.
async fn held_up(database: &Database, project: &Project, arguments: &[&str]) -> (Child, sqlx::PgConnection) {
    let mut writer = database.connect().await;
    let running = project.start(&[&["apply", "--phase", "expand"], arguments].concat());
    soon(database, INVALID).await;
    writer.execute("BEGIN; INSERT INTO users VALUES (1, 'ann')").await.expect("it writes");
    (running, writer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_build_is_cut_off_and_built_again() {
    for major in MAJORS {
        let Some(cluster) = postgres(major) else { continue };
        let database = cluster.database();
        let fake = Fake::start();
        let project = building(&database, &fake);
        // Somebody holds a transaction open before the build begins, so that it never ends by itself.
        let mut old = database.connect().await;
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1").await.expect("it reads");
        let (mut running, mut writer) = held_up(&database, &project, &[]).await;
        fake.answer("/slo", 200, BREACH);
        let code = ended(&mut running);
        let text = project.said("migrate rollback 2_full");
        assert_eq!(code, Some(75), "{text}");
        assert!(
            flat(&text).contains("migrations/2_full/expand.sql:2: the statement was cut off: abort condition `slo`: `/errors` is `7`"),
            "{text}"
        );
        assert_eq!(project.run(&["status"], 0)["migrations"][1]["phases"][0]["state"], "running");
        fake.answer("/slo", 200, CALM);
        for session in [&mut old, &mut writer] {
            session.execute("COMMIT").await.expect("it ends");
        }
        project.run(&["apply", "--phase", "expand"], 0);
        assert_eq!(
            number(&database, "SELECT count(*) FROM pg_index WHERE indexrelid = 'users_full_name'::regclass AND indisvalid").await,
            1
        );
        assert_eq!(number(&database, INVALID).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cut_build_leaves_goes_with_the_roll_back() {
    let Some(cluster) = postgres(17) else { return };
    let database = cluster.database();
    let fake = Fake::start();
    let project = building(&database, &fake);
    let mut old = database.connect().await;
    old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1").await.expect("it reads");
    let (mut running, mut writer) = held_up(&database, &project, &["--rollback-on-breach"]).await;
    fake.answer("/slo", 200, BREACH);
    // The writer is in the way of the clean-up and of the roll-back, which gives way and tries again.
    project.said("lock not obtained");
    assert_eq!(number(&database, INVALID).await, 1, "the clean-up had to wait for it");
    for session in [&mut old, &mut writer] {
        session.execute("COMMIT").await.expect("it ends");
    }
    let code = ended(&mut running);
    let text = project.said("undone: 2_full");
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(number(&database, "SELECT count(*) FROM pg_class WHERE relname = 'users_full_name'").await, 0);
    assert_eq!(
        number(&database, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'full_name'").await,
        0
    );
    assert_eq!(project.run(&["status"], 0)["migrations"][1]["phases"][0]["state"], "rolled-back");
}

/// A sync is set up before the file's own statements: what of both was done goes, triggers before columns.
#[tokio::test(flavor = "multi_thread")]
async fn syncs_before_a_cut_statement_are_taken_back() {
    let Some(cluster) = postgres(16) else { return };
    let database = cluster.database();
    let fake = Fake::start();
    let project = building(&database, &fake);
    project.write("migrations/2_full/migration.toml", "[[sync]]\ntable = \"users\"\nold = \"name\"\nnew = \"full_name\"\n");
    project.write(
        "migrations/2_full/expand.sql",
        "ALTER TABLE users ADD COLUMN note text;\nSELECT pg_sleep(600);\nALTER TABLE users ADD COLUMN never text;\n",
    );
    let mut running = project.start(&["apply", "--phase", "expand", "--rollback-on-breach"]);
    soon(&database, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND datname = current_database()").await;
    let made = "SELECT (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users'::regclass) + (SELECT count(*) FROM pg_attribute \
                WHERE attrelid = 'users'::regclass AND attname IN ('full_name', 'note') AND NOT attisdropped)";
    assert!(number(&database, made).await >= 3);
    fake.answer("/slo", 200, BREACH);
    let code = ended(&mut running);
    let text = project.said("undone: 2_full");
    assert_eq!((code, number(&database, made).await), (Some(1), 0), "{text}");
    fake.answer("/slo", 200, CALM);
    project.write("migrations/2_full/expand.sql", "ALTER TABLE users ADD COLUMN note text;\n");
    project.run(&["apply", "--phase", "expand"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_cut_off_or_let_end() {
    let Some(cluster) = postgres(18) else { return };
    for (at_work, seconds) in [("cut-off", 600), ("finish", 3)] {
        let database = cluster.database();
        let fake = Fake::start();
        fake.answer("/slo", 200, CALM);
        let project = Project::on(&database.url, &format!("{}at_work = \"{at_work}\"\n", condition(&fake, "slo", "200ms")));
        let expand =
            format!("CREATE TABLE a (id bigint PRIMARY KEY);\nSELECT pg_sleep({seconds});\nCREATE TABLE b (id bigint PRIMARY KEY);\n");
        project.write("migrations/1_a/expand.sql", &expand);
        let mut running = project.start(&["apply", "--phase", "expand"]);
        soon(&database, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND datname = current_database()").await;
        fake.answer("/slo", 200, BREACH);
        let code = ended(&mut running);
        let text = project.said("next: migrate apply --phase expand");
        assert_eq!(code, Some(75), "{text}");
        let expected = match at_work {
            "cut-off" => "migrations/1_a/expand.sql:2: the statement was cut off: abort condition `slo`",
            _ => "stopped before the next statement of 1_a:expand: abort condition `slo`",
        };
        assert!(flat(&text).contains(expected), "{text}");
        let made = "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')";
        assert_eq!(number(&database, made).await, 1);
        // The ledger is free: whoever comes next is not kept out.
        fake.answer("/slo", 200, CALM);
        project.run(&["rollback", "1_a", "--yes"], 0);
        assert_eq!(number(&database, made).await, 0);
    }
}

#[test]
fn a_statement_of_sqlite_is_cut_off() {
    let fake = Fake::start();
    fake.answer("/slo", 200, CALM);
    let project = Project::on("sqlite://shop.db?mode=rwc", &condition(&fake, "slo", "200ms"));
    let expand = "CREATE TABLE a (id integer PRIMARY KEY);\n\
                  SELECT max(i) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT i FROM n);\n";
    project.write("migrations/1_a/expand.sql", expand);
    let mut running = project.start(&["apply", "--phase", "expand"]);
    let deadline = Instant::now() + SOON;
    while !project.path().join("shop.db").exists() || fake.asked().len() < 4 {
        assert!(Instant::now() < deadline, "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    fake.answer("/slo", 200, BREACH);
    let code = ended(&mut running);
    let text = project.said("migrate rollback 1_a");
    assert_eq!(code, Some(75), "{text}");
    assert!(flat(&text).contains("migrations/1_a/expand.sql:2: the statement was cut off"), "{text}");
    fake.answer("/slo", 200, CALM);
    project.run(&["rollback", "1_a", "--yes"], 0);
    assert_eq!(project.count("SELECT count(*) FROM sqlite_schema WHERE name = 'a'"), 0);
}
