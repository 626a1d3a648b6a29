//! A data statement → a job: where it is cut and which key its table is walked by.

use super::Job;
use crate::migration::Cutting;
use crate::schema::operation::DataKind;
use crate::schema::{Dialect, Found, Ident, Operation, Schema, Server};
use crate::sql::{BatchPoint, CannotCut, Exclusion, Script, Statement, batch_point, exclusion};

impl Job {
    /// Derives the job of a statement; `schema` is what the statement meets.
    ///
    /// # Errors
    /// Why the statement cannot be run in batches.
    pub fn derive(script: &Script, statement: &Statement, schema: &Schema, server: Server) -> Result<Job, CannotCut> {
        let point = batch_point(&script.source.text, statement.span, server)?;
        let table = match schema.table(&point.driving) {
            // What could not be read may have changed the key: nothing is known of it.
            Found::Stale(_) | Found::Unknown | Found::Absent => return Err(CannotCut::UnknownTable { table: point.driving.clone() }),
            Found::Known(table) => table,
        };
        let sql = script.text(statement.span);
        let exclusion = exclusion(sql, &point, server.dialect, Some(table));
        let key = table.walking_key();
        let by_pages = server.dialect == Dialect::Postgres && matches!(exclusion, Exclusion::Proven { .. });
        if key.is_empty() && !by_pages {
            return Err(CannotCut::NoKey { table: point.driving.clone() });
        }
        let assigned: Vec<Ident> = changed(statement, &point).cloned().collect();
        if let Some(column) = assigned.iter().find(|column| key.contains(column)) {
            return Err(CannotCut::ChangesKey { table: point.driving.clone(), column: column.written().to_owned() });
        }
        Ok(Job { sql: sql.to_owned(), table: point.driving.clone(), point, key, assigned, exclusion, cutting: Cutting::default() })
    }
}

/// The columns of the driving table that the statement assigns.
fn changed<'a>(statement: &'a Statement, point: &BatchPoint) -> impl Iterator<Item = &'a Ident> {
    let updates = point.kind == DataKind::Update;
    let changes = statement.clauses.iter().filter_map(move |clause| match &clause.operation {
        Operation::ChangeData(change) if updates => Some(&change.columns),
        _ => None,
    });
    changes.flatten()
}
