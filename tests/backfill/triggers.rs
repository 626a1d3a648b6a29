//! What a database makes of a row that was changed: seen in its catalogue before the first chunk, so that nothing is changed twice.

use concertina::run::{Event, RunError, Stop};
use concertina::schema::Phase;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::project::Shop;
use crate::support;
use crate::table::{apply, filled, number, once, options, shop, told};

fn function(body: &str) -> String {
    format!(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$; \
         CREATE TRIGGER meddle BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION meddle()"
    )
}

fn reasons(told: &[Event]) -> String {
    let begun = told.iter().find_map(|event| match event {
        Event::JobBegun { chunking, reasons, .. } => Some(format!("{chunking}: {}", reasons.join("; "))),
        _ => None,
    });
    begun.expect("the job began")
}

#[tokio::test]
async fn a_trigger_that_undoes_the_change_is_named_and_the_table_is_walked_once() {
    for (major, body, what) in [
        (14, "IF NEW.name = 'Item 7' THEN RETURN NULL; END IF;", "trigger meddle may leave the row as it was"),
        (18, "NEW.slug := nullif(lower(NEW.name), 'item 7');", "trigger meddle sets slug"),
    ] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let shop = shop("id bigint PRIMARY KEY", "chunking = \"interleaved\"\nwindow = 24");
        filled(&shop, &database, "id, ", "i, ", 4_000).await;
        database.run(&function(body)).await;
        // By pages the row could be met twice: whoever asks for that is refused, with the trigger's name.
        let error = apply(&shop, &database, Phase::Backfill, &options()).await.expect_err("it is refused");
        assert!(error.to_string().contains(what), "{error}");
        shop.settings("001_items", "");
        let (outcome, told) = told(&shop, &database, &options()).await;
        let error = outcome.expect_err("a row is left");
        assert!(matches!(error, RunError::RowsRemain { rounds: 1, .. }), "{error}");
        let reasons = reasons(&told);
        assert_eq!(reasons, format!("along the key: walked once, since a changed row may fit the condition again: {what}"));
        assert_eq!(number(&database, "SELECT count(*) FROM items WHERE slug = lower(name)").await, 3_999);
        // The trigger that counts changes meets the row only where it was stored.
        let changes = if major == 14 { 3_999 } else { 4_000 };
        assert_eq!(number(&database, "SELECT count(*) FROM touched").await, changes, "nothing was changed twice");
    }
}

#[tokio::test]
async fn a_trigger_that_leaves_the_condition_alone_spoils_nothing() {
    for (major, body) in [
        (14, "NEW.note := coalesce(NEW.note, '') || '+';"),
        (16, "NEW.slug := lower(NEW.name);"),
        (18, "IF NEW.name IS NULL THEN RAISE EXCEPTION 'no name'; END IF;"),
    ] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let shop = shop("id bigint PRIMARY KEY", "chunking = \"interleaved\"\nwindow = 24");
        filled(&shop, &database, "id, ", "i, ", 4_000).await;
        database.run(&function(body)).await;
        let (outcome, told) = told(&shop, &database, &options()).await;
        outcome.unwrap_or_else(|error| panic!("{body}: {error}"));
        assert!(reasons(&told).starts_with("interleaved"), "{}", reasons(&told));
        once(&database, 4_000).await;
    }
}

#[tokio::test]
async fn a_row_of_nulls_is_null() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let expand = "CREATE TYPE pair AS (a int, b int);\nCREATE TABLE items (id bigint PRIMARY KEY, p pair NOT NULL, q pair);\n";
        let backfill = "UPDATE items SET q = p WHERE q IS NULL;\n";
        let shop = Shop::new("postgres", &[("001_items", "expand", expand), ("001_items", "backfill", backfill)]);
        apply(&shop, &database, Phase::Expand, &options()).await.expect("it runs");
        database.run("INSERT INTO items (id, p) SELECT i, CASE WHEN i <> 7 THEN ROW(i, i)::pair ELSE ROW(NULL, NULL)::pair END FROM generate_series(1, 1000) AS i").await;
        let (outcome, told) = told(&shop, &database, &options()).await;
        let error = outcome.expect_err("the row of NULLs fits for ever");
        assert!(matches!(error, RunError::RowsRemain { rounds: 1, .. }), "{error}");
        assert!(reasons(&told).contains("q is of a composite type"), "{}", reasons(&told));
        assert_eq!(number(&database, "SELECT count(*) FROM items WHERE q IS NULL").await, 1);
    }
}

#[tokio::test]
async fn on_sqlite_a_trigger_that_updates_the_table_once_more_is_seen() {
    let run = async |trigger: &str| {
        let db = support::sqlite();
        let expand = format!("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, slug TEXT, at TEXT);\n{trigger};\n");
        let backfill = "UPDATE items SET slug = lower(name) WHERE slug IS NULL;\n";
        let shop = Shop::new("sqlite", &[("001_items", "expand", &expand), ("001_items", "backfill", backfill)]);
        shop.apply(&db.url(), Phase::Expand, &options(), &Stop::never(), |_| {}).await.expect("it runs");
        let mut connection = SqliteConnection::connect(&db.url()).await.expect("the file opens");
        connection.execute("INSERT INTO items (id, name) VALUES (1, 'A'), (2, 'B'), (3, 'C')").await.expect("it runs");
        let mut told = Vec::new();
        let outcome = shop.apply(&db.url(), Phase::Backfill, &options(), &Stop::never(), |event| told.push(event.clone())).await;
        (outcome, reasons(&told))
    };
    let (outcome, told) =
        run("CREATE TRIGGER seen AFTER UPDATE OF slug ON items BEGIN UPDATE items SET at = 'now' WHERE id = NEW.id; END").await;
    outcome.expect("it leaves the slug alone");
    assert_eq!(told, "along the key: rows lie in the order of the key");
    let undo =
        "CREATE TRIGGER undo AFTER UPDATE OF slug ON items WHEN NEW.id = 2 BEGIN UPDATE items SET slug = NULL WHERE id = NEW.id; END";
    let (outcome, told) = run(undo).await;
    let error = outcome.expect_err("a row is left");
    assert!(matches!(error, RunError::RowsRemain { rounds: 1, .. }), "{error}");
    assert!(told.contains("trigger undo sets slug once more"), "{told}");
}
