//! Reads the signals of a PostgreSQL server once a second, on a connection of its own: a slow answer holds up neither the
//! backfill nor the lease.

mod log;
mod replica;

use std::time::{Duration, Instant};

use super::catalogue::regclass;
use super::session::{Session, text, value};
use crate::backend::gauge::{Dials, EVERY, Gauge};
use crate::backend::{BackendError, Limits};
use crate::migration::DatabaseUrl;
use crate::migration::pacing::throttle::{Signal, Throttle};
use crate::schema::{Dialect, ObjectName};
use log::Checkpoints;
use replica::Replicas;

/// How long one reading may take: five of them still fit before the signal counts as not read.
const PATIENCE: Limits = Limits { lock_timeout: Duration::from_secs(1), statement_timeout: Some(Duration::from_secs(3)) };

/// How long it is taken for granted that a role does not see other sessions.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Our own sessions, which do not count: they say so by their name.
const OURS: &str = "ours AS (SELECT pid FROM pg_stat_activity WHERE application_name = current_setting('application_name') \
    AND usename = session_user)";

/// Starts to read what a server can tell.
pub(super) fn start(gauge: &mut Gauge, target: &DatabaseUrl, table: &ObjectName, throttles: &[Throttle]) {
    let mine: Vec<Throttle> = gauge.dials().readable(throttles, Dialect::Postgres);
    let (target, table, throttles) = (target.clone(), table.clone(), mine);
    gauge.start(move |dials| Box::pin(read_on(target, table, throttles, dials)));
}

async fn read_on(target: DatabaseUrl, table: ObjectName, throttles: Vec<Throttle>, dials: Dials) {
    let mut reader = Reader {
        target,
        table,
        session: None,
        replicas: Replicas::default(),
        checkpoints: Checkpoints::default(),
        sees_others: false,
        refused: None,
    };
    loop {
        let begin = Instant::now();
        for throttle in &throttles {
            reader.read(throttle, &dials).await;
        }
        tokio::time::sleep(EVERY.saturating_sub(begin.elapsed())).await;
    }
}

struct Reader {
    target: DatabaseUrl,
    table: ObjectName,
    session: Option<Session>,
    replicas: Replicas,
    checkpoints: Checkpoints,
    /// Whether this role was found to see other sessions: each question is a snapshot that holds up pruning, so none is asked twice.
    sees_others: bool,
    /// When it was found not to.
    refused: Option<Instant>,
}

/// What one reading found.
struct Found {
    value: f64,
    detail: Option<String>,
}

/// Why there is none.
enum Missing {
    /// Not now.
    Now(BackendError),
    /// Not on this server, or not with this role.
    Ever(String),
}

impl From<BackendError> for Missing {
    fn from(error: BackendError) -> Missing {
        match error {
            BackendError::Statement { code, message, .. } if code == "42501" => Missing::Ever(message),
            error => Missing::Now(error),
        }
    }
}

impl Reader {
    async fn read(&mut self, throttle: &Throttle, dials: &Dials) {
        let name = throttle.name();
        match tokio::time::timeout(Duration::from_secs(5), self.look(throttle)).await {
            Ok(Ok(found)) => dials.show(&name, found.value, found.detail),
            Ok(Err(Missing::Ever(reason))) => dials.cannot(&name, &reason),
            Ok(Err(Missing::Now(error))) => {
                if let BackendError::Unreachable { .. } = error {
                    self.session = None;
                }
                dials.fail(&name, error.to_string());
            }
            Err(_) => {
                // The answer is still on its way: this connection would give it to the next question.
                self.session = None;
                dials.fail(&name, "no answer within 5 s");
            }
        }
    }

    async fn look(&mut self, throttle: &Throttle) -> Result<Found, Missing> {
        Ok(match &throttle.signal {
            Signal::ReplicaLag { replicas, except } => self.replica_lag(replicas, except).await?,
            Signal::ReplicaBytes { except } => self.replica_bytes(except).await?,
            Signal::LockWaiters => self.lock_waiters().await?,
            Signal::ActiveSessions => self.active_sessions().await?,
            Signal::Horizon => self.horizon().await?,
            Signal::SlotRetention => self.slot_retention(throttle.limit).await?,
            Signal::ArchiveQueue => self.archive_queue(throttle.limit).await?,
            Signal::Checkpoints => self.early_checkpoints().await?,
            Signal::DeadTuples => self.dead_tuples().await?,
            Signal::Vacuum => self.vacuum().await?,
            Signal::Application => self.application().await?,
            Signal::Query { sql, .. } => self.query(sql).await?,
            Signal::WalFile | Signal::Http { .. } | Signal::Prometheus { .. } | Signal::Hours(_) => {
                return Err(Missing::Ever(format!("{} does not tell it", Dialect::Postgres)));
            }
        })
    }

    /// One question, in a transaction of its own that is rolled back: it leaves nothing behind.
    async fn ask(&mut self, sql: &str) -> Result<Vec<sqlx::postgres::PgRow>, BackendError> {
        let session = match &mut self.session {
            Some(session) => session,
            None => self.session.insert(Session::connect(&self.target).await?),
        };
        let answer = session.begin_reading(&PATIENCE, sql).await;
        session.roll_back().await?;
        answer
    }

    /// A question that is answered by a value and a detail, both text.
    async fn measure(&mut self, sql: &str) -> Result<Found, Missing> {
        let rows = self.ask(sql).await?;
        let Some(row) = rows.first() else { return Ok(Found { value: 0.0, detail: None }) };
        Ok(Found { value: number(row, "value")?, detail: text(row, "detail")? })
    }

    /// Whoever may not see other sessions would take every server for a quiet one.
    async fn sees_sessions(&mut self) -> Result<(), Missing> {
        let refusal = || Err(Missing::Ever("this role does not see other sessions: GRANT pg_monitor TO it".to_owned()));
        if self.sees_others {
            return Ok(());
        }
        if self.refused.is_some_and(|refused| refused.elapsed() < ASK_AGAIN) {
            return refusal();
        }
        let rows = self.ask("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')::text AS value").await?;
        match rows.first().map(|row| value(row, "value")).transpose()?.as_deref() {
            Some("true") => {
                self.sees_others = true;
                Ok(())
            }
            _ => {
                self.refused = Some(Instant::now());
                refusal()
            }
        }
    }

    async fn lock_waiters(&mut self) -> Result<Found, Missing> {
        self.measure(&format!(
            "WITH {OURS} SELECT coalesce(extract(epoch FROM clock_timestamp() - waitstart), 0)::text AS value, \
               'pid ' || l.pid AS detail FROM pg_locks l \
             WHERE NOT l.granted AND l.pid NOT IN (SELECT pid FROM ours) AND pg_blocking_pids(l.pid) && ARRAY(SELECT pid FROM ours) \
             ORDER BY waitstart NULLS LAST LIMIT 1"
        ))
        .await
    }

    async fn active_sessions(&mut self) -> Result<Found, Missing> {
        self.sees_sessions().await?;
        self.measure(&format!(
            "WITH {OURS} SELECT count(*)::text AS value, NULL AS detail FROM pg_stat_activity \
             WHERE state = 'active' AND backend_type = 'client backend' AND pid NOT IN (SELECT pid FROM ours)"
        ))
        .await
    }

    /// Whether others are at work in this database. That a session is connected says nothing: pools keep theirs.
    async fn application(&mut self) -> Result<Found, Missing> {
        self.sees_sessions().await?;
        self.measure(&format!(
            "WITH {OURS} SELECT count(*)::text AS value, NULL AS detail FROM pg_stat_activity \
             WHERE datname = current_database() AND backend_type = 'client backend' AND pid NOT IN (SELECT pid FROM ours) \
               AND (state = 'active' OR state_change > clock_timestamp() - interval '5 s')"
        ))
        .await
    }

    /// The oldest transaction that keeps dead rows of this database from being removed.
    async fn horizon(&mut self) -> Result<Found, Missing> {
        self.sees_sessions().await?;
        self.measure(&format!(
            "WITH {OURS}, old AS ( \
               SELECT xact_start AS since, concat_ws(' ', 'pid', pid, usename, nullif(application_name, ''), state) AS who \
               FROM pg_stat_activity WHERE (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND datname = current_database() \
                 AND backend_type = 'client backend' AND pid NOT IN (SELECT pid FROM ours) \
               UNION ALL SELECT prepared, 'prepared transaction ' || gid FROM pg_prepared_xacts WHERE database = current_database()) \
             SELECT extract(epoch FROM clock_timestamp() - since)::text AS value, who AS detail FROM old \
             WHERE since IS NOT NULL ORDER BY since LIMIT 1"
        ))
        .await
    }

    /// The share of dead rows, of the table with its partitions.
    async fn dead_tuples(&mut self) -> Result<Found, Missing> {
        let tree = tree(&self.table);
        self.measure(&format!(
            "WITH RECURSIVE {tree} SELECT coalesce(sum(n_dead_tup) / nullif(sum(n_live_tup + n_dead_tup), 0), 0)::text AS value, \
             NULL AS detail FROM pg_stat_all_tables WHERE relid IN (SELECT oid FROM tree)"
        ))
        .await
    }

    async fn vacuum(&mut self) -> Result<Found, Missing> {
        let tree = tree(&self.table);
        self.measure(&format!(
            "WITH RECURSIVE {tree} SELECT '1' AS value, 'pid ' || pid || ': ' || phase AS detail \
             FROM pg_stat_progress_vacuum WHERE relid IN (SELECT oid FROM tree) LIMIT 1"
        ))
        .await
    }

    /// The project's own query: one row, whose first column is a number.
    async fn query(&mut self, sql: &str) -> Result<Found, Missing> {
        let sql = sql.trim().trim_end_matches(';');
        let rows = self.ask(&format!("SELECT (asked.value)::text AS value FROM (\n{sql}\n) AS asked (value) LIMIT 2")).await?;
        let missing = |reason: &str| Missing::Now(BackendError::Damaged { reason: reason.to_owned() });
        match rows.as_slice() {
            [row] if text(row, "value")?.is_some() => Ok(Found { value: number(row, "value")?, detail: None }),
            [_] => Err(missing("the query returned NULL")),
            [] => Err(missing("the query returned no row")),
            _ => Err(missing("the query returned more than one row")),
        }
    }
}

/// A table and its partitions.
fn tree(table: &ObjectName) -> String {
    format!(
        "tree (oid) AS (SELECT {}::oid UNION SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid)",
        regclass(table)
    )
}

fn number(row: &sqlx::postgres::PgRow, column: &str) -> Result<f64, BackendError> {
    let found = value(row, column)?;
    let number = found.parse::<f64>().ok().filter(|number| !number.is_nan());
    number.ok_or_else(|| BackendError::Damaged { reason: format!("`{found}` is no number") })
}
