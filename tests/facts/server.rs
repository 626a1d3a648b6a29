//! What a statement does on a real server: the locks that it holds, the tables that it reads and writes anew.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection, Executor, PgConnection, Row};

/// What was seen of one statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    /// It ran inside a transaction.
    Ran(Effect),
    /// The server refuses it inside a transaction.
    Forbidden,
}

/// Locks and work on relations that were there before, by name (`app.t` outside of `public`).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    /// The strongest lock on each table and view, as pg_locks names it, with those of strength ACCESS SHARE left out.
    pub(crate) locks: BTreeMap<String, String>,
    /// The same of indexes and sequences: what DDL takes on them follows from their table, so few facts speak of it.
    pub(crate) parts: BTreeMap<String, String>,
    /// Tables of which every row was read, for whatever purpose.
    pub(crate) read: BTreeSet<String>,
    /// Tables and materialised views with new storage.
    pub(crate) rewritten: BTreeSet<String>,
    /// Tables that were not rewritten and have an index with new storage.
    pub(crate) indexed: BTreeSet<String>,
}

/// What the server says of a relation.
#[derive(Clone)]
struct Relation {
    name: String,
    kind: i8,
    storage: Option<i64>,
    /// The table of an index.
    table: Option<i64>,
}

/// Strength of lock modes, weakest first.
const MODES: [&str; 8] = [
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
];

pub(crate) async fn sql(session: &mut PgConnection, text: &str) -> Result<(), sqlx::Error> {
    session.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(text))).await.map(drop)
}

/// Empties the database and runs the script.
pub(crate) async fn build(session: &mut PgConnection, script: &str) -> Result<(), sqlx::Error> {
    sql(session, &format!("DROP SCHEMA IF EXISTS app CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public; {script}")).await
}

/// Runs the statement in a transaction, looks, and rolls back.
pub(crate) async fn observe(session: &mut PgConnection, statement: &str) -> Result<Observed, sqlx::Error> {
    let before = relations(session).await?;
    let mut transaction = session.begin().await?;
    match sql(&mut transaction, statement).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("25001") => {
            transaction.rollback().await?;
            return Ok(Observed::Forbidden);
        }
        other => other?,
    }
    let mut effect = Effect::default();
    let held = "SELECT relation::bigint, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted";
    for row in transaction.fetch_all(held).await? {
        let (relation, mode): (i64, String) = (row.get(0), row.get(1));
        let Some(relation) = before.get(&relation) else { continue };
        if mode != MODES[0] {
            let of_kind = if matches!(relation.kind as u8, b'i' | b'I' | b'S') { &mut effect.parts } else { &mut effect.locks };
            let strongest = of_kind.entry(relation.name.clone()).or_insert_with(|| mode.clone());
            if strength(&mode) > strength(strongest) {
                *strongest = mode;
            }
        }
    }
    // A check of a foreign key may read the referenced table through its index.
    let scanned = "SELECT relid::bigint FROM pg_stat_xact_user_tables WHERE seq_scan > 0 OR idx_scan > 0";
    for row in transaction.fetch_all(scanned).await? {
        if let Some(relation) = before.get(&row.get::<i64, _>(0)) {
            effect.read.insert(relation.name.clone());
        }
    }
    let after = relations(&mut transaction).await?;
    for (oid, relation) in &before {
        let kept = after.get(oid).is_none_or(|now| now.storage == relation.storage);
        if !kept && matches!(relation.kind as u8, b'r' | b'm') {
            effect.rewritten.insert(relation.name.clone());
        }
    }
    for (oid, index) in &after {
        let fresh = before.get(oid).is_none_or(|was| was.storage != index.storage) && index.kind as u8 == b'i';
        // An index that another one of the same table handed its storage to was not built.
        let inherited = before.values().any(|was| was.storage == index.storage);
        if let Some(table) = index.table.and_then(|table| before.get(&table)).filter(|_| fresh && !inherited)
            && !effect.rewritten.contains(&table.name)
        {
            effect.indexed.insert(table.name.clone());
        }
    }
    transaction.rollback().await?;
    Ok(Observed::Ran(effect))
}

pub(crate) fn strength(mode: &str) -> usize {
    MODES.iter().position(|known| *known == mode).expect("a mode of pg_locks")
}

/// Every user relation that can be locked, by oid.
async fn relations(session: &mut PgConnection) -> Result<BTreeMap<i64, Relation>, sqlx::Error> {
    let query = "SELECT c.oid::bigint, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, \
            c.relkind, pg_relation_filenode(c.oid)::bigint, i.indrelid::bigint \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid \
         WHERE n.nspname IN ('public', 'app')";
    let rows = session.fetch_all(query).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.get(0), Relation { name: row.get(1), kind: row.get(2), storage: row.get(3), table: row.get(4) }))
        .collect())
}

/// The first mode beyond those of readers in which a statement asks for a lock on this table, seen while another session
/// holds off whoever wants more than to read or write.
///
/// For statements that refuse transactions: they are cancelled while they wait.
pub(crate) async fn first_request(url: &str, table: &str, statement: &str) -> Result<Option<String>, sqlx::Error> {
    let mut holder = PgConnection::connect(url).await?;
    let mut runner = PgConnection::connect(url).await?;
    let mut watcher = PgConnection::connect(url).await?;
    sql(&mut holder, &format!("BEGIN; LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE")).await?;
    let pid: i32 = runner.fetch_one("SELECT pg_backend_pid()").await?.get(0);
    let text = statement.to_owned();
    let running = tokio::spawn(async move {
        let _ = sql(&mut runner, &text).await;
    });
    let waiting = format!(
        "SELECT l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.pid = {pid} AND NOT l.granted AND c.relname = '{table}'"
    );
    let mut mode = None;
    for _ in 0..2_000 {
        if let Some(row) = watcher.fetch_optional(sqlx::raw_sql(sqlx::AssertSqlSafe(waiting.as_str()))).await? {
            mode = Some(row.get(0));
            break;
        }
        if running.is_finished() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    sql(&mut watcher, &format!("SELECT pg_cancel_backend({pid})")).await?;
    let _ = running.await;
    sql(&mut holder, "ROLLBACK").await?;
    Ok(mode)
}
