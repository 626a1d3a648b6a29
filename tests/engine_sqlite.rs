//! The SQLite backend, one call at a time: lease, fence, journal, chunks, and what stands in their way.

mod support;

#[path = "engine/steps.rs"]
mod steps;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use concertina::backend::{AnyBackend, Attempt, Backend, BackendError};
use concertina::backfill::Chunking;
use concertina::ledger::{JournalState, Lease, ScriptStatus};
use concertina::plan::Resume;
use concertina::schema::Phase;
use sqlx::{Connection, Executor, Row, SqliteConnection};
use steps::{alone, backfill, claim, group, holder, job, node, run, start, walk};

async fn open(url: &str) -> AnyBackend {
    AnyBackend::connect(url).await.expect("the file opens")
}

async fn raw(url: &str, sql: &str) {
    let mut connection = SqliteConnection::connect(url).await.expect("the file opens");
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.expect("the statement runs");
    connection.close().await.expect("the file closes");
}

async fn number(url: &str, sql: &str) -> i64 {
    let mut connection = SqliteConnection::connect(url).await.expect("the file opens");
    let row = connection.fetch_one(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.expect("the query runs");
    row.get(0)
}

async fn leased(url: &str) -> (AnyBackend, Lease) {
    let mut backend = open(url).await;
    let lease = backend.acquire(&holder("apply --phase expand")).await.expect("nobody holds the lease");
    backend.start_script(&lease, &start(Phase::Expand)).await.expect("the script starts");
    (backend, lease)
}

#[tokio::test]
async fn reading_leaves_no_trace() {
    let db = support::sqlite();
    let url = db.url().replace("?mode=rwc", "");
    let mut backend = open(&url).await;
    let ledger = backend.ledger().await.expect("an empty ledger");
    assert_eq!(ledger.format, 0);
    assert!(!db.path().exists(), "reading made the file");
    let lease = backend.acquire(&holder("apply")).await.expect("the file is made");
    assert!(db.path().exists());
    assert_eq!(backend.ledger().await.expect("a ledger").format, 2);
    backend.release(lease).await.expect("given back");
}

#[tokio::test]
async fn of_many_runs_at_once_one_holds_the_lease() {
    let db = support::sqlite();
    for runs in [2, 8] {
        let attempts = (0..runs).map(|number| {
            let url = db.url();
            tokio::spawn(async move {
                let mut backend = open(&url).await;
                let began = Instant::now();
                loop {
                    match backend.acquire(&holder(&format!("run {number}"))).await {
                        Ok(lease) => return Some((backend, lease)),
                        Err(BackendError::LeaseBusy { .. }) => return None,
                        Err(BackendError::Blocked { .. }) if began.elapsed() < Duration::from_secs(20) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        });
        let mut holders = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            holders.extend(attempt.await.expect("no panic"));
        }
        assert_eq!(holders.len(), 1, "of {runs} runs");
        let (mut backend, lease) = holders.pop().expect("one");
        backend.release(lease).await.expect("given back");
    }
    assert_eq!(number(&db.url(), "SELECT token FROM concertina_lease").await, 2);
}

#[tokio::test]
async fn a_lease_that_was_taken_over_writes_nothing() {
    let db = support::sqlite();
    let (mut old, lease) = leased(&db.url()).await;
    raw(&db.url(), "UPDATE concertina_lease SET expires_at = '2000-01-01T00:00:00.000Z'").await;
    let mut new = open(&db.url()).await;
    let taken = new.acquire(&holder("the next run")).await.expect("the lease has expired");
    assert!(taken.token() > lease.token());
    let outcome = run(&mut old, &lease, &group(0, &["CREATE TABLE t (id INTEGER PRIMARY KEY)"])).await;
    assert!(matches!(outcome, Err(BackendError::LeaseLost)), "{outcome:?}");
    assert_eq!(number(&db.url(), "SELECT count(*) FROM sqlite_master WHERE name = 't'").await, 0);
    let outcome = old.finish_script(&lease, &node(Phase::Expand)).await;
    assert!(matches!(outcome, Err(BackendError::LeaseLost)), "{outcome:?}");
    new.release(taken).await.expect("given back");
}

#[tokio::test]
async fn a_dropped_holder_is_followed_at_once_and_a_living_one_is_waited_for() {
    let db = support::sqlite();
    let (holding, lease) = leased(&db.url()).await;
    let mut next = open(&db.url()).await;
    let busy = next.acquire(&holder("next")).await;
    let Err(BackendError::LeaseBusy { holder: record }) = busy else { panic!("{busy:?}") };
    assert!(record.holder.contains("apply --phase expand"), "{}", record.holder);
    // What the end of a process leaves: no lock on the witness, the row as it was.
    let witness = witness(&db.url()).await;
    drop((holding, lease));
    std::fs::File::create(&witness).expect("what a killed process leaves");
    next.acquire(&holder("next")).await.expect("the holder is dead");
    assert!(!std::path::Path::new(&witness).exists());
}

async fn witness(url: &str) -> String {
    let mut connection = SqliteConnection::connect(url).await.expect("the file opens");
    connection.fetch_one("SELECT witness FROM concertina_lease").await.expect("a row").get(0)
}

#[tokio::test]
async fn a_group_is_recorded_with_its_statements_and_runs_once() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    let step = group(0, &["CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (1)"]);
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs"), Attempt::Ran);
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it is done"), Attempt::AlreadyDone);
    assert_eq!(number(&db.url(), "SELECT count(*) FROM t").await, 1);
    let ledger = backend.ledger().await.expect("a ledger");
    assert_eq!(ledger.journal.len(), 1);
    assert_eq!(ledger.journal[0].state, JournalState::Done);
    backend.finish_script(&lease, &node(Phase::Expand)).await.expect("finished");
    let ledger = backend.ledger().await.expect("a ledger");
    assert!(ledger.is_done(&node(Phase::Expand)) && ledger.journal.is_empty());
    assert_eq!(backend.script_text(&node(Phase::Expand)).await.expect("kept").as_deref(), Some("the script"));
}

#[tokio::test]
async fn a_failed_group_leaves_nothing_but_the_record_and_is_tried_again() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    let step = group(0, &["CREATE TABLE t (n INTEGER)", "INSERT INTO missing VALUES (1)"]);
    let outcome = run(&mut backend, &lease, &step).await;
    let Err(BackendError::Statement { place, message, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(place, "expand.sql:1");
    assert!(message.contains("missing"), "{message}");
    assert_eq!(number(&db.url(), "SELECT count(*) FROM sqlite_master WHERE name = 't'").await, 0);
    let ledger = backend.ledger().await.expect("a ledger");
    assert!(matches!(&ledger.journal[0].state, JournalState::Failed { message, .. } if message.contains("missing")));
    raw(&db.url(), "CREATE TABLE missing (n)").await;
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs now"), Attempt::Ran);
}

#[tokio::test]
async fn a_step_whose_text_changed_after_it_ran_is_not_skipped_in_silence() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    run(&mut backend, &lease, &group(0, &["CREATE TABLE t (n)"])).await.expect("it runs");
    let outcome = run(&mut backend, &lease, &group(0, &["CREATE TABLE t (m)"])).await;
    assert!(matches!(outcome, Err(BackendError::Damaged { .. })), "{outcome:?}");
}

#[tokio::test]
async fn another_writer_makes_a_step_wait_and_then_say_so() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    let mut writer = SqliteConnection::connect(&db.url()).await.expect("the file opens");
    writer.execute("BEGIN IMMEDIATE").await.expect("a write transaction");
    let step = group(0, &["CREATE TABLE t (n)"]);
    let outcome = run(&mut backend, &lease, &step).await;
    assert!(matches!(outcome, Err(BackendError::Blocked { .. })), "{outcome:?}");
    writer.execute("ROLLBACK").await.expect("rolled back");
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs"), Attempt::Ran);
}

#[tokio::test]
async fn an_application_that_writes_without_a_pause_does_not_keep_us_out() {
    let db = support::sqlite();
    let url = db.url();
    raw(&url, "CREATE TABLE busy (n integer)").await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (url, stop) = (url.clone(), Arc::clone(&stop));
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut connection = SqliteConnection::connect(&url).await.expect("the file opens");
                connection.execute("PRAGMA busy_timeout = 20000").await.expect("a setting");
                while !stop.load(Ordering::Relaxed) {
                    connection.execute("BEGIN IMMEDIATE; INSERT INTO busy VALUES (1); COMMIT").await.expect("it writes");
                }
            });
        }
    });
    for _ in 0..3 {
        let mut backend = open(&url).await;
        let began = Instant::now();
        let lease = loop {
            match backend.acquire(&holder("apply")).await {
                Ok(lease) => break lease,
                Err(BackendError::Blocked { .. }) if began.elapsed() < Duration::from_secs(30) => {}
                Err(error) => panic!("{error}"),
            }
        };
        backend.start_script(&lease, &start(Phase::Expand)).await.expect("the script starts");
        backend.ledger().await.expect("it can be read");
        backend.release(lease).await.expect("given back");
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().expect("the application ends");
}

#[tokio::test]
async fn a_rebuild_that_would_delete_the_rows_of_a_child_is_refused() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    let given = [
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id) ON DELETE CASCADE)",
        "INSERT INTO parent VALUES (1)",
        "INSERT INTO child VALUES (10, 1)",
    ];
    run(&mut backend, &lease, &group(0, &given)).await.expect("it runs");
    run(&mut backend, &lease, &alone(1, "PRAGMA foreign_keys = ON", Resume::Session)).await.expect("it runs");
    let rebuild = [
        "CREATE TABLE fresh (id INTEGER PRIMARY KEY, name TEXT)",
        "INSERT INTO fresh (id) SELECT id FROM parent",
        "DROP TABLE parent",
        "ALTER TABLE fresh RENAME TO parent",
    ];
    let outcome = run(&mut backend, &lease, &group(2, &rebuild)).await;
    let Err(BackendError::Unsuitable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("child") && reason.contains("foreign_keys"), "{reason}");
    assert_eq!(number(&db.url(), "SELECT count(*) FROM child").await, 1);
    assert_eq!(number(&db.url(), "SELECT count(*) FROM sqlite_master WHERE name = 'fresh'").await, 0);
    run(&mut backend, &lease, &alone(3, "PRAGMA foreign_keys = OFF", Resume::Session)).await.expect("it runs");
    run(&mut backend, &lease, &group(2, &rebuild)).await.expect("it runs without foreign keys");
    assert_eq!(number(&db.url(), "SELECT count(*) FROM child").await, 1);
    run(&mut backend, &lease, &alone(4, "PRAGMA foreign_keys = ON", Resume::Session)).await.expect("it runs");
    backend.finish_script(&lease, &node(Phase::Expand)).await.expect("finished");
    run(&mut backend, &lease, &group(0, &["DROP TABLE parent"])).await.expect("the setting ended with its script");
}

#[tokio::test]
async fn vacuum_runs_outside_a_transaction_and_is_recorded() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    let step = alone(0, "VACUUM", Resume::Repeatable);
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs"), Attempt::Ran);
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it is done"), Attempt::AlreadyDone);
}

#[tokio::test]
async fn a_read_only_database_is_refused_before_anything_is_written() {
    let db = support::sqlite();
    raw(&db.url(), "CREATE TABLE t (n)").await;
    let mut backend = open(&db.url().replace("mode=rwc", "mode=ro")).await;
    backend.ledger().await.expect("reading works");
    let outcome = backend.acquire(&holder("apply")).await;
    let Err(BackendError::Unsuitable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("read-only"), "{reason}");
}

#[tokio::test]
async fn a_full_disk_stops_a_step_without_leaving_half_of_it() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    run(&mut backend, &lease, &group(0, &["CREATE TABLE t (filling BLOB)"])).await.expect("it runs");
    // The engine's own limit answers like a full disk.
    run(&mut backend, &lease, &alone(1, "PRAGMA max_page_count = 40", Resume::Session)).await.expect("it runs");
    let fill = group(2, &["INSERT INTO t VALUES (zeroblob(1000))", "INSERT INTO t VALUES (zeroblob(1000000))"]);
    let outcome = run(&mut backend, &lease, &fill).await;
    let Err(BackendError::Unsuitable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("no room"), "{reason}");
    assert_eq!(number(&db.url(), "SELECT count(*) FROM t").await, 0);
    run(&mut backend, &lease, &alone(3, "PRAGMA max_page_count = 1073741823", Resume::Session)).await.expect("it runs");
    assert_eq!(run(&mut backend, &lease, &fill).await.expect("there is room again"), Attempt::Ran);
}

#[tokio::test]
async fn a_newer_ledger_is_not_touched() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    backend.release(lease).await.expect("given back");
    raw(&db.url(), "UPDATE concertina_ledger SET format = 99").await;
    let read = backend.ledger().await;
    assert!(matches!(read, Err(BackendError::NewerLedger { found: 99, .. })), "{read:?}");
    let outcome = backend.acquire(&holder("apply")).await;
    assert!(matches!(outcome, Err(BackendError::NewerLedger { found: 99, .. })), "{outcome:?}");
}

/// Keys of every shape: each row is changed once, whatever the size of the chunks.
#[tokio::test]
async fn chunks_change_every_row_exactly_once() {
    let tables = [
        (
            "integers",
            "CREATE TABLE integers (id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0)",
            "INSERT INTO integers (id) WITH RECURSIVE s (i) AS (SELECT -500 UNION ALL SELECT i + 7 FROM s WHERE i < 500) SELECT i FROM s",
            vec!["id"],
        ),
        (
            "ends",
            "CREATE TABLE ends (id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0)",
            "INSERT INTO ends (id) VALUES (-9223372036854775808), (-1), (0), (9223372036854775807)",
            vec!["id"],
        ),
        (
            "pairs",
            "CREATE TABLE pairs (a INTEGER NOT NULL, b TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (a, b)) WITHOUT ROWID",
            "INSERT INTO pairs (a, b) WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < 300) SELECT i % 7, 'x' || i FROM s",
            vec!["a", "b"],
        ),
        (
            "cased",
            "CREATE TABLE cased (name TEXT COLLATE NOCASE NOT NULL UNIQUE, n INTEGER NOT NULL DEFAULT 0)",
            "INSERT INTO cased (name) VALUES ('b'), ('A'), ('c'), ('D'), ('Ä'), (''), ('it''s'), ('a b'), ('\u{1F600}'), ('Z')",
            vec!["name"],
        ),
        (
            "mixed",
            "CREATE TABLE mixed (k NOT NULL UNIQUE, n INTEGER NOT NULL DEFAULT 0)",
            "INSERT INTO mixed (k) VALUES (1), (2.5), ('2'), ('abc'), (x'00ff'), (x''), (-3), (1e300), ('10'), (9007199254740993), (''), (0.1)",
            vec!["k"],
        ),
        ("empty", "CREATE TABLE empty (id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0)", "SELECT 1", vec!["id"]),
        (
            "single",
            "CREATE TABLE single (id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0)",
            "INSERT INTO single (id) VALUES (5)",
            vec!["id"],
        ),
    ];
    for (table, create, fill, key) in &tables {
        for rows in [1, 3, 10, 1000] {
            let db = support::sqlite();
            let (mut backend, lease) = leased(&db.url()).await;
            raw(&db.url(), &format!("{create}; {fill}")).await;
            let total = number(&db.url(), &format!("SELECT count(*) FROM {table}")).await;
            let job = job(&format!("UPDATE {table} SET n = n + 1 WHERE n < 5"), table, key);
            let (changed, walked, chunks) = walk(&mut backend, &lease, &job, rows).await;
            let wrong = number(&db.url(), &format!("SELECT count(*) FROM {table} WHERE n <> 1")).await;
            assert_eq!(wrong, 0, "{table} by {rows}");
            assert_eq!((changed, walked), (total as u64, total as u64), "{table} by {rows}");
            assert_eq!(chunks, (total as u64).div_ceil(u64::from(rows)), "{table} by {rows}");
        }
    }
}

/// Tables of the format before, with a job in the middle of its walk: read as they are, upgraded with the lease, and the
/// walk goes on where it was.
#[tokio::test]
async fn tables_of_format_1_are_read_upgraded_and_gone_on_with() {
    let db = support::sqlite();
    raw(&db.url(), include_str!("engine/format_1/sqlite.sql")).await;
    raw(
        &db.url(),
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0); \
        INSERT INTO t (id) WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 100) SELECT i FROM s",
    )
    .await;
    let job = job("UPDATE t SET n = n + 1 WHERE n < 5", "t", &["id"]);
    let step = backfill(&job);
    let sql = format!(
        "INSERT INTO concertina_job (migration, phase, step, digest, cursor, upper, rows_changed, rows_walked, chunks) \
         VALUES ('{}', 'backfill', 0, '{}', '[{{\"integer\":40}}]', '[{{\"integer\":90}}]', 40, 40, 1)",
        step.node.migration, step.digest
    );
    raw(&db.url(), &sql).await;
    let mut backend = open(&db.url()).await;
    let before = backend.ledger().await.expect("it is read");
    assert_eq!((before.format, before.jobs[0].rows_walked, before.jobs[0].round), (1, 40, 0));
    let lease = backend.acquire(&holder("apply")).await.expect("free");
    assert_eq!(backend.ledger().await.expect("it is read").format, 2);
    assert_eq!(walk(&mut backend, &lease, &job, 20).await, (50, 50, 3));
    assert_eq!(number(&db.url(), "SELECT count(*) FROM t WHERE n = 1 AND id BETWEEN 41 AND 90").await, 50);
    assert_eq!(number(&db.url(), "SELECT count(*) FROM t WHERE n > 0").await, 50);
    backend.close_job(&lease, &step).await.expect("closed");
    let after = backend.ledger().await.expect("it is read");
    assert_eq!((after.jobs[0].rows_walked, after.jobs[0].done), (90, true));
}

#[tokio::test]
async fn a_job_goes_on_where_it_was_cut_off_and_its_upper_bound_stands() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    raw(
        &db.url(),
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0); \
        INSERT INTO t (id) WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 100) SELECT i FROM s",
    )
    .await;
    let job = job("UPDATE t SET n = n + 1 WHERE n < 5", "t", &["id"]);
    let step = backfill(&job);
    backend.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("registered");
    let mut held = claim(&mut backend, &job).await;
    backend.chunk(&step, &job, &mut held, 30, &steps::LIMITS).await.expect("a chunk");
    backend.release(lease).await.expect("given back");
    drop(backend);
    raw(&db.url(), "INSERT INTO t (id) VALUES (1000)").await;
    let mut next = open(&db.url()).await;
    let lease = next.acquire(&holder("next")).await.expect("free");
    let record = next.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("found again");
    assert_eq!((record.rows_changed, record.chunks, record.done), (30, 1, false));
    let (changed, ..) = walk(&mut next, &lease, &job, 30).await;
    assert_eq!(changed, 70);
    assert!(next.rows_left(&job).await.expect("asked"), "the new row, and all others, still fit the condition");
    assert_eq!(number(&db.url(), "SELECT n FROM t WHERE id = 1000").await, 0);
    let again = next.rewind_job(&lease, &step, &job, &Chunking::Keys).await.expect("rewound");
    assert_eq!((again.round, again.ranges, again.ranges_done, again.rows_changed), (2, 1, 0, 100));
    assert_eq!(walk(&mut next, &lease, &job, 50).await.0, 101);
    next.close_job(&lease, &step).await.expect("closed");
    assert!(next.ledger().await.expect("a ledger").jobs[0].done);
}

#[tokio::test]
async fn an_expand_can_be_undone_and_applied_again() {
    let db = support::sqlite();
    let (mut backend, lease) = leased(&db.url()).await;
    run(&mut backend, &lease, &group(0, &["CREATE TABLE t (n)"])).await.expect("it runs");
    backend.finish_script(&lease, &node(Phase::Expand)).await.expect("finished");
    backend.roll_back(&lease, &node(Phase::Expand), &["DROP TABLE t".to_owned()], &steps::LIMITS).await.expect("undone");
    let ledger = backend.ledger().await.expect("a ledger");
    assert_eq!(ledger.scripts[0].status, ScriptStatus::RolledBack);
    assert!(ledger.script(&node(Phase::Expand).migration, Phase::Expand).is_none());
    backend.start_script(&lease, &start(Phase::Expand)).await.expect("it starts anew");
    assert_eq!(run(&mut backend, &lease, &group(0, &["CREATE TABLE t (n)"])).await.expect("it runs"), Attempt::Ran);
}
