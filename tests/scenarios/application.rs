//! The application of a scenario: an old and a new release that write while migrations run, and the oracle that
//! knows what every row must hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use sqlx::{Column, Connection, Row, TypeInfo, ValueRef};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// The statements of one release. `:id`, `:value` and `:number` are filled in.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Statements {
    pub(crate) insert: String,
    pub(crate) update: String,
    pub(crate) delete: String,
    pub(crate) read: String,
}

/// One connection of the application.
pub(crate) enum Client {
    Postgres(sqlx::PgConnection),
    Sqlite(sqlx::SqliteConnection),
}

impl Client {
    pub(crate) async fn connect(url: &str) -> Client {
        if url.starts_with("postgres") {
            Client::Postgres(sqlx::PgConnection::connect(url).await.expect("the application reaches PostgreSQL"))
        } else {
            let mut connection = sqlx::SqliteConnection::connect(url).await.expect("the application opens SQLite");
            sqlx::raw_sql("PRAGMA busy_timeout = 20000").execute(&mut connection).await.expect("busy timeout");
            Client::Sqlite(connection)
        }
    }

    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        match self {
            Client::Postgres(connection) => sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(connection).await.map(drop),
            Client::Sqlite(connection) => sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(connection).await.map(drop),
        }
    }

    /// All rows as text, NULL as `∅`.
    pub(crate) async fn rows(&mut self, sql: &str) -> Result<Vec<Vec<String>>, sqlx::Error> {
        match self {
            Client::Postgres(connection) => {
                let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?;
                Ok(rows.iter().map(|row| (0..row.len()).map(|column| postgres_text(row, column)).collect()).collect())
            }
            Client::Sqlite(connection) => {
                let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?;
                Ok(rows.iter().map(|row| (0..row.len()).map(|column| sqlite_text(row, column)).collect()).collect())
            }
        }
    }
}

fn postgres_text(row: &sqlx::postgres::PgRow, column: usize) -> String {
    let raw = row.try_get_raw(column).expect("a column");
    if raw.is_null() {
        return "∅".to_owned();
    }
    // The simple protocol sends every value as text.
    raw.as_str().map_or_else(|_| "?".to_owned(), str::to_owned)
}

fn sqlite_text(row: &sqlx::sqlite::SqliteRow, column: usize) -> String {
    let raw = row.try_get_raw(column).expect("a column");
    if raw.is_null() {
        return "∅".to_owned();
    }
    match raw.type_info().name() {
        "INTEGER" => row.get_unchecked::<i64, _>(column).to_string(),
        "REAL" => row.get_unchecked::<f64, _>(column).to_string(),
        "TEXT" => row.get_unchecked::<String, _>(column),
        other => panic!("column {} has type {other}", row.column(column).name()),
    }
}

/// What every row must hold: number and text by id. The lock also orders the writes of both releases, so that the
/// oracle never has to guess which of two came last.
#[derive(Clone)]
pub(crate) struct Oracle {
    pub(crate) rows: Arc<Mutex<BTreeMap<i64, i64>>>,
    numeric: bool,
}

impl Oracle {
    pub(crate) fn seeded(rows: i64, statements: &Statements) -> Oracle {
        let numeric = statements.insert.contains(":number");
        Oracle { rows: Arc::new(Mutex::new((1..=rows).map(|id| (id, id)).collect())), numeric }
    }

    fn text(&self, number: i64) -> String {
        if self.numeric { number.to_string() } else { format!("name {number}") }
    }

    /// Compares what a release reads with what was written.
    pub(crate) async fn check(&self, client: &mut Client, statements: &Statements, when: &str) {
        let rows = self.rows.lock().await;
        let found = client.rows(&statements.read).await.unwrap_or_else(|error| panic!("{when}: cannot read: {error}"));
        let expected: Vec<(String, String)> = rows.iter().map(|(id, number)| (id.to_string(), self.text(*number))).collect();
        let found: Vec<(String, String)> = found.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        let wrong: Vec<_> = expected.iter().zip(&found).filter(|(expected, found)| expected != found).take(5).collect();
        assert!(
            expected.len() == found.len() && wrong.is_empty(),
            "{when}: {} rows expected, {} found; first differences (expected, found): {wrong:?}",
            expected.len(),
            found.len(),
        );
    }
}

/// A release under way: writes until it is stopped, and every write must succeed.
pub(crate) struct Application {
    stop: Arc<AtomicBool>,
    pub(crate) writes: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Application {
    pub(crate) fn start(name: &'static str, url: &str, statements: &Statements, oracle: &Oracle, first_id: i64) -> Application {
        let stop = Arc::new(AtomicBool::new(false));
        let writes = Arc::new(AtomicU64::new(0));
        let (url, statements, oracle) = (url.to_owned(), statements.clone(), oracle.clone());
        let (stopping, counter) = (Arc::clone(&stop), Arc::clone(&writes));
        let task = tokio::spawn(async move {
            let mut client = Client::connect(&url).await;
            let mut next = first_id;
            let mut random = fastrand::Rng::with_seed(first_id as u64);
            while !stopping.load(Ordering::Relaxed) {
                let mut rows = oracle.rows.lock().await;
                let number = random.i64(1..1_000_000);
                let known = rows.range(random.i64(1..=next)..).next().map(|(id, _)| *id);
                let (template, id) = match (random.u8(0..10), known) {
                    (0..=3, _) | (_, None) => {
                        next += 1;
                        (&statements.insert, next)
                    }
                    (4..=8, Some(id)) => (&statements.update, id),
                    (_, Some(id)) => (&statements.delete, id),
                };
                let sql = template
                    .replace(":id", &id.to_string())
                    .replace(":value", &oracle.text(number))
                    .replace(":number", &number.to_string());
                if let Err(error) = client.run(&sql).await {
                    panic!("the {name} release failed at `{sql}`: {error}");
                }
                if std::ptr::eq(template, &statements.delete) {
                    rows.remove(&id);
                } else {
                    rows.insert(id, number);
                }
                drop(rows);
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        Application { stop, writes, task }
    }

    /// Waits until it has written something since now, so that "works at this gate" is not an empty claim.
    pub(crate) async fn works(&self, when: &str) {
        let before = self.writes.load(Ordering::Relaxed);
        for _ in 0..3000 {
            if self.writes.load(Ordering::Relaxed) > before + 5 {
                return;
            }
            assert!(!self.task.is_finished(), "{when}: the release ended");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{when}: the release has not written for 30 s");
    }

    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("the release wrote without an error");
    }
}
