//! The roll-back of an expand on a big table, under writes and behind a long transaction: quick, and nobody waits long.
//!
//! `MIGRATE_TEST_ROWS` sets the number of rows: 2,000,000 and more for figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor};

use crate::project::Project;
use crate::support::postgres;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_big_table_blocks_nobody() {
    let Some(cluster) = postgres(17) else { return };
    let rows: u64 = std::env::var("MIGRATE_TEST_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(200_000);
    let database = cluster.database();
    let project = Project::on(&database.url, "[locks]\ntimeout = \"300ms\"\n");
    project.write(
        "migrations/1_users/expand.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, seen bigint NOT NULL DEFAULT 0);\n",
    );
    project.run(&["apply", "--phase", "expand"], 0);
    database.run(&format!("INSERT INTO users SELECT i, 'name ' || i FROM generate_series(1, {rows}) i; ANALYZE users")).await;
    project.write(
        "migrations/2_full/expand.sql",
        "ALTER TABLE users ADD COLUMN full_name text;\n\
         CREATE FUNCTION users_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.full_name := NEW.name; RETURN NEW; END $$;\n\
         CREATE TRIGGER users_full BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION users_full();\n\
         CREATE INDEX CONCURRENTLY users_full_name ON users (full_name);\n",
    );
    project.write("migrations/2_full/backfill.sql", "UPDATE users SET full_name = name WHERE full_name IS NULL;\n");
    project.run(&["apply", "--phase", "expand"], 0);
    project.run(&["apply", "--phase", "backfill"], 0);

    // Somebody reads in a long transaction, and somebody writes all the time.
    let mut reader = database.connect().await;
    reader.execute("BEGIN; SELECT count(*) FROM users WHERE id < 10").await.expect("it reads");
    let done = Arc::new(AtomicBool::new(false));
    let url = database.url.clone();
    let writer = {
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            let mut session = sqlx::PgConnection::connect(&url).await.expect("it accepts sessions");
            let (mut longest, mut writes, mut id) = (Duration::ZERO, 0_u64, 1_u64);
            while !done.load(Ordering::Relaxed) {
                let began = Instant::now();
                let sql = format!("UPDATE users SET seen = seen + 1 WHERE id = {id}");
                session.execute(sqlx::AssertSqlSafe(sql)).await.expect("every write must go through");
                longest = longest.max(began.elapsed());
                (writes, id) = (writes + 1, id % rows + 1);
            }
            (longest, writes)
        })
    };
    let release = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        reader.execute("COMMIT").await.expect("it ends");
    });
    let began = Instant::now();
    let undone = tokio::task::spawn_blocking(move || {
        project.run(&["rollback", "2_full", "--yes"], 0);
        project
    });
    let project = undone.await.expect("it was undone");
    let took = began.elapsed();
    done.store(true, Ordering::Relaxed);
    let (longest, writes) = writer.await.expect("it wrote");
    release.await.expect("it ended");
    let mut session = database.connect().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'full_name'")
        .fetch_one(&mut session)
        .await
        .expect("it can be asked");
    assert_eq!(left, 0);
    #[allow(clippy::print_stderr, reason = "figures")]
    {
        eprintln!("rollback of {rows} rows: {took:?}; {writes} writes meanwhile, the longest {longest:?}");
    }
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert!(writes > 50, "only {writes} writes");
    // The lock's time-out, and a busy machine.
    assert!(longest < Duration::from_millis(1500), "a write waited {longest:?}");
    assert_eq!(project.run(&["status"], 0)["migrations"][1]["phases"][0]["state"], "rolled-back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_is_asked_to_stop_does_not_try_again() {
    let Some(cluster) = postgres(17) else { return };
    let database = cluster.database();
    let project = Project::on(&database.url, "[locks]\ntimeout = \"300ms\"\n");
    project.write("migrations/1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n");
    project.write("migrations/2_name/expand.sql", "ALTER TABLE users ADD COLUMN name text;\n");
    project.run(&["apply", "--phase", "expand"], 0);
    let mut reader = database.connect().await;
    reader.execute("BEGIN; SELECT count(*) FROM users").await.expect("it reads");
    let mut running = project.start(&["rollback", "2_name", "--yes"]);
    project.said("lock not obtained");
    let killed = std::process::Command::new("kill").args(["-TERM", &running.id().to_string()]).status().expect("there is kill");
    assert!(killed.success());
    let began = Instant::now();
    let ended = tokio::task::spawn_blocking(move || running.wait()).await.expect("no panic").expect("it ended");
    assert_eq!(ended.code(), Some(75));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    reader.execute("COMMIT").await.expect("it ends");
    project.run(&["rollback", "2_name", "--yes"], 0);
}
