//! The table under fault, its application and its oracle: a twin that the application writes in the same transactions,
//! and a list of every row that the tool changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::application::Client;
use crate::workshop::{Ran, Running, Workshop};

/// How long anything that surely comes may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);

const BACKFILL: &str = "UPDATE stock SET slug = lower(name) WHERE slug IS NULL AND name IS NOT NULL;\n";

/// A composite key, names that are NULL, a trigger that keeps new and changed rows right; and every eighth row that the
/// tool changes takes a millisecond, so that a run lasts some seconds on any machine.
const POSTGRES: &str = "CREATE TABLE stock (region text NOT NULL, id bigint NOT NULL, name text, slug text, PRIMARY KEY (region, id));
CREATE TABLE twin (region text NOT NULL, id bigint NOT NULL, name text, PRIMARY KEY (region, id));
CREATE TABLE fills (region text NOT NULL, id bigint NOT NULL);
CREATE FUNCTION stock_slug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.slug := lower(NEW.name); RETURN NEW; END $$;
CREATE FUNCTION stock_fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fills VALUES (NEW.region, NEW.id); IF NEW.id % 8 = 0 THEN PERFORM pg_sleep(0.0005); END IF; RETURN NULL; END $$;
INSERT INTO twin SELECT 'r' || i % 7, i, CASE WHEN i % 50 > 0 THEN 'Thing ' || i END FROM generate_series(1, {rows}) AS i;
INSERT INTO stock (region, id, name) SELECT region, id, name FROM twin;
CREATE TRIGGER stock_slug BEFORE INSERT OR UPDATE ON stock FOR EACH ROW EXECUTE FUNCTION stock_slug();
CREATE TRIGGER stock_fill AFTER UPDATE ON stock FOR EACH ROW WHEN (current_setting('application_name') = 'concertina') EXECUTE FUNCTION stock_fill();
";

const SQLITE: &str = "CREATE TABLE stock (region TEXT NOT NULL, id INTEGER NOT NULL, name TEXT, slug TEXT, PRIMARY KEY (region, id));
CREATE TABLE twin (region TEXT NOT NULL, id INTEGER NOT NULL, name TEXT, PRIMARY KEY (region, id));
CREATE TABLE fills (region TEXT NOT NULL, id INTEGER NOT NULL);
INSERT INTO twin WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {rows}) SELECT 'r' || i % 7, i, CASE WHEN i % 50 > 0 THEN 'Thing ' || i END FROM numbers;
INSERT INTO stock (region, id, name) SELECT region, id, name FROM twin;
CREATE TRIGGER stock_new AFTER INSERT ON stock WHEN NEW.slug IS NULL BEGIN UPDATE stock SET slug = lower(name) WHERE region = NEW.region AND id = NEW.id; END;
CREATE TRIGGER stock_named AFTER UPDATE OF name ON stock BEGIN UPDATE stock SET slug = lower(name) WHERE region = NEW.region AND id = NEW.id; END;
CREATE TRIGGER stock_fill AFTER UPDATE OF slug ON stock WHEN OLD.slug IS NULL AND OLD.name IS NEW.name AND NEW.name LIKE 'Thing%' BEGIN INSERT INTO fills VALUES (NEW.region, NEW.id); END;
";

/// A project whose backfill fills the table.
pub(crate) struct Stock {
    pub(crate) workshop: Workshop,
    url: String,
    rows: u32,
}

impl Stock {
    /// The table with its rows, expanded, nothing filled; small chunks, so that faults meet many of them.
    pub(crate) async fn new(url: &str, rows: u32) -> Stock {
        Stock::with(url, rows, "chunk_target = \"50ms\"").await
    }

    /// The same, cut by pages that are visited several times, which tables of this size are not by default.
    pub(crate) async fn by_pages(url: &str, rows: u32) -> Stock {
        Stock::with(url, rows, "chunk_target = \"50ms\"\nchunking = \"interleaved\"\nwindow = 16").await
    }

    /// The same in a dozen ranges, so that workers have something to share.
    pub(crate) async fn in_many_ranges(url: &str, rows: u32) -> Stock {
        Stock::with(url, rows, "chunk_target = \"50ms\"\nchunking = \"interleaved\"\nwindow = 2").await
    }

    /// The same with these lines under `[backfill]`.
    pub(crate) async fn with(url: &str, rows: u32, settings: &str) -> Stock {
        let (dialect, schema) = if url.starts_with("postgres") { ("postgres", POSTGRES) } else { ("sqlite", SQLITE) };
        let workshop = Workshop::with_locks(dialect, url, "500ms", "60s");
        workshop.configure(settings);
        workshop.write("0001_stock/expand.sql", &schema.replace("{rows}", &rows.to_string()));
        workshop.write("0001_stock/backfill.sql", BACKFILL);
        workshop.expect(&["apply", "--phase", "expand"], 0).await;
        Stock { workshop, url: url.to_owned(), rows }
    }

    /// Rows that the backfill has to change when nobody else writes.
    pub(crate) fn to_fill(&self) -> u32 {
        self.rows - self.rows / 50
    }

    /// Starts the backfill.
    pub(crate) fn start(&self) -> Running {
        self.workshop.start(&["apply", "--phase", "backfill", "--wait"])
    }

    /// Runs the backfill to its end, as often as it says that it is worth another try.
    pub(crate) async fn finish(&self) -> Ran {
        for _ in 0..20 {
            let ran = self.workshop.run(&["apply", "--phase", "backfill", "--wait"]).await;
            match ran.code {
                Some(75) => {}
                Some(0) => return ran,
                code => panic!("exit code {code:?}\n{}", ran.said()),
            }
        }
        panic!("the backfill does not come to an end");
    }

    /// Waits until the run has changed this share of the rows, in percent. `run` must still be at work then.
    pub(crate) async fn until(&self, run: &mut Running, percent: u32) {
        let goal = u64::from(self.to_fill()) * u64::from(percent) / 100;
        let mut client = Client::connect(&self.url).await;
        let began = Instant::now();
        loop {
            let filled = client.rows("SELECT count(*) FROM fills").await.expect("the list can be read");
            assert!(!run.has_ended(), "the run ended before {percent} % were filled: the fault meets nobody");
            if filled[0][0].parse::<u64>().expect("a number") >= goal {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{percent} % were never filled");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Compares every row with its twin, and looks that no row was changed twice; `url` is where the database is now.
    pub(crate) async fn check_at(&self, url: &str) {
        let mut client = Client::connect(url).await;
        for (what, sql) in [
            ("rows that the application does not know", "SELECT region, id, name FROM stock EXCEPT SELECT region, id, name FROM twin"),
            ("rows that are lost", "SELECT region, id, name FROM twin EXCEPT SELECT region, id, name FROM stock"),
            (
                "rows that are wrong",
                "SELECT region, id, name, slug FROM stock WHERE NOT (slug = lower(name) OR (slug IS NULL AND name IS NULL))",
            ),
            ("rows that were changed twice", "SELECT region, id, count(*) FROM fills GROUP BY region, id HAVING count(*) > 1"),
        ] {
            let found = client.rows(sql).await.expect("the oracle's question");
            assert!(found.is_empty(), "{} {what}: {:?}", found.len(), &found[..found.len().min(5)]);
        }
    }

    /// The same where it was.
    pub(crate) async fn check(&self) {
        self.check_at(&self.url).await;
    }

    /// The same, when nobody but the tool wrote: then it is known which rows it must have changed.
    pub(crate) async fn check_all(&self) {
        self.check().await;
        let filled = Client::connect(&self.url).await.rows("SELECT count(*) FROM fills").await.expect("the list");
        assert_eq!(filled[0], [self.to_fill().to_string()], "rows changed");
        self.workshop.expect(&["status", "--exit-code"], 0).await;
    }

    /// Starts an application that inserts, changes, deletes and moves rows. `at` is where it connects to.
    pub(crate) fn application(&self, at: &str, seed: u64) -> Application {
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(write(at.to_owned(), self.rows, seed, Arc::clone(&stop)));
        Application { stop, task }
    }
}

/// A release that writes until it is stopped.
pub(crate) struct Application {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Told>,
}

/// What the application tells about its life.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Transactions that it knows to be committed.
    pub(crate) writes: u64,
    /// How often it was the victim of a deadlock.
    pub(crate) deadlocks: u64,
    /// How often its connection broke.
    pub(crate) cuts: u64,
    /// Its longest transaction that succeeded.
    pub(crate) longest: Duration,
}

impl Application {
    /// Stops it.
    pub(crate) async fn stop(self) -> Told {
        self.stop.store(true, Ordering::Release);
        self.task.await.expect("the application lives")
    }
}

async fn write(url: String, rows: u32, seed: u64, stop: Arc<AtomicBool>) -> Told {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut client = Client::connect(&url).await;
    let mut told = Told::default();
    // Ids of its own, never used twice: after a lost answer the same write is not tried again.
    let mut next = u64::from(rows) + 1 + seed * 10_000_000;
    while !stop.load(Ordering::Acquire) {
        next += 1;
        let (id, began) = (random.u32(1..=rows), Instant::now());
        let row = format!("region = 'r{}' AND id = {id}", id % 7);
        let both = match random.u8(0..10) {
            0..3 => format!("INSERT INTO {{table}} (region, id, name) VALUES ('n{seed}', {next}, 'New {next}')"),
            3..6 => format!("UPDATE {{table}} SET name = 'Renamed {next}' WHERE {row}"),
            6 => format!("UPDATE {{table}} SET name = NULL WHERE {row}"),
            7..9 => {
                format!("UPDATE {{table}} SET region = '{}', id = {next} WHERE {row}", random.choice(["a", "m", "z", "r3"]).unwrap_or("a"))
            }
            _ => format!("DELETE FROM {{table}} WHERE {row}"),
        };
        let sql = format!("BEGIN; {}; {}; COMMIT", both.replace("{table}", "stock"), both.replace("{table}", "twin"));
        let sql = if url.starts_with("sqlite") { sql.replacen("BEGIN", "BEGIN IMMEDIATE", 1) } else { sql };
        match client.run(&sql).await {
            Ok(()) => {
                told.writes += 1;
                told.longest = told.longest.max(began.elapsed());
            }
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("40P01") => {
                told.deadlocks += 1;
                client.run("ROLLBACK").await.expect("it can roll back");
            }
            Err(sqlx::Error::Database(error)) if !is_end(error.code().as_deref()) => panic!("the application's write fails: {error}"),
            Err(_) => {
                told.cuts += 1;
                client = again(&url).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    told
}

/// Whether an error says that the session or the server ends, or that this server is not (yet) the one to write to.
fn is_end(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.starts_with("57P") || code.starts_with("08") || code == "25006" || code == "53300")
}

async fn again(url: &str) -> Client {
    let began = Instant::now();
    loop {
        match <sqlx::PgConnection as sqlx::Connection>::connect(url).await {
            Ok(connection) => return Client::Postgres(connection),
            Err(error) => assert!(began.elapsed() < PATIENCE, "the application finds no server: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
