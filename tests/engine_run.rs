//! Whole runs through `run::execute`: many at once, locks in the way, broken connections, requests to stop.

mod support;

#[path = "engine/project.rs"]
mod project;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use concertina::backend::BackendError;
use concertina::ledger::Holder;
use concertina::run::{End, Event, Options, Outcome, RunError, Stop, Stopper};
use concertina::schema::Phase;
use project::Shop;
use sqlx::{Connection, Executor, PgConnection, Row, SqliteConnection};

const EXPAND: &str = "CREATE TABLE items (id bigint PRIMARY KEY, name text NOT NULL, slug text);\n\
    CREATE TABLE marks (n integer NOT NULL);\nINSERT INTO marks VALUES (1);\n";

const BACKFILL: &str = "UPDATE items SET slug = lower(name) WHERE slug IS NULL;\n";

fn shop(dialect: &str) -> Shop {
    let second = "ALTER TABLE marks ADD COLUMN m integer;\n";
    Shop::new(dialect, &[("001_items", "expand", EXPAND), ("001_items", "backfill", BACKFILL), ("002_marks", "expand", second)])
}

fn options() -> Options {
    Options {
        lock_timeout: Duration::from_millis(200),
        give_up_after: Duration::from_secs(20),
        lease_wait: Duration::from_secs(60),
        ..Options::new(Holder { actor: "tests@here".to_owned(), pid: std::process::id(), purpose: "apply".to_owned() })
    }
}

async fn expand(shop: &Shop, url: &str) -> Result<Outcome, RunError> {
    shop.apply(url, Phase::Expand, &options(), &Stop::never(), |_| {}).await
}

/// Eight runs that planned the same work: it is done once, and nobody fails.
async fn race(shop: Shop, url: String) {
    let shop = Arc::new(shop);
    let runs = (0..8).map(|_| {
        let (shop, url) = (Arc::clone(&shop), url.clone());
        tokio::spawn(async move { expand(&shop, &url).await })
    });
    let mut applied = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        let outcome = run.await.expect("no panic").expect("each run ends well");
        assert_eq!(outcome.end, End::Complete);
        applied.extend(outcome.applied.into_iter().map(|node| node.to_string()));
    }
    applied.sort();
    assert_eq!(applied, ["001_items:expand", "002_marks:expand"]);
}

#[tokio::test]
async fn eight_runs_at_once_do_the_work_once_on_sqlite() {
    let db = support::sqlite();
    race(shop("sqlite"), db.url()).await;
    let mut connection = SqliteConnection::connect(&db.url()).await.expect("the file opens");
    let row = connection.fetch_one("SELECT count(*) FROM marks").await.expect("a row");
    assert_eq!(row.get::<i64, _>(0), 1);
}

#[tokio::test]
async fn eight_runs_at_once_do_the_work_once_on_postgres() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        race(shop("postgres"), database.url.clone()).await;
        let row = database.connect().await.fetch_one("SELECT count(*) FROM marks").await.expect("a row");
        assert_eq!(row.get::<i64, _>(0), 1);
    }
}

#[tokio::test]
async fn a_run_that_waits_too_long_for_another_says_for_whom() {
    let db = support::sqlite();
    let shop = shop("sqlite");
    let mut holding = concertina::backend::AnyBackend::connect(&db.url()).await.expect("the file opens");
    let lease = concertina::backend::Backend::acquire(&mut holding, &Holder { purpose: "a long one".to_owned(), ..options().holder })
        .await
        .expect("free");
    let options = Options { lease_wait: Duration::from_millis(300), ..options() };
    let mut told = Vec::new();
    let error = shop
        .apply(&db.url(), Phase::Expand, &options, &Stop::never(), |event| told.push(format!("{event:?}")))
        .await
        .expect_err("it is held");
    assert!(error.is_temporary() && error.to_string().contains("a long one"), "{error}");
    assert!(told.iter().any(|event| event.contains("WaitingForLease") && event.contains("a long one")), "{told:?}");
    concertina::backend::Backend::release(&mut holding, lease).await.expect("given back");
}

#[tokio::test]
async fn a_lock_is_asked_for_again_until_it_is_free_or_patience_ends() {
    let Some(cluster) = support::postgres(16) else { return };
    let database = cluster.database();
    let shop = shop("postgres");
    expand(&Shop::new("postgres", &[("001_items", "expand", EXPAND)]), &database.url).await.expect("it runs");
    let mut reader = database.connect().await;
    reader.execute("BEGIN; SELECT * FROM marks").await.expect("a reader");
    let hasty = Options { give_up_after: Duration::from_millis(900), ..options() };
    let error = shop.apply(&database.url, Phase::Expand, &hasty, &Stop::never(), |_| {}).await.expect_err("the lock is held");
    assert!(error.is_temporary(), "{error}");
    let RunError::Backend { source: BackendError::Blocked { attempts, waited, blockers, .. }, node, .. } = error else { panic!("{error}") };
    assert!(attempts >= 2 && waited >= Duration::from_millis(900), "{attempts} in {waited:?}");
    assert!(blockers[0].query.contains("SELECT * FROM marks"), "{blockers:?}");
    assert_eq!(node.expect("at work").to_string(), "002_marks:expand");
    let retried = Mutex::new(0);
    let options = options();
    let stop = Stop::never();
    let run = shop.apply(&database.url, Phase::Expand, &options, &stop, |event| {
        if let Event::Retrying { blockers, .. } | Event::HoldingBack { blockers, .. } = event {
            assert!(!blockers.is_empty());
            *retried.lock().expect("no panic") += 1;
        }
    });
    let (outcome, ()) = tokio::join!(run, async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        reader.execute("COMMIT").await.expect("committed");
    });
    assert_eq!(outcome.expect("it runs in the end").applied.len(), 1);
    assert!(*retried.lock().expect("no panic") >= 1);
}

async fn filled(database: &support::Database, rows: u32) -> Shop {
    let shop = shop("postgres");
    expand(&shop, &database.url).await.expect("it runs");
    database
        .run(&format!(
            "CREATE TABLE touched (id bigint); \
         CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO touched VALUES (NEW.id); RETURN NULL; END $$; \
         CREATE TRIGGER touch AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch(); \
         INSERT INTO items (id, name) SELECT i * 3, 'Item ' || i FROM generate_series(1, {rows}) AS i"
        ))
        .await;
    shop
}

async fn once(database: &support::Database, rows: u32) {
    let sql =
        "SELECT count(*), count(DISTINCT t.id), count(*) FILTER (WHERE i.slug = lower(i.name)) FROM items i LEFT JOIN touched t USING (id)";
    let row = database.connect().await.fetch_one(sql).await.expect("a row");
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1), row.get::<i64, _>(2)), (rows.into(), rows.into(), rows.into()));
}

#[tokio::test]
async fn a_backfill_goes_on_through_broken_connections() {
    for major in [14, 17] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let shop = filled(&database, 100_000).await;
        let url = database.url.clone();
        // Strikes behind a chunk, so that there is something to break, and often enough to hit every kind of moment.
        let chunks = Arc::new(tokio::sync::Notify::new());
        let struck = Arc::clone(&chunks);
        let vandal = tokio::spawn(async move {
            let mut connection = PgConnection::connect(&url).await.expect("the server answers");
            for _ in 0..6 {
                struck.notified().await;
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..20))).await;
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'concertina' AND datname = current_database()";
                connection.execute(sql).await.expect("a superuser may");
            }
        });
        let mut broken = 0;
        let outcome = shop
            .apply(&database.url, Phase::Backfill, &options(), &Stop::never(), |event| {
                broken += u32::from(matches!(event, Event::Reconnecting { .. }));
                if matches!(event, Event::ChunkFinished { .. }) {
                    chunks.notify_one();
                }
            })
            .await;
        vandal.abort();
        assert_eq!(outcome.expect("it comes to its end").applied.len(), 1);
        assert!(broken > 0, "nothing was broken");
        once(&database, 100_000).await;
    }
}

#[tokio::test]
async fn a_run_that_is_asked_to_stop_does_so_after_a_chunk_and_the_next_one_goes_on_there() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    let shop = filled(&database, 5_000).await;
    let mut stops = 0;
    loop {
        let (stopper, stop) = Stopper::new();
        let mut chunks = 0;
        let outcome = shop
            .apply(&database.url, Phase::Backfill, &options(), &stop, |event| {
                if let Event::ChunkFinished { .. } = event {
                    chunks += 1;
                    stopper.stop();
                }
            })
            .await
            .expect("it stops well");
        assert!(chunks <= 1, "it went on for {chunks} chunks");
        if outcome.end == End::Complete {
            break;
        }
        stops += 1;
        let row = database.connect().await.fetch_one("SELECT count(*) FROM concertina.lease WHERE holder IS NULL").await.expect("a row");
        assert_eq!(row.get::<i64, _>(0), 1, "the lease was not given back");
    }
    assert!(stops >= 3, "{stops}");
    once(&database, 5_000).await;
}

#[tokio::test]
async fn a_backfill_that_never_ends_says_so() {
    let db = support::sqlite();
    let shop = shop("sqlite");
    expand(&shop, &db.url()).await.expect("it runs");
    let mut connection = SqliteConnection::connect(&db.url()).await.expect("the file opens");
    connection
        .execute(
            "INSERT INTO items (id, name) VALUES (1, 'One'), (2, 'Two'); \
        CREATE TRIGGER undo AFTER UPDATE ON items WHEN NEW.id = 2 BEGIN UPDATE items SET slug = NULL WHERE id = 2; END",
        )
        .await
        .expect("it runs");
    let outcome = shop.apply(&db.url(), Phase::Backfill, &options(), &Stop::never(), |_| {}).await;
    let error = outcome.expect_err("a row is always left");
    assert!(matches!(error, RunError::RowsRemain { rounds: 1, .. }), "the trigger is seen: {error}");
    connection
        .execute(
            "DROP TRIGGER undo; CREATE TABLE echo (id INTEGER); \
        CREATE TRIGGER tell AFTER UPDATE ON items WHEN NEW.id = 2 BEGIN INSERT INTO echo (id) VALUES (2); END; \
        CREATE TRIGGER undo AFTER INSERT ON echo BEGIN UPDATE items SET slug = NULL WHERE id = 2; END",
        )
        .await
        .expect("it runs");
    let mut walks = 1;
    let error = shop
        .apply(&db.url(), Phase::Backfill, &options(), &Stop::never(), |event| {
            if let Event::WalkingAgain { round, .. } = event {
                walks = *round;
            }
        })
        .await
        .expect_err("a row is always left");
    assert!(matches!(error, RunError::RowsRemain { rounds: 3, .. }) && !error.is_temporary(), "{error}");
    assert_eq!(walks, 3);
    connection.execute("DROP TRIGGER undo").await.expect("it runs");
    let outcome = shop.apply(&db.url(), Phase::Backfill, &options(), &Stop::never(), |_| {}).await;
    assert_eq!(outcome.expect("it ends now").applied.len(), 1);
}

#[tokio::test]
async fn a_contract_without_evidence_is_held_inside_the_lease() {
    let db = support::sqlite();
    let shop = Shop::new("sqlite", &[("001_items", "expand", EXPAND), ("001_items", "contract", "DROP TABLE marks;\n")]);
    expand(&shop, &db.url()).await.expect("it runs");
    let outcome = shop.apply(&db.url(), Phase::Contract, &options(), &Stop::never(), |_| {}).await.expect("held is no failure");
    assert!(outcome.applied.is_empty());
    assert_eq!(outcome.held.len(), 1);
}
