//! A file's text and places in it: bytes, lines and columns.

use std::sync::Arc;

/// A half-open range of bytes in a [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` up to but not including `end`.
    pub const fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The bytes as a range for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }
}

/// A place for people: both count from one; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character within the line.
    pub column: usize,
}

/// The text of one file, decoded. A byte order mark is part of the text and skipped by the splitter.
#[derive(Clone, Debug)]
pub struct Source {
    /// How the file is called in messages: relative to the project where there is one.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

/// The file is no text that a database would take.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A byte sequence that is not UTF-8.
    #[error("{path}:{}:{}: the file is not valid UTF-8", place.line, place.column)]
    NotUtf8 {
        /// The file.
        path: Arc<str>,
        /// Where the first bad byte stands.
        place: Place,
    },
    /// A NUL byte, which no database accepts in SQL text.
    #[error("{path}:{}:{}: the file contains a NUL byte", place.line, place.column)]
    Nul {
        /// The file.
        path: Arc<str>,
        /// Where it stands.
        place: Place,
    },
    /// UTF-16, told by its byte order mark.
    #[error("{path}:1:1: the file is UTF-16; save it as UTF-8")]
    Utf16 {
        /// The file.
        path: Arc<str>,
    },
}
