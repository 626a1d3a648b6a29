//! How fast a backfill is against the single UPDATE of the same rows, and what "nothing to do" costs. Prints figures
//! for every PostgreSQL that is installed: `cargo bench --bench backfill`.

#![allow(clippy::print_stdout, reason = "figures are what this is for")]

#[path = "../tests/support/mod.rs"]
mod support;

#[path = "../tests/engine/steps.rs"]
mod steps;

use std::time::{Duration, Instant};

use concertina::backend::{AnyBackend, Backend, ChunkEnd, Limits};
use concertina::backfill::{Chunking, Claimed, Pace};
use concertina::migration::Pacing;
use concertina::schema::Phase;
use sqlx::{Connection, Executor, PgConnection, Row};
use steps::{backfill, holder, job, start};

const ROWS: u32 = 1_500_000;

#[tokio::main]
async fn main() {
    nothing_to_do().await;
    chunks_against_the_single_update().await;
}

fn fresh() -> String {
    format!(
        "DROP TABLE IF EXISTS users; CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, created timestamptz NOT NULL, padding text NOT NULL, folded text); \
         INSERT INTO users SELECT i, 'User' || i || '@Example.com', now() - i * interval '1 second', repeat('x', 60) FROM generate_series(1, {ROWS}) AS i; \
         CREATE INDEX ON users (email); CREATE INDEX ON users (created)"
    )
}

/// Ticks of the processor that a session has used: tells the ratio on a busy machine as well.
fn work(pid: i32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the session lives");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    fields[11].parse::<f64>().expect("a number") + fields[12].parse::<f64>().expect("a number")
}

async fn chunks_against_the_single_update() {
    // The shared test servers are kept small; a server that holds the table, as production does, is named here.
    if let Ok(url) = std::env::var("MIGRATE_SPEED_URL") {
        return compare(&url).await;
    }
    for cluster in support::installed() {
        compare(&cluster.database().url).await;
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the server answers")
}

async fn execute(url: &str, sql: &str) {
    connect(url).await.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.expect("it runs");
}

async fn compare(url: &str) {
    let version: String = connect(url).await.fetch_one("SHOW server_version").await.expect("a row").get(0);
    for turn in 0..2 {
        execute(url, &fresh()).await;
        execute(url, "VACUUM ANALYZE users").await;
        execute(url, "CHECKPOINT").await;
        let began = Instant::now();
        let mut connection = connect(url).await;
        let pid = connection.fetch_one("SELECT pg_backend_pid()").await.expect("a row").get(0);
        connection.execute("UPDATE users SET folded = lower(email) WHERE folded IS NULL").await.expect("it runs");
        let single = f64::from(ROWS) / began.elapsed().as_secs_f64();
        let single_work = work(pid);
        drop(connection);
        execute(url, &fresh()).await;
        execute(url, "VACUUM ANALYZE users").await;
        execute(url, "CHECKPOINT").await;
        let mut backend = AnyBackend::connect(url).await.expect("the server answers");
        let lease = backend.acquire(&holder("apply")).await.expect("free");
        backend.start_script(&lease, &start(Phase::Backfill)).await.expect("it starts");
        let job = job("UPDATE users SET folded = lower(email) WHERE folded IS NULL", "users", &["id"]);
        let step = backfill(&job);
        let limits = Limits { lock_timeout: Duration::from_millis(200), statement_timeout: Some(Duration::from_millis(800)) };
        let pacing: Pacing = "fast,chunk=100ms".parse().expect("a pace");
        let mut pace = Pace::new(pacing.numbers(backend.server().dialect));
        let began = Instant::now();
        backend.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("registered");
        let mut durations = Vec::new();
        let Ok(Claimed::Range(mut claim)) = backend.claim(&step, &job, "the bench").await else { panic!("one range") };
        loop {
            let chunk = backend.chunk(&step, &job, &mut claim, pace.rows(), &limits).await.expect("a chunk");
            pace.finished(chunk.walked, chunk.took, None);
            durations.push(chunk.took);
            if chunk.end == ChunkEnd::Range {
                break;
            }
        }
        assert!(!backend.rows_left(&job).await.expect("asked"));
        let chunked = f64::from(ROWS) / began.elapsed().as_secs_f64();
        let sql = "SELECT worker_pid FROM concertina.lease";
        let chunked_work = work(connect(url).await.fetch_one(sql).await.expect("a row").get(0));
        durations.sort();
        let at = |share: usize| durations[(durations.len() - 1) * share / 100].as_millis();
        println!(
            "PostgreSQL {} turn {turn}: single {single:.0} rows/s, chunks {chunked:.0} rows/s, ratio {:.2} (by the server's processor time {:.2}); {} chunks, p50 {} ms, p99 {} ms, max {} ms",
            version,
            chunked / single,
            single_work / chunked_work,
            durations.len(),
            at(50),
            at(99),
            at(100),
        );
        backend.release(lease).await.expect("given back");
        execute(url, "DELETE FROM concertina.job").await;
    }
}

async fn nothing_to_do() {
    for cluster in support::installed() {
        let database = cluster.database();
        let mut backend = AnyBackend::connect(&database.url).await.expect("the server answers");
        let lease = backend.acquire(&holder("apply")).await.expect("free");
        backend.release(lease).await.expect("given back");
        database.run("INSERT INTO concertina.script (migration, phase, digest, source, status, actor, finished_at) \
            SELECT 'm' || i, 'expand', repeat('ab', 32), repeat('CREATE TABLE …', 100), 'done', 'me', now() FROM generate_series(1, 300) AS i").await;
        let mut counter = database.connect().await;
        let connect = Instant::now();
        let mut backend = AnyBackend::connect(&database.url).await.expect("the server answers");
        let connect = connect.elapsed();
        let mut times = Vec::new();
        for _ in 0..200 {
            let began = Instant::now();
            let ledger = backend.ledger().await.expect("a ledger");
            times.push(began.elapsed());
            assert_eq!(ledger.scripts.len(), 300);
        }
        times.sort();
        let row = counter.fetch_one("SELECT version()").await.expect("a row");
        println!(
            "{}: connect {connect:?}, one read of 300 scripts p50 {:?} p99 {:?}",
            &row.get::<String, _>(0)[..16],
            times[100],
            times[197]
        );
    }
}
