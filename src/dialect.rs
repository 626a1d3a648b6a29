//! Facts about databases: what an operation locks, scans and rewrites, by server version, with a source beside each.
//!
//! Knows schemas and operations; nothing of text, findings or connections.

mod algorithm;
pub mod duration;
pub mod impact;
mod mysql;
mod postgres;
pub mod speed;
mod sqlite;

pub use algorithm::Algorithm;
pub use duration::{Cost, cost};
pub use impact::{Certainty, Fact, Impact, Lock, TableLock, TransactionUse, Work};
pub use speed::Speeds;

use crate::schema::expression::Shape;
use crate::schema::table::TypeName;
use crate::schema::{Dialect, Expression, Operation, Schema, Server, Volatility};

/// What the operation does to other sessions and to storage when it meets this schema on this server.
///
/// Where the schema cannot tell (an unread statement, a database with a past), the worst case is assumed and
/// [`Impact::certainty`] says so.
pub fn impact(server: &Server, operation: &Operation, before: &Schema) -> Impact {
    match server.dialect {
        Dialect::Postgres => postgres::impact(server.version, operation, before),
        Dialect::Sqlite => sqlite::impact(server.version, operation, before),
        Dialect::Mysql => mysql::impact(server.version, operation, before),
    }
}

/// What becomes of stored rows when a column changes its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Only the catalogue changes.
    Free,
    /// Only the catalogue changes while the session's TimeZone is UTC; otherwise every row is written anew.
    FreeInUtc,
    /// Every row is written anew.
    Rewrite,
}

/// What becomes of stored rows when a column changes from one type to another, without a USING that computes.
pub fn conversion(server: &Server, from: &TypeName, to: &TypeName) -> Conversion {
    match server.dialect {
        Dialect::Postgres => postgres::conversion(from, to),
        // Types decide nothing about stored rows there, and cannot be changed.
        Dialect::Sqlite => Conversion::Free,
        Dialect::Mysql => mysql::conversion(server.version, from, to),
    }
}

/// How many instant changes of its columns a table of this server can hold; `None` where nothing limits them.
pub fn row_version_limit(server: &Server) -> Option<u16> {
    let counts = server.dialect == Dialect::Mysql && !server.version.is_mariadb();
    counts.then(|| mysql::row_version_limit(server.version))
}

/// How often an expression may change its answer, from the functions that it calls; the worst is assumed of unknown ones.
pub fn volatility(schema: &Schema, expression: &Expression) -> (Volatility, Certainty) {
    match schema.dialect() {
        Dialect::Postgres => postgres::volatility(schema, expression),
        Dialect::Sqlite | Dialect::Mysql => match expression.shape {
            Shape::Computed if !expression.functions.is_empty() => (Volatility::Volatile, Certainty::WorstCase),
            Shape::Computed | Shape::Null | Shape::Literal | Shape::Tautology => (Volatility::Immutable, Certainty::Known),
        },
    }
}
