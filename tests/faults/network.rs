//! A network that is cut, loses the answer to a COMMIT, falls silent; and a pooler in front of the server.

use std::time::Duration;

use crate::application::Client;
use crate::proxy::Proxy;
use crate::stock::Stock;
use crate::support;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_at_random_moments() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let proxy = Proxy::to(cluster.port()).await;
        let address = proxy.url(database.name());
        let stock = if major == 14 { Stock::new(&address, 20_000).await } else { Stock::by_pages(&address, 20_000).await };
        let application = stock.application(&database.url, 5);
        let mut run = stock.start();
        let mut random = fastrand::Rng::with_seed(major.into());
        let mut cuts = 0;
        stock_until(&stock, &database.url, &mut run, 5).await;
        while cuts < 12 && !run.has_ended() {
            tokio::time::sleep(Duration::from_millis(random.u64(20..250))).await;
            proxy.cut();
            cuts += 1;
        }
        let ran = run.wait().await;
        let told = application.stop().await;
        assert_eq!(ran.code, Some(0), "{told:?}\n{}", ran.said());
        assert!(cuts > 5, "the run ended after {cuts} cuts: the test proves too little");
        stock.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_to_commit_that_never_come() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let proxy = Proxy::to(cluster.port()).await;
        let stock = Stock::new(&proxy.url(database.name()), 20_000).await;
        proxy.lose_answers(3);
        let mut run = stock.start();
        stock.until(&mut run, 20).await;
        while proxy.lost() < 8 && !run.has_ended() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        proxy.lose_answers(0);
        let ran = run.wait().await;
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        assert!(proxy.lost() >= 3, "only {} answers were lost: the test proves too little", proxy.lost());
        stock.check_all().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_falls_silent_for_a_moment_costs_nothing_but_the_moment() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    let proxy = Proxy::to(cluster.port()).await;
    let stock = Stock::new(&proxy.url(database.name()), 20_000).await;
    let mut run = stock.start();
    stock_until(&stock, &database.url, &mut run, 20).await;
    proxy.fall_silent();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!run.has_ended());
    proxy.speak_again();
    let ran = run.wait().await;
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    stock.check_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_falls_silent_for_good_does_not_hold_the_run_for_ever() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    let proxy = Proxy::to(cluster.port()).await;
    let stock = Stock::new(&proxy.url(database.name()), 20_000).await;
    let mut run = stock.start();
    stock_until(&stock, &database.url, &mut run, 20).await;
    proxy.fall_silent();
    let ran = tokio::time::timeout(Duration::from_secs(100), run.wait()).await.expect("the run gives up by itself");
    assert_eq!(ran.code, Some(75), "{}", ran.said());
    proxy.cut();
    proxy.speak_again();
    stock.finish().await;
    stock.check_all().await;
}

/// As [`Stock::until`], past the network that the command uses.
async fn stock_until(stock: &Stock, url: &str, run: &mut crate::workshop::Running, percent: u32) {
    let goal = u64::from(stock.to_fill()) * u64::from(percent) / 100;
    let mut client = Client::connect(url).await;
    while client.rows("SELECT count(*) FROM fills").await.expect("the list")[0][0].parse::<u64>().expect("a number") < goal {
        assert!(!run.has_ended(), "the run ended before the fault");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_transaction_pooler_whose_sessions_are_ended() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let Some(pooler) = support::pooler(cluster) else { return };
        let database = cluster.database();
        let stock = Stock::new(&pooler.url(database.name()), 20_000).await;
        let application = stock.application(&database.url, 8);
        let mut run = stock.start();
        let mut surgeon = Client::connect(&database.url).await;
        stock.until(&mut run, 10).await;
        let mut ended = 0;
        while ended < 6 && !run.has_ended() {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'concertina' AND datname = current_database()";
            ended += usize::from(!surgeon.rows(sql).await.expect("a superuser may").is_empty());
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        let ran = run.wait().await;
        let told = application.stop().await;
        assert_eq!(ran.code, Some(0), "{told:?}\n{}", ran.said());
        assert!(ended > 2, "only {ended} times something was ended: the test proves too little");
        stock.check().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_drains_in_time_when_the_network_fell_silent() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    let proxy = Proxy::to(cluster.port()).await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("1_users")).expect("a folder");
    std::fs::write(folder.path().join("1_users/expand.sql"), "CREATE TABLE users (id bigint PRIMARY KEY);").expect("a script");
    let migrator = concertina::Migrator::from_dir(folder.path(), &proxy.url(database.name())).expect("the folder is understood");
    migrator.expand().await.expect("expansion");
    let heartbeat = migrator.heartbeat("api", "1").await.expect("a heartbeat");
    proxy.fall_silent();
    let drained = tokio::time::timeout(Duration::from_secs(20), heartbeat.drain()).await.expect("it does not wait for ever");
    assert!(drained.is_err(), "the registration runs out by itself");
}
