//! Backfill jobs as values: what is walked, by which key, in which chunks. Pure; no database, no clock.

pub mod chunk;
mod derive;
pub mod eta;
pub mod forecast;
pub mod pace;
pub mod poison;
pub mod range;
pub mod signal;
pub mod strategy;
pub mod window;

pub use pace::Pace;
pub use range::{Claim, Claimed, PagePlace, Place, Range};
use strategy::Facts;
pub use strategy::{Chunking, RowClass};

use serde::{Deserialize, Serialize};

use crate::migration::Cutting;
use crate::schema::{Ident, ObjectName};
use crate::sql::batch::Proof;
use crate::sql::{Again, BatchPoint, Exclusion};

/// A data statement with everything that is needed to run it in chunks.
#[derive(Clone, Debug)]
pub struct Job {
    /// The statement's text.
    pub sql: String,
    /// Where a key range goes.
    pub point: BatchPoint,
    /// The driving table.
    pub table: ObjectName,
    /// The key that is walked, in its order; empty where the table has none and pages will do.
    pub key: Vec<Ident>,
    /// The columns that an UPDATE assigns.
    pub assigned: Vec<Ident>,
    /// Whether a changed row fits the statement's condition again.
    pub exclusion: Exclusion,
    /// What the project says about how it is cut.
    pub cutting: Cutting,
}

impl Job {
    /// The statement with a key range beside its own condition. Everything else stays as it was written.
    pub fn with_range(&self, range: &str) -> String {
        self.point.with_range(&self.sql, range)
    }

    /// The statement for a range of the table, or of one of its partitions, its name quoted for SQL.
    pub fn statement(&self, partition: Option<&str>, range: &str) -> String {
        let in_partition = partition.and_then(|partition| self.point.with_range_in(&self.sql, partition, range));
        in_partition.unwrap_or_else(|| self.with_range(range))
    }

    /// The same job, with what the database says against the proof.
    #[must_use]
    pub fn met_with(&self, facts: &Facts) -> Job {
        let mut job = self.clone();
        if let Some(reason) = &facts.undone {
            job.exclusion = Exclusion::Unproven { reason: reason.clone(), again: Again::Unknown };
        }
        job
    }

    /// Whether meeting a row twice does no harm: it does not fit the condition any more, or gets the same values again.
    pub fn may_be_walked_again(&self) -> bool {
        match &self.exclusion {
            Exclusion::Proven { .. } => true,
            Exclusion::Unproven { again: Again::Same, .. } => true,
            Exclusion::Unproven { again: Again::AddsUp { .. } | Again::Unknown, .. } => false,
        }
    }

    /// The same, for the rows in this range alone; `None` where the statement has no place for one.
    pub fn proof_between(&self, range: &str) -> Option<String> {
        match &self.point.proof {
            // The condition is the last thing in it.
            Proof::Rows(_) => Some(format!("{} AND ({range})", self.proof())),
            Proof::Select(_) => None,
        }
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
