//! Slices of a script by statement.

use super::terminated;
use crate::sql::{Script, Span};

/// A statement with what stands before it and the comment behind it on its line.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    text: &'a str,
    /// From the end of the chunk before.
    pub(super) whole: Span,
    /// The statement with its terminator.
    own: Span,
}

impl Chunk<'_> {
    /// All of it, ended by a terminator and a line.
    pub(super) fn text(&self) -> String {
        let before = &self.text[self.whole.start..self.own.start];
        let own = &self.text[self.own.range()];
        let end = if own.ends_with(';') { "" } else { ";" };
        let behind = &self.text[self.own.end..self.whole.end];
        let line = if behind.ends_with('\n') { "" } else { "\n" };
        format!("{before}{own}{end}{behind}{line}")
    }

    /// The comments before the statement.
    pub(super) fn comments(&self) -> String {
        let before = self.text[self.whole.start..self.own.start].trim();
        if before.is_empty() { String::new() } else { format!("{before}\n") }
    }
}

/// The chunks of a script, one a statement.
pub(super) fn chunks(script: &Script) -> Vec<Chunk<'_>> {
    let text: &str = &script.source.text;
    let mut chunks = Vec::new();
    let mut start = 0;
    for statement in &script.statements {
        let own = terminated(text, statement.span);
        let rest = &text[own.end..];
        let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let behind = rest[..line].trim();
        let end = if behind.is_empty() || behind.starts_with("--") { own.end + line } else { own.end };
        chunks.push(Chunk { text, whole: Span::new(start, end), own });
        start = end;
    }
    chunks
}
