//! sqlparser's trees → our values: the parts (types, expressions, columns, constraints) and whole statements.

mod column;
mod column_attribute;
mod column_dialect;
mod constraint;
mod constraint_part;
mod expression;
mod index;
mod index_key;
mod parameter;
mod partition;
#[cfg(test)]
mod probes;
mod query;
mod reserved;
pub(super) mod table;
mod table_element;
mod table_option;
mod types;
mod walk;

use super::cursor::{Cursor, Unread};
use super::{Clause, Span};
use crate::schema::{Dialect, Operation};

/// Reads a whole statement: CREATE of tables, indexes and views, and everything that reads or changes rows.
pub(super) fn statement(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let start = cursor.start();
    let operation = if cursor.word("create") { create(cursor)? } else { return Err(cursor.unexpected("a statement that is known")) };
    if !cursor.finished() {
        return Err(cursor.unexpected("the end of the statement"));
    }
    Ok(vec![Clause { span: cursor.span_from(start), operation }])
}

fn create(cursor: &mut Cursor<'_>) -> Result<Operation, Unread> {
    // OR REPLACE of a table or an index is MariaDB's.
    let or_replace = cursor.words(&["or", "replace"]);
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
    let span: Span = cursor.span_from(start);
    Clause { span, operation }
}
