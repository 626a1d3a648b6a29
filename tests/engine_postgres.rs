//! The PostgreSQL backend, one call at a time: lease, fence, journal, index builds, chunks, and what stands in their way.

mod support;

#[path = "engine/steps.rs"]
mod steps;

use std::time::{Duration, Instant};

use concertina::backend::{AnyBackend, Attempt, Backend, BackendError, ChunkEnd, Notice, Notices};
use concertina::backfill::{Chunking, Claimed};
use concertina::ledger::{JournalState, Lease, ScriptStatus};
use concertina::plan::Resume;
use concertina::schema::Phase;
use sqlx::{Connection, Executor, PgConnection, Row};
use steps::{LIMITS, alone, backfill, claim, group, holder, job, name, node, run, start, walk};
use support::Database;

async fn open(database: &Database) -> AnyBackend {
    AnyBackend::connect(&database.url).await.expect("the server answers")
}

async fn number(database: &Database, sql: &str) -> i64 {
    let mut connection = database.connect().await;
    let row = connection.fetch_one(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.expect("the query runs");
    row.get(0)
}

async fn leased(database: &Database) -> (AnyBackend, Lease) {
    let mut backend = open(database).await;
    let lease = backend.acquire(&holder("apply --phase expand")).await.expect("nobody holds the lease");
    backend.start_script(&lease, &start(Phase::Expand)).await.expect("the script starts");
    (backend, lease)
}

/// The sessions of the tool on this database.
const OURS: &str = "application_name = 'concertina' AND datname = current_database()";

async fn end_sessions(database: &Database, which: &str) {
    let mut connection = database.connect().await;
    let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS} AND {which}");
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.expect("a superuser may");
}

async fn soon(what: &str, database: &Database, sql: &str) {
    let began = Instant::now();
    while number(database, sql).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_fresh_database_has_an_empty_ledger_and_reading_it_leaves_no_trace() {
    for cluster in support::installed() {
        let database = cluster.database();
        let mut backend = open(&database).await;
        assert_eq!(backend.ledger().await.expect("an empty ledger").format, 0);
        assert_eq!(number(&database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'concertina'").await, 0);
        assert_eq!(backend.server().version.major, cluster.major());
        let lease = backend.acquire(&holder("apply")).await.expect("free");
        let ledger = backend.ledger().await.expect("a ledger");
        assert_eq!(ledger.format, 2);
        let record = ledger.lease.expect("held");
        assert!(record.holder.ends_with("apply"), "{}", record.holder);
        assert!(record.expires_at > ledger.now && record.since <= ledger.now);
        backend.release(lease).await.expect("given back");
        assert_eq!(backend.ledger().await.expect("a ledger").lease, None);
    }
}

#[tokio::test]
async fn of_many_runs_at_once_one_holds_the_lease() {
    let Some(cluster) = support::postgres(15) else { return };
    for runs in [2, 8] {
        // A fresh database each time: the tables are made in the same race.
        let database = cluster.database();
        let attempts = (0..runs).map(|number| {
            let url = database.url.clone();
            tokio::spawn(async move {
                let mut backend = AnyBackend::connect(&url).await.expect("the server answers");
                match backend.acquire(&holder(&format!("run {number}"))).await {
                    Ok(lease) => Some((backend, lease)),
                    Err(BackendError::LeaseBusy { .. }) => None,
                    Err(error) => panic!("{error}"),
                }
            })
        });
        let mut holders = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            holders.extend(attempt.await.expect("no panic"));
        }
        assert_eq!(holders.len(), 1, "of {runs} runs");
    }
}

#[tokio::test]
async fn a_lease_that_was_taken_over_writes_nothing() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    let (mut old, lease) = leased(&database).await;
    database.run("UPDATE concertina.lease SET expires_at = clock_timestamp() - interval '1 second'").await;
    let mut new = open(&database).await;
    let taken = new.acquire(&holder("the next run")).await.expect("the lease has expired");
    assert!(taken.token() > lease.token());
    let outcome = run(&mut old, &lease, &group(0, &["CREATE TABLE t (id int)"])).await;
    assert!(matches!(outcome, Err(BackendError::LeaseLost)), "{outcome:?}");
    assert_eq!(number(&database, "SELECT count(*) FROM pg_tables WHERE tablename = 't'").await, 0);
    let outcome = old.finish_script(&lease, &node(Phase::Expand)).await;
    assert!(matches!(outcome, Err(BackendError::LeaseLost)), "{outcome:?}");
    new.release(taken).await.expect("given back");
}

#[tokio::test]
async fn a_lease_lost_during_a_statement_rolls_it_back() {
    let Some(cluster) = support::postgres(16) else { return };
    let database = cluster.database();
    let (mut old, lease) = leased(&database).await;
    let step = group(0, &["CREATE TABLE t (id int)", "SELECT pg_sleep(1)"]);
    let work = tokio::spawn(async move { run(&mut old, &lease, &step).await });
    soon("the statement", &database, &format!("SELECT count(*) FROM pg_stat_activity WHERE {OURS} AND query LIKE '%pg_sleep%'")).await;
    database.run("UPDATE concertina.lease SET token = token + 1").await;
    let outcome = work.await.expect("no panic");
    assert!(matches!(outcome, Err(BackendError::LeaseLost)), "{outcome:?}");
    assert_eq!(number(&database, "SELECT count(*) FROM pg_tables WHERE tablename = 't'").await, 0);
}

#[tokio::test]
async fn a_run_whose_sessions_are_gone_is_followed_at_once_and_a_living_one_is_not() {
    for cluster in support::installed() {
        let database = cluster.database();
        let (killed, lease) = leased(&database).await;
        let mut next = open(&database).await;
        let busy = next.acquire(&holder("next")).await;
        assert!(matches!(busy, Err(BackendError::LeaseBusy { .. })), "{busy:?}");
        drop((killed, lease));
        // The server sees the closed sockets; nobody said goodbye to the lease.
        soon("the end of the sessions", &database, &format!("SELECT (count(*) = 1)::int::bigint FROM pg_stat_activity WHERE {OURS}")).await;
        next.acquire(&holder("next")).await.expect("the holder's sessions are gone");
    }
}

#[tokio::test]
async fn the_server_ends_the_statement_of_a_process_that_is_gone() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    let (mut killed, lease) = leased(&database).await;
    let step = group(0, &["SELECT pg_sleep(60)"]);
    let work = tokio::spawn(async move { run(&mut killed, &lease, &step).await });
    soon("the statement", &database, &format!("SELECT count(*) FROM pg_stat_activity WHERE {OURS} AND query LIKE '%pg_sleep%'")).await;
    work.abort();
    let mut next = open(&database).await;
    let began = Instant::now();
    while next.acquire(&holder("next")).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "the server goes on for a client that is gone");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_group_is_recorded_with_its_statements_and_runs_once() {
    for cluster in support::installed() {
        let database = cluster.database();
        let (mut backend, lease) = leased(&database).await;
        // The role and the search path that a script leaves behind do not reach our own tables.
        let step = group(
            0,
            &[
                "CREATE TABLE t (n int)",
                "CREATE ROLE nobody_much",
                "SET LOCAL search_path = ''",
                "SET ROLE nobody_much",
                "RESET ROLE",
                "INSERT INTO public.t VALUES (1)",
                "DROP ROLE nobody_much",
            ],
        );
        assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs"), Attempt::Ran);
        assert_eq!(run(&mut backend, &lease, &step).await.expect("it is done"), Attempt::AlreadyDone);
        assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1);
        assert_eq!(backend.ledger().await.expect("a ledger").journal[0].state, JournalState::Done);
        backend.finish_script(&lease, &node(Phase::Expand)).await.expect("finished");
        let ledger = backend.ledger().await.expect("a ledger");
        assert!(ledger.is_done(&node(Phase::Expand)) && ledger.journal.is_empty());
        assert_eq!(backend.script_text(&node(Phase::Expand)).await.expect("kept").as_deref(), Some("the script"));
    }
}

#[tokio::test]
async fn a_role_set_by_a_script_does_not_keep_it_from_being_recorded() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let (mut backend, lease) = leased(&database).await;
    let role = format!("owner_of_{}", database.name());
    let create = format!("CREATE ROLE {role}");
    let grant = format!("GRANT CREATE ON SCHEMA public TO {role}");
    let local = format!("SET LOCAL ROLE {role}");
    run(&mut backend, &lease, &group(0, &[&create, &grant])).await.expect("it runs");
    let step = group(1, &[&local, "CREATE TABLE owned (n int)"]);
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs"), Attempt::Ran);
    let sql = format!("SELECT count(*) FROM pg_tables WHERE tablename = 'owned' AND tableowner = '{role}'");
    assert_eq!(number(&database, &sql).await, 1);
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_failed_group_leaves_nothing_but_the_record_and_is_tried_again() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    let (mut backend, lease) = leased(&database).await;
    let step = group(0, &["CREATE TABLE t (n int)", "INSERT INTO missing VALUES (1)"]);
    let outcome = run(&mut backend, &lease, &step).await;
    let Err(BackendError::Statement { place, code, message }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((place.as_str(), code.as_str()), ("expand.sql:1", "42P01"));
    assert!(message.contains("INSERT INTO missing"), "{message}");
    assert_eq!(number(&database, "SELECT count(*) FROM pg_tables WHERE tablename = 't'").await, 0);
    let ledger = backend.ledger().await.expect("a ledger");
    assert!(matches!(&ledger.journal[0].state, JournalState::Failed { code, .. } if code == "42P01"));
    database.run("CREATE TABLE missing (n int)").await;
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs now"), Attempt::Ran);
}

#[tokio::test]
async fn a_constraint_deferred_to_the_commit_fails_the_step_and_not_the_ledger() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    let (mut backend, lease) = leased(&database).await;
    let step = group(
        0,
        &[
            "CREATE TABLE a (id int PRIMARY KEY)",
            "CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED)",
            "INSERT INTO b VALUES (7)",
        ],
    );
    let outcome = run(&mut backend, &lease, &step).await;
    let Err(BackendError::Statement { place, code, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((place.as_str(), code.as_str()), ("expand.sql:1", "23503"));
}

#[tokio::test]
async fn a_cut_connection_is_told_and_the_next_attempt_knows_what_was_committed() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    let (mut backend, lease) = leased(&database).await;
    let step = group(0, &["CREATE TABLE t (n int)", "SELECT pg_sleep(30)"]);
    let kill = end_sessions(&database, "query LIKE '%pg_sleep(30)%' AND state = 'active'");
    let (outcome, ()) = tokio::join!(run(&mut backend, &lease, &step), async {
        soon("the statement", &database, &format!("SELECT count(*) FROM pg_stat_activity WHERE {OURS} AND query LIKE '%pg_sleep(30)%'"))
            .await;
        kill.await;
    });
    assert!(matches!(outcome, Err(BackendError::Unreachable { .. })), "{outcome:?}");
    backend.reconnect().await.expect("the server answers");
    let step = group(0, &["CREATE TABLE t (n int)"]);
    assert_eq!(run(&mut backend, &lease, &step).await.expect("nothing was left"), Attempt::Ran);
    end_sessions(&database, "true").await;
    let outcome = run(&mut backend, &lease, &step).await;
    assert!(matches!(outcome, Err(BackendError::Unreachable { .. })), "{outcome:?}");
    backend.reconnect().await.expect("the server answers");
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it was committed"), Attempt::AlreadyDone);
}

#[tokio::test]
async fn what_a_script_sets_for_its_session_outlives_the_connection_but_not_the_script() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    database.run("CREATE SCHEMA shop").await;
    let (mut backend, lease) = leased(&database).await;
    run(&mut backend, &lease, &alone(0, "SET search_path = shop", Resume::Session)).await.expect("it runs");
    end_sessions(&database, "true").await;
    let step = group(1, &["CREATE TABLE t (n int)"]);
    let cut = run(&mut backend, &lease, &step).await;
    assert!(matches!(cut, Err(BackendError::Unreachable { .. })), "{cut:?}");
    backend.reconnect().await.expect("the server answers");
    run(&mut backend, &lease, &step).await.expect("it runs");
    assert_eq!(number(&database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'shop' AND tablename = 't'").await, 1);
    backend.finish_script(&lease, &node(Phase::Expand)).await.expect("finished");
    run(&mut backend, &lease, &group(0, &["CREATE TABLE u (n int)"])).await.expect("it runs");
    assert_eq!(number(&database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename = 'u'").await, 1);
}

#[tokio::test]
async fn a_lock_that_is_not_obtained_names_who_holds_it() {
    for cluster in support::installed() {
        let database = cluster.database();
        let (mut backend, lease) = leased(&database).await;
        run(&mut backend, &lease, &group(0, &["CREATE TABLE t (n int)"])).await.expect("it runs");
        let mut other = database.connect().await;
        other.execute("SET application_name = 'report'; BEGIN; SELECT count(*) FROM t").await.expect("a reader");
        let (notices, mut reader) = Notices::channel();
        let began = Instant::now();
        let outcome = backend.execute(&lease, &group(1, &["ALTER TABLE t ADD COLUMN m int"]), &LIMITS, &notices).await;
        let Err(BackendError::Blocked { blockers, .. }) = outcome else { panic!("{outcome:?}") };
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        assert_eq!(blockers.len(), 1, "{blockers:?}");
        assert!(blockers[0].who.contains("postgres report"), "{blockers:?}");
        assert!(blockers[0].query.contains("count(*)"), "{blockers:?}");
        assert!(blockers[0].since.is_some());
        assert_eq!(reader.try_recv().expect("told while it waited"), Notice::Waiting(blockers));
        other.execute("ROLLBACK").await.expect("rolled back");
        let step = group(1, &["ALTER TABLE t ADD COLUMN m int"]);
        assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs"), Attempt::Ran);
    }
}

fn built(index: &str) -> Resume {
    Resume::IndexBuilt { index: name(index), table: name("t") }
}

#[tokio::test]
async fn an_index_build_waits_without_lock_timeout_tells_who_it_waits_for_and_ends_valid() {
    for cluster in support::installed() {
        let database = cluster.database();
        // A time-out of the role must not end it either.
        database.run("CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000)").await;
        database.run(&format!("ALTER DATABASE {} SET statement_timeout = '400ms'", database.name())).await;
        database.run(&format!("ALTER DATABASE {} SET lock_timeout = '400ms'", database.name())).await;
        let (mut backend, lease) = leased(&database).await;
        let mut other = database.connect().await;
        other.execute("BEGIN; INSERT INTO t VALUES (0)").await.expect("a writer");
        let step = alone(0, "CREATE INDEX CONCURRENTLY t_n ON t (n)", built("t_n"));
        let (notices, mut reader) = Notices::channel();
        let (outcome, ()) = tokio::join!(backend.execute(&lease, &step, &LIMITS, &notices), async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            other.execute("COMMIT").await.expect("committed");
        });
        assert_eq!(outcome.expect("it is built"), Attempt::Ran, "{}", cluster.major());
        let mut told = Vec::new();
        while let Ok(notice) = reader.try_recv() {
            told.push(notice);
        }
        assert!(
            told.iter().any(|notice| matches!(notice, Notice::Waiting(blockers) if blockers[0].query.contains("INSERT INTO t"))),
            "{told:?}"
        );
        let waits = |notice: &Notice| matches!(notice, Notice::Building(build) if build.waits_for.is_some() && build.total == 1);
        assert!(told.iter().any(waits), "{told:?}");
        assert_eq!(number(&database, "SELECT count(*) FROM pg_index WHERE indexrelid = 't_n'::regclass AND indisvalid").await, 1);
        assert_eq!(run(&mut backend, &lease, &step).await.expect("it is done"), Attempt::AlreadyDone);
    }
}

#[tokio::test]
async fn a_cancelled_index_build_leaves_no_carcass_and_is_built_by_the_next_attempt() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        database.run("CREATE TABLE t (n int)").await;
        let (mut backend, lease) = leased(&database).await;
        let mut other = database.connect().await;
        other.execute("BEGIN; INSERT INTO t VALUES (0)").await.expect("a writer");
        let step = alone(0, "CREATE INDEX CONCURRENTLY t_n ON t (n)", built("t_n"));
        let (outcome, ()) = tokio::join!(run(&mut backend, &lease, &step), async {
            soon("an INVALID index", &database, "SELECT count(*) FROM pg_index WHERE NOT indisvalid").await;
            database.run(&format!("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE {OURS} AND query LIKE 'CREATE INDEX%'")).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            other.execute("COMMIT").await.expect("committed");
        });
        let Err(BackendError::Statement { code, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(code, "57014");
        assert_eq!(number(&database, "SELECT count(*) FROM pg_index WHERE NOT indisvalid").await, 0);
        assert_eq!(run(&mut backend, &lease, &step).await.expect("it is built"), Attempt::Ran);
        assert_eq!(number(&database, "SELECT count(*) FROM pg_index WHERE indexrelid = 't_n'::regclass AND indisvalid").await, 1);
    }
}

#[tokio::test]
async fn an_index_build_that_was_cut_off_is_cleaned_up_and_built_again() {
    for cluster in support::installed() {
        let database = cluster.database();
        database.run("CREATE TABLE t (n int)").await;
        let (mut backend, lease) = leased(&database).await;
        let mut other = database.connect().await;
        other.execute("BEGIN; INSERT INTO t VALUES (0)").await.expect("a writer");
        let step = alone(0, "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)", built("t_n"));
        let (outcome, ()) = tokio::join!(run(&mut backend, &lease, &step), async {
            soon("an INVALID index", &database, "SELECT count(*) FROM pg_index WHERE NOT indisvalid").await;
            end_sessions(&database, "query LIKE 'CREATE INDEX%'").await;
        });
        assert!(matches!(outcome, Err(BackendError::Unreachable { .. })), "{outcome:?}");
        assert_eq!(number(&database, "SELECT count(*) FROM pg_index WHERE NOT indisvalid").await, 1);
        other.execute("COMMIT").await.expect("committed");
        backend.reconnect().await.expect("the server answers");
        let intended = backend.ledger().await.expect("a ledger").journal.remove(0).state;
        assert_eq!(intended, JournalState::Intended);
        assert_eq!(run(&mut backend, &lease, &step).await.expect("it is built"), Attempt::Ran);
        assert_eq!(number(&database, "SELECT count(*) FROM pg_index WHERE indexrelid = 't_n'::regclass AND indisvalid").await, 1);
    }
}

#[tokio::test]
async fn a_statement_that_ran_but_was_not_recorded_is_recognised() {
    for cluster in support::installed() {
        let database = cluster.database();
        database.run("CREATE TABLE t (n int) PARTITION BY RANGE (n); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9); CREATE INDEX gone ON t1 (n)").await;
        let (mut backend, lease) = leased(&database).await;
        let steps = [
            alone(0, "CREATE INDEX CONCURRENTLY there ON t1 (n)", Resume::IndexBuilt { index: name("there"), table: name("t1") }),
            alone(1, "DROP INDEX CONCURRENTLY there", Resume::IndexGone { index: name("there") }),
            alone(
                2,
                "ALTER TABLE t DETACH PARTITION t1 CONCURRENTLY",
                Resume::PartitionDetached { parent: name("t"), partition: name("t1") },
            ),
        ];
        for step in &steps {
            assert_eq!(run(&mut backend, &lease, step).await.expect("it runs"), Attempt::Ran);
            // As if the process had been killed between the statement and its record.
            database.run("UPDATE concertina.journal SET state = 'intended'").await;
            assert_eq!(run(&mut backend, &lease, step).await.expect("recognised"), Attempt::AlreadyDone, "{}", step.place);
        }
        let ask = alone(3, "CREATE DATABASE whatever", Resume::Ask);
        database.run("INSERT INTO concertina.journal SELECT migration, phase, 3, digest, 'intended' FROM concertina.journal LIMIT 1").await;
        let outcome = run(&mut backend, &lease, &ask).await;
        assert!(matches!(outcome, Err(BackendError::Undecided { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_detach_that_stopped_halfway_is_finished() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    database.run("CREATE TABLE t (n int) PARTITION BY RANGE (n); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9)").await;
    let (mut backend, lease) = leased(&database).await;
    let mut other = database.connect().await;
    other.execute("BEGIN; SELECT * FROM t").await.expect("a reader");
    let step =
        alone(0, "ALTER TABLE t DETACH PARTITION t1 CONCURRENTLY", Resume::PartitionDetached { parent: name("t"), partition: name("t1") });
    let (outcome, ()) = tokio::join!(run(&mut backend, &lease, &step), async {
        soon("the first half", &database, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending").await;
        end_sessions(&database, "query LIKE 'ALTER TABLE t DETACH%'").await;
    });
    assert!(matches!(outcome, Err(BackendError::Unreachable { .. })), "{outcome:?}");
    other.execute("COMMIT").await.expect("committed");
    backend.reconnect().await.expect("the server answers");
    assert_eq!(run(&mut backend, &lease, &step).await.expect("finished"), Attempt::AlreadyDone);
    assert_eq!(number(&database, "SELECT count(*) FROM pg_inherits").await, 0);
}

#[tokio::test]
async fn a_reindex_that_was_cut_off_leaves_nothing_behind_in_the_end() {
    let Some(cluster) = support::postgres(16) else { return };
    let database = cluster.database();
    database.run("CREATE TABLE t (n int PRIMARY KEY)").await;
    let (mut backend, lease) = leased(&database).await;
    let mut other = database.connect().await;
    other.execute("BEGIN; INSERT INTO t VALUES (0)").await.expect("a writer");
    let step = alone(0, "REINDEX TABLE CONCURRENTLY t", Resume::Reindexed { target: name("t"), index: None });
    let (outcome, ()) = tokio::join!(run(&mut backend, &lease, &step), async {
        soon("a leftover", &database, "SELECT count(*) FROM pg_index WHERE NOT indisvalid").await;
        end_sessions(&database, "query LIKE 'REINDEX%'").await;
    });
    assert!(matches!(outcome, Err(BackendError::Unreachable { .. })), "{outcome:?}");
    other.execute("COMMIT").await.expect("committed");
    backend.reconnect().await.expect("the server answers");
    assert_eq!(run(&mut backend, &lease, &step).await.expect("it runs"), Attempt::Ran);
    assert_eq!(number(&database, "SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)'").await, 0);
}

#[tokio::test]
async fn a_unique_index_that_cannot_be_built_does_not_go_on_refusing_writes() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    database.run("CREATE TABLE t (n int); INSERT INTO t VALUES (1), (1)").await;
    let (mut backend, lease) = leased(&database).await;
    let step = alone(0, "CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n)", built("t_n"));
    let outcome = run(&mut backend, &lease, &step).await;
    assert!(matches!(&outcome, Err(BackendError::Statement { code, .. }) if code == "23505"), "{outcome:?}");
    assert_eq!(number(&database, "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass").await, 0);
    database.run("INSERT INTO t VALUES (1)").await;
}

/// Keys of every shape: each row is changed once, whatever the size of the chunks.
#[tokio::test]
async fn chunks_change_every_row_exactly_once() {
    let tables = [
        (
            "integers",
            "CREATE TABLE integers (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0)",
            "INSERT INTO integers (id) SELECT i * 7 - 500 FROM generate_series(1, 150) AS i ORDER BY random()",
            vec!["id"],
        ),
        (
            "ends",
            "CREATE TABLE ends (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0)",
            "INSERT INTO ends (id) VALUES (-9223372036854775808), (-1), (0), (9223372036854775807)",
            vec!["id"],
        ),
        (
            "uuids",
            "CREATE TABLE uuids (id uuid PRIMARY KEY, n int NOT NULL DEFAULT 0)",
            "INSERT INTO uuids (id) SELECT gen_random_uuid() FROM generate_series(1, 97)",
            vec!["id"],
        ),
        (
            "Pairs",
            "CREATE TABLE \"Pairs\" (\"A\" int, b text, n int NOT NULL DEFAULT 0, PRIMARY KEY (\"A\", b))",
            "INSERT INTO \"Pairs\" SELECT i % 7, 'x' || i FROM generate_series(1, 123) AS i",
            vec!["A", "b"],
        ),
        (
            "triples",
            "CREATE TABLE triples (a date, b timestamptz, c numeric(12, 3), n int NOT NULL DEFAULT 0, PRIMARY KEY (a, b, c))",
            "INSERT INTO triples SELECT date '2020-01-01' + i % 3, timestamptz '2020-01-01 00:00:00.123456+02' + i % 5 * interval '1 hour', i / 7.0 FROM generate_series(1, 100) AS i",
            vec!["a", "b", "c"],
        ),
        (
            "collated",
            "CREATE TABLE collated (name text COLLATE \"und-x-icu\" PRIMARY KEY, n int NOT NULL DEFAULT 0)",
            "INSERT INTO collated (name) SELECT unnest(ARRAY['b', 'A', 'a', 'B', 'ä', 'Z', 'z', '', 'it''s', 'a\\b', '\u{1F600}', 'é', 'e', 'f', '-a', '_a'])",
            vec!["name"],
        ),
        (
            "folded",
            "CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE folded (name text COLLATE folding PRIMARY KEY, n int NOT NULL DEFAULT 0)",
            "INSERT INTO folded (name) SELECT unnest(ARRAY['b', 'A', 'c', 'D', 'e', 'Ä', 'f'])",
            vec!["name"],
        ),
        (
            "moods",
            "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TABLE moods (m mood, k char(3), n int NOT NULL DEFAULT 0, PRIMARY KEY (m, k))",
            "INSERT INTO moods SELECT m, k FROM unnest(enum_range(NULL::mood)) AS m, unnest(ARRAY['a', 'b  ', 'zz']) AS k",
            vec!["m", "k"],
        ),
        (
            "bytes",
            "CREATE TABLE bytes (id bytea PRIMARY KEY, f float8 NOT NULL, n int NOT NULL DEFAULT 0)",
            "INSERT INTO bytes SELECT decode(md5(i::text), 'hex'), i / 3.0 FROM generate_series(1, 40) AS i",
            vec!["id"],
        ),
        (
            "reals",
            "CREATE TABLE reals (f float8 PRIMARY KEY, n int NOT NULL DEFAULT 0)",
            "INSERT INTO reals SELECT i / 3.0 FROM generate_series(-20, 20) AS i UNION ALL SELECT unnest(ARRAY['NaN', 'Infinity', '-Infinity']::float8[])",
            vec!["f"],
        ),
        (
            "parts",
            "CREATE TABLE parts (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0) PARTITION BY HASH (id); CREATE TABLE parts0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE parts1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
            "INSERT INTO parts SELECT generate_series(1, 90)",
            vec!["id"],
        ),
        ("empty", "CREATE TABLE empty (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0)", "SELECT 1", vec!["id"]),
    ];
    for cluster in support::installed() {
        let database = cluster.database();
        let (mut backend, lease) = leased(&database).await;
        for (table, create, fill, key) in &tables {
            database.run(create).await;
            database.run(fill).await;
            let total = number(&database, &format!("SELECT count(*) FROM \"{table}\"")).await;
            for (pass, rows) in [1, 3, 10, 1000].into_iter().enumerate() {
                let quoted = format!("\"{table}\"");
                let mut job = job(&format!("UPDATE {quoted} SET n = n + 1 WHERE n < 9"), &quoted, key);
                job.table = name(table);
                let (changed, walked, chunks) = walk(&mut backend, &lease, &job, rows).await;
                let wrong = number(&database, &format!("SELECT count(*) FROM {quoted} WHERE n <> {}", pass + 1)).await;
                let case = format!("{table} by {rows} on {}", cluster.major());
                assert_eq!(wrong, 0, "{case}");
                assert_eq!((changed, walked), (total as u64, total as u64), "{case}");
                let fewest = (total as u64).div_ceil(u64::from(rows));
                // The last chunk of each partition is a short one.
                let most = fewest + if *table == "parts" { 3 } else { 0 };
                assert!((fewest..=most).contains(&chunks), "{case}: {chunks} chunks");
                database.run("DELETE FROM concertina.job; DELETE FROM concertina.backfill").await;
            }
        }
    }
}

#[tokio::test]
async fn a_job_goes_on_where_it_was_cut_off_and_its_upper_bound_stands() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        database.run("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO t SELECT generate_series(1, 100)").await;
        let (mut backend, lease) = leased(&database).await;
        let job = job("UPDATE t SET n = n + 1 WHERE n < 5", "t", &["id"]);
        let step = backfill(&job);
        backend.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("registered");
        let mut held = claim(&mut backend, &job).await;
        backend.chunk(&step, &job, &mut held, 30, &LIMITS).await.expect("a chunk");
        end_sessions(&database, "true").await;
        let cut = backend.chunk(&step, &job, &mut held, 30, &LIMITS).await;
        assert!(matches!(cut, Err(BackendError::Unreachable { .. })), "{cut:?}");
        backend.reconnect().await.expect("the server answers");
        database.run("INSERT INTO t VALUES (1000)").await;
        let record = backend.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("found again");
        assert_eq!((record.rows_changed, record.chunks, record.done), (30, 1, false));
        assert_eq!(walk(&mut backend, &lease, &job, 30).await.0, 70);
        assert!(backend.rows_left(&job).await.expect("asked"));
        assert_eq!(number(&database, "SELECT n::bigint FROM t WHERE id = 1000").await, 0);
        let again = backend.rewind_job(&lease, &step, &job, &Chunking::Keys).await.expect("rewound");
        assert_eq!((again.round, again.ranges, again.ranges_done, again.rows_changed), (2, 1, 0, 100));
        assert_eq!(walk(&mut backend, &lease, &job, 50).await.0, 101);
        backend.close_job(&lease, &step).await.expect("closed");
        assert!(backend.ledger().await.expect("a ledger").jobs[0].done);
    }
}

/// Tables of the format before, with a job in the middle of its walk: read as they are, upgraded with the lease, and the
/// walk goes on where it was.
#[tokio::test]
async fn tables_of_format_1_are_read_upgraded_and_gone_on_with() {
    for cluster in support::installed() {
        let database = cluster.database();
        database.run(include_str!("engine/format_1/postgres.sql")).await;
        database.run("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO t SELECT generate_series(1, 100)").await;
        let job = job("UPDATE t SET n = n + 1 WHERE n < 5", "t", &["id"]);
        let step = backfill(&job);
        database
            .run(&format!(
                "INSERT INTO concertina.job (migration, phase, step, digest, cursor, upper, rows_changed, rows_walked, chunks) \
                 VALUES ('{}', 'backfill', 0, '{}', '[{{\"text\":\"40\"}}]', '[{{\"text\":\"90\"}}]', 40, 40, 1)",
                step.node.migration, step.digest
            ))
            .await;
        let mut backend = open(&database).await;
        let before = backend.ledger().await.expect("it is read");
        assert_eq!((before.format, before.jobs[0].rows_walked, before.jobs[0].round), (1, 40, 0));
        let lease = backend.acquire(&holder("apply")).await.expect("free");
        assert_eq!(backend.ledger().await.expect("it is read").format, 2);
        assert_eq!(walk(&mut backend, &lease, &job, 20).await, (50, 50, 3));
        assert_eq!(number(&database, "SELECT count(*) FROM t WHERE n = 1 AND id BETWEEN 41 AND 90").await, 50);
        assert_eq!(number(&database, "SELECT count(*) FROM t WHERE n > 0").await, 50);
        backend.close_job(&lease, &step).await.expect("closed");
        let after = backend.ledger().await.expect("it is read");
        assert_eq!((after.jobs[0].rows_walked, after.jobs[0].done), (90, true));
    }
}

#[tokio::test]
async fn a_range_has_one_worker_and_goes_to_the_next_when_that_one_is_gone() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        database.run("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO t SELECT generate_series(1, 100)").await;
        let (mut backend, lease) = leased(&database).await;
        let job = job("UPDATE t SET n = n + 1 WHERE n < 5", "t", &["id"]);
        let step = backfill(&job);
        backend.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("registered");
        let mut first = backend.another().await.expect("a further connection");
        let Claimed::Range(mut held) = first.claim(&step, &job, "first").await.expect("a claim") else { panic!("one is open") };
        first.chunk(&step, &job, &mut held, 10, &LIMITS).await.expect("rows 1 to 10");
        assert_eq!(backend.claim(&step, &job, "second").await.expect("an answer"), Claimed::Elsewhere(1));
        // Its time runs out: the next worker goes on behind what was committed, and what the first does is refused.
        database.run("UPDATE concertina.backfill_range SET lease_until = clock_timestamp() - interval '1 ms'").await;
        let Claimed::Range(mut taken) = backend.claim(&step, &job, "second").await.expect("a claim") else { panic!("it is free") };
        assert!(taken.token > held.token && taken.range.position == held.range.position);
        let late = first.chunk(&step, &job, &mut held, 10, &LIMITS).await;
        assert!(matches!(late, Err(BackendError::RangeLost)), "{late:?}");
        backend.chunk(&step, &job, &mut taken, 10, &LIMITS).await.expect("rows 11 to 20");
        backend.give_up(&step, &taken).await.expect("given back");
        // A worker whose session is gone is not waited for.
        let Claimed::Range(_) = first.claim(&step, &job, "first").await.expect("a claim") else { panic!("it is free") };
        drop(first);
        let began = Instant::now();
        let mut next = loop {
            match backend.claim(&step, &job, "second").await.expect("an answer") {
                Claimed::Range(claim) => break claim,
                other => assert!(began.elapsed() < Duration::from_secs(5), "{other:?}"),
            }
        };
        while backend.chunk(&step, &job, &mut next, 30, &LIMITS).await.expect("a chunk").end == ChunkEnd::More {}
        assert_eq!(backend.claim(&step, &job, "second").await.expect("an answer"), Claimed::Nothing);
        assert_eq!(number(&database, "SELECT count(*) FROM t WHERE n = 1").await, 100);
    }
}

#[tokio::test]
async fn a_chunk_yields_to_the_application_and_loses_nothing() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    database.run("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO t SELECT generate_series(1, 100)").await;
    let (mut backend, lease) = leased(&database).await;
    let mut application = database.connect().await;
    application.execute("BEGIN; UPDATE t SET n = 7 WHERE id = 15").await.expect("a writer");
    let job = job("UPDATE t SET n = n + 1 WHERE n < 5", "t", &["id"]);
    let step = backfill(&job);
    backend.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("registered");
    let mut held = claim(&mut backend, &job).await;
    backend.chunk(&step, &job, &mut held, 10, &LIMITS).await.expect("rows 1 to 10");
    let blocked = backend.chunk(&step, &job, &mut held, 10, &LIMITS).await;
    let Err(BackendError::Blocked { blockers, .. }) = blocked else { panic!("{blocked:?}") };
    assert!(blockers[0].query.contains("id = 15"), "{blockers:?}");
    application.execute("COMMIT").await.expect("committed");
    let (changed, walked, _) = walk(&mut backend, &lease, &job, 10).await;
    assert_eq!((changed, walked), (89, 90));
    assert_eq!(number(&database, "SELECT count(*) FROM t WHERE n = 1").await, 99);
}

/// Writers insert, delete and move keys all the while; after the last walk nothing is left and nothing was done twice.
#[tokio::test]
async fn beside_writers_every_row_is_filled_in_the_end() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    database
        .run(
            "CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, slug text, fills int NOT NULL DEFAULT 0); \
        INSERT INTO t (id, name) SELECT i * 10, 'N' || i FROM generate_series(1, 4000) AS i",
        )
        .await;
    let (mut backend, lease) = leased(&database).await;
    let job = job("UPDATE t SET slug = lower(name), fills = fills + 1 WHERE slug IS NULL", "t", &["id"]);
    let step = backfill(&job);
    let url = database.url.clone();
    let writer = tokio::spawn(async move {
        let mut connection = PgConnection::connect(&url).await.expect("the server answers");
        for turn in 0..300 {
            let sql = format!(
                "INSERT INTO t (id, name) VALUES ({turn} * 137 + 1, 'new {turn}') ON CONFLICT DO NOTHING; \
                 DELETE FROM t WHERE id = {turn} * 90 + 20; UPDATE t SET id = id + 100003 WHERE id = {turn} * 110 + 30; \
                 UPDATE t SET id = -id WHERE id = 40000 - {turn} * 110"
            );
            connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.expect("the application writes");
        }
    });
    backend.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("registered");
    let mut rounds = 0;
    loop {
        let mut held = claim(&mut backend, &job).await;
        loop {
            match backend.chunk(&step, &job, &mut held, 50, &LIMITS).await {
                Ok(chunk) if chunk.end == ChunkEnd::Range => break,
                Ok(_) | Err(BackendError::Blocked { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let writing = !writer.is_finished();
        if !writing && !backend.rows_left(&job).await.expect("asked") {
            break;
        }
        rounds += 1;
        assert!(rounds < 200, "the walk does not end");
        backend.rewind_job(&lease, &step, &job, &Chunking::Keys).await.expect("rewound");
    }
    writer.await.expect("the writer ends well");
    assert_eq!(number(&database, "SELECT count(*) FROM t WHERE fills <> 1 OR slug IS DISTINCT FROM lower(name)").await, 0);
}

#[tokio::test]
async fn a_server_that_cannot_be_written_is_refused_with_the_reason() {
    let Some(cluster) = support::postgres(16) else { return };
    let database = cluster.database();
    database.run(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name())).await;
    let mut backend = open(&database).await;
    let outcome = backend.acquire(&holder("apply")).await;
    let Err(BackendError::Unsuitable { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("read_only"), "{reason}");
}

#[tokio::test]
async fn a_newer_ledger_is_not_touched() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    let (mut backend, lease) = leased(&database).await;
    backend.release(lease).await.expect("given back");
    database.run("UPDATE concertina.ledger SET format = 99; ALTER TABLE concertina.script RENAME COLUMN source TO text").await;
    let read = backend.ledger().await;
    assert!(matches!(read, Err(BackendError::NewerLedger { found: 99, .. })), "{read:?}");
    database.run("ALTER TABLE concertina.job RENAME TO jobs").await;
    let read = backend.ledger().await;
    assert!(matches!(read, Err(BackendError::NewerLedger { found: 99, .. })), "{read:?}");
    let outcome = backend.acquire(&holder("apply")).await;
    assert!(matches!(outcome, Err(BackendError::NewerLedger { found: 99, .. })), "{outcome:?}");
}

#[tokio::test]
async fn an_expand_can_be_undone_and_applied_again() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    let (mut backend, lease) = leased(&database).await;
    run(&mut backend, &lease, &group(0, &["CREATE TABLE t (n int)"])).await.expect("it runs");
    backend.finish_script(&lease, &node(Phase::Expand)).await.expect("finished");
    backend.roll_back(&lease, &node(Phase::Expand), &["DROP TABLE t".to_owned()], &LIMITS).await.expect("undone");
    let ledger = backend.ledger().await.expect("a ledger");
    assert_eq!(ledger.scripts[0].status, ScriptStatus::RolledBack);
    backend.start_script(&lease, &start(Phase::Expand)).await.expect("it starts anew");
    assert_eq!(run(&mut backend, &lease, &group(0, &["CREATE TABLE t (n int)"])).await.expect("it runs"), Attempt::Ran);
}

#[tokio::test]
async fn no_error_shows_the_password() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    let right = cluster.password_url(database.name());
    let secret = "open-sesame";
    let mut shown = Vec::new();
    for url in [
        right.replace(secret, "wrong-sesame-1"),
        right.replace(&cluster.port().to_string(), "1"),
        right.replace("127.0.0.1", "nowhere.invalid"),
        format!("{right}?sslmode=verify-full"),
        right.replace("postgres://", "oracle://"),
    ] {
        let Err(error) = AnyBackend::connect(&url).await else { panic!("{url} connects") };
        shown.push(format!("{error} {error:?}"));
    }
    for text in shown {
        assert!(!text.contains(secret) && !text.contains("wrong-sesame-1"), "{text}");
    }
}

/// Between the transaction that tries a row and the word about it the lease may be lost: then nothing is said.
#[tokio::test]
async fn a_row_that_fails_once_more_is_not_recorded_by_a_run_that_lost_its_lease_meanwhile() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        database
            .run(
                "CREATE TABLE items (id bigint PRIMARY KEY, n bigint); INSERT INTO items VALUES (1, NULL); \
                 CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RAISE EXCEPTION 'never'; END $$; \
                 CREATE TRIGGER never BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION never()",
            )
            .await;
        let (mut backend, lease) = leased(&database).await;
        let job = job("UPDATE items SET n = 1 WHERE n IS NULL", "items", &["id"]);
        let step = backfill(&job);
        backend.open_job(&lease, &step, &job, &Chunking::Keys).await.expect("the job is registered");
        let mut claim = claim(&mut backend, &job).await;
        backend.row_by_row(&step, &job, &mut claim, 8, &LIMITS).await.expect("the row is recorded");
        assert_eq!(backend.retry_poison(&lease, &step, &job, &LIMITS).await.expect("it fails again"), 1);
        database.run("UPDATE concertina.poison SET at = '2000-01-01'").await;
        let mut other = database.connect().await;
        let (outcome, ()) = tokio::join!(backend.retry_poison(&lease, &step, &job, &LIMITS), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            // Had as soon as the row's transaction is rolled back, and before anything else is recorded.
            let sql = "BEGIN; LOCK TABLE concertina.poison IN SHARE MODE; UPDATE concertina.lease SET token = token + 1; SELECT pg_sleep(0.2); COMMIT";
            other.execute(sql).await.expect("the lease is taken");
        });
        assert!(matches!(outcome, Err(BackendError::LeaseLost)), "PostgreSQL {major}: {outcome:?}");
        assert_eq!(number(&database, "SELECT count(*) FROM concertina.poison WHERE at < '2001-01-01'").await, 1, "it is as it was");
    }
}
