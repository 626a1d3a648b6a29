//! What other shells ask of a backfill, and what its worker says of itself.

use std::time::Duration;

use super::SqliteBackend;
use super::session::{LEDGER, Session, Value, text};
use super::{LEDGER_LIMITS, lease};
use crate::backend::{BackendError, Limits, snapshot};
use crate::ledger::{ControlRecord, FORMAT, Pulse};
use crate::migration::{MigrationId, NodeRef};

/// How long a word about the state waits for another writer: it is worth no more.
const PULSE_LIMITS: Limits = Limits { lock_timeout: Duration::from_millis(500), statement_timeout: None };

impl SqliteBackend {
    pub(super) async fn read_control(&mut self, migration: &MigrationId) -> Result<Option<ControlRecord>, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        let sql = "SELECT json_object('migration', migration, 'wish', wish, 'pace', pace, 'reason', reason, 'actor', actor, \
            'at', at) AS control FROM concertina_backfill_control WHERE migration = ?1";
        let rows = session.rows(sql, &[Value::Text(migration.as_str())]).await?;
        rows.first().map(|row| snapshot::read_control(&text(row, "control")?.unwrap_or_default())).transpose()
    }

    pub(super) async fn write_control(&mut self, control: &ControlRecord) -> Result<(), BackendError> {
        let session = self.session()?;
        session.begin(&LEDGER_LIMITS).await?;
        let written = ask(session, control).await;
        self.settle(LEDGER, written).await
    }

    pub(super) async fn write_pulse(&mut self, node: &NodeRef, step: u32, worker: &str, pulse: &Pulse) -> Result<(), BackendError> {
        let token = self.token;
        let session = self.session()?;
        session.begin(&PULSE_LIMITS).await?;
        let written = say(session, token, node, step, worker, pulse).await;
        self.settle(LEDGER, written).await
    }
}

async fn ask(session: &mut Session, control: &ControlRecord) -> Result<(), BackendError> {
    // The tables may be those of an earlier build.
    let format = super::integer(&session.row("SELECT format FROM concertina_ledger", &[]).await?, "format")?;
    if format < i64::from(FORMAT) {
        lease::create_tables(session).await?;
    }
    let sql = "INSERT INTO concertina_backfill_control (migration, wish, pace, reason, actor) VALUES (?1, ?2, ?3, ?4, ?5) \
        ON CONFLICT (migration) DO UPDATE SET wish = excluded.wish, pace = excluded.pace, reason = excluded.reason, \
        actor = excluded.actor, at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let values = [
        Value::Text(control.migration.as_str()),
        Value::Text(control.wish.as_str()),
        Value::Perhaps(control.pace.as_deref()),
        Value::Perhaps(control.reason.as_deref()),
        Value::Text(&control.actor),
    ];
    session.bound(LEDGER, sql, &values).await.map(|_| ())
}

async fn say(
    session: &mut Session,
    token: Option<i64>,
    node: &NodeRef,
    step: u32,
    worker: &str,
    pulse: &Pulse,
) -> Result<(), BackendError> {
    if let Some(token) = token {
        lease::fence(session, token).await?;
    }
    let document = snapshot::pack_pulse(pulse);
    let sql = "INSERT INTO concertina_backfill_pulse (migration, phase, step, worker, document) VALUES (?1, ?2, ?3, ?4, ?5) \
        ON CONFLICT (migration, phase, step, worker) DO UPDATE SET document = excluded.document, \
        at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let values = [
        Value::Text(node.migration.as_str()),
        Value::Text(node.phase.as_str()),
        Value::Integer(i64::from(step)),
        Value::Text(worker),
        Value::Text(&document),
    ];
    session.bound(LEDGER, sql, &values).await.map(|_| ())
}
