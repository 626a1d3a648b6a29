//! What PostgreSQL tells of those who use it: sessions, recorded statements, reads of tables and indexes.
//!
//! Measured on 14 to 18: any role sees the application_name of every session, while states and times of others are hidden.

use std::time::Duration;

use super::PostgresBackend;
use super::catalogue::regclass;
use super::quote::literal;
use super::session::{Session, number, text, value};
use crate::backend::BackendError;
use crate::migration::DatabaseUrl;
use crate::plan::inquiry::{Inquiry, Removed, SessionsSeen, StatementSeen, StatementsSeen, TellsLast, Testimony, UseSeen};

/// How long a standby may take to tell.
const PATIENCE: Duration = Duration::from_secs(15);

impl PostgresBackend {
    pub(super) async fn answer(&mut self, inquiry: &Inquiry) -> Result<Testimony, BackendError> {
        self.main.roll_back().await?;
        match inquiry {
            Inquiry::Sessions => sessions(&mut self.main).await.map(Testimony::Sessions),
            Inquiry::Statements { names, except_roles } => statements(&mut self.main, names, except_roles).await.map(Testimony::Statements),
            Inquiry::Use { objects, replicas } => {
                let mut seen = Vec::new();
                uses(&mut self.main, objects, None, &mut seen).await?;
                for variable in replicas {
                    let asked = tokio::time::timeout(PATIENCE, uses_on_standby(variable, objects, &mut seen)).await;
                    let reason = match asked {
                        Ok(Ok(())) => continue,
                        Ok(Err(BackendError::Unreachable { reason, .. })) => reason,
                        Ok(Err(error)) => return Err(error),
                        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
                    };
                    // Our own connection is well: the gate alone is not known.
                    let reason = format!("the standby of {variable} cannot be asked: {reason}");
                    return Err(BackendError::Unsuitable { reason });
                }
                Ok(Testimony::Use(seen))
            }
        }
    }
}

async fn sessions(session: &mut Session) -> Result<Vec<SessionsSeen>, BackendError> {
    // The type of a session is hidden with its state; what is hidden may be an application.
    let sql = "SELECT application_name AS name, count(*)::text AS sessions FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND coalesce(backend_type, 'client backend') = 'client backend' \
               GROUP BY application_name ORDER BY application_name";
    let rows = session.rows(sql).await?;
    rows.iter().map(|row| Ok(SessionsSeen { name: text(row, "name")?.unwrap_or_default(), sessions: number(row, "sessions")? })).collect()
}

async fn statements(session: &mut Session, names: &[String], except: &[String]) -> Result<StatementsSeen, BackendError> {
    let sql = "SELECT (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
                 WHERE e.extname = 'pg_stat_statements') AS schema, \
               (pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'))::text AS readable, \
               current_setting('pg_stat_statements.track', true) AS track";
    let row = session.row(sql).await?;
    let Some(schema) = text(&row, "schema")? else {
        return Err(BackendError::Unsuitable { reason: "the extension pg_stat_statements is not installed in this database".to_owned() });
    };
    let (readable, track) = (value(&row, "readable")? == "true", text(&row, "track")?.unwrap_or_default());
    let row = session
        .row(format!("SELECT dealloc::text AS evicted, {} AS reset FROM {schema}.pg_stat_statements_info", utc("stats_reset")))
        .await?;
    let (evicted, reset) = (number(&row, "evicted")?, time(&row, "reset")?);
    let named: Vec<String> = names.iter().map(|name| format!("strpos(lower(s.query), lower({})) > 0", literal(name))).collect();
    let named = if named.is_empty() { "false".to_owned() } else { named.join(" OR ") };
    let except: Vec<String> = except.iter().map(|role| literal(role)).collect();
    let except = if except.is_empty() { String::new() } else { format!("AND coalesce(r.rolname, '') NOT IN ({})", except.join(", ")) };
    let sql = format!(
        "SELECT s.queryid::text AS id, coalesce(r.rolname, '?')::text AS role, s.calls::text AS calls, s.query AS text \
         FROM {schema}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database() \
         LEFT JOIN pg_roles r ON r.oid = s.userid WHERE (s.query IS NULL OR {named}) {except} ORDER BY s.calls DESC"
    );
    let (mut found, mut textless) = (Vec::new(), 0);
    for row in session.rows(sql).await? {
        match text(&row, "text")? {
            Some(query) => found.push(StatementSeen {
                id: text(&row, "id")?.unwrap_or_default(),
                role: value(&row, "role")?,
                calls: number(&row, "calls")?,
                text: query,
            }),
            None => textless += 1,
        }
    }
    Ok(StatementsSeen { readable, track, evicted, textless, reset, found })
}

async fn uses(session: &mut Session, objects: &[Removed], replica: Option<&String>, seen: &mut Vec<UseSeen>) -> Result<(), BackendError> {
    // The columns of the last scan are of 16 and later.
    let tells_last = if session.version_number() >= 160_000 { TellsLast::Yes } else { TellsLast::No };
    let last = |columns: &str| match tells_last {
        TellsLast::Yes => utc(&format!("greatest({columns})")),
        TellsLast::No => "NULL::text".to_owned(),
    };
    // After a crash everything is forgotten, which the background writer's row alone tells.
    let since = utc(
        "(SELECT greatest(d.stats_reset, b.stats_reset) FROM pg_stat_database d, pg_stat_bgwriter b WHERE d.datname = current_database())",
    );
    for object in objects {
        let (name, table) = match object {
            Removed::Table(table) => (
                table,
                format!(
                    "SELECT sum(t.seq_scan + coalesce(t.idx_scan, 0))::text AS scans, {} AS last FROM pg_stat_all_tables t \
                     WHERE t.relid IN (SELECT relid FROM pg_partition_tree(o.oid) UNION SELECT o.oid)",
                    last("max(t.last_seq_scan), max(t.last_idx_scan)")
                ),
            ),
            Removed::Index(index) => (
                index,
                format!(
                    "SELECT sum(i.idx_scan)::text AS scans, {} AS last FROM pg_stat_all_indexes i \
                     WHERE i.indexrelid IN (SELECT relid FROM pg_partition_tree(o.oid) UNION SELECT o.oid)",
                    last("max(i.last_idx_scan)")
                ),
            ),
            Removed::Column(..) => continue,
        };
        let sql = format!(
            "SELECT u.scans, u.last, {since} AS since FROM (SELECT {} AS oid) o LEFT JOIN LATERAL ({table}) u ON o.oid IS NOT NULL",
            regclass(name)
        );
        let row = session.row(sql).await?;
        let scans = text(&row, "scans")?.and_then(|scans| scans.parse().ok());
        seen.push(UseSeen {
            replica: replica.cloned(),
            object: object.clone(),
            scans,
            last: time(&row, "last")?,
            since: time(&row, "since")?,
            tells_last,
        });
    }
    Ok(())
}

async fn uses_on_standby(variable: &String, objects: &[Removed], seen: &mut Vec<UseSeen>) -> Result<(), BackendError> {
    let mut replica = standby(variable).await?;
    let asked = uses(&mut replica, objects, Some(variable), seen).await;
    replica.close().await;
    asked
}

/// A session on the standby whose URL a variable holds.
async fn standby(variable: &str) -> Result<Session, BackendError> {
    let unsuitable = |reason: String| BackendError::Unsuitable { reason };
    let url = std::env::var(variable).map_err(|_| unsuitable(format!("the environment variable {variable} is not set")))?;
    // What the variable holds may be a password that slipped there.
    let url = DatabaseUrl::parse(&url).map_err(|_| unsuitable(format!("{variable} does not hold a database URL")))?;
    Session::connect(&url).await
}

/// A time as text that every client reads alike.
fn utc(expression: &str) -> String {
    format!("to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
}

fn time(row: &sqlx::postgres::PgRow, column: &str) -> Result<Option<jiff::Timestamp>, BackendError> {
    Ok(text(row, column)?.and_then(|text| text.parse().ok()))
}
