//! The real binary under faults: killed processes, killed servers, standbys that take over, full disks, silent networks, many
//! runners at once, locks held by others, cancelled index builds, wrong clocks, and passwords that must not be printed.

#[path = "scenarios/application.rs"]
#[expect(dead_code, reason = "only the client of the scenario application is used here")]
mod application;
#[path = "faults/changes.rs"]
mod changes;
#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/kills.rs"]
mod kills;
#[path = "faults/locks.rs"]
mod locks;
#[path = "faults/machines.rs"]
mod machines;
#[path = "faults/network.rs"]
mod network;
#[path = "faults/processes.rs"]
mod processes;
#[path = "faults/proxy.rs"]
mod proxy;
#[path = "faults/servers.rs"]
mod servers;
#[path = "faults/stock.rs"]
mod stock;
#[path = "faults/workshop.rs"]
#[allow(dead_code, reason = "a part of the workshop is for other tests")]
mod workshop;

mod support;

use std::time::{Duration, Instant};

use application::Client;
use workshop::Workshop;

/// Enough that twenty kills still meet a backfill at work.
const ROWS: u32 = 150_000;

/// A table whose every update is counted by a trigger: a row done twice or never shows.
fn counted(dialect: &str) -> (String, &'static str) {
    let expand = if dialect == "postgres" {
        format!(
            "CREATE TABLE items (id bigint PRIMARY KEY, name text NOT NULL, slug text);\n\
             CREATE TABLE touched (id bigint NOT NULL);\n\
             CREATE FUNCTION count_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO touched VALUES (NEW.id); RETURN NULL; END $$;\n\
             CREATE TRIGGER items_touched AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION count_touch();\n\
             INSERT INTO items (id, name) SELECT n * 3, 'Item ' || n FROM generate_series(1, {ROWS}) AS n;\n"
        )
    } else {
        format!(
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, slug TEXT);\n\
             CREATE TABLE touched (id INTEGER NOT NULL);\n\
             CREATE TRIGGER items_touched AFTER UPDATE ON items BEGIN INSERT INTO touched VALUES (NEW.id); END;\n\
             INSERT INTO items (id, name) WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS}) SELECT n * 3, 'Item ' || n FROM numbers;\n"
        )
    };
    (expand, "UPDATE items SET slug = lower(name) WHERE slug IS NULL;\n")
}

async fn assert_exactly_once(url: &str) {
    let mut client = Client::connect(url).await;
    let counts = client
        .rows("SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM items WHERE slug = lower(name)), (SELECT count(*) FROM touched), (SELECT count(DISTINCT id) FROM touched)")
        .await
        .expect("counts");
    let rows = ROWS.to_string();
    assert_eq!(counts[0], vec![rows.clone(), rows.clone(), rows.clone(), rows], "rows, filled, touched, touched once");
}

/// Kills the command at random moments of a backfill until `kills` of them hit it alive.
async fn killed_backfill(dialect: &str, url: &str, kills: u32) {
    let workshop = Workshop::new(dialect, url);
    let (expand, backfill) = counted(dialect);
    workshop.write("0001_items/expand.sql", &expand);
    workshop.write("0001_items/backfill.sql", backfill);
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    let mut random = fastrand::Rng::with_seed(7);
    let (mut hit, mut tries) = (0, 0);
    while hit < kills && tries < kills * 3 {
        tries += 1;
        if workshop.kill_after(&["apply", "--phase", "backfill", "--wait"], Duration::from_millis(random.u64(5..90))).await {
            hit += 1;
        } else {
            break;
        }
    }
    workshop.expect(&["apply", "--phase", "backfill", "--wait"], 0).await;
    assert_exactly_once(url).await;
    workshop.expect(&["status", "--exit-code"], 0).await;
    assert!(hit >= kills / 2, "only {hit} of {tries} kills hit a living run: the test proves too little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_killed_again_and_again_does_every_row_once_on_sqlite() {
    let database = support::sqlite();
    killed_backfill("sqlite", &database.url(), 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_killed_again_and_again_does_every_row_once_on_postgres() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    killed_backfill("postgres", &database.url, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_survives_a_server_that_is_killed() {
    let Some(cluster) = support::Cluster::own(17) else { return };
    let database = cluster.database();
    // The throw-away servers forget what they said was committed; a crash test needs one that does not.
    database.run(&format!("ALTER DATABASE {} SET synchronous_commit = on", database.name())).await;
    let workshop = Workshop::new("postgres", &database.url);
    let (expand, backfill) = counted("postgres");
    workshop.write("0001_items/expand.sql", &expand);
    workshop.write("0001_items/backfill.sql", backfill);
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    let mut run = workshop.start(&["apply", "--phase", "backfill", "--wait"]);
    for patience in [60, 150, 250] {
        tokio::time::sleep(Duration::from_millis(patience)).await;
        assert!(!run.has_ended(), "it ended before the server was killed");
        cluster.kill9();
        tokio::time::sleep(Duration::from_millis(100)).await;
        cluster.restart();
    }
    let ran = run.wait().await;
    assert!(matches!(ran.code, Some(0 | 75)), "resumed or temporary, not {:?}\n{}\n{}", ran.code, ran.stdout, ran.stderr);
    workshop.expect(&["apply", "--phase", "backfill", "--wait"], 0).await;
    assert_exactly_once(&database.url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_survives_connections_that_are_cut() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let workshop = Workshop::new("postgres", &database.url);
    let (expand, backfill) = counted("postgres");
    workshop.write("0001_items/expand.sql", &expand);
    workshop.write("0001_items/backfill.sql", backfill);
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    let mut surgeon = Client::connect(&database.url).await;
    let run = workshop.spawn(&["apply", "--phase", "backfill", "--wait"]);
    let mut ended = 0;
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        ended += surgeon
            .rows("SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            .await
            .expect("sessions are ended")
            .len();
    }
    assert!(ended > 0, "nothing was cut");
    let ran = run.await;
    assert!(matches!(ran.code, Some(0 | 75)), "resumed or temporary, not {:?}\n{}\n{}", ran.code, ran.stdout, ran.stderr);
    workshop.expect(&["apply", "--phase", "backfill", "--wait"], 0).await;
    assert_exactly_once(&database.url).await;
}

/// Many runners start at the same moment: the work is done once, and everybody ends well.
async fn runners(dialect: &str, url: &str, many: usize) {
    let workshop = Workshop::new(dialect, url);
    workshop.write("0001_log/expand.sql", "CREATE TABLE log (line integer NOT NULL);\n");
    for number in 2..=6 {
        workshop.write(
            &format!("000{number}_line/expand.sql"),
            &format!("CREATE TABLE line_{number} (id integer PRIMARY KEY);\nINSERT INTO log (line) VALUES ({number});\n"),
        );
    }
    let runs: Vec<_> = (0..many).map(|_| workshop.spawn(&["apply", "--phase", "expand", "--wait"])).collect();
    for run in runs {
        let ran = run.await;
        assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    }
    let lines = Client::connect(url).await.rows("SELECT count(*), count(DISTINCT line) FROM log").await.expect("the log");
    assert_eq!(lines[0], ["5", "5"], "each statement ran once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runners_and_eight_runners_do_the_work_once_on_sqlite() {
    for many in [2, 8] {
        let database = support::sqlite();
        runners("sqlite", &database.url(), many).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runners_and_eight_runners_do_the_work_once_on_postgres() {
    let Some(cluster) = support::postgres(18) else { return };
    for many in [2, 8] {
        let database = cluster.database();
        runners("postgres", &database.url, many).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_held_too_long_is_given_up_names_its_holder_and_never_makes_readers_wait_longer_than_the_timeout() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let workshop = Workshop::with_locks("postgres", &database.url, "300ms", "3s");
    workshop.write("0001_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n");
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    workshop.write("0002_nick/expand.sql", "ALTER TABLE users ADD COLUMN nick text;\n");

    let mut holder = Client::connect(&database.url).await;
    holder.run("BEGIN; SELECT count(*) AS held_by_a_report FROM users").await.expect("a long transaction");
    let url = database.url.clone();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopping = std::sync::Arc::clone(&stop);
    let reader = tokio::spawn(async move {
        let mut client = Client::connect(&url).await;
        let mut longest = Duration::ZERO;
        while !stopping.load(std::sync::atomic::Ordering::Relaxed) {
            let start = Instant::now();
            client.run("SELECT count(*) FROM users").await.expect("readers go on");
            longest = longest.max(start.elapsed());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        longest
    });
    let ran = workshop.expect(&["apply", "--phase", "expand"], 75).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let longest = reader.await.expect("the reader");
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("held_by_a_report"), "the blocking query is named:\n{said}");
    assert!(longest < Duration::from_millis(900), "a reader waited {longest:?} behind a lock_timeout of 300 ms");
    holder.run("COMMIT").await.expect("the transaction ends");
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_build_cancelled_halfway_is_cleaned_up_and_done_again() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let workshop = Workshop::new("postgres", &database.url);
    workshop.write("0001_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);\nINSERT INTO users (id, name) SELECT n, 'n' || n FROM generate_series(1, 1000) AS n;\n");
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    workshop.write("0002_by_name/expand.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);\n");

    let mut holder = Client::connect(&database.url).await;
    holder.run("BEGIN; UPDATE users SET name = name WHERE id = 1").await.expect("a writer that does not end");
    let run = workshop.spawn(&["apply", "--phase", "expand"]);
    let mut surgeon = Client::connect(&database.url).await;
    let mut cancelled = false;
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let builds = surgeon
            .rows("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active' AND wait_event_type = 'Lock' AND datname = current_database()")
            .await
            .expect("the activity");
        if !builds.is_empty() {
            cancelled = true;
            break;
        }
    }
    assert!(cancelled, "the build was never seen waiting");
    let mut invalid = false;
    for _ in 0..100 {
        let rows = surgeon.rows("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('users_name') AND NOT indisvalid").await;
        invalid |= !rows.expect("the catalogue").is_empty();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(invalid, "the fault was real: an invalid index was left");
    holder.run("COMMIT").await.expect("the writer ends");
    let ran = run.await;
    if ran.code != Some(0) {
        workshop.expect(&["apply", "--phase", "expand"], 0).await;
    }
    let valid = surgeon
        .rows("SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('users_name') AND indisvalid")
        .await
        .expect("the catalogue");
    assert_eq!(valid[0], ["1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_output_ever_holds_a_password() {
    const SECRET: &str = "hunter2sEcReT";
    let mut urls = vec![
        format!("postgres://app:{SECRET}@127.0.0.1:1/none"),
        format!("postgres://app:{SECRET}@no.such.host.invalid/none"),
        format!("postgres://app:{SECRET}@127.0.0.1:99999/none"),
        format!("postgres://app@127.0.0.1:1/none?password={SECRET}"),
        format!("postgres://app:{SECRET}@[bad/none"),
        format!("mysql://app:{SECRET}@127.0.0.1/none"),
        format!("sqlite:///no/such/folder/{SECRET}-is-not-secret-here.db").replace(SECRET, "x"),
    ];
    let cluster = support::postgres(18);
    if let Some(cluster) = &cluster {
        let database = cluster.database();
        urls.push(database.url.replacen("postgres://", &format!("postgres://nobody:{SECRET}@"), 1).replacen("@postgres@", "@", 1));
        urls.push(format!("{}?password={SECRET}", database.url));
    }
    for url in &urls {
        let workshop = Workshop::new("postgres", url);
        workshop.write("0001_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n");
        let commands: [&[&str]; 8] = [
            &["plan"],
            &["apply", "--phase", "expand"],
            &["apply", "--phase", "expand", "--format", "json"],
            &["status", "-vv"],
            &["mark", "deployed", "app@1"],
            &["wait", "--phase", "expand", "--timeout", "1s"],
            &["rollback", "0001_users", "--yes"],
            &["status", "--database-url", url],
        ];
        for command in commands {
            let ran = workshop.run(command).await;
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(
                !said.contains(SECRET),
                "`migrate {}` printed the password of {}:\n{said}",
                command.join(" "),
                url.replace(SECRET, "…")
            );
            assert!(!said.contains("panicked"), "`migrate {}` panicked:\n{said}", command.join(" "));
        }
    }
}
