//! Column definitions: `name type constraint …`.

use crate::schema::operation::{NewColumn, NewConstraint};
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Reads a column definition with everything that may follow the type, MySQL's FIRST / AFTER included.
    pub(in crate::sql) fn column_definition(&mut self) -> Result<(NewColumn, Vec<NewConstraint>), Unread> {
        Err(self.unexpected("a column"))
    }
}
