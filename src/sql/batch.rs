//! Where a data statement can be cut into batches: the driving table and the place for a key range.
//!
//! The range is spliced into the statement's own text; nothing is rendered from a syntax tree. All spans here count from
//! the first byte of the statement, not of the file.

mod exclude;
mod find;
mod meddle;
mod refuse;
mod relation;
#[cfg(test)]
mod tests;
mod words;

pub use exclude::{Again, Exclusion, exclusion};
pub use meddle::{TriggerText, TriggerTiming, meddles};

use super::Span;
use crate::schema::operation::DataKind;
use crate::schema::{ObjectName, Server};

/// How to splice a key range into a statement's own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPoint {
    /// UPDATE, DELETE, INSERT … SELECT or REPLACE … SELECT.
    pub kind: DataKind,
    /// The table whose rows are walked: the target of UPDATE and DELETE, the first FROM table of INSERT … SELECT.
    pub driving: ObjectName,
    /// How the statement calls the driving table: its alias, else its name. Already quoted as written.
    pub reference: String,
    /// The condition after WHERE, without the keyword.
    pub condition: Span,
    /// WITH and its queries in front of the statement.
    pub with: Option<Span>,
    /// From which a query for the remaining rows is built.
    pub proof: Proof,
}

/// The rows that are still to do, as parts of the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The driving table with its alias, then further FROM or USING items.
    Rows(Vec<Span>),
    /// The SELECT of INSERT … SELECT, up to the end of its condition.
    Select(Span),
}

impl BatchPoint {
    /// The statement for one chunk. `statement` is the text that this point was found in, `range` a condition on the
    /// key columns, each written behind [`reference`](BatchPoint::reference).
    pub fn with_range(&self, statement: &str, range: &str) -> String {
        let (before, after) = (&statement[..self.condition.start], &statement[self.condition.end..]);
        // Both in parentheses, since either may hold an OR; a comment cannot be the last thing in them.
        format!("{before}({}) AND ({range}){after}", &statement[self.condition.range()])
    }

    /// The statement for one chunk of a partition: its table is named in the driving table's place, and called as that is.
    /// `None` where the text has no such place.
    pub fn with_range_in(&self, statement: &str, partition: &str, range: &str) -> Option<String> {
        let table = self.replaceable(statement)?;
        let Span { start, end } = self.condition;
        Some(format!(
            "{}{partition} AS {}{}({}) AND ({range}){}",
            &statement[..table.start],
            self.reference,
            &statement[table.end..start],
            &statement[start..end],
            &statement[end..]
        ))
    }

    /// Where the driving table stands, if another one can be named in its place.
    fn replaceable(&self, statement: &str) -> Option<Span> {
        let Proof::Rows(rows) = &self.proof else { return None };
        let table = *rows.first()?;
        let written = &statement[table.range()];
        let only = written.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("only"));
        // `shop.items.name` in the text would not mean an alias.
        (self.with.is_none() && !only && !self.reference.contains('.') && table.end <= self.condition.start).then_some(table)
    }

    /// Whether partitions can be named in the place of the driving table.
    pub fn takes_partitions(&self, statement: &str) -> bool {
        matches!(self.kind, DataKind::Update | DataKind::Delete) && self.replaceable(statement).is_some()
    }

    /// A query that yields a row for as long as there is something to do. It has no LIMIT: append ` LIMIT 1`.
    pub fn proof_sql(&self, statement: &str) -> String {
        let part = |span: Span| &statement[span.range()];
        let with = self.with.map_or_else(String::new, |with| format!("{} ", part(with)));
        match &self.proof {
            Proof::Rows(from) => {
                let from: Vec<&str> = from.iter().map(|item| part(*item)).collect();
                format!("{with}SELECT 1 FROM {} WHERE ({})", from.join(", "), part(self.condition))
            }
            // EXISTS, since the columns of a subquery in FROM would need names of their own in MySQL; the one row
            // before it, since a WHERE without FROM is not for everyone.
            Proof::Select(select) => format!("{with}SELECT 1 FROM (SELECT 1) AS one WHERE EXISTS ({})", part(*select)),
        }
    }
}

/// Finds the place for a key range in the statement at `statement`.
///
/// # Errors
///
/// When the statement is none that changes many rows, or when running it in parts would not do the same as running it
/// whole.
pub fn batch_point(script_text: &str, statement: Span, server: Server) -> Result<BatchPoint, CannotCut> {
    find::find(&script_text[statement.range()], server.dialect)
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
    /// The rows come from something that has no key of its own.
    #[error("{what} gives the rows, and only a table has a key to walk")]
    NoTable {
        /// What stands where the table should: a subquery, a function, a WITH query.
        what: String,
    },
    /// Several tables are named and it is not plain which one is changed.
    #[error("several tables are named; write the changed table before each column of SET, and change one table only")]
    SeveralTables,
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
