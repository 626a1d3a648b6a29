//! Who waits for whose lock: our own sessions for others, and others for ours.

use super::session::{Session, number, text, value};
use crate::backend::{BackendError, LockWait, Waiter};

/// Sessions of this tool are known by the name that they give to the server, which the asking session shares.
const WAITS: &str = "WITH own AS (SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
       AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()), \
     waiting AS (SELECT a.pid, a.usename, a.application_name, a.client_addr, pg_blocking_pids(a.pid) AS by, \
       (SELECT min(l.waitstart) FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) AS since \
       FROM pg_stat_activity a WHERE a.datname = current_database() AND a.wait_event_type = 'Lock') \
     SELECT w.pid::text AS pid, (w.pid IN (SELECT pid FROM own))::text AS ours, \
       concat_ws(' ', w.usename, nullif(w.application_name, ''), host(w.client_addr)) AS who, \
       greatest(0, coalesce(extract(epoch FROM clock_timestamp() - w.since), 0))::float8::text AS seconds, \
       (SELECT string_agg(concat_ws(' ', b.usename, nullif(b.application_name, ''), 'pid ' || b.pid, nullif('(' || b.state || ')', '(active)')), ', ') \
          FROM pg_stat_activity b WHERE b.pid = ANY (w.by)) AS blockers \
     FROM waiting w WHERE w.pid IN (SELECT pid FROM own) OR EXISTS (SELECT 1 FROM own WHERE own.pid = ANY (w.by)) \
     ORDER BY w.since NULLS LAST, w.pid LIMIT 100";

/// The waits of this moment, the longest first.
pub(super) async fn now(session: &mut Session) -> Result<Vec<LockWait>, BackendError> {
    let mut waits = Vec::new();
    for row in session.rows(WAITS).await? {
        waits.push(LockWait {
            waiter: if value(&row, "ours")? == "true" { Waiter::Run } else { Waiter::Application },
            pid: number(&row, "pid")?,
            who: text(&row, "who")?.unwrap_or_default(),
            seconds: number(&row, "seconds")?,
            blockers: text(&row, "blockers")?.unwrap_or_default(),
        });
    }
    Ok(waits)
}
