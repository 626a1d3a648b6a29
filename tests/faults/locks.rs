//! The queue behind a lock: what the application waits while a change of the schema asks for its table.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::application::Client;
use crate::support;
use crate::workshop::Workshop;

/// How long the table is held: half a minute in a long run.
fn held() -> Duration {
    if std::env::var_os("MIGRATE_TEST_LONG").is_some() { Duration::from_secs(30) } else { Duration::from_secs(4) }
}

/// A session of the application that reads or writes the table all the time; its longest wait.
fn third_session(url: &str, sql: &'static str, stop: &Arc<AtomicBool>) -> JoinHandle<(Duration, u32)> {
    let (url, stop) = (url.to_owned(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut client = Client::connect(&url).await;
        let (mut longest, mut times) = (Duration::ZERO, 0);
        while !stop.load(Ordering::Acquire) {
            let began = Instant::now();
            client.run(sql).await.expect("the application goes on");
            longest = longest.max(began.elapsed());
            times += 1;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        (longest, times)
    })
}

/// A project whose next step adds a column to a table that is there.
async fn asking(url: &str, timeout: &str, give_up_after: &str) -> Workshop {
    let workshop = Workshop::with_locks("postgres", url, timeout, give_up_after);
    workshop.write(
        "0001_users/expand.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY, hits bigint NOT NULL DEFAULT 0);\nINSERT INTO users SELECT generate_series(1, 100);\n",
    );
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    workshop.write("0002_nick/expand.sql", "ALTER TABLE users ADD COLUMN nick text;\n");
    workshop
}

/// A third session waits no longer than the time-out, whatever holds the table and however long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_long_transaction_nobody_waits_longer_than_the_lock_timeout() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let workshop = asking(&database.url, "400ms", "60s").await;
        let mut holder = Client::connect(&database.url).await;
        holder.run("BEGIN; UPDATE users SET hits = hits + 1 WHERE id = 100").await.expect("a long transaction");
        let stop = Arc::new(AtomicBool::new(false));
        let reader = third_session(&database.url, "SELECT count(*) FROM users", &stop);
        let writer = third_session(&database.url, "UPDATE users SET hits = hits + 1 WHERE id = 1", &stop);
        let run = workshop.start(&["apply", "--phase", "expand"]);
        tokio::time::sleep(held()).await;
        holder.run("COMMIT").await.expect("it ends");
        let ran = run.wait().await;
        stop.store(true, Ordering::Release);
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        assert!(ran.said().contains("does not ask for the lock yet"), "it looks before it asks\n{}", ran.said());
        for session in [reader, writer] {
            let (longest, times) = session.await.expect("the application lives");
            // Beside the time-out: one turn of two busy processors.
            assert!(
                longest < Duration::from_millis(700),
                "PostgreSQL {major}: the application waited {longest:?} behind a lock_timeout of 400 ms"
            );
            assert!(times > 100, "only {times} statements: nothing was measured");
        }
    }
}

/// Transactions that begin one before the other ends: none is old enough to be waited for, and the table is never free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_for_again_and_again_a_lock_makes_nobody_wait_longer_than_its_timeout() {
    let Some(cluster) = support::postgres(16) else { return };
    let database = cluster.database();
    let workshop = asking(&database.url, "300ms", "4s").await;
    let stop = Arc::new(AtomicBool::new(false));
    let relay: Vec<_> = (0..2)
        .map(|_| {
            let (url, stop) = (database.url.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut client = Client::connect(&url).await;
                while !stop.load(Ordering::Acquire) {
                    client.run("BEGIN; SELECT count(*) FROM users").await.expect("it reads");
                    // Longer than the time-out, or the lock would be had between two of them.
                    tokio::time::sleep(Duration::from_millis(900)).await;
                    client.run("COMMIT").await.expect("it ends");
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(450)).await;
    let reader = third_session(&database.url, "SELECT count(*) FROM users", &stop);
    let began = Instant::now();
    let ran = workshop.run(&["apply", "--phase", "expand"]).await;
    let took = began.elapsed();
    stop.store(true, Ordering::Release);
    let (longest, _) = reader.await.expect("the application lives");
    for session in relay {
        session.await.expect("the application lives");
    }
    match ran.code {
        Some(0) => {}
        // Bounded and told: how often it asked, how long in all.
        Some(75) => assert!(ran.said().contains("attempts in") && took < Duration::from_secs(12), "{took:?}\n{}", ran.said()),
        code => panic!("{code:?}\n{}", ran.said()),
    }
    assert!(longest < Duration::from_millis(650), "the application waited {longest:?} behind a lock_timeout of 300 ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prepared_transaction_is_named_before_the_lock_is_asked_for() {
    let Some(cluster) = support::Cluster::with(18, "-c max_prepared_transactions=2") else { return };
    let database = cluster.database();
    let workshop = asking(&database.url, "300ms", "3s").await;
    database.run("BEGIN; UPDATE users SET hits = 0 WHERE id = 7; PREPARE TRANSACTION 'forgotten'").await;
    tokio::time::sleep(Duration::from_millis(350)).await;
    let ran = workshop.expect(&["apply", "--phase", "expand"], 75).await;
    assert!(ran.said().contains("prepared transaction") && ran.said().contains("forgotten"), "{}", ran.said());
    database.run("ROLLBACK PREPARED 'forgotten'").await;
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_autovacuum_against_wraparound_is_waited_for() {
    let settings = "-c autovacuum=on -c autovacuum_freeze_max_age=100000 -c autovacuum_naptime=1s -c autovacuum_max_workers=4";
    let Some(cluster) = support::Cluster::with(17, settings) else { return };
    let database = cluster.database();
    let workshop = asking(&database.url, "300ms", "3s").await;
    // So slow that it is surely at work when the lock is wanted.
    database
        .run(
            "ALTER TABLE users SET (autovacuum_enabled = false, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1); \
             INSERT INTO users SELECT generate_series(101, 60000); \
             CREATE PROCEDURE burn() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..110000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
        )
        .await;
    database.run("CALL burn()").await;
    let mut client = Client::connect(&database.url).await;
    let began = Instant::now();
    let at_work = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'autovacuum:%public.users (to prevent wraparound)'";
    while client.rows(at_work).await.expect("the activity").is_empty() {
        assert!(began.elapsed() < Duration::from_secs(40), "no autovacuum against wraparound came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ran = workshop.expect(&["apply", "--phase", "expand"], 75).await;
    assert!(ran.said().contains("does not ask for the lock yet") && ran.said().contains("to prevent wraparound"), "{}", ran.said());
}

/// Every lock against every lock, as the server has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_of_conflicts_is_the_servers() {
    use concertina::dialect::Lock;
    let all = [
        Lock::AccessShare,
        Lock::RowShare,
        Lock::RowExclusive,
        Lock::ShareUpdateExclusive,
        Lock::Share,
        Lock::ShareRowExclusive,
        Lock::Exclusive,
        Lock::AccessExclusive,
    ];
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        database.run("CREATE TABLE t (n integer)").await;
        let (mut first, mut second) = (Client::connect(&database.url).await, Client::connect(&database.url).await);
        for held in all {
            first.run(&format!("BEGIN; LOCK TABLE t IN {} MODE", held.name())).await.expect("it is free");
            for asked in all {
                let outcome = second.run(&format!("BEGIN; LOCK TABLE t IN {} MODE NOWAIT", asked.name())).await;
                second.run("ROLLBACK").await.expect("it ends");
                assert_eq!(outcome.is_err(), asked.waits_for().contains(&held), "{asked} against {held} on PostgreSQL {major}");
            }
            first.run("ROLLBACK").await.expect("it ends");
        }
    }
}

/// An index build that waits for a writer says so, and for whom, while it waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_build_tells_how_far_it_is_and_which_session_it_waits_for() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let workshop = asking(&database.url, "400ms", "60s").await;
        workshop.write("0002_nick/expand.sql", "CREATE INDEX CONCURRENTLY users_hits ON users (hits);\n");
        let mut holder = Client::connect(&database.url).await;
        holder.run("BEGIN; UPDATE users SET hits = 1 WHERE id = 100").await.expect("a writer");
        let pid = holder.rows("SELECT pg_backend_pid()").await.expect("its session")[0][0].clone();
        let run = workshop.start(&["apply", "--phase", "expand", "--events", "events"]);
        // A log gets a line every five seconds.
        tokio::time::sleep(Duration::from_millis(7500)).await;
        holder.run("COMMIT").await.expect("it ends");
        let ran = run.wait().await;
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        let line = format!("waiting for writers before build, session 1 of 1, waits for pid {pid}");
        assert!(ran.stderr.contains(&line), "PostgreSQL {major}\n{}", ran.stderr);
        let text = std::fs::read_to_string(workshop.path().join("events")).expect("what happened");
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let waits = |line: &&serde_json::Value| line["event"] == "building" && line["unit"] == "sessions";
        let told = lines.iter().find(waits).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((told["waits_for"].to_string(), &told["total"]), (pid.clone(), &1.into()), "{told}");
        let blocked = lines.iter().find(|line| line["event"] == "waiting-for-lock").unwrap_or_else(|| panic!("{text}"));
        assert_eq!(blocked["blockers"][0]["pid"].to_string(), pid);
    }
}
