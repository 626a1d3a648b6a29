//! What the system catalogue says about indexes, partitions and tables.

use std::time::Duration;

use super::quote::literal;
use super::session::{Session, text, value};
use crate::backend::{BackendError, Blocker};
use crate::schema::{Dialect, Ident, ObjectName};

/// An index as it was found.
pub(super) struct Index {
    /// Its name, qualified and quoted.
    pub(super) name: String,
    /// `indisvalid`.
    pub(super) valid: bool,
    /// Who is building it at this moment.
    pub(super) builder: Option<i64>,
}

/// Whether a partition belongs to its parent.
pub(super) enum Partition {
    /// Yes.
    Attached,
    /// DETACH … CONCURRENTLY was interrupted between its two transactions.
    HalfDetached,
    /// No.
    Detached,
}

const INDEX: &str = "SELECT format('%I.%I', n.nspname, c.relname) AS name, i.indisvalid::text AS valid, \
    (SELECT min(p.pid)::text FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid) AS builder \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace";

/// `to_regclass(…)` of a name.
pub(super) fn regclass(name: &ObjectName) -> String {
    format!("to_regclass({})", literal(&name.quoted(Dialect::Postgres)))
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Index, BackendError> {
    Ok(Index {
        name: value(row, "name")?,
        valid: value(row, "valid")? == "true",
        builder: text(row, "builder")?.and_then(|pid| pid.parse().ok()),
    })
}

/// The index of this name on this table. An index always lives in its table's schema.
pub(super) async fn index(session: &mut Session, index: &ObjectName, table: &ObjectName) -> Result<Option<Index>, BackendError> {
    let sql = format!("{INDEX} WHERE c.relname = {} AND i.indrelid = {}", literal(index.name.as_str()), regclass(table));
    session.rows(sql).await?.first().map(read).transpose()
}

/// Whether the table has a trigger of this name that fires in ordinary sessions: `tgenabled` is O (origin) or A (always).
pub(super) async fn has_trigger(session: &mut Session, table: &ObjectName, trigger: &Ident) -> Result<bool, BackendError> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = {} AND tgname = {} AND tgenabled IN ('O', 'A'))::text AS works",
        regclass(table),
        literal(trigger.as_str())
    );
    let row = session.row(&sql).await?;
    Ok(value(&row, "works")? == "true")
}

/// INVALID indexes that REINDEX CONCURRENTLY left, on this table or beside this index.
pub(super) async fn rebuild_leftovers(session: &mut Session, target: &ObjectName) -> Result<Vec<Index>, BackendError> {
    let target = regclass(target);
    let sql = format!(
        "{INDEX} WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND i.indrelid IN (SELECT {target} UNION \
         SELECT indrelid FROM pg_index WHERE indexrelid = {target} UNION \
         SELECT r.reltoastrelid FROM pg_class r WHERE r.oid = {target})"
    );
    session.rows(sql).await?.iter().map(read).collect()
}

/// Drops an INVALID index, unless somebody is building it right now.
pub(super) async fn drop_leftover(session: &mut Session, place: &str, index: &Index) -> Result<(), BackendError> {
    if let Some(pid) = index.builder {
        return Err(BackendError::Blocked {
            reason: format!("{} is being built by another session", index.name),
            attempts: 1,
            waited: Duration::ZERO,
            blockers: vec![Blocker { pid, who: String::new(), query: "CREATE INDEX".to_owned(), since: None }],
        });
    }
    session.run(place, format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name)).await.map(|_| ())
}

/// Whether a relation of this name exists.
pub(super) async fn exists(session: &mut Session, name: &ObjectName) -> Result<bool, BackendError> {
    let row = session.row(format!("SELECT ({} IS NOT NULL)::text AS found", regclass(name))).await?;
    Ok(value(&row, "found")? == "true")
}

/// How far a detach is.
pub(super) async fn partition(session: &mut Session, parent: &ObjectName, partition: &ObjectName) -> Result<Partition, BackendError> {
    let sql = format!(
        "SELECT inhdetachpending::text AS pending FROM pg_inherits WHERE inhrelid = {} AND inhparent = {}",
        regclass(partition),
        regclass(parent)
    );
    let rows = session.rows(sql).await?;
    Ok(match rows.first().map(|row| value(row, "pending")).transpose()?.as_deref() {
        None => Partition::Detached,
        Some("true") => Partition::HalfDetached,
        Some(_) => Partition::Attached,
    })
}

/// Finishes a detach that was interrupted.
pub(super) async fn finish_detaching(
    session: &mut Session,
    place: &str,
    parent: &ObjectName,
    partition: &ObjectName,
) -> Result<(), BackendError> {
    let (parent, partition) = (parent.quoted(Dialect::Postgres), partition.quoted(Dialect::Postgres));
    session.run(place, format!("ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE")).await.map(|_| ())
}

/// The types of these columns as a cast can name them, in the order asked for.
pub(super) async fn column_types(
    session: &mut Session,
    table: &ObjectName,
    columns: &[crate::schema::Ident],
) -> Result<Vec<String>, BackendError> {
    let mut types = Vec::with_capacity(columns.len());
    for column in columns {
        let sql = format!(
            "SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute \
             WHERE attrelid = {} AND attname = {} AND NOT attisdropped",
            regclass(table),
            literal(column.as_str())
        );
        let rows = session.rows(sql).await?;
        let Some(row) = rows.first() else {
            let reason = format!("column {column} of {table}, which the backfill walks along, is not in the database");
            return Err(BackendError::Unsuitable { reason });
        };
        types.push(value(row, "type")?);
    }
    Ok(types)
}
