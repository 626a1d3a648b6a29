//! What others do to the table while it is filled: they write it, lock it the other way round, change and rewrite it.

use std::time::Duration;

use crate::application::Client;
use crate::stock::Stock;
use crate::support;
use crate::workshop::Workshop;

async fn beside_writers(url: &str, rows: u32) {
    let stock = Stock::new(url, rows).await;
    let first = stock.application(url, 1);
    let second = stock.application(url, 2);
    let run = stock.start();
    let ran = run.wait().await;
    let (first, second) = (first.stop().await, second.stop().await);
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    for told in [first, second] {
        assert!(told.writes > 50 && told.deadlocks == 0, "{told:?}");
    }
    stock.check().await;
    stock.workshop.expect(&["status", "--exit-code"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_and_go_and_change_their_keys_on_every_postgres() {
    for cluster in support::installed() {
        beside_writers(&cluster.database().url, 20_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_and_go_and_change_their_keys_on_sqlite() {
    beside_writers(&support::sqlite().url(), 20_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_locks_the_other_way_round_is_never_the_victim() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let stock = Stock::with(&database.url, 20_000, "chunk_target = \"100ms\"").await;
    let mut run = stock.start();
    stock.until(&mut run, 3).await;
    let mut client = Client::connect(&database.url).await;
    let mut deadlocks = 0;
    for turn in 0..12u32 {
        // Two rows of the region that is being filled, the later one first; each held while the backfill comes along.
        let (late, early) = (19_000 - turn * 7, 300 + turn * 7);
        let sql = format!(
            "BEGIN; UPDATE stock SET name = name || '' WHERE region = 'r{}' AND id = {late}; SELECT pg_sleep(0.12); \
             UPDATE stock SET name = name || '' WHERE region = 'r{}' AND id = {early}; COMMIT",
            late % 7,
            early % 7
        );
        match client.run(&sql).await {
            Ok(()) => {}
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("40P01") => {
                deadlocks += 1;
                client.run("ROLLBACK").await.expect("it can roll back");
            }
            Err(error) => panic!("{error}"),
        }
    }
    let ran = run.wait().await;
    assert_eq!((ran.code, deadlocks), (Some(0), 0), "{}", ran.said());
    stock.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_lost_by_the_backfill() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    let stock = Stock::with(&database.url, 2_000, "chunk_target = \"100ms\"").await;
    // The application holds the last row of the first region and then wants its first, which the chunk has changed by then.
    let mut client = Client::connect(&database.url).await;
    let last =
        client.rows("SELECT region, id FROM stock WHERE region = 'r0' AND name IS NOT NULL ORDER BY id DESC LIMIT 1").await.expect("a row");
    client.run(&format!("BEGIN; UPDATE stock SET name = name || '' WHERE region = 'r0' AND id = {}", last[0][1])).await.expect("it locks");
    let run = stock.start();
    let mut looker = Client::connect(&database.url).await;
    let began = std::time::Instant::now();
    loop {
        let waiting = looker
            .rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'concertina' AND wait_event_type = 'Lock' AND datname = current_database()")
            .await
            .expect("the activity");
        if !waiting.is_empty() {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the backfill never waited for the application");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let began = std::time::Instant::now();
    client.run("UPDATE stock SET name = name || '' WHERE region = 'r0' AND id = 7; COMMIT").await.expect("the application wins");
    let waited = began.elapsed();
    let ran = run.wait().await;
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    assert!(waited < Duration::from_millis(900), "the application waited {waited:?}: that is deadlock_timeout's doing, not ours");
    stock.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_changes_under_the_run() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    let stock = Stock::new(&database.url, 20_000).await;
    let mut run = stock.start();
    stock.until(&mut run, 10).await;
    // Somebody waits for the table like anybody else; the chunks let him in.
    database.run("SET lock_timeout = '20s'; ALTER TABLE stock ADD COLUMN weight integer NOT NULL DEFAULT 5").await;
    stock.until(&mut run, 25).await;
    // Its key becomes another type, and every row another file.
    database.run("SET lock_timeout = '20s'; ALTER TABLE stock ALTER COLUMN id TYPE numeric").await;
    let ran = run.wait().await;
    assert!(matches!(ran.code, Some(0 | 1 | 75)), "{:?}\n{}", ran.code, ran.said());
    stock.finish().await;
    stock.check_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_that_goes_away_under_the_run_stops_it_with_the_cause() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    let stock = Stock::new(&database.url, 20_000).await;
    let mut run = stock.start();
    stock.until(&mut run, 10).await;
    database.run("SET lock_timeout = '20s'; ALTER TABLE stock RENAME COLUMN name TO title").await;
    let ran = run.wait().await;
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(ran.said().contains("0001_stock/backfill.sql:1") && ran.said().contains("name"), "place and cause\n{}", ran.said());
    database.run("ALTER TABLE stock RENAME COLUMN title TO name").await;
    stock.finish().await;
    stock.check_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_is_rewritten_under_the_run() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let stock = if major == 14 { Stock::new(&database.url, 20_000).await } else { Stock::by_pages(&database.url, 20_000).await };
        let application = stock.application(&database.url, 4);
        let mut run = stock.start();
        stock.until(&mut run, 10).await;
        database.run("VACUUM FULL stock").await;
        stock.until(&mut run, 25).await;
        // Every row moves: the last come first.
        database.run("CREATE INDEX stock_by_name ON stock (name DESC)").await;
        database.run("CLUSTER stock USING stock_by_name").await;
        let ran = run.wait().await;
        let told = application.stop().await;
        assert_eq!(ran.code, Some(0), "{told:?}\n{}", ran.said());
        stock.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_attached_under_the_run_is_filled_as_well() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let workshop = Workshop::new("postgres", &database.url);
        workshop.configure("chunk_target = \"50ms\"");
        workshop.write(
            "0001_parts/expand.sql",
            "CREATE TABLE parts (id bigint PRIMARY KEY, name text NOT NULL, slug text) PARTITION BY RANGE (id);\n\
             CREATE TABLE parts_middle PARTITION OF parts FOR VALUES FROM (100000) TO (200000);\n\
             INSERT INTO parts (id, name) SELECT 100000 + i, 'N' || i FROM generate_series(1, 30000) AS i;\n\
             CREATE TABLE parts_before (id bigint PRIMARY KEY, name text NOT NULL, slug text);\n\
             CREATE TABLE parts_behind (id bigint PRIMARY KEY, name text NOT NULL, slug text);\n\
             INSERT INTO parts_before (id, name) SELECT i, 'N' || i FROM generate_series(1, 3000) AS i;\n\
             INSERT INTO parts_behind (id, name) SELECT 300000 + i, 'N' || i FROM generate_series(1, 3000) AS i;\n",
        );
        workshop.write("0001_parts/backfill.sql", "UPDATE parts SET slug = lower(name) WHERE slug IS NULL;\n");
        workshop.expect(&["apply", "--phase", "expand"], 0).await;
        let mut run = workshop.start(&["apply", "--phase", "backfill"]);
        let mut client = Client::connect(&database.url).await;
        while client.rows("SELECT count(*) FROM (SELECT FROM parts WHERE slug IS NOT NULL LIMIT 1000) AS part").await.expect("rows")[0][0]
            != "1000"
        {
            assert!(!run.has_ended(), "the run ended before anything was attached");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        client
            .run("SET lock_timeout = '20s'; ALTER TABLE parts ATTACH PARTITION parts_before FOR VALUES FROM (1) TO (100000)")
            .await
            .expect("attached");
        client.run("ALTER TABLE parts ATTACH PARTITION parts_behind FOR VALUES FROM (300000) TO (400000)").await.expect("attached");
        let ran = run.wait().await;
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        let wrong =
            client.rows("SELECT count(*), count(*) FILTER (WHERE slug IS DISTINCT FROM lower(name)) FROM parts").await.expect("rows");
        assert_eq!(wrong[0], ["36000", "0"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_trigger_the_proof_finds_what_slips_through() {
    let Some(cluster) = support::postgres(16) else { return };
    let database = cluster.database();
    let stock = Stock::new(&database.url, 20_000).await;
    let mut run = stock.start();
    stock.until(&mut run, 10).await;
    database.run("SET lock_timeout = '20s'; ALTER TABLE stock DISABLE TRIGGER stock_slug").await;
    // Writes that never end, in front of everything that was walked.
    let application = stock.application(&database.url, 6);
    let ran = run.wait().await;
    let told = application.stop().await;
    assert_eq!(ran.code, Some(1), "{told:?}\n{}", ran.said());
    assert!(ran.said().contains("rows are left"), "{}", ran.said());
    database.run("ALTER TABLE stock ENABLE TRIGGER stock_slug").await;
    stock.finish().await;
    let left = Client::connect(&database.url)
        .await
        .rows("SELECT count(*) FROM stock WHERE slug IS NULL AND name IS NOT NULL")
        .await
        .expect("rows");
    assert_eq!(left[0], ["0"]);
}
