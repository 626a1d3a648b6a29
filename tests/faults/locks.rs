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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_long_transaction_nobody_waits_longer_than_the_lock_timeout() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let workshop = Workshop::with_locks("postgres", &database.url, "400ms", "60s");
        workshop.write("0001_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, hits bigint NOT NULL DEFAULT 0);\nINSERT INTO users SELECT generate_series(1, 100);\n");
        workshop.expect(&["apply", "--phase", "expand"], 0).await;
        workshop.write("0002_nick/expand.sql", "ALTER TABLE users ADD COLUMN nick text;\n");
        let mut holder = Client::connect(&database.url).await;
        holder.run("BEGIN; UPDATE users SET hits = hits + 1 WHERE id = 100").await.expect("a long transaction");
        let stop = Arc::new(AtomicBool::new(false));
        let reader = third_session(&database.url, "SELECT count(*) FROM users", &stop);
        let writer = third_session(&database.url, "UPDATE users SET hits = hits + 1 WHERE id = 1", &stop);
        let run = workshop.start(&["apply", "--phase", "expand", "--format", "json"]);
        tokio::time::sleep(held()).await;
        holder.run("COMMIT").await.expect("it ends");
        let ran = run.wait().await;
        stop.store(true, Ordering::Release);
        assert_eq!(ran.code, Some(0), "{}", ran.said());
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
