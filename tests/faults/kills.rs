//! The tool killed at random moments of a backfill beside an application, and through all three phases:
//! two hundred kills, a thousand and more with `MIGRATE_TEST_LONG=1`.

use std::time::{Duration, Instant};

use crate::application::Client;
use crate::stock::Stock;
use crate::support;
use crate::workshop::Workshop;

/// So many kills as a part of the whole: a twentieth in a short run.
fn kills(short: u32) -> u32 {
    if std::env::var_os("MIGRATE_TEST_LONG").is_some() { short * 5 } else { short }
}

/// Kills backfills beside an application until `kills` of them hit one alive; as many tables as it takes.
async fn killed(urls: impl AsyncFn() -> String, kills: u32, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut hit, mut tables, mut writes, mut pages) = (0, 0, 0, false);
    while hit < kills {
        tables += 1;
        assert!(tables <= kills, "{hit} kills on {tables} tables: the tool ends before it is killed");
        let url = urls().await;
        // By keys and by pages in turn.
        pages = !pages && url.starts_with("postgres");
        let stock = if pages { Stock::by_pages(&url, 20_000).await } else { Stock::new(&url, 20_000).await };
        let application = stock.application(&url, seed);
        while hit < kills {
            let patience = Duration::from_millis(random.u64(5..160));
            if !stock.workshop.kill_after(&["apply", "--phase", "backfill", "--wait"], patience).await {
                break;
            }
            hit += 1;
        }
        stock.finish().await;
        let told = application.stop().await;
        assert_eq!(told.deadlocks, 0, "{told:?}");
        writes += told.writes;
        stock.check().await;
        stock.workshop.expect(&["status", "--exit-code"], 0).await;
    }
    assert!(writes > 20, "the application wrote {writes} times");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_killed_again_and_again_beside_an_application_on_postgres() {
    let clusters: Vec<_> = [14, 18].into_iter().filter_map(support::postgres).collect();
    for (cluster, seed) in clusters.iter().zip(100..) {
        let databases = std::sync::Mutex::new(Vec::new());
        let urls = async || {
            let database = cluster.database();
            let url = database.url.clone();
            databases.lock().expect("no panic").push(database);
            url
        };
        killed(urls, kills(45), seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_killed_again_and_again_beside_an_application_on_sqlite() {
    let files = std::sync::Mutex::new(Vec::new());
    let urls = async || {
        let file = support::sqlite();
        let url = file.url();
        files.lock().expect("no panic").push(file);
        url
    };
    killed(urls, kills(45), 200).await;
}

fn patience(random: &mut fastrand::Rng, longest: &mut impl Iterator<Item = u64>) -> Duration {
    Duration::from_millis(random.u64(5..longest.nth(15).unwrap_or(1000)))
}

/// A life of two migrations, each command of it killed at random moments and given again until it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_phase_killed_again_and_again() {
    let mut random = fastrand::Rng::with_seed(9);
    let goal = kills(30);
    let mut hit = 0;
    let Some(cluster) = support::postgres(16) else { return };
    while hit < goal {
        let database = cluster.database();
        let workshop = Workshop::new("postgres", &database.url);
        workshop.configure("chunk_target = \"50ms\"");
        workshop.write(
            "0001_people/expand.sql",
            "CREATE TABLE people (id bigint PRIMARY KEY, fullname text NOT NULL, legacy text);\n\
             CREATE TABLE log (line integer NOT NULL);\n\
             INSERT INTO people (id, fullname) SELECT i, 'Person ' || i FROM generate_series(1, 20000) AS i;\n\
             INSERT INTO log VALUES (1);\n\
             CREATE INDEX CONCURRENTLY people_fullname ON people (fullname);\n\
             INSERT INTO log VALUES (2);\n\
             ALTER TABLE people ADD COLUMN short text;\n\
             INSERT INTO log VALUES (3);\n\
             CREATE INDEX CONCURRENTLY people_legacy ON people (legacy);\n\
             BEGIN;\nINSERT INTO log VALUES (4);\nINSERT INTO log VALUES (5);\nCOMMIT;\n",
        );
        workshop.write("0001_people/backfill.sql", "UPDATE people SET short = lower(fullname) WHERE short IS NULL;\n");
        for phase in ["expand", "backfill"] {
            // More time each time: on a slow machine, too, it comes to its end.
            let mut longest = 150..;
            while workshop.kill_after(&["apply", "--phase", phase, "--wait"], patience(&mut random, &mut longest)).await {
                hit += 1;
            }
            workshop.expect(&["apply", "--phase", phase, "--wait"], 0).await;
        }
        let mut client = Client::connect(&database.url).await;
        assert_eq!(
            client.rows("SELECT count(*), count(DISTINCT line) FROM log").await.expect("the log")[0],
            ["5", "5"],
            "each statement ran once"
        );
        let wrong = client.rows("SELECT count(*) FROM people WHERE short IS DISTINCT FROM lower(fullname)").await.expect("rows");
        assert_eq!(wrong[0], ["0"]);
        let invalid = client
            .rows("SELECT count(*), count(*) FILTER (WHERE NOT indisvalid) FROM pg_index WHERE indrelid = 'people'::regclass")
            .await
            .expect("indexes");
        assert_eq!(invalid[0], ["3", "0"]);
        workshop.write("0001_people/contract.sql", "DROP INDEX CONCURRENTLY people_legacy;\nALTER TABLE people DROP COLUMN legacy;\n");
        workshop.expect(&["mark", "deployed", "app@1"], 0).await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let mut longest = 100..;
        while workshop.kill_after(&["apply", "--phase", "contract", "--wait"], patience(&mut random, &mut longest)).await {
            hit += 1;
        }
        workshop.expect(&["apply", "--phase", "contract", "--wait"], 0).await;
        let gone = client
            .rows("SELECT count(*) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attname = 'legacy'")
            .await
            .expect("columns");
        assert_eq!(gone[0], ["0"]);
        workshop.expect(&["status", "--exit-code"], 0).await;
    }
}

/// Two processes of two workers each share a backfill; now and then one of the processes is killed and another joins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_that_share_a_backfill_one_is_killed_again_and_again() {
    let mut random = fastrand::Rng::with_seed(31);
    let goal = kills(6);
    let (mut hit, mut shared) = (0, 0);
    for (major, tables) in [(14, 1..), (18, 1..)] {
        let Some(cluster) = support::postgres(major) else { continue };
        let goal = hit + goal / 2;
        for table in tables {
            assert!(table <= goal * 2, "{hit} kills on {table} tables: the processes end before they are killed");
            let database = cluster.database();
            let stock = Stock::in_many_ranges(&database.url, 20_000).await;
            let application = stock.application(&database.url, u64::from(major));
            let arguments = ["apply", "--phase", "backfill", "--wait", "--join", "--workers", "2"];
            let mut runs = vec![stock.workshop.start(&arguments), stock.workshop.start(&arguments)];
            let mut client = Client::connect(&database.url).await;
            while hit < goal && !runs.iter_mut().any(crate::workshop::Running::has_ended) {
                // Killed while both hold ranges, wherever that can be had.
                let began = Instant::now();
                while began.elapsed() < Duration::from_secs(3) && !runs.iter_mut().any(crate::workshop::Running::has_ended) {
                    // Each process calls itself by a name of its own; one that was killed has no session any more.
                    let sql = "SELECT count(DISTINCT split_part(r.owner, ' worker ', 1)) FROM concertina.backfill_range r \
                               JOIN pg_stat_activity a ON a.pid = r.session_pid WHERE r.state = 'open'";
                    let owners = client.rows(sql).await.map_or(0, |rows| rows[0][0].parse::<u32>().unwrap_or_default());
                    if owners > 1 {
                        shared += 1;
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                tokio::time::sleep(Duration::from_millis(random.u64(5..80))).await;
                let struck = runs.swap_remove(random.usize(..runs.len()));
                struck.kill().await;
                hit += 1;
                runs.push(stock.workshop.start(&arguments));
            }
            for run in runs {
                let ran = run.wait().await;
                assert_eq!(ran.code, Some(0), "{}", ran.said());
            }
            stock.finish().await;
            let told = application.stop().await;
            assert_eq!(told.deadlocks, 0, "{told:?}");
            stock.check().await;
            stock.workshop.expect(&["status", "--exit-code"], 0).await;
            if hit >= goal {
                break;
            }
        }
    }
    assert!(hit == 0 || shared > 0, "two processes never held ranges at the same time: nothing was shared");
}
