//! sqlparser's trees → our values: the parts (types, expressions, columns, constraints) and whole statements.

mod change;
mod column;
mod column_attribute;
mod column_dialect;
mod comparison;
mod constraint;
mod constraint_part;
mod data;
mod expression;
mod foreign;
mod index;
mod index_key;
mod insert;
mod merge;
mod parameter;
mod partition;
#[cfg(test)]
mod probes;
mod query;
mod reserved;
mod rows;
mod select;
pub(super) mod table;
mod table_element;
mod table_option;
mod tautology;
mod types;
pub(super) mod view;
mod view_columns;
mod walk;

use super::Clause;
use super::cursor::{Cursor, Unread};
use crate::schema::operation::CreateView;
use crate::schema::{Dialect, Operation};

/// Reads a whole statement: CREATE of tables, indexes and views, and everything that reads or changes rows.
pub(super) fn statement(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let start = cursor.start();
    let clauses = if cursor.word("create") {
        let operation = create(cursor)?;
        vec![whole(cursor, start, operation)]
    } else {
        data::statement(cursor)?
    };
    if !cursor.finished() {
        return Err(cursor.unexpected("the end of the statement"));
    }
    Ok(clauses)
}

fn create(cursor: &mut Cursor<'_>) -> Result<Operation, Unread> {
    let or_replace = cursor.words(&["or", "replace"]);
    if let Some(view) = view::create(cursor)? {
        if or_replace && (view.materialized || cursor.dialect() == Dialect::Sqlite) {
            return Err(Unread { reason: "OR REPLACE of a view that cannot be replaced".to_owned() });
        }
        return Ok(Operation::CreateView(Box::new(CreateView { or_replace, ..view })));
    }
    // OR REPLACE of a table or an index is MariaDB's.
    if or_replace && cursor.dialect() != Dialect::Mysql {
        return Err(cursor.unexpected("an object that can be replaced"));
    }
    if let Some(index) = index::create(cursor)? {
        return Ok(Operation::CreateIndex(Box::new(index)));
    }
    let table = table::create(cursor)?;
    Ok(Operation::CreateTable(Box::new(table)))
}

/// A clause over the whole of what was read since `start`.
fn whole(cursor: &Cursor<'_>, start: usize, operation: Operation) -> Clause {
    Clause { span: cursor.span_from(start), operation }
}
