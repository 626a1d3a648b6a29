//! What is recorded about scripts, steps, markers and instances. Each function is one statement or a few inside the
//! transaction that the caller opened.

use super::session::{LEDGER, Session, Value, integer, text};
use crate::backend::{BackendError, Marked, ScriptStart, snapshot};
use crate::ledger::{ApprovalRecord, Instance, JournalState, Lease, Marker, OverrideRecord};
use crate::migration::{Manifest, NodeRef};
use crate::plan::Step;

pub(super) async fn start(session: &mut Session, start: &ScriptStart) -> Result<(), BackendError> {
    let digest = start.digest.to_string();
    let sql = "INSERT INTO concertina_script (migration, phase, digest, source, status, actor, evidence) \
        VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6) \
        ON CONFLICT (migration, phase) WHERE status <> 'rolled-back' DO UPDATE SET digest = excluded.digest, \
        source = excluded.source, actor = excluded.actor, evidence = coalesce(excluded.evidence, evidence)";
    let values = [
        Value::Text(start.node.migration.as_str()),
        Value::Text(start.node.phase.as_str()),
        Value::Text(&digest),
        Value::Text(&start.text),
        Value::Text(&start.actor),
        Value::Perhaps(start.evidence.as_deref()),
    ];
    session.bound(LEDGER, sql, &values).await?;
    for record in &start.overrides {
        add_override(session, record).await?;
    }
    Ok(())
}

pub(super) async fn add_override(session: &mut Session, record: &OverrideRecord) -> Result<(), BackendError> {
    let sql = "INSERT INTO concertina_gate_override (migration, condition, reason, actor) VALUES (?1, ?2, ?3, ?4)";
    let values =
        [Value::Text(record.migration.as_str()), Value::Text(&record.condition), Value::Text(&record.reason), Value::Text(&record.actor)];
    session.bound(LEDGER, sql, &values).await.map(|_| ())
}

pub(super) async fn finish(session: &mut Session, node: &NodeRef) -> Result<(), BackendError> {
    let values = [Value::Text(node.migration.as_str()), Value::Text(node.phase.as_str())];
    session.bound(LEDGER, "DELETE FROM concertina_journal WHERE migration = ?1 AND phase = ?2", &values).await?;
    let sql = "UPDATE concertina_script SET status = 'done', finished_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') \
        WHERE migration = ?1 AND phase = ?2 AND status <> 'rolled-back'";
    session.bound(LEDGER, sql, &values).await.map(|_| ())
}

/// Records that every script of a migration was undone.
pub(super) async fn undo(session: &mut Session, node: &NodeRef) -> Result<(), BackendError> {
    let values = [Value::Text(node.migration.as_str())];
    for sql in [
        "DELETE FROM concertina_journal WHERE migration = ?1",
        "DELETE FROM concertina_job WHERE migration = ?1",
        "DELETE FROM concertina_backfill WHERE migration = ?1",
        "DELETE FROM concertina_backfill_range WHERE migration = ?1",
        "DELETE FROM concertina_poison WHERE migration = ?1",
        "DELETE FROM concertina_backfill_control WHERE migration = ?1",
        "DELETE FROM concertina_backfill_pulse WHERE migration = ?1",
        "UPDATE concertina_script SET status = 'rolled-back', finished_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') \
         WHERE migration = ?1 AND status <> 'rolled-back'",
    ] {
        session.bound(LEDGER, sql, &values).await?;
    }
    Ok(())
}

pub(super) async fn source(session: &mut Session, node: &NodeRef) -> Result<Option<String>, BackendError> {
    let sql = "SELECT source FROM concertina_script WHERE migration = ?1 AND phase = ?2 AND status <> 'rolled-back'";
    let values = [Value::Text(node.migration.as_str()), Value::Text(node.phase.as_str())];
    let rows = session.rows(sql, &values).await?;
    rows.first().map_or(Ok(None), |row| text(row, "source"))
}

/// Writes what is known of a step.
pub(super) async fn record(session: &mut Session, step: &Step, state: &JournalState) -> Result<(), BackendError> {
    let (word, code, message) = match state {
        JournalState::Intended => ("intended", None, None),
        JournalState::Done => ("done", None, None),
        JournalState::Failed { code, message } => ("failed", Some(code.as_str()), Some(message.as_str())),
    };
    let digest = step.digest.to_string();
    let sql = "INSERT INTO concertina_journal (migration, phase, step, digest, state, code, message) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (migration, phase, step) DO UPDATE SET digest = excluded.digest, \
        state = excluded.state, code = excluded.code, message = excluded.message, at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let values = [
        Value::Text(step.node.migration.as_str()),
        Value::Text(step.node.phase.as_str()),
        Value::Integer(i64::from(step.number)),
        Value::Text(&digest),
        Value::Text(word),
        Value::Perhaps(code),
        Value::Perhaps(message),
    ];
    session.bound(LEDGER, sql, &values).await.map(|_| ())
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Never tried, or it failed and left nothing.
    Untouched,
    /// It was about to run outside a transaction.
    Intended,
    /// It ran.
    Done,
}

/// What is known of a step; refuses to go on without the lease.
pub(super) async fn standing(session: &mut Session, lease: &Lease, step: &Step) -> Result<Known, BackendError> {
    let row = session.row("SELECT token FROM concertina_lease WHERE holder IS NOT NULL UNION ALL SELECT -1", &[]).await?;
    if integer(&row, "token")? != lease.token() {
        return Err(BackendError::LeaseLost);
    }
    let sql = "SELECT state, digest FROM concertina_journal WHERE migration = ?1 AND phase = ?2 AND step = ?3";
    let values = [Value::Text(step.node.migration.as_str()), Value::Text(step.node.phase.as_str()), Value::Integer(i64::from(step.number))];
    let rows = session.rows(sql, &values).await?;
    let Some(row) = rows.first() else { return Ok(Known::Untouched) };
    match text(row, "state")?.unwrap_or_default().as_str() {
        "failed" => Ok(Known::Untouched),
        "intended" => Ok(Known::Intended),
        "done" if text(row, "digest")? == Some(step.digest.to_string()) => Ok(Known::Done),
        "done" => {
            let reason = format!("step {} of {} ran with another text than it has now", step.number, step.node);
            Err(snapshot::damaged(reason))
        }
        other => Err(snapshot::damaged(format!("journal state `{other}`"))),
    }
}

/// Appends an approval.
pub(super) async fn add_approval(session: &mut Session, record: &ApprovalRecord) -> Result<(), BackendError> {
    let sql = "INSERT INTO concertina_approval (migration, digest, reason, actor) VALUES (?1, ?2, ?3, ?4)";
    let digest = record.digest.to_string();
    let values = [Value::Text(record.migration.as_str()), Value::Text(&digest), Value::Text(&record.reason), Value::Text(&record.actor)];
    session.bound(LEDGER, sql, &values).await.map(|_| ())
}

/// Appends a marker behind that one; within the transaction that is open, which excludes whoever else would.
pub(super) async fn add_marker(session: &mut Session, marker: &Marker, behind: u64) -> Result<Marked, BackendError> {
    let behind = i64::try_from(behind).map_err(|_| snapshot::damaged("there are no so many markers"))?;
    let last = integer(&session.row("SELECT coalesce(max(number), 0) AS last FROM concertina_marker", &[]).await?, "last")?;
    if last != behind {
        return Ok(Marked::Overtaken);
    }
    let manifest = match &marker.manifest {
        Some(manifest) => Some(add_manifest(session, manifest).await?),
        None => None,
    };
    let ready_for: Vec<&str> = marker.ready_for.iter().map(|id| id.as_str()).collect();
    let ready_for = serde_json::Value::from(ready_for).to_string();
    let sql = "INSERT INTO concertina_marker (service, version, kind, manifest, ready_for, actor, \"commit\", url) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = [
        Value::Text(&marker.release.service),
        Value::Text(&marker.release.version),
        Value::Text(snapshot::marker_word(marker.kind)),
        Value::Perhaps(manifest.as_deref()),
        Value::Text(&ready_for),
        Value::Text(&marker.actor),
        Value::Perhaps(marker.commit.as_deref()),
        Value::Perhaps(marker.url.as_deref()),
    ];
    session.bound(LEDGER, sql, &values).await?;
    let order = marker.order.map(|order| order.to_string());
    let sql = "INSERT INTO concertina_marker_detail (number, environment, position) \
        VALUES (last_insert_rowid(), ?1, CAST(?2 AS INTEGER))";
    session.bound(LEDGER, sql, &[Value::Perhaps(marker.environment.as_deref()), Value::Perhaps(order.as_deref())]).await?;
    Ok(Marked::Written)
}

pub(super) async fn beat(session: &mut Session, instance: &Instance) -> Result<(), BackendError> {
    let manifest = add_manifest(session, &instance.manifest).await?;
    let sql = "INSERT INTO concertina_instance (id, service, version, manifest, ttl_seconds) VALUES (?1, ?2, ?3, ?4, ?5) \
        ON CONFLICT (id) DO UPDATE SET service = excluded.service, version = excluded.version, manifest = excluded.manifest, \
        ttl_seconds = excluded.ttl_seconds, last_seen = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let values = [
        Value::Text(&instance.id),
        Value::Text(&instance.release.service),
        Value::Text(&instance.release.version),
        Value::Text(&manifest),
        Value::Integer(i64::from(instance.ttl_seconds)),
    ];
    session.bound(LEDGER, sql, &values).await?;
    let old = "DELETE FROM concertina_instance WHERE last_seen < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days')";
    session.run(LEDGER, old).await.map(|_| ())
}

pub(super) async fn forget(session: &mut Session, instance: &str) -> Result<(), BackendError> {
    session.bound(LEDGER, "DELETE FROM concertina_instance WHERE id = ?1", &[Value::Text(instance)]).await.map(|_| ())
}

async fn add_manifest(session: &mut Session, manifest: &Manifest) -> Result<String, BackendError> {
    let (id, scripts) = snapshot::pack_manifest(manifest);
    let sql = "INSERT INTO concertina_manifest (id, scripts) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    session.bound(LEDGER, sql, &[Value::Text(&id), Value::Text(&scripts)]).await?;
    Ok(id)
}
