//! A file's text and places in it: bytes, lines and columns.

use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};

use super::woven::Woven;

/// A half-open range of bytes in a [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
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
    /// Where its parts come from, where they come from several files.
    pub(super) woven: Option<Arc<Woven>>,
}

impl Source {
    /// A text that is already decoded. It must hold no NUL; [`Source::decode`] checks.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Source {
        Source { path: path.into(), text: text.into(), woven: None }
    }

    /// The text of a file.
    ///
    /// # Errors
    ///
    /// When it is UTF-16, not valid UTF-8, or contains a NUL byte.
    pub fn decode(path: impl Into<Arc<str>>, bytes: &[u8]) -> Result<Source, DecodeError> {
        let path = path.into();
        if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
            return Err(DecodeError::Utf16 { path });
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                return Err(DecodeError::NotUtf8 { path, place: place(&valid, valid.len()) });
            }
        };
        match memchr(0, bytes) {
            Some(at) => Err(DecodeError::Nul { path, place: place(text, at) }),
            None => Ok(Source::new(path, text)),
        }
    }

    /// Where a byte stands. Walks the text: ask [`Lines`] when there is more than one question.
    pub fn place(&self, offset: usize) -> Place {
        place(&self.text, offset)
    }
}

/// The place of a byte; of the character's first byte when it is inside one.
fn place(text: &str, offset: usize) -> Place {
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let before = &text.as_bytes()[..offset];
    let line_start = memrchr(b'\n', before).map_or(0, |at| at + 1);
    Place { line: memchr_iter(b'\n', before).count() + 1, column: column(text, line_start, offset) }
}

fn column(text: &str, line_start: usize, offset: usize) -> usize {
    let before = &text[line_start..offset];
    // A byte order mark stands in no column.
    before.strip_prefix('\u{feff}').filter(|_| line_start == 0).unwrap_or(before).chars().count() + 1
}

/// The lines of a text, for many questions about places in it.
#[derive(Clone, Debug)]
pub struct Lines {
    source: Source,
    starts: Vec<usize>,
}

impl Lines {
    /// Finds the lines of a source.
    pub fn of(source: &Source) -> Lines {
        let starts = std::iter::once(0).chain(memchr_iter(b'\n', source.text.as_bytes()).map(|at| at + 1)).collect();
        Lines { source: source.clone(), starts }
    }

    /// How many lines there are; a line end at the very end begins one more.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// Where a byte stands; of the character's first byte when it is inside one.
    pub fn place(&self, offset: usize) -> Place {
        let text = &self.source.text;
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let line = self.starts.partition_point(|start| *start <= offset);
        Place { line, column: column(text, self.starts[line - 1], offset) }
    }

    /// The file and the place in it that a byte comes from.
    pub fn locate(&self, offset: usize) -> (Arc<str>, Place) {
        if self.source.woven.is_some() {
            return self.source.locate(offset);
        }
        (Arc::clone(&self.source.path), self.place(offset))
    }

    /// The bytes of a line, counted from one, without its line end. Empty beyond the last line.
    pub fn span(&self, line: usize) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|index| self.starts.get(index).copied()) else {
            return Span::new(self.source.text.len(), self.source.text.len());
        };
        let text = &self.source.text;
        let end = self.starts.get(line).map_or(text.len(), |next| next - 1);
        let line = text[start..end].strip_suffix('\r').unwrap_or(&text[start..end]);
        Span::new(start, start + line.len())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bytes: &[u8]) -> String {
        match Source::decode("a.sql", bytes) {
            Ok(source) => panic!("decoded {source:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        assert_eq!(error(b"SELECT '\xc3\xa4\xff'"), "a.sql:1:10: the file is not valid UTF-8");
        assert_eq!(error(b"SELECT 1;\r\n\xc3\xa4\0"), "a.sql:2:2: the file contains a NUL byte");
        assert_eq!(error(b"\xff\xfeS\0E\0"), "a.sql:1:1: the file is UTF-16; save it as UTF-8");
        assert_eq!(error(b"\xfe\xff\0S"), "a.sql:1:1: the file is UTF-16; save it as UTF-8");
        assert_eq!(error(b"SELECT \xe2\x82"), "a.sql:1:8: the file is not valid UTF-8");
    }

    #[test]
    fn places_count_characters_and_lines_from_one() {
        let source = Source::new("a.sql", "\u{feff}ab\r\n\u{e4}\u{df}x\n");
        let lines = Lines::of(&source);
        for (offset, line, column) in [(0, 1, 1), (3, 1, 1), (4, 1, 2), (7, 2, 1), (8, 2, 1), (9, 2, 2), (11, 2, 3), (13, 3, 1), (99, 3, 1)]
        {
            assert_eq!(lines.place(offset), Place { line, column }, "offset {offset}");
            assert_eq!(source.place(offset), Place { line, column }, "offset {offset}");
        }
        assert_eq!(lines.count(), 3);
        let texts: Vec<&str> = (1..=4).map(|line| &source.text[lines.span(line).range()]).collect();
        assert_eq!(texts, ["\u{feff}ab", "\u{e4}\u{df}x", "", ""]);
    }
}
