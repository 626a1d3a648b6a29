//! Facts about databases: what an operation locks, scans and rewrites, by server version, with a source beside each.
//!
//! Knows schemas and operations; nothing of text, findings or connections.

pub mod impact;
mod mysql;
mod postgres;
mod sqlite;

pub use impact::{Certainty, Fact, Impact, Lock, TableLock, TransactionUse, Work};

use crate::schema::{Dialect, Operation, Schema, Server};

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
