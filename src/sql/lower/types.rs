//! Data types → [`TypeName`], aliases resolved.

use crate::schema::table::TypeName;
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Reads one data type. `serial` and its kin come back as their integer type; see `column_definition`.
    pub(in crate::sql) fn data_type(&mut self) -> Result<TypeName, Unread> {
        Err(self.unexpected("a data type"))
    }
}
