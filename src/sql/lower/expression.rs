//! Expressions → facts.

use crate::schema::Expression;
use crate::sql::Span;
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Reads one expression.
    pub(in crate::sql) fn expression(&mut self) -> Result<(Expression, Span), Unread> {
        Err(self.unexpected("an expression"))
    }
}
