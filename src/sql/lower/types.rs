//! Data types → [`TypeName`], aliases resolved.
//!
//! Read from tokens: sqlparser takes any dialect's types in every dialect.

mod mysql;
mod postgres;
mod sqlite;

use crate::schema::Dialect;
use crate::schema::table::TypeName;
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Reads one data type. `serial` and its kin come back as their integer type; see `column_definition`.
    pub(in crate::sql) fn data_type(&mut self) -> Result<TypeName, Unread> {
        match self.dialect() {
            Dialect::Postgres => postgres::read(self),
            Dialect::Mysql => mysql::read(self),
            Dialect::Sqlite => sqlite::read(self)?.ok_or_else(|| self.unexpected("a data type")),
        }
    }

    /// Reads a column's type, which SQLite lets one leave out.
    pub(super) fn column_type(&mut self) -> Result<Option<TypeName>, Unread> {
        match self.dialect() {
            Dialect::Postgres | Dialect::Mysql => self.data_type().map(Some),
            Dialect::Sqlite => sqlite::read(self),
        }
    }
}
