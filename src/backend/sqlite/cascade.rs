//! DROP TABLE deletes the table's rows first, and with foreign keys switched on that reaches other tables: the recipe
//! that rebuilds a table would empty its children. Refused before it runs.

use super::session::{Session, Value, integer, text};
use crate::backend::BackendError;
use crate::schema::{Dialect, Operation, Server};
use crate::sql::{Source, read};

/// Refuses a statement that drops a table whose rows others follow.
pub(super) async fn refuse(session: &mut Session, place: &str, statement: &str) -> Result<(), BackendError> {
    let row = session.row("PRAGMA foreign_keys", &[]).await?;
    if integer(&row, "foreign_keys")? == 0 {
        return Ok(());
    }
    for table in dropped(statement) {
        if let Some(child) = follower(session, &table).await? {
            return Err(BackendError::Unsuitable {
                reason: format!(
                    "{place}: PRAGMA foreign_keys is ON, so DROP TABLE {table} would first delete its rows, and with them \
                     change rows of {child}; put PRAGMA foreign_keys = OFF before the statement (outside BEGIN … COMMIT) \
                     and PRAGMA foreign_keys = ON behind it"
                ),
            });
        }
    }
    Ok(())
}

/// The tables that a statement drops.
fn dropped(statement: &str) -> Vec<String> {
    let script = read(&Source::new("statement", statement), Server::oldest(Dialect::Sqlite));
    let clauses = script.statements.iter().flat_map(|statement| &statement.clauses);
    let names = clauses.filter_map(|clause| match &clause.operation {
        Operation::DropTable(drop) => Some(drop.name.name.as_str().to_owned()),
        _ => None,
    });
    names.collect()
}

/// A table with rows that an ON DELETE action would change when this table's rows are deleted.
async fn follower(session: &mut Session, table: &str) -> Result<Option<String>, BackendError> {
    let sql = "SELECT m.name AS child FROM sqlite_master m, pragma_foreign_key_list(m.name) f \
        WHERE m.type = 'table' AND lower(f.\"table\") = lower(?1) AND lower(m.name) <> lower(?1) \
        AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT') LIMIT 1";
    let rows = session.rows(sql, &[Value::Text(table)]).await?;
    rows.first().map_or(Ok(None), |row| text(row, "child"))
}
