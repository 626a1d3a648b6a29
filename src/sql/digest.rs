//! The digest of a script: over its tokens, so that reformatting, comments and line ends do not count as edits.
//!
//! Frozen: ledgers keep these values. A change here makes every applied migration look edited.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::lexer::{Gates, Lexer, TokenKind};
use crate::schema::Dialect;

/// SHA-256 over the token stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a script.
    ///
    /// What does not count: white space, comments, directives, the case of unquoted words (it does in MySQL, where it
    /// can tell tables apart), line ends inside quotes, and semicolons with nothing between or behind them. The
    /// content of MySQL's version gates counts, whatever server there is.
    pub fn of(text: &str, dialect: Dialect) -> Digest {
        let mut sink = Sink { hash: Sha256::new(), buffer: Vec::with_capacity(BUFFER) };
        let bytes = text.as_bytes();
        let mut separator = None;
        let mut empty = true;
        for token in Lexer::new(text, dialect, Gates::All) {
            let kind = match token.kind {
                TokenKind::Blank | TokenKind::Comment => continue,
                TokenKind::Semicolon | TokenKind::Breakpoint => {
                    separator = Some(Mark::Separator);
                    continue;
                }
                TokenKind::Word => Mark::Word,
                TokenKind::Text | TokenKind::Name | TokenKind::Unclosed(_) => Mark::Quoted,
                TokenKind::Number | TokenKind::Parameter => Mark::Number,
                TokenKind::Gate | TokenKind::GateEnd => Mark::Gate,
                TokenKind::Operator
                | TokenKind::Comma
                | TokenKind::Dot
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::OpenBracket
                | TokenKind::CloseBracket
                | TokenKind::Colon
                | TokenKind::Delimiter
                | TokenKind::Backslash
                | TokenKind::Template => Mark::Punctuation,
            };
            if let Some(mark) = separator.take().filter(|_| !empty) {
                sink.token(mark, b";");
            }
            empty = false;
            let token = &bytes[token.span.range()];
            match kind {
                Mark::Word if dialect != Dialect::Mysql => sink.folded(kind, token),
                Mark::Quoted => sink.quoted(kind, token),
                _ => sink.token(kind, token),
            }
        }
        sink.finish()
    }

    /// The digest of bytes as they are: any edit counts.
    pub fn of_bytes(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits back; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Digest> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
        }
        Some(Digest(bytes))
    }
}

/// What a token counts as; part of the hash, so that `"a"` and `a` differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Separator = 1,
    Word = 2,
    Number = 3,
    Quoted = 4,
    Punctuation = 5,
    Gate = 6,
}

/// Collects small tokens, so that the hash function is called for blocks.
struct Sink {
    hash: Sha256,
    buffer: Vec<u8>,
}

const BUFFER: usize = 4096;

impl Sink {
    /// Kind and length (LEB128) in front make the boundaries of tokens part of the hash.
    fn begin(&mut self, mark: Mark, length: usize) {
        if self.buffer.len() >= BUFFER / 2 {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
        self.buffer.push(mark as u8);
        let mut rest = length;
        while rest > 0x7f {
            self.buffer.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.buffer.push(rest as u8);
    }

    fn token(&mut self, mark: Mark, bytes: &[u8]) {
        self.begin(mark, bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    fn folded(&mut self, mark: Mark, bytes: &[u8]) {
        self.begin(mark, bytes.len());
        self.buffer.extend(bytes.iter().map(u8::to_ascii_lowercase));
    }

    /// A checkout may have turned the line ends inside a string.
    fn quoted(&mut self, mark: Mark, bytes: &[u8]) {
        let turned = memchr::memmem::find_iter(bytes, b"\r\n").count();
        self.begin(mark, bytes.len() - turned);
        let mut copied = 0;
        for at in memchr::memmem::find_iter(bytes, b"\r\n") {
            self.buffer.extend_from_slice(&bytes[copied..at]);
            copied = at + 1;
        }
        self.buffer.extend_from_slice(&bytes[copied..]);
    }

    fn finish(mut self) -> Digest {
        self.hash.update(&self.buffer);
        Digest(self.hash.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(dialect: Dialect, a: &str, b: &str) -> bool {
        Digest::of(a, dialect) == Digest::of(b, dialect)
    }

    #[test]
    fn formatting_is_no_edit() {
        for dialect in Dialect::ALL {
            assert!(
                same(dialect, "SELECT a=-1, 'x\n' FROM t;", "\u{feff}-- why\r\nSELECT a = -1 , /* x */ 'x\r\n'\r\n  FROM t ; ;\r\n"),
                "{dialect}"
            );
        }
        assert!(same(Dialect::Postgres, "create table T (a int)", "CREATE TABLE t(A INT);"));
        assert!(!same(Dialect::Mysql, "DROP TABLE T", "DROP TABLE t"));
    }

    #[test]
    fn every_token_counts() {
        for dialect in Dialect::ALL {
            for (a, b) in [
                ("SELECT a, b", "SELECT a b"),
                ("SELECT ab", "SELECT a b"),
                ("SELECT 1; SELECT 2", "SELECT 1 SELECT 2"),
                ("SELECT 'a', 'b'", "SELECT 'a, b'"),
                ("SELECT 'a'", "SELECT 'A'"),
                ("SELECT a", "SELECT \"a\""),
                ("SELECT a <= b", "SELECT a < = b"),
                ("SELECT 1.5", "SELECT 15"),
                ("SELECT 'a--b'", "SELECT 'a"),
                ("", "SELECT"),
            ] {
                assert!(!same(dialect, a, b), "{dialect}: {a} | {b}");
            }
        }
        assert!(!same(Dialect::Mysql, "/*!40101 SELECT 1 */", "SELECT 1"));
        assert!(!same(Dialect::Mysql, "/*!40101 SELECT 1 */", "/*!80000 SELECT 1 */"));
        assert!(same(Dialect::Mysql, "/*!40101 SELECT  1 */", "/*!40101 SELECT 1*/"));
    }

    #[test]
    fn the_value_is_frozen() {
        let digest = Digest::of("ALTER TABLE users ADD COLUMN name text;", Dialect::Postgres);
        // Each word as 0x02, its length and its letters, through any other SHA-256.
        assert_eq!(digest.to_string(), "e0d2790bd4366b56f6f202724400d5fc1be767a98452df9d400a878d6f7cc7b6");
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
    }
}
