//! One connection of its own, spoken to over the simple protocol only, and what its errors mean.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};
use tokio::sync::watch;

use crate::backend::{BackendError, Limits};
use crate::migration::DatabaseUrl;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the server lets one of our transactions stand idle: we are never idle inside one, so the process is gone.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

/// How long the answer to a statement that has a time-out may take beyond it. The server would have ended it: nobody is
/// there any more, and a network that drops packets never says so.
const SILENCE: Duration = Duration::from_secs(10);

/// The name of our own tables in messages.
pub(super) const LEDGER: &str = "the ledger";

/// A connection and whether a transaction may be open on it.
pub(super) struct Session {
    connection: PgConnection,
    target: DatabaseUrl,
    open: bool,
    /// How long an answer may take in the open transaction; `None` for as long as it needs.
    patience: Option<Duration>,
    /// Tells when the lease is lost: whatever is still waited for is not waited for any longer.
    lost: Option<watch::Receiver<bool>>,
    /// An answer was not waited for: what comes next on this connection cannot be told apart from it.
    silent: bool,
}

/// What came of waiting for an answer.
enum Heard<T> {
    Answer(Result<T, sqlx::Error>),
    Nothing(Duration),
    LeaseLost,
}

impl Session {
    /// Connects; nothing is sent but the start-up packet.
    pub(super) async fn connect(target: &DatabaseUrl) -> Result<Session, BackendError> {
        let unreachable = |reason: String| BackendError::Unreachable { target: target.to_string(), reason };
        let options = PgConnectOptions::from_str(target.expose())
            .map_err(|error| unreachable(error.to_string()))?
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("concertina"),
        };
        let connection = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options))
            .await
            .map_err(|_| unreachable(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())))?
            .map_err(|error| match error {
                sqlx::Error::Database(error) => unreachable(error.message().to_owned()),
                error => unreachable(error.to_string()),
            })?;
        Ok(Session { connection, target: target.clone(), open: false, patience: None, lost: None, silent: false })
    }

    /// `server_version_num`, as it came with the connection.
    pub(super) fn version_number(&self) -> u32 {
        self.connection.server_version_num().unwrap_or(140_000)
    }

    /// Stops waiting for any answer when this says that the lease is lost.
    pub(super) fn end_with(&mut self, lost: watch::Receiver<bool>) {
        self.lost = Some(lost);
    }

    /// Executes SQL; the number of rows it changed.
    pub(super) async fn run(&mut self, place: &str, sql: impl Into<String>) -> Result<u64, BackendError> {
        self.check_voice()?;
        let work = sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut self.connection);
        let heard = hear(work, self.patience, self.lost.clone()).await;
        self.answer(place, heard).map(|result| result.rows_affected())
    }

    /// Executes SQL; its rows.
    pub(super) async fn rows(&mut self, sql: impl Into<String>) -> Result<Vec<PgRow>, BackendError> {
        self.rows_at(LEDGER, sql).await
    }

    /// Executes SQL of a place; its rows.
    async fn rows_at(&mut self, place: &str, sql: impl Into<String>) -> Result<Vec<PgRow>, BackendError> {
        self.check_voice()?;
        let work = sqlx::raw_sql(AssertSqlSafe(sql.into())).fetch_all(&mut self.connection);
        let heard = hear(work, self.patience, self.lost.clone()).await;
        self.answer(place, heard)
    }

    fn check_voice(&self) -> Result<(), BackendError> {
        match self.silent {
            true => Err(self.gone("an earlier answer never came".to_owned())),
            false => Ok(()),
        }
    }

    fn answer<T>(&mut self, place: &str, heard: Heard<T>) -> Result<T, BackendError> {
        match heard {
            Heard::Answer(Ok(answer)) => Ok(answer),
            Heard::Answer(Err(error)) => Err(self.explain(place, error)),
            Heard::Nothing(waited) => {
                self.silent = true;
                Err(self.gone(format!("no answer within {} s", waited.as_secs())))
            }
            Heard::LeaseLost => {
                self.silent = true;
                Err(BackendError::LeaseLost)
            }
        }
    }

    /// Executes SQL that returns exactly one row.
    pub(super) async fn row(&mut self, sql: impl Into<String>) -> Result<PgRow, BackendError> {
        self.rows(sql).await?.pop().ok_or_else(|| BackendError::Damaged { reason: "a row is missing".to_owned() })
    }

    /// Opens a transaction with its limits and runs `then` in the same round trip.
    pub(super) async fn begin(&mut self, limits: &Limits, then: &str) -> Result<Vec<PgRow>, BackendError> {
        self.roll_back().await?;
        let statement_timeout = limits.statement_timeout.map_or(0, |timeout| timeout.as_millis());
        // transaction_timeout exists since 17 and may come from the role.
        let transaction_timeout = match self.version_number() >= 170_000 {
            true => "SET LOCAL transaction_timeout = 0; ",
            false => "",
        };
        let sql = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {}; \
             SET LOCAL statement_timeout = {statement_timeout}; SET LOCAL idle_in_transaction_session_timeout = {}; \
             {transaction_timeout}{then}",
            limits.lock_timeout.as_millis(),
            IDLE_IN_TRANSACTION.as_millis(),
        );
        self.open = true;
        self.patience = limits.statement_timeout.map(|timeout| timeout + SILENCE);
        self.rows(sql).await
    }

    /// Opens a transaction that only reads, on a replica as well, and runs `then` in the same round trip.
    pub(super) async fn begin_reading(&mut self, limits: &Limits, then: &str) -> Result<Vec<PgRow>, BackendError> {
        self.roll_back().await?;
        let statement_timeout = limits.statement_timeout.map_or(0, |timeout| timeout.as_millis());
        let sql = format!(
            "BEGIN READ ONLY; SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {statement_timeout}; {then}",
            limits.lock_timeout.as_millis()
        );
        self.open = true;
        self.rows(sql).await
    }

    /// Commits.
    pub(super) async fn commit(&mut self, place: &str) -> Result<(), BackendError> {
        self.run(place, "COMMIT").await?;
        self.is_over();
        Ok(())
    }

    /// Runs a last statement and commits, in one round trip.
    pub(super) async fn finish(&mut self, place: &str, last: &str) -> Result<(), BackendError> {
        self.run(place, format!("{last}; COMMIT")).await?;
        self.is_over();
        Ok(())
    }

    /// As [`Session::finish`]; what the last statement returns.
    pub(super) async fn finish_asking(&mut self, place: &str, last: &str) -> Result<Vec<PgRow>, BackendError> {
        let rows = self.rows_at(place, format!("{last}; COMMIT")).await?;
        self.is_over();
        Ok(rows)
    }

    /// Ends whatever transaction an error or a dropped future left open.
    pub(super) async fn roll_back(&mut self) -> Result<(), BackendError> {
        if self.open {
            self.run(LEDGER, "ROLLBACK").await?;
            self.is_over();
        }
        Ok(())
    }

    fn is_over(&mut self) {
        self.open = false;
        self.patience = None;
    }

    /// Says goodbye; the server need not find out by itself.
    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "the connection was gone when it was closed");
        }
    }

    fn explain(&self, place: &str, error: sqlx::Error) -> BackendError {
        let database = match error {
            sqlx::Error::Database(error) => error,
            sqlx::Error::Decode(reason) | sqlx::Error::ColumnDecode { source: reason, .. } => {
                return BackendError::Damaged { reason: reason.to_string() };
            }
            error => return self.gone(error.to_string()),
        };
        let Some(error) = database.try_downcast_ref::<PgDatabaseError>() else {
            return self.gone(database.message().to_owned());
        };
        let message = message(error);
        match error.code() {
            "55P03" | "40P01" | "40001" => {
                BackendError::Blocked { reason: message, attempts: 1, waited: Duration::ZERO, blockers: Vec::new() }
            }
            // 57P0x: the server shuts down or ended this session; 53300: no connection left; 08…: the connection broke,
            // also as a pooler tells it.
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04" | "53300" => self.gone(message),
            code if code.starts_with("08") => self.gone(message),
            "25006" => BackendError::Unsuitable { reason: format!("{} is read-only: {message}", self.target) },
            code => BackendError::Statement { place: place.to_owned(), code: code.to_owned(), message },
        }
    }

    fn gone(&self, reason: String) -> BackendError {
        BackendError::Unreachable { target: self.target.to_string(), reason }
    }
}

/// Waits for an answer as long as it may take.
async fn hear<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
    patience: Option<Duration>,
    lost: Option<watch::Receiver<bool>>,
) -> Heard<T> {
    let limit = async {
        match patience {
            Some(patience) => tokio::time::sleep(patience).await,
            None => std::future::pending().await,
        }
        patience.unwrap_or_default()
    };
    let lost = async {
        let told = match lost {
            Some(mut lost) => lost.wait_for(|lost| *lost).await.is_ok(),
            None => false,
        };
        // Who told was stopped: the lease was given back.
        if !told {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        answer = work => Heard::Answer(answer),
        () = lost => Heard::LeaseLost,
        waited = limit => Heard::Nothing(waited),
    }
}

fn message(error: &PgDatabaseError) -> String {
    let mut message = error.message().to_owned();
    for (title, text) in [("detail", error.detail()), ("hint", error.hint()), ("where", error.r#where())] {
        if let Some(text) = text {
            message.push_str(&format!("\n{title}: {text}"));
        }
    }
    message
}

/// A column of a row that our own SQL casts to text.
pub(super) fn text(row: &PgRow, column: &str) -> Result<Option<String>, BackendError> {
    row.try_get(column).map_err(|error| BackendError::Damaged { reason: error.to_string() })
}

/// The same, where NULL is impossible.
pub(super) fn value(row: &PgRow, column: &str) -> Result<String, BackendError> {
    text(row, column)?.ok_or_else(|| BackendError::Damaged { reason: format!("{column} is missing") })
}

/// A number that our own SQL casts to text.
pub(super) fn number<N: FromStr>(row: &PgRow, column: &str) -> Result<N, BackendError> {
    let found = value(row, column)?;
    found.parse().map_err(|_| BackendError::Damaged { reason: format!("{column} is `{found}`") })
}
