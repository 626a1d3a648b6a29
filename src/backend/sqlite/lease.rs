//! The lease row: taken, renewed with each write, given back.

use std::path::Path;

use jiff::Timestamp;

use super::session::{LEDGER, Session, Value, integer, text};
use super::witness::{self, Testimony, Witness};
use crate::backend::{BackendError, Limits, snapshot::damaged};
use crate::ledger::{FORMAT, Holder, LeaseRecord};

/// The database's clock, and when a lease that is renewed now expires: after 30 s.
const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
const THEN: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+30 seconds')";

/// Creates our tables; within the transaction that is open.
pub(super) async fn create_tables(session: &mut Session) -> Result<(), BackendError> {
    session.run(LEDGER, include_str!("tables.sql")).await.map(|_| ())
}

/// Refuses tables that a newer build wrote.
pub(super) async fn check_format(session: &mut Session) -> Result<(), BackendError> {
    let row = session.row("SELECT format FROM concertina_ledger", &[]).await?;
    let found = u32::try_from(integer(&row, "format")?).map_err(|_| damaged("format is no number"))?;
    match found > FORMAT {
        true => Err(BackendError::NewerLedger { found, known: FORMAT }),
        false => Ok(()),
    }
}

/// Takes the lease in a transaction of its own; its token.
pub(super) async fn take(session: &mut Session, holder: &Holder, witness: Option<&Witness>, limits: &Limits) -> Result<i64, BackendError> {
    session.begin(limits).await?;
    let taken = try_take(session, holder, witness).await;
    match taken {
        Ok(token) => {
            session.commit(LEDGER).await?;
            Ok(token)
        }
        Err(error) => {
            session.roll_back().await?;
            Err(error)
        }
    }
}

async fn try_take(session: &mut Session, holder: &Holder, witness: Option<&Witness>) -> Result<i64, BackendError> {
    // Over newer tables it only looks.
    create_tables(session).await?;
    check_format(session).await?;
    let sql = format!("SELECT *, expires_at < {NOW} AS expired FROM concertina_lease");
    let row = session.row(&sql, &[]).await?;
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    if let Some(other) = text(&row, "holder")? {
        let on_this_host = text(&row, "host")?.as_deref() == Some(&host);
        let testimony = match text(&row, "witness")? {
            Some(path) if on_this_host => witness::ask(Path::new(&path)),
            Some(_) | None => Testimony::Unknown,
        };
        // A living process whose lease expired was stopped or cut off from its clock: the token fences it.
        if testimony != Testimony::Dead && integer(&row, "expired")? == 0 {
            return Err(BackendError::LeaseBusy {
                holder: LeaseRecord { holder: other, since: moment(&row, "since")?, expires_at: moment(&row, "expires_at")? },
            });
        }
    }
    let path = witness.map(|witness| witness.path().to_string_lossy().into_owned());
    let sql =
        format!("UPDATE concertina_lease SET token = token + 1, holder = ?1, since = {NOW}, expires_at = {THEN}, host = ?2, witness = ?3");
    let who = holder.to_string();
    session.bound(LEDGER, &sql, &[Value::Text(&who), Value::Text(&host), Value::Perhaps(path.as_deref())]).await?;
    integer(&session.row("SELECT token FROM concertina_lease", &[]).await?, "token")
}

fn moment(row: &sqlx::sqlite::SqliteRow, column: &str) -> Result<Timestamp, BackendError> {
    let found = text(row, column)?.unwrap_or_default();
    found.parse().map_err(|_| damaged(format!("{column} is `{found}`")))
}

/// Renews the lease; what else this transaction wrote counts only if the token is still ours.
pub(super) async fn fence(session: &mut Session, token: i64) -> Result<(), BackendError> {
    let sql = format!("UPDATE concertina_lease SET expires_at = {THEN} WHERE token = ?1 AND holder IS NOT NULL");
    match session.bound(LEDGER, &sql, &[Value::Integer(token)]).await? {
        0 => Err(BackendError::LeaseLost),
        _ => Ok(()),
    }
}

/// Gives the lease back, if it is still this one.
pub(super) async fn give_back(session: &mut Session, token: i64, limits: &Limits) -> Result<(), BackendError> {
    session.begin(limits).await?;
    let sql = "UPDATE concertina_lease SET holder = NULL, since = NULL, expires_at = NULL, host = NULL, witness = NULL \
               WHERE token = ?1";
    match session.bound(LEDGER, sql, &[Value::Integer(token)]).await {
        Ok(_) => session.commit(LEDGER).await,
        Err(error) => {
            session.roll_back().await?;
            Err(error)
        }
    }
}
