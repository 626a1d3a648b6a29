//! A data statement → a job: where it is cut and which key its table is walked by.

use super::Job;
use crate::schema::operation::DataKind;
use crate::schema::{Found, Ident, Operation, Schema, Server};
use crate::sql::{BatchPoint, CannotCut, Script, Statement, batch_point};

impl Job {
    /// Derives the job of a statement; `schema` is what the statement meets.
    ///
    /// # Errors
    /// Why the statement cannot be run in batches.
    pub fn derive(script: &Script, statement: &Statement, schema: &Schema, server: Server) -> Result<Job, CannotCut> {
        let point = batch_point(&script.source.text, statement.span, server)?;
        let key = walking_key(&point, schema)?;
        if let Some(column) = changed(statement, &point).find(|column| key.contains(column)) {
            return Err(CannotCut::ChangesKey { table: point.driving.clone(), column: column.written().to_owned() });
        }
        Ok(Job { sql: script.text(statement.span).to_owned(), table: point.driving.clone(), point, key })
    }
}

fn walking_key(point: &BatchPoint, schema: &Schema) -> Result<Vec<Ident>, CannotCut> {
    let table = match schema.table(&point.driving) {
        // What could not be read may have changed the key: nothing is known of it.
        Found::Stale(_) | Found::Unknown | Found::Absent => return Err(CannotCut::UnknownTable { table: point.driving.clone() }),
        Found::Known(table) => table,
    };
    let key = table.walking_key();
    if key.is_empty() { Err(CannotCut::NoKey { table: point.driving.clone() }) } else { Ok(key) }
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
