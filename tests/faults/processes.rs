//! What happens to the tool's own process: others beside it, other texts, a frozen worker, wrong clocks, little memory, signals.

use std::time::{Duration, Instant};

use crate::application::Client;
use crate::stock::Stock;
use crate::support;

async fn several(url: &str, seed: u64) {
    let stock = Stock::new(url, 20_000).await;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut runs = vec![stock.start(), stock.start(), stock.start()];
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(random.u64(30..250))).await;
        let struck = runs.swap_remove(random.usize(..runs.len()));
        struck.kill().await;
        runs.push(stock.start());
    }
    for run in runs {
        let ran = run.wait().await;
        assert_eq!(ran.code, Some(0), "{}", ran.said());
    }
    stock.check_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_tools_at_once_one_of_them_killed_now_and_then_on_postgres() {
    let Some(cluster) = support::postgres(16) else { return };
    several(&cluster.database().url, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_tools_at_once_one_of_them_killed_now_and_then_on_sqlite() {
    several(&support::sqlite().url(), 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_text_of_the_same_backfill_is_refused_while_it_runs_and_later() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let stock = Stock::new(&database.url, 20_000).await;
    let mut run = stock.start();
    stock.until(&mut run, 10).await;
    stock.workshop.write("0001_stock/backfill.sql", "UPDATE stock SET slug = upper(name) WHERE slug IS NULL AND name IS NOT NULL;\n");
    let other = stock.workshop.run(&["apply", "--phase", "backfill", "--wait"]).await;
    assert_eq!(other.code, Some(6), "{}", other.said());
    let ran = run.wait().await;
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    let wrong = Client::connect(&database.url)
        .await
        .rows("SELECT count(*) FROM stock WHERE slug IS DISTINCT FROM lower(name)")
        .await
        .expect("rows");
    assert_eq!(wrong[0], ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_frozen_past_its_lease_wakes_up_fenced() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let stock = Stock::new(&database.url, 20_000).await;
        let mut frozen = stock.start();
        stock.until(&mut frozen, 10).await;
        let mut client = Client::connect(&database.url).await;
        // Half the time it would freeze with rows locked, and those are free only when the server ends its session.
        let state = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'concertina' AND datname = current_database() AND state <> 'idle'";
        loop {
            frozen.signal("STOP");
            tokio::time::sleep(Duration::from_millis(20)).await;
            if client.rows(state).await.expect("the activity")[0][0] == "0" {
                break;
            }
            frozen.signal("CONT");
            tokio::time::sleep(Duration::from_millis(7)).await;
        }
        // What half a minute does.
        client.run("UPDATE concertina.lease SET expires_at = clock_timestamp() - interval '1 second'").await.expect("the lease runs out");
        let mut next = stock.start();
        stock.until(&mut next, 30).await;
        frozen.signal("CONT");
        let ran = next.wait().await;
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        let woken = frozen.wait().await;
        assert_eq!(woken.code, Some(75), "it must not claim to have done what another did\n{}", woken.said());
        stock.check_all().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_that_disagree_about_the_time() {
    if std::process::Command::new("faketime").arg("--help").output().is_err() {
        support::skip("faketime", "no faketime in PATH");
        return;
    }
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    let stock = Stock::new(&database.url, 20_000).await;
    let arguments = ["apply", "--phase", "backfill", "--wait"];
    let skewed = |shift: &'static str| ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", shift];
    let mut late = stock.workshop.start_under(&skewed("-2d"), &arguments);
    stock.until(&mut late, 10).await;
    // For this one the lease ended long ago: it must not believe its own clock.
    let early = stock.workshop.start_under(&skewed("+2d"), &arguments);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let holders = Client::connect(&database.url)
        .await
        .rows("SELECT token FROM concertina.lease WHERE expires_at BETWEEN now() AND now() + interval '1 minute'")
        .await
        .expect("the lease");
    assert_eq!(holders.len(), 1, "the lease is held by the database's clock");
    for run in [late, early] {
        let ran = run.wait().await;
        assert_eq!(ran.code, Some(0), "{}", ran.said());
    }
    stock.check_all().await;
    let times = Client::connect(&database.url)
        .await
        .rows("SELECT count(*) FROM concertina.script WHERE started_at NOT BETWEEN now() - interval '1 hour' AND now()")
        .await
        .expect("the record");
    assert_eq!(times[0], ["0"], "what is recorded carries the database's time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn little_memory_is_enough_and_too_little_ends_without_harm() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let stock = Stock::with(&database.url, 20_000, "chunk_target = \"100ms\"").await;
    let arguments = ["apply", "--phase", "backfill"];
    // Address space, most of which is never touched: threads, the allocator's reserve, the program itself.
    let starved = stock.workshop.start_under(&["prlimit", "--as=30000000"], &arguments).wait().await;
    assert_ne!(starved.code, Some(0), "30 MB should be too little: nothing was shown");
    let ran = stock.workshop.start_under(&["prlimit", "--as=1500000000", "--data=200000000"], &arguments).wait().await;
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    stock.check_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_it_ends_the_chunk_and_the_next_run_goes_on() {
    let databases = [support::postgres(18).map(|cluster| cluster.database())];
    let sqlite = support::sqlite();
    let urls = databases.iter().flatten().map(|database| database.url.clone()).chain([sqlite.url()]);
    for url in urls {
        let stock = Stock::new(&url, 20_000).await;
        for (percent, signal) in [(5, "TERM"), (15, "INT"), (25, "TERM")] {
            let mut run = stock.start();
            stock.until(&mut run, percent).await;
            let began = Instant::now();
            run.signal(signal);
            let ran = run.wait().await;
            assert_eq!(ran.code, Some(75), "{signal} at {percent} %\n{}", ran.said());
            assert!(began.elapsed() < Duration::from_secs(3), "it took {:?}", began.elapsed());
        }
        stock.finish().await;
        stock.check_all().await;
    }
}
