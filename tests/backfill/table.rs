//! A table to fill, its oracle and the counter of changes.

use std::time::Duration;

use concertina::ledger::Holder;
use concertina::run::{Event, Options, Outcome, RunError, Stop};
use concertina::schema::Phase;
use sqlx::{Executor, Row};

use crate::project::Shop;
use crate::support::Database;

/// The table before it is filled. Rows hold NULLs, and their names differ in length, so that pages hold different numbers.
pub(crate) fn shop(key: &str, cutting: &str) -> Shop {
    let expand = format!("CREATE TABLE items ({key}, name text NOT NULL, note text, slug text);\n");
    let backfill = "UPDATE items SET slug = lower(name) WHERE slug IS NULL;\n";
    let shop = Shop::new("postgres", &[("001_items", "expand", &expand), ("001_items", "backfill", backfill)]);
    shop.settings("001_items", &format!("[backfill]\n{cutting}\n"));
    shop
}

pub(crate) fn options() -> Options {
    Options {
        lock_timeout: Duration::from_millis(200),
        give_up_after: Duration::from_secs(60),
        lease_wait: Duration::from_secs(60),
        ..Options::new(Holder { actor: "tests@here".to_owned(), pid: std::process::id(), purpose: "apply".to_owned() })
    }
}

/// Makes the table and fills it; `key` is an expression over `i`. Every change of a row writes a line.
pub(crate) async fn filled(shop: &Shop, database: &Database, columns: &str, key: &str, rows: u32) {
    apply(shop, database, Phase::Expand, &options()).await.expect("it runs");
    database
        .run(&format!(
            "CREATE TABLE touched (slug text); \
             CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO touched VALUES (NEW.slug); RETURN NULL; END $$; \
             CREATE TRIGGER touch AFTER UPDATE OF slug ON items FOR EACH ROW EXECUTE FUNCTION touch(); \
             INSERT INTO items ({columns}name, note) SELECT {key}'Item ' || i, CASE WHEN i % 3 = 0 THEN repeat('x', i % 97) END \
             FROM generate_series(1, {rows}) AS i; ANALYZE items"
        ))
        .await;
}

pub(crate) async fn apply(shop: &Shop, database: &Database, phase: Phase, options: &Options) -> Result<Outcome, RunError> {
    shop.apply(&database.url, phase, options, &Stop::never(), |_| {}).await
}

/// Runs the backfill; what was told.
pub(crate) async fn told(shop: &Shop, database: &Database, options: &Options) -> (Result<Outcome, RunError>, Vec<Event>) {
    let mut told = Vec::new();
    let outcome = shop.apply(&database.url, Phase::Backfill, options, &Stop::never(), |event| told.push(event.clone())).await;
    (outcome, told)
}

pub(crate) async fn number(database: &Database, sql: &str) -> i64 {
    let row = database.connect().await.fetch_one(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.expect("the query runs");
    row.get(0)
}

/// Every row is right, and was changed exactly once.
pub(crate) async fn once(database: &Database, rows: u32) {
    let rows = i64::from(rows);
    assert_eq!(number(database, "SELECT count(*) FROM items WHERE slug = lower(name)").await, rows, "rows that are right");
    assert_eq!(number(database, "SELECT count(*) FROM touched").await, rows, "changes");
    assert_eq!(number(database, "SELECT count(DISTINCT slug) FROM touched").await, rows, "rows changed");
}
