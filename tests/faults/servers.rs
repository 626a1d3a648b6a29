//! What servers do to a backfill: they are killed, lose a session to the kernel, hand over to a standby, refuse writes and
//! connections, and set limits for the role.

use std::time::Duration;

use crate::application::Client;
use crate::proxy::Proxy;
use crate::stock::Stock;
use crate::support;

const SESSIONS: &str = "FROM pg_stat_activity WHERE application_name = 'concertina' AND datname = current_database()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_again_and_again_beside_an_application() {
    let mut random = fastrand::Rng::with_seed(3);
    // With asynchronous commits the last rows are lost in the crash: the cursor must be lost with them.
    for (major, commit) in [(14, "on"), (18, "off")] {
        let Some(cluster) = support::Cluster::own(major) else { continue };
        let database = cluster.database();
        database.run(&format!("ALTER DATABASE {} SET synchronous_commit = {commit}", database.name())).await;
        let stock = if major == 14 { Stock::new(&database.url, 20_000).await } else { Stock::by_pages(&database.url, 20_000).await };
        let application = stock.application(&database.url, 1);
        let mut run = stock.start();
        stock.until(&mut run, 5).await;
        for _ in 0..5 {
            cluster.kill9();
            tokio::time::sleep(Duration::from_millis(random.u64(20..200))).await;
            cluster.restart();
            tokio::time::sleep(Duration::from_millis(random.u64(50..400))).await;
        }
        let ran = run.wait().await;
        assert!(matches!(ran.code, Some(0 | 75)), "{:?}\n{}", ran.code, ran.said());
        let told = application.stop().await;
        assert!(told.writes > 20 && told.cuts > 0 && told.deadlocks == 0, "{told:?}");
        stock.finish().await;
        stock.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_the_kernel_kills_when_memory_runs_out() {
    let Some(cluster) = support::Cluster::own(16) else { return };
    let database = cluster.database();
    let stock = Stock::new(&database.url, 20_000).await;
    let mut run = stock.start();
    stock.until(&mut run, 20).await;
    let pids = Client::connect(&database.url).await.rows(&format!("SELECT pid {SESSIONS} ORDER BY backend_start")).await.expect("sessions");
    cluster.kill_session(&pids[0][0]);
    let ran = run.wait().await;
    assert_eq!(ran.code, Some(0), "the server recovers within a second, and so does the run\n{}", ran.said());
    assert!(cluster.log().contains("terminated by signal 9"), "the fault was real");
    stock.check_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_and_a_standby_that_takes_over_a_moment_later() {
    for major in [14, 16, 18] {
        let Some(primary) = support::Cluster::own(major) else { continue };
        let standby = primary.standby();
        let name = "failing_over";
        let mut admin = Client::connect(&primary.url("postgres")).await;
        admin.run(&format!("CREATE DATABASE {name}")).await.expect("a database");
        let proxy = Proxy::to(primary.port()).await;
        let stock = Stock::new(&proxy.url(name), 20_000).await;
        let application = stock.application(&proxy.url(name), 2);
        let mut run = stock.start();
        stock.until(&mut run, 15).await;
        primary.kill9();
        proxy.lead_to(standby.port());
        proxy.cut();
        // The address leads to a server that cannot be written yet: the run waits instead of giving up or writing elsewhere.
        tokio::time::sleep(Duration::from_millis(900)).await;
        standby.promote();
        let ran = run.wait().await;
        let told = application.stop().await;
        assert_eq!(ran.code, Some(0), "PostgreSQL {major}, {told:?}\n{}", ran.said());
        assert!(told.writes > 20 && told.deadlocks == 0, "{told:?}");
        stock.check_at(&standby.url(name)).await;
        stock.workshop.expect(&["status", "--exit-code"], 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_read_only_for_a_while() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    let stock = Stock::new(&database.url, 20_000).await;
    let mut run = stock.start();
    stock.until(&mut run, 20).await;
    let name = database.name();
    database
        .run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on; SELECT pg_terminate_backend(pid) {SESSIONS}"))
        .await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(!run.has_ended(), "it waits for a server that can be written");
    // A run that begins now has nothing to lose: it says at once what is wrong.
    let other = stock.workshop.expect(&["apply", "--phase", "backfill"], 1).await;
    assert!(other.said().contains("default_transaction_read_only"), "{}", other.said());
    database.run(&format!("BEGIN READ WRITE; ALTER DATABASE {name} SET default_transaction_read_only = off; COMMIT")).await;
    let ran = run.wait().await;
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    stock.check_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_more_connections_for_a_while() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    database.run("CREATE ROLE filler LOGIN").await;
    database.run(&format!("GRANT ALL ON DATABASE {} TO filler; GRANT ALL ON SCHEMA public TO filler", database.name())).await;
    let stock = Stock::new(&database.url.replace("postgres@", "filler@"), 20_000).await;
    let mut run = stock.start();
    stock.until(&mut run, 20).await;
    database.run(&format!("ALTER ROLE filler CONNECTION LIMIT 0; SELECT pg_terminate_backend(pid) {SESSIONS}")).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(!run.has_ended(), "it tries again");
    database.run("ALTER ROLE filler CONNECTION LIMIT -1").await;
    let ran = run.wait().await;
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    assert!(ran.said().contains("too many connections"), "the reason is told\n{}", ran.said());
    stock.check_all().await;
    database.run("DROP OWNED BY filler CASCADE; DROP ROLE filler").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_that_the_role_brings_along_do_not_end_the_run() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        // A chunk takes longer than every one of these.
        let stock = Stock::with(&database.url, 20_000, "chunk_target = \"400ms\"").await;
        let set = |setting: &str| format!("ALTER DATABASE {} SET {setting};", database.name());
        let mut limits = vec![
            "statement_timeout = '150ms'",
            "idle_in_transaction_session_timeout = '50ms'",
            "default_transaction_isolation = 'serializable'",
        ];
        if major >= 17 {
            limits.push("transaction_timeout = '150ms'");
        }
        database.run(&limits.into_iter().map(set).collect::<String>()).await;
        stock.workshop.expect(&["apply", "--phase", "backfill", "--events", "events"], 0).await;
        let longest = longest_chunk(&stock.workshop.path().join("events"));
        assert!(longest >= 150, "no chunk took longer than the role allows ({longest} ms): nothing was shown");
        stock.check_all().await;
    }
}

/// How long the longest chunk took from BEGIN to COMMIT, in milliseconds, by what the run told.
fn longest_chunk(events: &std::path::Path) -> u64 {
    let text = std::fs::read_to_string(events).expect("the run wrote what happened");
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    lines.filter(|line| line["event"] == "chunk-finished").filter_map(|line| line["took_ms"].as_u64()).max().expect("chunks")
}

/// Two workers, and the server gone under both of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_two_workers() {
    let mut random = fastrand::Rng::with_seed(21);
    let Some(cluster) = support::Cluster::own(17) else { return };
    let database = cluster.database();
    database.run(&format!("ALTER DATABASE {} SET synchronous_commit = on", database.name())).await;
    let stock = Stock::in_many_ranges(&database.url, 20_000).await;
    let mut run = stock.workshop.start(&["apply", "--phase", "backfill", "--wait", "--workers", "2"]);
    stock.until(&mut run, 5).await;
    for _ in 0..3 {
        assert!(!run.has_ended(), "it ended before the server was killed");
        cluster.kill9();
        tokio::time::sleep(Duration::from_millis(random.u64(20..200))).await;
        cluster.restart();
        tokio::time::sleep(Duration::from_millis(random.u64(50..400))).await;
    }
    let ran = run.wait().await;
    assert!(matches!(ran.code, Some(0 | 75)), "{:?}\n{}", ran.code, ran.said());
    stock.finish().await;
    stock.check_all().await;
}
