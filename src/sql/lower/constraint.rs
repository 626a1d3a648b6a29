//! Table constraints: `[CONSTRAINT name] PRIMARY KEY | UNIQUE | CHECK | FOREIGN KEY | EXCLUDE | NOT NULL …`.

use crate::schema::Ident;
use crate::schema::operation::NewConstraint;
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Reads a table constraint with its attributes (NOT VALID, DEFERRABLE, …). The second value is the index of
    /// `USING INDEX`, whose columns only the schema knows.
    pub(in crate::sql) fn table_constraint(&mut self) -> Result<(NewConstraint, Option<Ident>), Unread> {
        Err(self.unexpected("a constraint"))
    }
}
