//! Reads the signals of a SQLite file once a second, on a connection of its own.

use std::time::{Duration, Instant};

use super::session::{self, Create, Session, integer, text};
use crate::backend::BackendError;
use crate::backend::gauge::{Dials, EVERY, Gauge};
use crate::migration::DatabaseUrl;
use crate::migration::pacing::throttle::{Signal, Throttle};
use crate::schema::Dialect;

/// How long a reading waits for a writer that holds the file.
const PATIENCE: Duration = Duration::from_millis(500);

/// Starts to read what a file can tell. A database in memory has neither a log nor other readers.
pub(super) fn start(gauge: &mut Gauge, target: &DatabaseUrl, throttles: &[Throttle]) {
    let mine = gauge.dials().readable(throttles, Dialect::Sqlite);
    if !matches!(session::file(target), Ok(Some(_))) {
        for throttle in mine {
            gauge.dials().cannot(&throttle.name(), "a database in memory is one connection's alone");
        }
        return;
    }
    let (target, throttles) = (target.clone(), mine);
    gauge.start(move |dials| Box::pin(read_on(target, throttles, dials)));
}

async fn read_on(target: DatabaseUrl, throttles: Vec<Throttle>, dials: Dials) {
    let mut session = None;
    loop {
        let begin = Instant::now();
        for throttle in &throttles {
            let name = throttle.name();
            match look(&mut session, &target, throttle).await {
                Ok(value) => dials.show(&name, value, None),
                Err(error) => {
                    if let BackendError::Unreachable { .. } = error {
                        session = None;
                    }
                    dials.fail(&name, error.to_string());
                }
            }
        }
        tokio::time::sleep(EVERY.saturating_sub(begin.elapsed())).await;
    }
}

async fn look(session: &mut Option<Session>, target: &DatabaseUrl, throttle: &Throttle) -> Result<f64, BackendError> {
    match &throttle.signal {
        Signal::WalFile => unmoved(open(session, target).await?).await,
        Signal::Query { sql, .. } => asked(open(session, target).await?, sql).await,
        // Left out before, by `Signal::source`.
        _ => Err(BackendError::Unsuitable { reason: format!("{} has no such signal", Dialect::Sqlite) }),
    }
}

async fn open<'s>(session: &'s mut Option<Session>, target: &DatabaseUrl) -> Result<&'s mut Session, BackendError> {
    match session {
        Some(session) => Ok(session),
        None => {
            let mut opened = Session::open(target, Create::Never).await?;
            opened.wait_at_most(PATIENCE).await?;
            Ok(session.insert(opened))
        }
    }
}

/// Bytes in the log that are not in the file yet, after moving what can be moved: readers hold up the rest.
///
/// The size of the log's file says nothing: it stays as large as it ever was.
async fn unmoved(session: &mut Session) -> Result<f64, BackendError> {
    let size = integer(&session.row("PRAGMA page_size", &[]).await?, "page_size")?;
    let row = session.row("PRAGMA wal_checkpoint(PASSIVE)", &[]).await?;
    // Both are -1 where the file is not in WAL mode.
    let pages = integer(&row, "log")?.saturating_sub(integer(&row, "checkpointed")?).max(0);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(pages.saturating_mul(size) as f64)
}

/// The project's own query: one row, whose first column is a number.
async fn asked(session: &mut Session, sql: &str) -> Result<f64, BackendError> {
    let sql = sql.trim().trim_end_matches(';');
    session.run("throttle", "PRAGMA query_only = 1").await?;
    let rows =
        session.rows(&format!("WITH asked (value) AS (\n{sql}\n) SELECT CAST(value AS TEXT) AS value FROM asked LIMIT 2"), &[]).await;
    session.run("throttle", "PRAGMA query_only = 0").await?;
    let wrong = |reason: &str| BackendError::Damaged { reason: reason.to_owned() };
    match rows?.as_slice() {
        [row] => {
            let found = text(row, "value")?.ok_or_else(|| wrong("the query returned NULL"))?;
            found.parse().map_err(|_| wrong(&format!("`{found}` is no number")))
        }
        [] => Err(wrong("the query returned no row")),
        _ => Err(wrong("the query returned more than one row")),
    }
}
