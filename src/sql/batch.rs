//! Where a data statement can be cut into batches: the driving table and the place for a key range.

use crate::schema::operation::DataKind;
use crate::schema::ObjectName;

use super::Span;

/// How to splice a key range into a statement's own text.
///
/// The range goes to `splice`, as ` AND (…)` behind a parenthesised condition or as ` WHERE …`; nothing is rendered
/// from a syntax tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPoint {
    /// UPDATE, DELETE or INSERT … SELECT.
    pub kind: DataKind,
    /// The table whose rows are walked: the target of UPDATE and DELETE, the first FROM table of INSERT … SELECT.
    pub driving: ObjectName,
    /// How the statement calls the driving table: its alias, else its name. Already quoted as written.
    pub reference: String,
    /// The condition after WHERE, without the keyword; `None` when there is no WHERE.
    pub condition: Option<Span>,
    /// Where the range goes when there is no WHERE: an offset into the source.
    pub splice: usize,
    /// The FROM … WHERE part from which a proof query can be built: for UPDATE and DELETE the driving table with its
    /// alias; for INSERT … SELECT the whole SELECT.
    pub proof: Proof,
}

/// The rows that are still to do, as a query over source bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// `SELECT 1 FROM <relation> WHERE <condition>`.
    Rows {
        /// The driving table with its alias and further FROM / USING items, as written, as SQL.
        from: String,
    },
    /// `SELECT 1 FROM (<select>) AS rest`.
    Select(Span),
}

/// Why a statement cannot be cut into batches.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotCut {
    /// It is not UPDATE, DELETE or INSERT … SELECT.
    #[error("only UPDATE, DELETE and INSERT … SELECT can be run in batches")]
    NotData,
    /// LIMIT, ORDER BY, GROUP BY, DISTINCT, a set operation, a window or a data-changing WITH decides the rows.
    #[error("{what} decides which rows are meant, so a key range would change the result")]
    Shape {
        /// The part of the statement.
        what: String,
    },
    /// No WHERE, or one that stays true for finished rows.
    #[error("there is no WHERE that leaves out finished rows, so a finished backfill could not be told from an unfinished one")]
    NoPredicate,
    /// The statement itself was not understood.
    #[error("the statement could not be read: {reason}")]
    Unread {
        /// What the reader said.
        reason: String,
    },
    /// The driving table has no key to walk.
    #[error("table {table} has no primary key and no unique index over NOT NULL columns")]
    NoKey {
        /// The table.
        table: ObjectName,
    },
    /// The statement assigns a column of the key that the walk follows.
    #[error("the statement changes key column {column} of {table}, which the batches follow")]
    ChangesKey {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
    },
    /// The driving table is not known to the replay.
    #[error("table {table} is not known from the migrations, so its key is not known either")]
    UnknownTable {
        /// The table.
        table: ObjectName,
    },
}
