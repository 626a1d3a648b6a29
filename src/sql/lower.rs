//! sqlparser's trees → our values: the parts (types, expressions, columns, constraints) and whole statements.

mod column;
mod column_attribute;
mod column_dialect;
mod constraint;
mod constraint_part;
mod expression;
mod index_key;
mod reserved;
mod types;
mod walk;

use super::Clause;
use super::cursor::{Cursor, Unread};

/// Reads a whole statement through sqlparser.
pub(super) fn statement(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    Err(cursor.unexpected("a statement that is known"))
}
