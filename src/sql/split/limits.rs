//! How large a statement may be before it is "too complex to judge", counted before any parser sees it.
//!
//! sqlparser's recursion is bounded by itself, but its trees are dropped, walked and printed recursively: what must be
//! bounded here is the height of the tree.

use std::fmt;

/// Levels of parentheses, brackets and CASE. sqlparser gives up at about 48 with a clean error, PostgreSQL's own parser
/// goes to thousands; no statement of 94 public projects comes near.
pub(in crate::sql) const NESTING: usize = 200;

/// Height of the syntax tree: operators in a row plus what they enclose. A correction of data can list thousands of
/// `(a = 1 AND b = 2) OR …`; PostgreSQL itself takes about as many as this.
pub(in crate::sql) const HEIGHT: u32 = 20_000;

/// What an operator counts for which sqlparser copies the tree on its left (REGEXP, MATCH and GLOB of SQLite, DIV of
/// MySQL): a chain of them takes time by the square of its length.
pub(in crate::sql) const COPY: u32 = 20;

/// Trees up to this height are built, walked and dropped within the 2 MiB stack of an ordinary thread, in a debug build
/// too, which overflows somewhere above twice as much.
pub(in crate::sql) const ORDINARY_HEIGHT: u32 = 1_000;

/// The stack on which higher trees are read: about 1 KiB is needed for each level, in a debug build.
pub(in crate::sql) const TALL_STACK: usize = 256 * 1024 * 1024;

/// Bytes of one statement. Parsing a list of rows needs about 130 times as much memory: 2 GiB here. Dumps keep an INSERT
/// below 1 MiB (net_buffer_length of mysqldump) unless told otherwise.
pub(in crate::sql) const BYTES: usize = 16 * 1024 * 1024;

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
