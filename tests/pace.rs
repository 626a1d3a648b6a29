//! Backfills that yield: to other shells, to replicas, to old transactions, to whatever a query says; on real servers, by the command.
#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};
use support::{Cluster, Database};

/// Long enough to be steered while it is at work, at the slow pace that it is given.
const ROWS: u32 = 60_000;

/// A table, and a backfill that takes small chunks.
struct Shop {
    folder: tempfile::TempDir,
    url: String,
}

impl Shop {
    fn new(dialect: &str, url: &str, settings: &str, rows: u32) -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (series, id) = match dialect {
            "sqlite" => {
                (format!("WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {rows}) SELECT x, x FROM c"), "INTEGER")
            }
            _ => (format!("SELECT x, x FROM generate_series(1, {rows}) AS s (x)"), "bigint"),
        };
        for (path, text) in [
            (
                "migrate.toml",
                format!("dialect = \"{dialect}\"\nsmall_tables = [\"a\"]\n[backfill]\nchunk_target = \"5ms\"\nduty = \"10%\"\n{settings}"),
            ),
            (
                "migrations/1_a/expand.sql",
                format!("CREATE TABLE a (id {id} PRIMARY KEY, n {id}, done {id});\nINSERT INTO a (id, n) {series};\n"),
            ),
            ("migrations/2_b/backfill.sql", "UPDATE a SET done = n WHERE done IS NULL;\n".to_owned()),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
            std::fs::write(path, text).expect("a file can be written");
        }
        let shop = Shop { folder, url: url.to_owned() };
        let (code, out) = shop.migrate(&["apply", "--phase", "expand", "-q"]);
        assert_eq!(code, 0, "{out}");
        shop
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        command.args(arguments).current_dir(self.folder.path()).env("MIGRATE_DATABASE_URL", &self.url).env("MIGRATE_ACTOR", "ada@desk");
        command
    }

    fn migrate(&self, arguments: &[&str]) -> (i32, String) {
        let done = self.command(arguments).output().expect("the command was built");
        let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        (done.status.code().unwrap_or(-1), text)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let done = self.command(arguments).args(["--format", "json"]).output().expect("the command was built");
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&done.stderr)))
    }

    /// The backfill, at work in the background.
    fn start(&self, arguments: &[&str]) -> Running {
        let events = self.folder.path().join("events");
        let _ = std::fs::remove_file(&events);
        let child = self
            .command(&["apply", "--phase", "backfill", "--events", "events", "--format", "json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command was built");
        Running { child: Some(child), events }
    }

    /// What `status` says of the backfill.
    fn backfill(&self) -> Value {
        self.json(&["backfill", "status", "2_b"])["migrations"][0]["phases"][0]["progress"].clone()
    }
}

/// A run in the background.
struct Running {
    child: Option<Child>,
    events: std::path::PathBuf,
}

impl Running {
    fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.events).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    fn count(&self, event: &str) -> usize {
        self.events().iter().filter(|line| line["event"] == event).count()
    }

    /// Waits for an event of this kind.
    fn soon(&self, event: &str) -> Value {
        let began = Instant::now();
        loop {
            if let Some(found) = self.events().into_iter().rev().find(|line| line["event"] == event) {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "no {event}: {:#?}", self.events().last());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its exit code and result.
    fn end(mut self) -> (i32, Value) {
        let done = self.child.take().expect("it runs").wait_with_output().expect("it is ours");
        let document = serde_json::from_slice(&done.stdout).unwrap_or_default();
        (done.status.code().unwrap_or(-1), document)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn steered_from_another_shell(shop: &Shop) {
    let run = shop.start(&[]);
    run.soon("chunk-finished");
    let asked = Instant::now();
    let (code, told) = shop.migrate(&["backfill", "pause", "2_b", "--reason", "the replica is rebuilt"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("paused") && told.contains("rows walked"), "{told}");
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    // At most the two chunks that were under way, and then none.
    let paused = run.count("chunk-finished");
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(run.count("chunk-finished"), paused);
    let progress = shop.backfill();
    assert_eq!(progress["backfill"]["state"], "paused", "{progress}");
    assert_eq!(progress["backfill"]["wish"]["actor"], "ada@desk");
    assert_eq!(progress["backfill"]["wish"]["reason"], "the replica is rebuilt");
    let (_, told) = shop.migrate(&["status"]);
    assert!(told.contains("paused by ada@desk") && told.contains("the replica is rebuilt"), "{told}");

    let (code, told) = shop.migrate(&["backfill", "resume", "2_b"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("goes on"), "{told}");
    let began = Instant::now();
    while run.count("chunk-finished") == paused {
        assert!(began.elapsed() < Duration::from_secs(10), "it does not go on");
        std::thread::sleep(Duration::from_millis(20));
    }
    let (code, told) = shop.migrate(&["backfill", "cancel", "2_b"]);
    assert_eq!(code, 0, "{told}");
    let (code, document) = run.end();
    assert_eq!(code, 1, "{document}");
    assert_eq!(document["outcome"], "interrupted");
    assert_eq!(document["next"][0], "migrate backfill resume 2_b");
    // Trying again does not help until somebody allows it.
    let (code, told) = shop.migrate(&["apply", "--phase", "backfill"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("was cancelled by ada@desk"), "{told}");
    assert_eq!(shop.migrate(&["backfill", "resume", "2_b"]).0, 0);

    let run = shop.start(&[]);
    run.soon("chunk-finished");
    let (code, told) = shop.migrate(&["backfill", "pace", "2_b", "fast,chunk=50ms"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("goes at fast,chunk=50ms"), "{told}");
    assert_eq!(run.soon("repaced")["by"], "ada@desk");
    let (code, document) = run.end();
    assert_eq!(code, 0, "{document}");
    assert_eq!(document["migrations"][0]["phases"][0]["progress"]["rows"]["changed"], ROWS, "{document}");
}

#[test]
fn on_postgres_a_backfill_is_steered_from_another_shell() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    steered_from_another_shell(&Shop::new("postgres", &database.url, "", ROWS));
}

#[test]
fn on_sqlite_a_backfill_is_steered_from_another_shell() {
    let file = support::sqlite();
    steered_from_another_shell(&Shop::new("sqlite", &file.url(), "", ROWS));
}

/// Runs a backfill whose signal is at its limit from the beginning, until `release` changes that.
async fn yields(database: &Database, settings: &str, reason: &str, release: impl AsyncFnOnce()) {
    let shop = Shop::new("postgres", &database.url, settings, 2_000);
    let run = shop.start(&[]);
    let told = run.soon("throttled");
    assert!(told["reason"].as_str().is_some_and(|told| told.contains(reason)), "{told}");
    std::thread::sleep(Duration::from_millis(500));
    let chunks = run.count("chunk-finished");
    let progress = shop.backfill();
    assert_eq!(progress["backfill"]["state"], "throttled", "{progress}");
    assert!(progress["backfill"]["held"].as_str().is_some_and(|held| held.contains(reason)), "{progress}");
    assert_eq!(run.count("chunk-finished"), chunks, "it goes on");
    release().await;
    let (code, document) = run.end();
    assert_eq!(code, 0, "{document}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_transaction_stops_it_by_name() {
    let Some(cluster) = support::postgres(16) else { return };
    let database = cluster.database();
    database.run("CREATE TABLE other (id int)").await;
    let mut old = database.connect().await;
    sqlx::raw_sql("SET application_name = 'report'; BEGIN; INSERT INTO other VALUES (1)").execute(&mut old).await.expect("it begins");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let settings = "[[backfill.throttle]]\nkind = \"horizon\"\nlimit = \"1s\"\n";
    yields(&database, settings, "report", async || {
        sqlx::raw_sql("ROLLBACK").execute(&mut old).await.expect("it ends");
    })
    .await;
}

/// A transaction that begins while chunks run, and is young then: it stops them when it has grown old.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_grows_old_while_it_runs_stops_it_and_its_end_lets_it_go_on() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        database.run("CREATE TABLE other (id int)").await;
        let settings = "[[backfill.throttle]]\nkind = \"horizon\"\nlimit = \"2s\"\n";
        let shop = Shop::new("postgres", &database.url, settings, ROWS);
        let run = shop.start(&[]);
        run.soon("chunk-finished");
        assert_eq!(run.count("throttled"), 0, "nothing is old yet");
        let mut old = database.connect().await;
        let begin = "SET application_name = 'export'; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM other";
        sqlx::raw_sql(begin).execute(&mut old).await.expect("it begins");
        let (began, chunks) = (Instant::now(), run.count("chunk-finished"));
        let told = run.soon("throttled");
        assert!(told["reason"].as_str().is_some_and(|reason| reason.contains("horizon") && reason.contains("export")), "{told}");
        let waited = began.elapsed();
        assert!(waited > Duration::from_millis(1500) && waited < Duration::from_secs(8), "PostgreSQL {major}: after {waited:?}");
        let stopped = run.count("chunk-finished");
        assert!(stopped > chunks, "it worked while the transaction was young");
        std::thread::sleep(Duration::from_millis(700));
        assert!(run.count("chunk-finished") <= stopped + 1, "it stands still");
        sqlx::raw_sql("COMMIT").execute(&mut old).await.expect("it ends");
        run.soon("goes-on");
        assert_eq!(shop.migrate(&["backfill", "pace", "2_b", "fast"]).0, 0);
        let (code, document) = run.end();
        assert_eq!(code, 0, "{document}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_fails_stops_it_as_well_as_one_over_its_limit() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    let settings = "[[backfill.throttle]]\nkind = \"query\"\nname = \"queue\"\nsql = \"SELECT count(*) FROM queue\"\nlimit = 0\n";
    yields(&database, settings, "query queue cannot be read", async || {
        // It can be read now, and is over its limit.
        database.run("CREATE TABLE queue AS SELECT 1 AS id").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        database.run("DELETE FROM queue").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_sees_no_other_sessions_is_not_stopped_by_what_nobody_asked_for() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    database
        .run(&format!(
            "CREATE ROLE plain_{} LOGIN; GRANT ALL ON DATABASE {0} TO plain_{0}; GRANT ALL ON SCHEMA public TO plain_{0}",
            database.name()
        ))
        .await;
    let url = database.url.replace("postgres@", &format!("plain_{}@", database.name()));
    let shop = Shop::new("postgres", &url, "", 2_000);
    let (code, document) = shop.start(&[]).end();
    assert_eq!(code, 0, "{document}");
    database.run(&format!("DROP OWNED BY plain_{0}; DROP ROLE plain_{0}", database.name())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_signal_can_be_read_on_every_version() {
    for cluster in support::installed() {
        let database = cluster.database();
        let kinds = ["replica-lag", "replica-bytes", "lock-waiters", "horizon", "slot-retention", "archive-queue", "vacuum", "dead-tuples"];
        let mut settings: String = kinds.iter().map(|kind| format!("[[backfill.throttle]]\nkind = \"{kind}\"\n")).collect();
        settings.push_str("[[backfill.throttle]]\nkind = \"checkpoints\"\nlimit = 100000\n[[backfill.throttle]]\nkind = \"active-sessions\"\nlimit = 100000\n");
        let shop = Shop::new("postgres", &database.url, &settings, 2_000);
        // Asked for by name, each of them would stop the backfill if it could not be read.
        let run = shop.start(&[]);
        run.soon("job-finished");
        assert_eq!(run.count("throttled"), 0, "postgres {}: {:?}", cluster.major(), run.events());
        assert_eq!(run.end().0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_an_application_it_works_a_tenth_of_the_time() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let shop = Shop::new("postgres", &database.url, "", 200_000);
        let settings = "dialect = \"postgres\"\nsmall_tables = [\"a\"]\n[backfill]\nchunk_target = \"5ms\"\n";
        std::fs::write(shop.folder.path().join("migrate.toml"), settings).expect("a file can be written");
        let (leave, left) = std::sync::mpsc::channel::<()>();
        let mut application = PgConnection::connect(&database.url).await.expect("the server answers");
        let application = tokio::spawn(async move {
            while left.try_recv().is_err() {
                application.execute("SELECT 1").await.expect("the server answers");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let run = shop.start(&[]);
        let first = run.soon("chunk-finished");
        assert_eq!((first["duty"].as_f64(), first["held"].as_str()), (Some(0.1), Some("application")), "{first}");
        leave.send(()).expect("it is there");
        application.await.expect("no panic");
        // A session that did nothing for five seconds no longer counts.
        let events = run.events.clone();
        assert_eq!(run.end().0, 0);
        let text = std::fs::read_to_string(events).expect("events were written");
        let last = text.lines().rev().find(|line| line.contains("\"chunk-finished\"")).expect("a chunk");
        let last: Value = serde_json::from_str(last).expect("a line of JSON");
        assert_eq!((last["duty"].as_f64(), &last["held"]), (Some(0.5), &Value::Null), "{last}");
    }
}

#[test]
fn outside_of_its_hours_a_backfill_waits_and_says_when() {
    let file = support::sqlite();
    // An hour that is not now, whatever the time is.
    let hour = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    let (from, to) = ((hour + 3) % 24, (hour + 4) % 24);
    let settings = format!("[[backfill.throttle]]\nkind = \"hours\"\nonly = \"{from:02}:00-{to:02}:00 UTC\"\n");
    let shop = Shop::new("sqlite", &file.url(), &settings, 100);
    let run = shop.start(&[]);
    assert!(run.soon("throttled")["reason"].as_str().is_some_and(|told| told.contains(":00 UTC")));
    assert_eq!(run.count("chunk-finished"), 0);
    let child = run.child.as_ref().expect("it runs").id();
    assert!(Command::new("kill").args(["-TERM", &child.to_string()]).status().expect("there is kill").success());
    assert_eq!(run.end().0, 75);
}

#[test]
fn a_reader_that_holds_up_the_log_of_sqlite_stops_it() {
    let file = support::sqlite();
    let settings = "[[backfill.throttle]]\nkind = \"wal-file\"\nlimit = \"100kB\"\n";
    let shop = Shop::new("sqlite", &file.url(), settings, ROWS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut reader = runtime.block_on(async {
        use sqlx::Connection;
        let mut reader = sqlx::SqliteConnection::connect(&file.url()).await.expect("it opens");
        sqlx::raw_sql("PRAGMA journal_mode = WAL; BEGIN; SELECT count(*) FROM a").execute(&mut reader).await.expect("it reads");
        reader
    });
    let run = shop.start(&["--pace", "duty=3%"]);
    assert!(run.soon("throttled")["reason"].as_str().is_some_and(|told| told.starts_with("wal-file")));
    runtime.block_on(async { sqlx::raw_sql("COMMIT").execute(&mut reader).await.expect("it ends") });
    assert_eq!(run.end().0, 0);
}

#[test]
fn a_pace_that_is_none_is_refused_before_anything_runs() {
    let file = support::sqlite();
    let shop = Shop::new("sqlite", &file.url(), "", 10);
    let (code, told) = shop.migrate(&["apply", "--phase", "backfill", "--pace", "gentel"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("did you mean `gentle`?"), "{told}");
    let (code, told) = shop.migrate(&["backfill", "pace", "2_b", "duty=200%"]);
    assert_eq!(code, 2, "{told}");
    let (code, told) = shop.migrate(&["backfill", "pause", "1_a"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("1_a has no backfill"), "{told}");
    let (code, told) = shop.migrate(&["apply", "--phase", "backfill", "--events", "missing/events"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("cannot write events to missing/events"), "{told}");
    assert!(!Path::new("missing").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_foretells_time_and_log_first_by_assumption_then_by_what_was_measured() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let shop = Shop::new("postgres", &database.url, "", ROWS);
    // As large as the catalogue says.
    database.run("UPDATE pg_class SET reltuples = 3000000, relpages = 40000 WHERE relname = 'a'").await;
    let work = |plan: &Value| plan["migrations"][0]["phases"][0]["statements"][0]["work"][0].clone();
    let assumed = work(&shop.json(&["plan"]));
    assert_eq!(assumed["log"]["least"], 390_000_000, "{assumed}");
    assert!(assumed["seconds"]["told"].as_str().is_some_and(|told| told.contains("nothing was measured here yet")), "{assumed}");
    let (code, document) = shop.start(&["--pace", "fast"]).end();
    assert_eq!(code, 0, "{document}");
    let next = shop.folder.path().join("migrations/3_c/backfill.sql");
    std::fs::create_dir_all(next.parent().expect("a folder")).expect("a folder can be made");
    std::fs::write(next, "UPDATE a SET done = -n WHERE done > 0;\n").expect("a file can be written");
    database.run("UPDATE pg_class SET reltuples = 3000000, relpages = 40000 WHERE relname = 'a'").await;
    let measured = work(&shop.json(&["plan"]));
    assert!(measured["seconds"]["told"].as_str().is_some_and(|told| told.contains("as earlier backfills here")), "{measured}");
    let least = measured["log"]["least"].as_u64().expect("log is counted");
    assert!((30..2_000).contains(&(least / 3_000_000)), "{measured}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_well_or_not_there_stops_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let status = std::sync::Arc::new(std::sync::atomic::AtomicU16::new(503));
    let answers = std::sync::Arc::clone(&status);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = socket.read(&mut request).await;
            let status = answers.load(std::sync::atomic::Ordering::SeqCst);
            let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    let file = support::sqlite();
    let settings = format!("[[backfill.throttle]]\nkind = \"http\"\nname = \"shop\"\nurl = \"http://127.0.0.1:{port}/healthy\"\n");
    let shop = Shop::new("sqlite", &file.url(), &settings, 500);
    let run = shop.start(&[]);
    assert_eq!(run.soon("throttled")["reason"], "http shop (answered 503)");
    assert_eq!(run.count("chunk-finished"), 0);
    status.store(200, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(run.end().0, 0);

    let settings =
        "[[backfill.throttle]]\nkind = \"prometheus\"\nname = \"latency\"\nurl = \"http://127.0.0.1:1\"\nquery = \"up\"\nlimit = 1\n";
    let file = support::sqlite();
    let shop = Shop::new("sqlite", &file.url(), settings, 500);
    let run = shop.start(&[]);
    assert!(run.soon("throttled")["reason"].as_str().is_some_and(|told| told.starts_with("prometheus latency cannot be read")));
    assert_eq!(run.count("chunk-finished"), 0);
}

#[test]
fn spans_name_the_migration_and_the_chunk() {
    let file = support::sqlite();
    let shop = Shop::new("sqlite", &file.url(), "", 100);
    let (code, told) = shop.migrate(&["apply", "--phase", "backfill", "-vv"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("step{migration=2_b phase=backfill step=0}:chunk{migration=2_b phase=backfill step=0 chunk=0 rows="), "{told}");
}

/// Pauses a standby's replay, sees the backfill stand still, lets it catch up, sees it go on.
async fn stands_still_for(shop: &Shop, standby: &Cluster) {
    use sqlx::{Connection, PgConnection};
    let mut replica = PgConnection::connect(&standby.url("postgres")).await.expect("a standby can be read");
    sqlx::raw_sql("SELECT pg_wal_replay_pause()").execute(&mut replica).await.expect("replay can be paused");
    let run = shop.start(&["--pace", "duty=50%"]);
    let told = run.soon("throttled");
    assert!(told["reason"].as_str().is_some_and(|told| told.starts_with("replica-lag")), "{told}");
    std::thread::sleep(Duration::from_secs(2));
    let chunks = run.count("chunk-finished");
    let progress = shop.backfill();
    assert_eq!(progress["backfill"]["state"], "throttled", "{progress}");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(run.count("chunk-finished"), chunks, "it goes on");
    sqlx::raw_sql("SELECT pg_wal_replay_resume()").execute(&mut replica).await.expect("replay can go on");
    let stood = run.soon("goes-on");
    assert!(stood["stood_ms"].as_u64().is_some_and(|stood| stood > 2_000), "{stood}");
    let (code, document) = run.end();
    assert_eq!(code, 0, "{document}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_whose_replay_stands_still_stops_it_until_it_has_caught_up() {
    let Some(primary) = Cluster::own(17) else { return };
    let standby = primary.standby();
    let database = primary.database();
    let settings = "[[backfill.throttle]]\nkind = \"replica-lag\"\nlimit = \"1s\"\n";
    stands_still_for(&Shop::new("postgres", &database.url, settings, ROWS), &standby).await;
    // The same replica, asked itself: as if the primary did not know it.
    let database = primary.database();
    let settings = format!(
        "[[backfill.throttle]]\nkind = \"replica-lag\"\nlimit = \"1s\"\nexcept = [\"walreceiver\"]\nreplicas = [\"{}\"]\n\
         [[backfill.throttle]]\nkind = \"replica-bytes\"\noff = true\n",
        standby.url("postgres")
    );
    stands_still_for(&Shop::new("postgres", &database.url, &settings, ROWS), &standby).await;
}

#[test]
fn events_on_standard_output_come_before_the_result() {
    let file = support::sqlite();
    let shop = Shop::new("sqlite", &file.url(), "", 100);
    let done =
        shop.command(&["apply", "--phase", "backfill", "--events", "-", "--format", "json"]).output().expect("the command was built");
    let text = String::from_utf8(done.stdout).expect("it is text");
    let documents: Vec<Value> =
        serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {text}"));
    let (result, events) = documents.split_last().expect("there is a result");
    assert_eq!(result["outcome"], "applied");
    assert!(events.iter().all(|event| event["format"] == 1 && event["event"].is_string()), "{text}");
    assert_eq!(events.last().expect("there are events")["event"], "script-finished");
}
