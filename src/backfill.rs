//! Backfill jobs as values: what is walked, by which key, in which chunks. Pure; no database, no clock.

pub mod chunk;
mod derive;
pub mod pace;
pub mod range;

pub use pace::Pace;
pub use range::{Claim, Claimed, PagePlace, Place, Range};

use serde::{Deserialize, Serialize};

use crate::schema::{Ident, ObjectName};
use crate::sql::BatchPoint;

/// A data statement with everything that is needed to run it in chunks.
#[derive(Clone, Debug)]
pub struct Job {
    /// The statement's text.
    pub sql: String,
    /// Where a key range goes.
    pub point: BatchPoint,
    /// The driving table.
    pub table: ObjectName,
    /// The key that is walked, in its order.
    pub key: Vec<Ident>,
}

impl Job {
    /// The statement with a key range beside its own condition. Everything else stays as it was written.
    pub fn with_range(&self, range: &str) -> String {
        self.point.with_range(&self.sql, range)
    }

    /// A query that finds a row as long as one is left to do.
    pub fn proof(&self) -> String {
        self.point.proof_sql(&self.sql)
    }
}

/// The value of a key, one entry per column, in an encoding that the backend reads back exactly
/// (PostgreSQL: text cast to the column's type; SQLite: its storage class).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyValue(pub Vec<KeyPart>);

/// One column of a key value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPart {
    /// Text that the engine casts to the column's type.
    Text(String),
    /// A 64-bit integer.
    Integer(i64),
    /// A floating point number, by its bits.
    Real(u64),
    /// Bytes.
    Blob(Vec<u8>),
}
