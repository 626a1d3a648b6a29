//! Backfill jobs as values: what is walked, by which key, in which chunks. Pure; no database, no clock.

pub mod chunk;
mod derive;
pub mod pace;

pub use pace::Pace;

use serde::{Deserialize, Serialize};

use crate::schema::{Ident, ObjectName};
use crate::sql::BatchPoint;
use crate::sql::batch::Proof;

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
        match self.point.condition {
            // A condition may end with a comment that runs to the end of its line.
            Some(span) => {
                let (before, rest) = self.sql.split_at(span.range().start);
                let (condition, after) = rest.split_at(span.range().len());
                format!("{before}({condition}\n) AND ({range}){after}")
            }
            None => {
                let (before, after) = self.sql.split_at(self.point.splice);
                format!("{before} WHERE {range} {after}")
            }
        }
    }

    /// A query that finds a row as long as one is left to do.
    pub fn proof(&self) -> String {
        match &self.point.proof {
            Proof::Rows { from } => match self.point.condition {
                Some(span) => format!("SELECT 1 FROM {from} WHERE {}\n", &self.sql[span.range()]),
                None => format!("SELECT 1 FROM {from}"),
            },
            Proof::Select(span) => format!("SELECT 1 FROM ({}\n) AS rest", &self.sql[span.range()]),
        }
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
