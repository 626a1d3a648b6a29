//! A look before a lock is asked for: who holds the table, for how long already.

use std::time::Duration;

use super::catalogue::regclass;
use super::keeper::{QUERY_SHOWN, blocker};
use super::quote::literal;
use super::session::Session;
use crate::backend::{BackendError, Blocker};
use crate::dialect::TableLock;

/// Sessions and prepared transactions that hold what `locks` wait for and began more than `age` ago: a lock that is asked for
/// now would time out, and until then everybody else would queue behind it. Partitions and children are asked for as well.
///
/// An autovacuum that protects from wraparound does not give way as others do: it counts however young it is. Of other roles'
/// sessions the server tells the age only to members of `pg_read_all_stats`; without it they are found out by asking.
pub(super) async fn holders(session: &mut Session, locks: &[TableLock], age: Duration) -> Result<Vec<Blocker>, BackendError> {
    let waits = locks.iter().flat_map(|lock| {
        let modes = lock.lock.waits_for().iter().filter_map(|held| held.pg_locks_mode());
        modes.map(|mode| format!("({}::oid, {})", regclass(&lock.table), literal(mode)))
    });
    let waits = waits.collect::<Vec<_>>().join(", ");
    if waits.is_empty() {
        return Ok(Vec::new());
    }
    session.roll_back().await?;
    let sql = format!(
        "WITH RECURSIVE tree (relation, mode) AS (SELECT * FROM (VALUES {waits}) AS asked UNION \
           SELECT i.inhrelid, t.mode FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation), \
         held AS (SELECT DISTINCT l.pid, l.virtualtransaction FROM tree t JOIN pg_locks l ON l.locktype = 'relation' AND l.granted \
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.relation = t.relation AND l.mode = t.mode) \
         SELECT a.pid::text AS pid, concat_ws(' ', a.usename, nullif(a.application_name, ''), host(a.client_addr), \
             CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type END) AS who, \
           left(regexp_replace(a.query, '\\s+', ' ', 'g'), {QUERY_SHOWN}) AS query, \
           to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS since, a.state AS state \
         FROM held JOIN pg_stat_activity a USING (pid) WHERE a.pid <> pg_backend_pid() \
           AND (clock_timestamp() - a.xact_start > interval '{age} milliseconds' OR a.query LIKE 'autovacuum:%(to prevent wraparound)') \
         UNION ALL \
         SELECT '0', concat_ws(' ', p.owner, 'prepared transaction'), p.gid, \
           to_char(p.prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), NULL \
         FROM held JOIN pg_locks x ON x.locktype = 'transactionid' AND x.pid IS NULL AND x.virtualtransaction = held.virtualtransaction \
           JOIN pg_prepared_xacts p ON p.transaction = x.transactionid WHERE held.pid IS NULL AND clock_timestamp() - p.prepared > interval '{age} milliseconds' \
         ORDER BY 4",
        age = age.as_millis(),
    );
    session.rows(sql).await?.iter().map(blocker).collect()
}
