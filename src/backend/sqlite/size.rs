//! How large tables are: counted, since only ANALYZE would leave an estimate.

use super::session::{Session, Value, integer, text};
use crate::backend::{BackendError, Care, TableSize};
use crate::schema::name::Quoting;
use crate::schema::{Dialect, Ident, ObjectName};

/// Rows that a quick count counts at most: more is large in any case.
const QUICK_ROWS: u64 = 1_000_000;

/// Bytes of a row where nobody looked at its pages.
const ROW_BYTES: u64 = 100;

/// All tables but the tool's own.
pub(super) async fn all(session: &mut Session, care: Care) -> Result<Vec<(ObjectName, TableSize)>, BackendError> {
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
        AND name NOT LIKE 'concertina\\_%' ESCAPE '\\' ORDER BY name";
    let mut found = Vec::new();
    for row in session.rows(tables, &[]).await? {
        let written = text(&row, "name")?.unwrap_or_default();
        let name = ObjectName::bare(Ident::new(Dialect::Sqlite, &written, Quoting::Quoted));
        let size = match care {
            Care::Quick => quick(session, &name).await?,
            Care::Exact => exact(session, &name, &written).await?,
        };
        found.push((name, size));
    }
    Ok(found)
}

async fn quick(session: &mut Session, table: &ObjectName) -> Result<TableSize, BackendError> {
    let sql = format!("SELECT count(*) AS rows FROM (SELECT 1 FROM {} LIMIT {QUICK_ROWS})", table.quoted(Dialect::Sqlite));
    let rows = counted(session, &sql, &[], "rows").await?;
    Ok(TableSize { rows, bytes: rows * ROW_BYTES, index_bytes: 0 })
}

async fn exact(session: &mut Session, table: &ObjectName, written: &str) -> Result<TableSize, BackendError> {
    let rows = counted(session, &format!("SELECT count(*) AS rows FROM {}", table.quoted(Dialect::Sqlite)), &[], "rows").await?;
    let of_table = "SELECT coalesce(sum(pgsize), 0) AS bytes FROM dbstat WHERE name = ?1";
    let of_indexes = "SELECT coalesce(sum(pgsize), 0) AS bytes FROM dbstat \
        WHERE name IN (SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1)";
    // Not every build of SQLite can look at its own pages.
    let values = [Value::Text(written)];
    let bytes = counted(session, of_table, &values, "bytes").await.unwrap_or(rows * ROW_BYTES);
    let index_bytes = counted(session, of_indexes, &values, "bytes").await.unwrap_or_default();
    Ok(TableSize { rows, bytes, index_bytes })
}

async fn counted(session: &mut Session, sql: &str, values: &[Value<'_>], column: &str) -> Result<u64, BackendError> {
    let number = integer(&session.row(sql, values).await?, column)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
