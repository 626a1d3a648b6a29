//! One statement → operations: own readers first, then sqlparser, then `Opaque`.
//!
//! `read/` holds one file per family of statements that sqlparser cannot read or reads without spans.

pub(super) mod dispatch;
mod found;
mod names;
mod postgres;
#[cfg(test)]
mod probes;
mod synopsis;

use super::cursor::{Cursor, Unread};
use super::{Clause, Script, Source};
use crate::schema::Server;

/// Reads a file. Total: whatever is not understood is in the result as a problem or an `Opaque` operation.
pub fn read(source: &Source, server: Server) -> Script {
    let _ = server;
    Script { source: source.clone(), statements: Vec::new(), problems: Vec::new(), directives: Vec::new() }
}

/// One of our own readers: consumes the whole statement or says why it cannot.
pub(super) type Reader = fn(&mut Cursor<'_>) -> Result<Vec<Clause>, Unread>;
