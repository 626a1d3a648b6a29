//! The PostgreSQL backend through PgBouncer in transaction mode: what works, and what is refused before anything is touched.

mod support;

#[path = "engine/steps.rs"]
mod steps;

use std::time::{Duration, Instant};

use concertina::backend::{AnyBackend, Attempt, Backend, BackendError};
use concertina::plan::Resume;
use concertina::schema::Phase;
use sqlx::{Executor, Row};
use steps::{alone, backfill, group, holder, job, name, node, run, start, walk};
use support::Database;

/// How many sessions the pool holds open.
const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

async fn number(database: &Database, sql: &str) -> i64 {
    let mut connection = database.connect().await;
    let row = connection.fetch_one(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.expect("the query runs");
    row.get(0)
}

#[tokio::test]
async fn every_kind_of_step_runs_through_a_transaction_pooler() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let Some(pooler) = support::pooler(cluster) else { return };
        let database = cluster.database();
        let url = pooler.url(database.name());
        // Other clients, more than the pool has sessions, keep these moving; all are open before ours is asked for.
        let others: Vec<_> = (0..6).map(|_| tokio::spawn(bustle(url.clone()))).collect();
        while number(&database, SESSIONS).await < 5 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut backend = AnyBackend::connect(&url).await.expect("the pooler answers");
        assert_eq!(backend.ledger().await.expect("an empty ledger").format, 0);
        let lease = backend.acquire(&holder("apply")).await.expect("free");
        backend.start_script(&lease, &start(Phase::Expand)).await.expect("it starts");
        let steps = [
            group(0, &["CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)", "INSERT INTO t SELECT generate_series(1, 5000)"]),
            alone(1, "CREATE INDEX CONCURRENTLY t_n ON t (n)", Resume::IndexBuilt { index: name("t_n"), table: name("t") }),
        ];
        backend.preflight(&steps.iter().collect::<Vec<_>>()).await.expect("nothing stands in the way");
        for step in &steps {
            assert_eq!(run(&mut backend, &lease, step).await.expect("it runs"), Attempt::Ran);
            assert_eq!(run(&mut backend, &lease, step).await.expect("it is done"), Attempt::AlreadyDone);
        }
        let job = job("UPDATE t SET n = n + 1 WHERE n < 5", "t", &["id"]);
        assert_eq!(walk(&mut backend, &lease, &job, 300).await, (5000, 5000, 17));
        backend.close_job(&lease, &backfill(&job)).await.expect("closed");
        backend.finish_script(&lease, &node(Phase::Expand)).await.expect("finished");
        assert!(backend.ledger().await.expect("a ledger").is_done(&node(Phase::Expand)));
        assert_eq!(number(&database, "SELECT count(*) FROM t WHERE n = 1").await, 5000);
        // Behind a pooler a session says nothing about a process: it must not be taken for one.
        assert_eq!(number(&database, "SELECT count(*) FROM concertina.lease WHERE worker_pid IS NULL AND keeper_pid IS NULL").await, 1);
        backend.release(lease).await.expect("given back");
        for other in others {
            other.abort();
        }
        // Nothing of ours stays behind on the pool's sessions.
        let mut next = sqlx::postgres::PgPoolOptions::new()
            .max_connections(1)
            .connect(&url)
            .await
            .expect("the pooler answers")
            .acquire()
            .await
            .expect("one");
        for _ in 0..10 {
            let row = next
                .fetch_one(sqlx::raw_sql("SELECT current_setting('lock_timeout') || current_setting('statement_timeout')"))
                .await
                .expect("settings");
            assert_eq!(row.get::<String, _>(0), "00");
        }
    }
}

/// A client of the pooler that keeps taking sessions.
async fn bustle(url: String) {
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.expect("the pooler answers");
    loop {
        pool.execute(sqlx::raw_sql("BEGIN; SELECT pg_sleep(0.003); COMMIT")).await.expect("it works");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_killed_run_behind_a_pooler_is_followed_when_its_lease_ends() {
    let Some(cluster) = support::postgres(16) else { return };
    let Some(pooler) = support::pooler(cluster) else { return };
    let database = cluster.database();
    let url = pooler.url(database.name());
    let mut killed = AnyBackend::connect(&url).await.expect("the pooler answers");
    let lease = killed.acquire(&holder("killed")).await.expect("free");
    drop((killed, lease));
    let mut next = AnyBackend::connect(&url).await.expect("the pooler answers");
    let busy = next.acquire(&holder("next")).await;
    assert!(matches!(busy, Err(BackendError::LeaseBusy { .. })), "{busy:?}");
    database.run("UPDATE concertina.lease SET expires_at = clock_timestamp()").await;
    let began = Instant::now();
    next.acquire(&holder("next")).await.expect("the lease has ended");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn what_a_pooler_cannot_promise_is_refused_before_anything_is_touched() {
    let Some(cluster) = support::postgres(17) else { return };
    let Some(pooler) = support::pooler(cluster) else { return };
    let database = cluster.database();
    database.run(&format!("CREATE TABLE t (n int); ALTER DATABASE {} SET lock_timeout = '5s'", database.name())).await;
    let mut backend = AnyBackend::connect(&pooler.url(database.name())).await.expect("the pooler answers");
    let lease = backend.acquire(&holder("apply")).await.expect("free");
    let build = alone(0, "CREATE INDEX CONCURRENTLY t_n ON t (n)", Resume::IndexBuilt { index: name("t_n"), table: name("t") });
    let outcome = backend.preflight(&[&build]).await;
    let Err(BackendError::Unsuitable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("lock_timeout = 5000") && reason.contains("expand.sql:1"), "{reason}");
    let setting = alone(1, "SET search_path = shop", Resume::Session);
    let outcome = backend.preflight(&[&setting]).await;
    let Err(BackendError::Unsuitable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("SET LOCAL"), "{reason}");
    backend.preflight(&[&group(2, &["ALTER TABLE t ADD COLUMN m int"])]).await.expect("transactions carry their own settings");
    backend.release(lease).await.expect("given back");
    // Directly, both are fine.
    let mut backend = AnyBackend::connect(&database.url).await.expect("the server answers");
    let lease = backend.acquire(&holder("apply")).await.expect("free");
    backend.preflight(&[&build, &setting]).await.expect("a session of our own");
    assert_eq!(run(&mut backend, &lease, &build).await.expect("it is built"), Attempt::Ran);
}
