//! One connection to a SQLite file, and what its errors mean.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use crate::backend::{BackendError, Cut, Limits};
use crate::migration::DatabaseUrl;

/// The name of our own tables in messages.
pub(super) const LEDGER: &str = "the ledger";

/// How long a read waits for a writer that holds the file.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// What sqlx lets SQLite wait by itself.
const SQLX_WAITS: Duration = Duration::from_secs(5);

/// How long to sleep before a busy file is asked again, in microseconds; at random, so that nobody keeps in step with us.
///
/// SQLite's own waiting asks again after 100 ms, and an application that writes without a pause leaves gaps of
/// microseconds: measured, it kept us out for more than ten seconds every other time, from reading as well.
const AGAIN: std::ops::Range<u64> = 500..4_000;

/// Instructions of SQLite's machine between two looks whether the statement shall be cut off: some tens of microseconds.
const LOOK_EVERY: i32 = 10_000;

/// SQLite's code for a statement that was interrupted: https://www.sqlite.org/rescode.html#interrupt
const INTERRUPT: &str = "9";

/// A connection and whether a transaction may be open on it.
pub(super) struct Session {
    connection: SqliteConnection,
    label: String,
    open: bool,
    /// How long SQLite waits by itself.
    waits: Duration,
}

impl Session {
    /// Opens the file. `create` makes it when it is missing.
    pub(super) async fn open(target: &DatabaseUrl, create: Create) -> Result<Session, BackendError> {
        let label = target.to_string();
        let options = options(target)?;
        let options = match create {
            Create::IfMissing => options.create_if_missing(true),
            Create::Never => options,
        };
        let (began, mut attempts) = (Instant::now(), 1);
        loop {
            match SqliteConnection::connect_with(&options).await.map_err(|error| explain(&label, LEDGER, error)) {
                Ok(connection) => return Ok(Session { connection, label, open: false, waits: SQLX_WAITS }),
                // What a connection sets before it is used reads the file.
                Err(BackendError::Blocked { .. }) if began.elapsed() < READ_PATIENCE => pause().await,
                Err(error) => return Err(after(error, attempts, began)),
            }
            attempts += 1;
        }
    }

    /// A database that lives as long as its connection.
    pub(super) async fn in_memory() -> Result<Session, BackendError> {
        let label = "sqlite::memory:".to_owned();
        let options = SqliteConnectOptions::new().in_memory(true);
        let connection = SqliteConnection::connect_with(&options).await.map_err(|error| explain(&label, LEDGER, error))?;
        Ok(Session { connection, label, open: false, waits: Duration::ZERO })
    }

    /// Executes SQL; the number of rows that the last statement changed.
    pub(super) async fn run(&mut self, place: &str, sql: impl Into<String>) -> Result<u64, BackendError> {
        let sql = sql.into();
        match sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await {
            Ok(result) => Ok(result.rows_affected()),
            Err(error) => Err(explain(&self.label, place, error)),
        }
    }

    /// As [`Session::run`], until it is asked to cut it off.
    pub(super) async fn run_until(&mut self, place: &str, sql: &str, cut: &Cut) -> Result<u64, BackendError> {
        let asked = cut.clone();
        let mut handle = self.connection.lock_handle().await.map_err(|error| explain(&self.label, place, error))?;
        handle.set_progress_handler(LOOK_EVERY, move || !asked.is_asked());
        drop(handle);
        let ran = self.run(place, sql).await;
        // What comes next, a ROLLBACK first of all, must not be cut off.
        let mut handle = self.connection.lock_handle().await.map_err(|error| explain(&self.label, place, error))?;
        handle.remove_progress_handler();
        drop(handle);
        match ran {
            Err(BackendError::Statement { code, .. }) if code == INTERRUPT && cut.is_asked() => {
                Err(BackendError::CutOff { place: place.to_owned() })
            }
            ran => ran,
        }
    }

    /// Executes one statement with values.
    pub(super) async fn bound(&mut self, place: &str, sql: &str, values: &[Value<'_>]) -> Result<u64, BackendError> {
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
        for value in values {
            query = match value {
                Value::Text(text) => query.bind((*text).to_owned()),
                Value::Perhaps(text) => query.bind(text.map(str::to_owned)),
                Value::Integer(number) => query.bind(*number),
                Value::Real(number) => query.bind(*number),
                Value::Blob(bytes) => query.bind(bytes.to_vec()),
            };
        }
        match query.execute(&mut self.connection).await {
            Ok(result) => Ok(result.rows_affected()),
            Err(error) => Err(explain(&self.label, place, error)),
        }
    }

    /// Executes one statement with values; its rows. Outside of a transaction it waits until the file can be read.
    pub(super) async fn rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<SqliteRow>, BackendError> {
        if self.open {
            return self.rows_at_once(sql, values).await;
        }
        if !self.waits.is_zero() {
            self.wait_at_most(Duration::ZERO).await?;
        }
        let (began, mut attempts) = (Instant::now(), 1);
        loop {
            match self.rows_at_once(sql, values).await {
                // It had no effect: the file could not be locked.
                Err(BackendError::Blocked { .. }) if began.elapsed() < READ_PATIENCE => pause().await,
                outcome => return outcome.map_err(|error| after(error, attempts, began)),
            }
            attempts += 1;
        }
    }

    async fn rows_at_once(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<SqliteRow>, BackendError> {
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
        for value in values {
            query = match value {
                Value::Text(text) => query.bind((*text).to_owned()),
                Value::Perhaps(text) => query.bind(text.map(str::to_owned)),
                Value::Integer(number) => query.bind(*number),
                Value::Real(number) => query.bind(*number),
                Value::Blob(bytes) => query.bind(bytes.to_vec()),
            };
        }
        query.fetch_all(&mut self.connection).await.map_err(|error| explain(&self.label, LEDGER, error))
    }

    /// Executes one statement that returns exactly one row.
    pub(super) async fn row(&mut self, sql: &str, values: &[Value<'_>]) -> Result<SqliteRow, BackendError> {
        let rows = self.rows(sql, values).await?;
        rows.into_iter().next().ok_or_else(|| BackendError::Damaged { reason: "a row is missing".to_owned() })
    }

    /// Sets how long the next statements wait for another writer.
    pub(super) async fn wait_at_most(&mut self, timeout: Duration) -> Result<(), BackendError> {
        self.run(LEDGER, format!("PRAGMA busy_timeout = {}", timeout.as_millis())).await?;
        self.waits = timeout;
        Ok(())
    }

    /// Opens a transaction that excludes all other writers from its first moment: it can only fail to begin, never
    /// halfway because somebody else wrote.
    pub(super) async fn begin(&mut self, limits: &Limits) -> Result<(), BackendError> {
        self.roll_back().await?;
        self.wait_at_most(Duration::ZERO).await?;
        let (began, mut attempts) = (Instant::now(), 1);
        loop {
            match self.run(LEDGER, "BEGIN IMMEDIATE").await {
                Ok(_) => break,
                Err(BackendError::Blocked { .. }) if began.elapsed() < limits.lock_timeout => pause().await,
                Err(error) => return Err(after(error, attempts, began)),
            }
            attempts += 1;
        }
        self.open = true;
        self.wait_at_most(limits.lock_timeout).await
    }

    /// Commits.
    pub(super) async fn commit(&mut self, place: &str) -> Result<(), BackendError> {
        self.run(place, "COMMIT").await?;
        self.open = false;
        Ok(())
    }

    /// Ends whatever transaction an error or a dropped future left open.
    pub(super) async fn roll_back(&mut self) -> Result<(), BackendError> {
        if !self.open {
            return Ok(());
        }
        match self.run(LEDGER, "ROLLBACK").await {
            // A full disk or an I/O error rolls back by itself.
            Ok(_) | Err(BackendError::Statement { .. }) => {
                self.open = false;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Ends whatever is open: what follows is read outside of a transaction, and patiently.
    pub(super) async fn calm(&mut self) -> Result<(), BackendError> {
        self.roll_back().await
    }

    /// Closes the file.
    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "the file could not be closed");
        }
    }
}

/// The error of the last of so many attempts.
fn after(error: BackendError, attempts: u32, began: Instant) -> BackendError {
    match error {
        BackendError::Blocked { reason, blockers, .. } => BackendError::Blocked { reason, attempts, waited: began.elapsed(), blockers },
        other => other,
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_micros(fastrand::u64(AGAIN))).await;
}

/// Whether a missing file is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Create {
    /// Yes.
    IfMissing,
    /// No: reading must leave no trace.
    Never,
}

/// A value for a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// Text or NULL.
    Perhaps(Option<&'a str>),
    /// An integer.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// Bytes.
    Blob(&'a [u8]),
}

fn options(target: &DatabaseUrl) -> Result<SqliteConnectOptions, BackendError> {
    let options = SqliteConnectOptions::from_str(target.expose())
        .map_err(|error| BackendError::Unreachable { target: target.to_string(), reason: error.to_string() })?;
    // The engine's own default; a script that wants it writes PRAGMA foreign_keys = ON.
    Ok(options.foreign_keys(false).statement_cache_capacity(0).disable_statement_logging())
}

/// The file behind a target; `None` for a database in memory.
pub(super) fn file(target: &DatabaseUrl) -> Result<Option<PathBuf>, BackendError> {
    let path = options(target)?.get_filename().to_owned();
    let in_memory = path == Path::new(":memory:") || path.to_string_lossy().starts_with("file:sqlx-in-memory");
    Ok((!in_memory).then_some(path))
}

fn explain(label: &str, place: &str, error: sqlx::Error) -> BackendError {
    let unsuitable = |reason: String| BackendError::Unsuitable { reason };
    let database = match error {
        sqlx::Error::Database(error) => error,
        sqlx::Error::Decode(reason) | sqlx::Error::ColumnDecode { source: reason, .. } => {
            return BackendError::Damaged { reason: reason.to_string() };
        }
        error => return BackendError::Unreachable { target: label.to_owned(), reason: error.to_string() },
    };
    let code = database.code().unwrap_or_default().into_owned();
    let message = database.message().to_owned();
    // The low byte is the primary result code: https://www.sqlite.org/rescode.html
    match code.parse::<u32>().unwrap_or_default() & 0xff {
        5 | 6 => BackendError::Blocked { reason: message, attempts: 1, waited: Duration::ZERO, blockers: Vec::new() },
        8 => unsuitable(format!("{label} is read-only: {message}; nothing of this step was written")),
        13 => unsuitable(format!("no room is left for {label}: {message}; nothing of this step was written")),
        11 | 26 => unsuitable(format!("{label} is no intact SQLite database: {message}")),
        10 | 14 => BackendError::Unreachable { target: label.to_owned(), reason: message },
        _ => BackendError::Statement { place: place.to_owned(), code, message },
    }
}

/// A text column.
pub(super) fn text(row: &SqliteRow, column: &str) -> Result<Option<String>, BackendError> {
    row.try_get(column).map_err(|error| BackendError::Damaged { reason: error.to_string() })
}

/// An integer column.
pub(super) fn integer(row: &SqliteRow, column: &str) -> Result<i64, BackendError> {
    row.try_get(column).map_err(|error| BackendError::Damaged { reason: error.to_string() })
}
