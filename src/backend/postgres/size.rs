//! How large tables are, from the catalogue: as cheap for ten thousand tables as for one.

use sqlx::postgres::PgRow;

use super::catalogue::regclass;
use super::session::{Session, number, text};
use super::speed::PATIENCE;
use crate::backend::{BackendError, TableSize};
use crate::schema::{Dialect, Ident, ObjectName};

/// Size per relation with rows of its own, `measured (oid, rows, bytes, index_bytes)`.
///
/// Like the planner: the rows of the last ANALYZE or VACUUM, scaled by how the file grew since, and 100 bytes a row where
/// neither ever ran. Files are looked at only where the catalogue says that they are small, since that may be long ago: it is
/// the small tables on which something depends.
fn measured(files: &str) -> String {
    format!(
        "file AS (SELECT c.oid, c.reltuples, c.relpages::bigint AS pages, c.reltoastrelid, \
           current_setting('block_size')::bigint AS page, \
           CASE WHEN c.relpages < 4096 THEN coalesce(pg_relation_size(c.oid), 0) ELSE c.relpages::bigint * current_setting('block_size')::bigint END AS bytes \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'concertina') \
           AND n.nspname NOT LIKE 'pg\\_t%' AND {files}), \
       measured AS (SELECT f.oid, \
           CASE WHEN f.reltuples < 0 OR f.pages = 0 THEN f.bytes / 100 ELSE ceil(f.reltuples / f.pages * (f.bytes / f.page)) END AS rows, \
           f.bytes + coalesce((SELECT t.relpages FROM pg_class t WHERE t.oid = f.reltoastrelid), 0) * f.page AS bytes, \
           coalesce((SELECT sum(x.relpages) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = f.oid), 0) * f.page AS index_bytes \
         FROM file f)"
    )
}

/// What stands for a partitioned table: itself and all that lies below it. Others stand for themselves.
fn tree(roots: &str) -> String {
    format!(
        "tree (root, oid) AS (SELECT pg_class.oid, pg_class.oid FROM pg_class WHERE pg_class.relkind IN ('r', 'm', 'p') AND {roots} UNION \
           SELECT tree.root, i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid JOIN pg_class c ON c.oid = tree.root WHERE c.relkind = 'p')"
    )
}

/// All tables and materialised views but the tool's own.
pub(super) async fn all(session: &mut Session) -> Result<Vec<(ObjectName, TableSize)>, BackendError> {
    let rows = session.rows(question("true", "true")).await?;
    rows.iter().map(read).collect()
}

/// One table, with all its partitions.
pub(super) async fn of(session: &mut Session, table: &ObjectName) -> Result<Option<TableSize>, BackendError> {
    one(&session.rows(of_one(table)).await?)
}

/// As [`of`], where nobody makes it wait; leaves a transaction open that is to be rolled back.
pub(super) async fn at_once(session: &mut Session, table: &ObjectName) -> Result<Option<TableSize>, BackendError> {
    one(&session.begin_reading(&PATIENCE, &of_one(table)).await?)
}

/// No file of another table is looked at: whoever holds that one would be waited for.
fn of_one(table: &ObjectName) -> String {
    question(&format!("pg_class.oid = {}", regclass(table)), "c.oid IN (SELECT tree.oid FROM tree)")
}

fn question(roots: &str, files: &str) -> String {
    let (tree, measured) = (tree(roots), measured(files));
    format!(
        "WITH RECURSIVE {tree}, {measured} SELECT n.nspname AS schema, c.relname AS name, sum(m.rows)::bigint::text AS rows, \
           sum(m.bytes)::bigint::text AS bytes, sum(m.index_bytes)::bigint::text AS index_bytes \
         FROM tree JOIN pg_class c ON c.oid = tree.root JOIN pg_namespace n ON n.oid = c.relnamespace \
           JOIN measured m ON m.oid = tree.oid GROUP BY n.nspname, c.relname, c.oid"
    )
}

fn one(rows: &[PgRow]) -> Result<Option<TableSize>, BackendError> {
    rows.first().map(read).transpose().map(|found| found.map(|(_, size)| size))
}

fn read(row: &PgRow) -> Result<(ObjectName, TableSize), BackendError> {
    let (schema, name) = (text(row, "schema")?.unwrap_or_default(), text(row, "name")?.unwrap_or_default());
    let schema = (Some(schema.as_str()) != Dialect::Postgres.default_schema()).then(|| Ident::stored(&schema));
    let size = TableSize { rows: number(row, "rows")?, bytes: number(row, "bytes")?, index_bytes: number(row, "index_bytes")? };
    Ok((ObjectName { schema, name: Ident::stored(&name) }, size))
}
