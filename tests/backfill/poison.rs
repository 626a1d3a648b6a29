//! Rows that refuse the change: found, recorded without their values, the others done; taken up again by the next run.

use concertina::backend::{AnyBackend, Backend};
use concertina::run::{RunError, Stop};
use concertina::schema::Phase;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::project::Shop;
use crate::support;
use crate::table::{apply, filled, number, options, shop, told};

const SECRET: &str = "secret-7";

#[tokio::test]
async fn rows_that_refuse_are_left_out_recorded_and_taken_up_again() {
    for (major, cutting) in
        [(14, "chunking = \"keys\""), (16, "chunking = \"interleaved\"\nwindow = 40"), (18, "chunking = \"pages\"\nwindow = 8")]
    {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let shop = shop("id bigint PRIMARY KEY", cutting);
        filled(&shop, &database, "id, ", "i, ", 8_000).await;
        database
            .run(&format!(
                "UPDATE items SET name = repeat('{SECRET} ', 10) WHERE id IN (4, 5, 4000); \
                 ALTER TABLE items ADD CONSTRAINT short CHECK (length(slug) < 40); \
                 CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                   IF NEW.id = 7777 THEN RAISE EXCEPTION 'no: %', NEW.name; END IF; RETURN NEW; END $$; \
                 CREATE TRIGGER guard BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION guard()"
            ))
            .await;
        let (outcome, events) = told(&shop, &database, &options()).await;
        let error = outcome.expect_err("rows are left out");
        assert!(matches!(error, RunError::Incomplete { rows: 4, most: None, .. }), "{major} {cutting}: {error}");
        assert!(!error.is_temporary() && error.to_string().contains("4 rows refused"), "{error}");
        assert_eq!(number(&database, "SELECT count(*) FROM items WHERE slug = lower(name)").await, 7_996);
        let mut backend = AnyBackend::connect(&database.url).await.expect("the server answers");
        let ledger = backend.ledger().await.expect("it is read");
        let (walked, estimated) = (ledger.jobs[0].rows_walked, ledger.jobs[0].rows_estimated.expect("analyzed"));
        assert!(walked.abs_diff(estimated) < estimated / 5, "{cutting}: {walked} rows walked of {estimated}");
        let shown = format!("{:?} {error} {events:?}", ledger.poison);
        assert!(!shown.contains(SECRET) && !shown.contains("Item 7777"), "{shown}");
        let kept: Vec<(&str, &str)> = ledger.poison.iter().map(|row| (row.code.as_str(), row.key.as_str())).collect();
        assert!(kept.contains(&("23514", "4000")) && kept.contains(&("P0001", "7777")), "{kept:?}");
        assert!(ledger.poison.iter().any(|row| row.message.contains("violates check constraint \"short\"")), "{:?}", ledger.poison);
        assert!(ledger.poison.iter().any(|row| row.message.contains("guard()")), "{:?}", ledger.poison);
        // Some are mended: those are done, the rest stays recorded, nothing else is touched.
        database
            .run("UPDATE items SET name = 'Mended ' || id WHERE id IN (4, 5); DELETE FROM items WHERE id = 4000; DELETE FROM touched")
            .await;
        let error = apply(&shop, &database, Phase::Backfill, &options()).await.expect_err("one is left");
        assert!(matches!(error, RunError::Incomplete { rows: 1, most: None, .. }), "{error}");
        assert_eq!(number(&database, "SELECT count(*) FROM touched").await, 2);
        database.run("DROP TRIGGER guard ON items").await;
        assert_eq!(apply(&shop, &database, Phase::Backfill, &options()).await.expect("it ends").applied.len(), 1);
        assert_eq!(number(&database, "SELECT count(*) FROM items WHERE slug = lower(name)").await, 7_999);
        assert_eq!(number(&database, "SELECT count(*) FROM concertina.poison").await, 0);
    }
}

#[tokio::test]
async fn too_many_rows_that_refuse_stop_it() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    let shop = shop("id bigint PRIMARY KEY", "chunking = \"keys\"");
    filled(&shop, &database, "id, ", "i, ", 3_000).await;
    database.run("ALTER TABLE items ADD CONSTRAINT never CHECK (slug IS NULL) NOT VALID").await;
    let error = apply(&shop, &database, Phase::Backfill, &options()).await.expect_err("every row refuses");
    let RunError::Incomplete { rows, most: Some(most), .. } = error else { panic!("{error}") };
    assert_eq!(most, 10);
    assert!(rows > most && rows <= 64, "{rows}");
    assert_eq!(number(&database, "SELECT count(*) FROM touched").await, 0);
}

#[tokio::test]
async fn on_sqlite_too() {
    let db = support::sqlite();
    let shop = Shop::new(
        "sqlite",
        &[
            (
                "001_items",
                "expand",
                "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, slug TEXT CHECK (length(slug) < 40));\n",
            ),
            ("001_items", "backfill", "UPDATE items SET slug = lower(name) WHERE slug IS NULL;\n"),
        ],
    );
    let run = |phase| shop_run(&shop, db.url(), phase);
    run(Phase::Expand).await.expect("it runs");
    let mut connection = SqliteConnection::connect(&db.url()).await.expect("the file opens");
    connection
        .execute(
            "INSERT INTO items (id, name) WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 3000) \
             SELECT i, CASE WHEN i IN (5, 6, 2900) THEN 'secret-7 ' || hex(zeroblob(20)) ELSE 'Item ' || i END FROM s",
        )
        .await
        .expect("it runs");
    let error = run(Phase::Backfill).await.expect_err("rows are left out");
    assert!(matches!(error, RunError::Incomplete { rows: 3, most: None, .. }), "{error}");
    let mut backend = AnyBackend::connect(&db.url()).await.expect("the file opens");
    let ledger = backend.ledger().await.expect("it is read");
    assert!(ledger.poison.iter().all(|row| row.message.starts_with("CHECK constraint failed")), "{:?}", ledger.poison);
    assert!(!format!("{:?}", ledger.poison).contains("secret-7"));
    connection.execute("UPDATE items SET name = 'Mended' WHERE id IN (5, 6, 2900)").await.expect("it runs");
    assert_eq!(run(Phase::Backfill).await.expect("it ends").applied.len(), 1);
}

async fn shop_run(shop: &Shop, url: String, phase: Phase) -> Result<concertina::run::Outcome, RunError> {
    shop.apply(&url, phase, &options(), &Stop::never(), |_| {}).await
}
