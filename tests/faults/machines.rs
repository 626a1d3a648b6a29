//! Processes on machines of their own, whose network is cut for longer than a lease and comes back.

use std::time::{Duration, Instant};

use crate::application::Client;
use crate::stock::Stock;
use crate::support;

/// Whether the leases run out by the clock: half a minute, in a long run. Else the clock is helped.
fn is_long() -> bool {
    std::env::var_os("MIGRATE_TEST_LONG").is_some()
}

/// Sessions of the machine in the middle of something: their rows are locked until the server gives up on them.
fn at_work(address: &str) -> String {
    format!("SELECT count(*) FROM pg_stat_activity WHERE host(client_addr) = '{address}' AND state <> 'idle'")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_cut_off_longer_than_its_leases_is_replaced_and_comes_back_fenced() {
    // One version in a short run: the network is the same for all.
    for major in if is_long() { vec![14, 16, 18] } else { vec![18] } {
        let (Some(first), Some(second)) = (support::machine(), support::machine()) else { return };
        let Some(cluster) = support::Cluster::with(major, "-c listen_addresses=*") else { continue };
        cluster.admit("10.0.0.0/8");
        let database = cluster.database();
        let stock = Stock::in_many_ranges(&database.url, 12_000).await;
        let application = stock.application(&database.url, 6);
        let start = |machine: &support::Machine| {
            let url = database.url.replace("127.0.0.1", &machine.here());
            let arguments = ["apply", "--phase", "backfill", "--wait", "--join", "--workers", "2", "--database-url", &url];
            stock.workshop.start_under(&machine.wrapper(), &arguments)
        };
        let mut leader = start(&first);
        stock.until(&mut leader, 5).await;
        let mut other = start(&second);
        let mut client = Client::connect(&database.url).await;
        let owners = "SELECT count(DISTINCT split_part(owner, ' worker ', 1)) FROM concertina.backfill_range WHERE state = 'open'";
        let began = Instant::now();
        while client.rows(owners).await.expect("the ranges")[0][0] != "2" {
            assert!(!leader.has_ended() && !other.has_ended(), "they ended before they shared anything");
            assert!(began.elapsed() < Duration::from_secs(30), "the second machine never took a range");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }

        // Half the time it is cut off with rows locked, and those are free only when the server ends its sessions.
        loop {
            first.pull();
            tokio::time::sleep(Duration::from_millis(150)).await;
            if is_long() || client.rows(&at_work(&first.there())).await.expect("the activity")[0][0] == "0" {
                break;
            }
            first.plug();
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        assert!(!leader.has_ended(), "it was at work when it was cut off");
        if !is_long() {
            let held = format!(
                "UPDATE concertina.lease SET expires_at = clock_timestamp() - interval '1 second'; \
                 UPDATE concertina.backfill_range SET lease_until = clock_timestamp() - interval '1 second' \
                 WHERE session_pid IN (SELECT pid FROM pg_stat_activity WHERE host(client_addr) = '{}')",
                first.there()
            );
            client.run(&held).await.expect("the leases run out");
        }
        let ran = tokio::time::timeout(Duration::from_secs(120), other.wait()).await.expect("the second machine takes it all over");
        assert_eq!(ran.code, Some(0), "PostgreSQL {major}\n{}", ran.said());
        assert!(!leader.has_ended(), "the first machine still waits for an answer, or for the network");

        first.plug();
        let ran = tokio::time::timeout(Duration::from_secs(120), leader.wait()).await.expect("the first machine finds out");
        assert_eq!(ran.code, Some(75), "it must not claim to have done what another did\n{}", ran.said());
        let told = application.stop().await;
        assert!(told.writes > 20 && told.deadlocks == 0 && told.cuts == 0, "{told:?}");
        stock.check().await;
        stock.workshop.expect(&["status", "--exit-code"], 0).await;
    }
}
