//! What is recorded about scripts and steps. Every write begins with the fence of the lease.

use super::lease::{fence, held};
use super::quote::{literal, optional};
use super::session::{LEDGER, Session, text};
use crate::backend::{BackendError, Limits, ScriptStart, snapshot::damaged};
use crate::ledger::{JournalState, Lease, OverrideRecord};
use crate::migration::NodeRef;
use crate::plan::Step;

/// `migration = … AND phase = …`.
pub(super) fn of_node(node: &NodeRef) -> String {
    format!("migration = {} AND phase = {}", literal(node.migration.as_str()), literal(node.phase.as_str()))
}

/// `migration = … AND phase = … AND step = …`.
pub(super) fn of_step(step: &Step) -> String {
    format!("{} AND step = {}", of_node(&step.node), step.number)
}

/// Records that a script starts or goes on, with the gates that were overridden for it.
pub(super) async fn start(session: &mut Session, lease: &Lease, start: &ScriptStart, limits: &Limits) -> Result<(), BackendError> {
    session.begin(limits, "").await?;
    let recorded = record_start(session, lease, start).await;
    match recorded {
        Ok(()) => session.commit(LEDGER).await,
        Err(error) => {
            session.roll_back().await?;
            Err(error)
        }
    }
}

async fn record_start(session: &mut Session, lease: &Lease, start: &ScriptStart) -> Result<(), BackendError> {
    let fence = fence(lease.token());
    let sql = format!(
        "{fence} INSERT INTO concertina.script (migration, phase, digest, source, status, actor, evidence) \
         SELECT {}, {}, {}, {}, 'running', {}, {} FROM held \
         ON CONFLICT (migration, phase) WHERE status <> 'rolled-back' DO UPDATE SET digest = excluded.digest, \
         source = excluded.source, actor = excluded.actor, evidence = coalesce(excluded.evidence, script.evidence), \
         status = CASE script.status WHEN 'done' THEN 'done' ELSE 'running' END",
        literal(start.node.migration.as_str()),
        literal(start.node.phase.as_str()),
        literal(&start.digest.to_string()),
        literal(&start.text),
        literal(&start.actor),
        optional(start.evidence.as_deref()),
    );
    held(session.run(LEDGER, sql).await?)?;
    for record in &start.overrides {
        add_override(session, lease, record).await?;
    }
    Ok(())
}

/// Appends an override.
pub(super) async fn add_override(session: &mut Session, lease: &Lease, record: &OverrideRecord) -> Result<(), BackendError> {
    let sql = format!(
        "{} INSERT INTO concertina.gate_override (migration, condition, reason, actor) SELECT {}, {}, {}, {} FROM held",
        fence(lease.token()),
        literal(record.migration.as_str()),
        literal(&record.condition),
        literal(&record.reason),
        literal(&record.actor),
    );
    held(session.run(LEDGER, sql).await?)
}

/// Records that a script ran to its end and prunes its journal, in one statement.
pub(super) async fn finish(session: &mut Session, lease: &Lease, node: &NodeRef) -> Result<(), BackendError> {
    let node = of_node(node);
    let sql = format!(
        "{}, pruned AS (DELETE FROM concertina.journal WHERE {node} AND EXISTS (SELECT FROM held)) \
         UPDATE concertina.script SET status = 'done', finished_at = clock_timestamp() FROM held \
         WHERE {node} AND status <> 'rolled-back'",
        fence(lease.token()),
    );
    held(session.run(LEDGER, sql).await?)
}

/// The text of a script as it was started.
pub(super) async fn source(session: &mut Session, node: &NodeRef) -> Result<Option<String>, BackendError> {
    let sql = format!("SELECT source FROM concertina.script WHERE {} AND status <> 'rolled-back'", of_node(node));
    match session.rows(sql).await {
        Ok(rows) => rows.first().map_or(Ok(None), |row| text(row, "source")),
        Err(BackendError::Statement { code, .. }) if is_absent(&code) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes what is known of a step.
pub(super) async fn record(session: &mut Session, lease: &Lease, step: &Step, state: &JournalState) -> Result<(), BackendError> {
    let (word, code, message) = match state {
        JournalState::Intended => ("intended", None, None),
        JournalState::Done => ("done", None, None),
        JournalState::Failed { code, message } => ("failed", Some(code.as_str()), Some(message.as_str())),
    };
    let sql = format!(
        "{} INSERT INTO concertina.journal (migration, phase, step, digest, state, code, message) \
         SELECT {}, {}, {}, {}, {}, {}, {} FROM held \
         ON CONFLICT (migration, phase, step) DO UPDATE SET digest = excluded.digest, state = excluded.state, \
         code = excluded.code, message = excluded.message, at = clock_timestamp()",
        fence(lease.token()),
        literal(step.node.migration.as_str()),
        literal(step.node.phase.as_str()),
        step.number,
        literal(&step.digest.to_string()),
        literal(word),
        optional(code),
        optional(message),
    );
    held(session.run(LEDGER, sql).await?)
}

/// What the journal says about a step, for the round trip that opens its transaction.
pub(super) fn question(step: &Step) -> String {
    let of_step = of_step(step);
    format!(
        "SELECT pg_backend_pid()::text AS pid, (SELECT token::text FROM concertina.lease WHERE holder IS NOT NULL) AS token, \
         (SELECT state FROM concertina.journal WHERE {of_step}) AS state, \
         (SELECT digest FROM concertina.journal WHERE {of_step}) AS digest"
    )
}

/// The answer: what is known, and on which session the question was answered.
pub(super) struct Standing {
    pub(super) pid: i32,
    pub(super) known: Known,
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

/// Reads the answer and refuses to go on without the lease.
pub(super) fn standing(rows: &[sqlx::postgres::PgRow], lease: &Lease, step: &Step) -> Result<Standing, BackendError> {
    let row = rows.last().ok_or_else(|| damaged("no answer about the journal"))?;
    if text(row, "token")? != Some(lease.token().to_string()) {
        return Err(BackendError::LeaseLost);
    }
    let known = match text(row, "state")?.as_deref() {
        None => Known::Untouched,
        // A failed statement outside a transaction may have left something behind: looked at like an intent.
        Some("failed" | "intended") => Known::Intended,
        Some("done") if text(row, "digest")? == Some(step.digest.to_string()) => Known::Done,
        Some("done") => {
            let reason = format!("step {} of {} ran with another text than it has now", step.number, step.node);
            return Err(damaged(reason));
        }
        Some(other) => return Err(damaged(format!("journal state `{other}`"))),
    };
    Ok(Standing { pid: super::session::number(row, "pid")?, known })
}

/// SQLSTATEs that say: this table or schema, or a column of it, is not there.
pub(super) fn is_absent(code: &str) -> bool {
    matches!(code, "42P01" | "3F000" | "42703")
}
