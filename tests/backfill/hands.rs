//! Many hands on one job: workers of a run, further runs that join; some are cut off, some killed. No row twice, none lost.

use std::time::Duration;

use concertina::run::{Event, Hand, Options, Stop};
use concertina::schema::Phase;
use sqlx::{Connection, Executor, PgConnection};

use crate::support;
use crate::table::{apply, filled, number, once, options, shop};

const ROWS: u32 = 60_000;

/// Many small ranges, so that there is something to share.
const PAGES: &str = "chunking = \"interleaved\"\nwindow = 8\npasses = 4";

#[tokio::test]
async fn workers_of_one_run_share_the_ranges() {
    // Along the key there are as many ranges as 200,000 rows go into the table: more hands find nothing to do.
    for (major, cutting, hands) in [(14, PAGES, 4), (18, "chunking = \"keys\"", 2)] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let shop = shop("id bigint PRIMARY KEY", cutting);
        let rows = if cutting == PAGES { ROWS } else { 450_000 };
        filled(&shop, &database, "id, ", "i, ", rows).await;
        if rows > ROWS {
            database
                .run(
                    "DROP TRIGGER touch ON items; CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                IF OLD.slug IS NOT NULL THEN RAISE EXCEPTION 'twice'; END IF; RETURN NEW; END $$; \
                CREATE TRIGGER once BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION once()",
                )
                .await;
        }
        let options = Options { workers: 4, ..options() };
        let watch = database.url.clone();
        let watching = tokio::spawn(async move {
            let mut connection = PgConnection::connect(&watch).await.expect("the server answers");
            let mut workers = std::collections::BTreeSet::new();
            for _ in 0..200 {
                // Other sessions of a run carry its name, too: the lease and the signals have their own.
                let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'concertina' AND datname = current_database() \
                    AND query LIKE '%UPDATE items%'";
                let rows = connection.fetch_all(sql).await.expect("rows");
                workers.extend(rows.iter().map(|row| sqlx::Row::get::<i32, _>(row, 0)));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            workers.len()
        });
        apply(&shop, &database, Phase::Backfill, &options).await.unwrap_or_else(|error| panic!("{major}: {error}"));
        let workers = watching.await.expect("no panic");
        assert!(workers >= hands, "PostgreSQL {major}: {workers} sessions were seen at work on the table");
        match rows > ROWS {
            true => assert_eq!(number(&database, "SELECT count(*) FROM items WHERE slug = lower(name)").await, i64::from(rows)),
            false => once(&database, rows).await,
        }
    }
}

#[tokio::test]
async fn runs_that_join_share_the_job_and_one_of_them_ends_it() {
    let Some(cluster) = support::postgres(16) else { return };
    let database = cluster.database();
    let shop = std::sync::Arc::new(shop("id bigint PRIMARY KEY", PAGES));
    filled(&shop, &database, "id, ", "i, ", ROWS).await;
    let runs = (0..3).map(|_| {
        let (shop, url) = (std::sync::Arc::clone(&shop), database.url.clone());
        tokio::spawn(async move {
            let options = Options { hand: Hand::Join, ..options() };
            let mut chunks = 0;
            let outcome = shop
                .apply(&url, Phase::Backfill, &options, &Stop::never(), |event| {
                    chunks += u32::from(matches!(event, Event::ChunkFinished { .. }))
                })
                .await;
            (outcome, chunks)
        })
    });
    let (mut applied, mut busy) = (0, 0);
    for run in runs.collect::<Vec<_>>() {
        let (outcome, chunks) = run.await.expect("no panic");
        applied += outcome.expect("each run ends well").applied.len();
        busy += u32::from(chunks > 0);
    }
    assert_eq!(applied, 1, "one of them ends the script");
    assert!(busy >= 2, "{busy} of three runs did something");
    once(&database, ROWS).await;
}

/// Sessions are ended at random moments while four workers go on; each of them comes back.
#[tokio::test]
async fn workers_that_are_cut_off_come_back_and_nothing_is_lost_or_done_twice() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let shop = shop("id bigint PRIMARY KEY", PAGES);
        filled(&shop, &database, "id, ", "i, ", ROWS).await;
        let url = database.url.clone();
        let vandal = tokio::spawn(async move {
            let mut connection = PgConnection::connect(&url).await.expect("the server answers");
            let mut ended = 0;
            for _ in 0..12 {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(20..120))).await;
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'concertina' \
                    AND datname = current_database() ORDER BY random() LIMIT 2";
                ended += connection.fetch_all(sql).await.expect("a superuser may").len();
            }
            ended
        });
        let options = Options { workers: 4, ..options() };
        let outcome = apply(&shop, &database, Phase::Backfill, &options).await;
        let ended = vandal.await.expect("no panic");
        assert!(ended > 0, "PostgreSQL {major}: nothing was cut off");
        outcome.unwrap_or_else(|error| panic!("{major}: {error}"));
        once(&database, ROWS).await;
    }
}
