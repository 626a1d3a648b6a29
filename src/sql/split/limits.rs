//! How large a statement may be before it is "too complex to judge", counted before any parser sees it.
//!
//! sqlparser's recursion is bounded by itself, but its trees are dropped, walked and printed recursively: what must be
//! bounded here is the height of the tree.

use std::fmt;

/// Levels of parentheses, brackets and CASE. sqlparser gives up at about 48 with a clean error, PostgreSQL's own parser
/// goes to thousands; no statement of 94 public projects comes near.
pub(in crate::sql) const NESTING: usize = 200;

/// Height of the syntax tree: operators in a row plus what they enclose. SQLite itself refuses more than 1,000
/// (SQLITE_MAX_EXPR_DEPTH) and more than 500 queries in a UNION.
pub(in crate::sql) const HEIGHT: u32 = 1_500;

/// Bytes of one statement. Parsing needs about a hundred times as much memory for a list of rows.
pub(in crate::sql) const BYTES: usize = 32 * 1024 * 1024;

/// A limit that a statement exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// More than [`NESTING`] levels.
    Nesting,
    /// Higher than [`HEIGHT`].
    Chain,
    /// Longer than [`BYTES`].
    Bytes,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Excess::Nesting => write!(f, "more than {NESTING} levels of parentheses and CASE"),
            Excess::Chain => write!(f, "more than {HEIGHT} operators in a row"),
            Excess::Bytes => write!(f, "longer than {} MiB", BYTES / (1024 * 1024)),
        }
    }
}
