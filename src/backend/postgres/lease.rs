//! The lease row: taken, renewed, given back; and how the two connections reach the server.

use std::time::Duration;

use jiff::Timestamp;

use super::quote::literal;
use super::session::{LEDGER, Session, number, text, value};
use crate::backend::{BackendError, snapshot::damaged};
use crate::ledger::{FORMAT, Holder, LeaseRecord};

/// How long a lease lives without being renewed. Through a pooler this is what a killed run costs the next one;
/// directly connected, the next run sees that the sessions are gone.
pub(super) const TTL: Duration = Duration::from_secs(30);

/// What stands between us and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Nothing: a connection is a session of the server.
    Direct,
    /// A pooler that may give each transaction another session.
    Pooled,
}

/// What a session says about itself and its server.
pub(super) struct Identity {
    pub(super) pid: i32,
    pub(super) now: Timestamp,
    /// The role that statements run as; `none` for the one that logged in.
    pub(super) role: String,
    pub(super) has_tables: bool,
}

/// Asks who we are, and refuses a server that cannot be written.
pub(super) async fn identify(session: &mut Session) -> Result<Identity, BackendError> {
    let row = session
        .row(
            "SELECT pg_backend_pid()::text AS pid, current_setting('role') AS role, \
             to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS now, \
             pg_is_in_recovery()::text AS standby, current_setting('transaction_read_only') AS read_only, \
             (to_regclass('concertina.lease') IS NOT NULL)::text AS tables",
        )
        .await?;
    if value(&row, "standby")? == "true" {
        let reason = "this server is a standby in recovery: it cannot be written; connect to the primary".to_owned();
        return Err(BackendError::Unsuitable { reason });
    }
    if value(&row, "read_only")? == "on" {
        let reason = "default_transaction_read_only is on for this role or server: the ledger cannot be written".to_owned();
        return Err(BackendError::Unsuitable { reason });
    }
    Ok(Identity {
        pid: number(&row, "pid")?,
        now: number(&row, "now")?,
        role: value(&row, "role")?,
        has_tables: value(&row, "tables")? == "true",
    })
}

/// Creates our tables. Several runs may do so at once: the losers of that race find them made.
pub(super) async fn create_tables(session: &mut Session) -> Result<(), BackendError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let limits = crate::backend::Limits { lock_timeout: Duration::from_secs(5), statement_timeout: None };
        let outcome = match session.begin(&limits, include_str!("tables.sql")).await {
            Ok(_) => session.commit(LEDGER).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => return Ok(()),
            // Two that create the same schema, table or type at once: unique violation, duplicate object, or a catalogue
            // row that the other one just changed (XX000).
            Err(BackendError::Statement { code, .. })
                if attempt < 8 && matches!(code.as_str(), "23505" | "42P06" | "42P07" | "42710" | "XX000") => {}
            Err(BackendError::Blocked { .. }) if attempt < 8 => {}
            Err(error) => {
                session.roll_back().await?;
                return Err(error);
            }
        }
        session.roll_back().await?;
        tokio::time::sleep(Duration::from_millis(20 + fastrand::u64(0..80) * attempt)).await;
    }
}

/// The format of the tables.
pub(super) async fn format(session: &mut Session) -> Result<u32, BackendError> {
    number(&session.row("SELECT format::text AS format FROM concertina.ledger").await?, "format")
}

/// Refuses tables that a newer build wrote.
pub(super) async fn check_format(session: &mut Session) -> Result<(), BackendError> {
    let found = format(session).await?;
    match found > FORMAT {
        true => Err(BackendError::NewerLedger { found, known: FORMAT }),
        false => Ok(()),
    }
}

/// Takes the lease if nobody holds it, it expired, or the holder's sessions are gone; its token.
pub(super) async fn take(session: &mut Session, holder: &Holder) -> Result<i64, BackendError> {
    let who = literal(&holder.to_string());
    let ttl = TTL.as_millis();
    let taken = session
        .rows(format!(
            "UPDATE concertina.lease l SET token = token + 1, holder = {who}, since = clock_timestamp(), \
             expires_at = clock_timestamp() + interval '{ttl} milliseconds', \
             worker_pid = NULL, worker_start = NULL, keeper_pid = NULL, keeper_start = NULL \
             WHERE holder IS NULL OR expires_at < clock_timestamp() \
             OR (worker_pid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_stat_activity a \
                 WHERE (a.pid = l.worker_pid AND coalesce(a.backend_start = l.worker_start, true)) \
                 OR (a.pid = l.keeper_pid AND coalesce(a.backend_start = l.keeper_start, true)))) \
             RETURNING token::text AS token"
        ))
        .await?;
    if let Some(row) = taken.first() {
        return number(row, "token");
    }
    let row = session
        .row(
            "SELECT holder, to_json(since)::text AS since, to_json(expires_at)::text AS expires_at \
             FROM concertina.lease",
        )
        .await?;
    Err(match text(&row, "holder")? {
        // Given back between the two statements: the caller tries again in a moment.
        None => BackendError::LeaseBusy {
            holder: LeaseRecord {
                holder: "a run that just ended".to_owned(),
                since: Timestamp::UNIX_EPOCH,
                expires_at: Timestamp::UNIX_EPOCH,
            },
        },
        Some(holder) => BackendError::LeaseBusy {
            holder: LeaseRecord { holder, since: moment(&row, "since")?, expires_at: moment(&row, "expires_at")? },
        },
    })
}

fn moment(row: &sqlx::postgres::PgRow, column: &str) -> Result<Timestamp, BackendError> {
    let json = value(row, column)?;
    json.trim_matches('"').parse().map_err(|_| damaged(format!("{column} is {json}")))
}

/// Finds out whether two connections are two sessions. `first` was identified before `second` connected.
///
/// A pooler that had to open a session for each of them looks direct here; `check_session` sees it later.
pub(super) async fn route(first: &Identity, second: &mut Session) -> Result<Route, BackendError> {
    let row = second
        .row(format!(
            "SELECT pg_backend_pid()::text AS pid, coalesce((SELECT backend_start < {}::timestamptz \
             FROM pg_stat_activity WHERE pid = pg_backend_pid()), false)::text AS older",
            literal(&first.now.to_string())
        ))
        .await?;
    let same = number::<i32>(&row, "pid")? == first.pid;
    // A session that is older than the connection to it was handed on by a pooler.
    Ok(match same || value(&row, "older")? == "true" {
        true => Route::Pooled,
        false => Route::Direct,
    })
}

/// Renews the lease; where the worker's session is noted, notes the keeper's as well.
pub(super) async fn renew(session: &mut Session, token: i64) -> Result<(), BackendError> {
    held(
        session
            .run(
                LEDGER,
                format!(
                    "UPDATE concertina.lease SET expires_at = clock_timestamp() + interval '{} milliseconds', \
                 keeper_pid = CASE WHEN worker_pid IS NOT NULL THEN pg_backend_pid() END, keeper_start = \
                 (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid() AND worker_pid IS NOT NULL) \
                 WHERE token = {token} AND holder IS NOT NULL",
                    TTL.as_millis()
                ),
            )
            .await?,
    )
}

/// Forgets both sessions: they turned out to be a pooler's, and say nothing about this process.
pub(super) async fn forget_sessions(session: &mut Session, token: i64) -> Result<(), BackendError> {
    held(
        session
            .run(
                LEDGER,
                format!(
                    "UPDATE concertina.lease SET worker_pid = NULL, worker_start = NULL, keeper_pid = NULL, keeper_start = NULL \
                 WHERE token = {token} AND holder IS NOT NULL"
                ),
            )
            .await?,
    )
}

/// Notes the worker's session, so that a later run can see when it is gone.
pub(super) async fn note_worker(session: &mut Session, token: i64) -> Result<(), BackendError> {
    held(
        session
            .run(
                LEDGER,
                format!(
                    "UPDATE concertina.lease SET worker_pid = pg_backend_pid(), worker_start = \
                 (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) \
                 WHERE token = {token} AND holder IS NOT NULL"
                ),
            )
            .await?,
    )
}

/// Gives the lease back, if it is still this one.
pub(super) async fn give_back(session: &mut Session, token: i64) -> Result<(), BackendError> {
    session
        .run(
            LEDGER,
            format!(
                "UPDATE concertina.lease SET holder = NULL, since = NULL, expires_at = NULL, worker_pid = NULL, \
                 worker_start = NULL, keeper_pid = NULL, keeper_start = NULL WHERE token = {token}"
            ),
        )
        .await
        .map(|_| ())
}

/// No row changed means that the token is no longer ours.
pub(super) fn held(rows: u64) -> Result<(), BackendError> {
    match rows {
        0 => Err(BackendError::LeaseLost),
        _ => Ok(()),
    }
}

/// The condition that every recording write begins with: locks the lease row until the transaction ends, so nobody
/// can take it in between.
pub(super) fn fence(token: i64) -> String {
    format!("WITH held AS (SELECT token FROM concertina.lease WHERE token = {token} AND holder IS NOT NULL FOR SHARE)")
}
