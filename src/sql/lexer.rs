//! Bytes → tokens of one dialect. The tokens tile the text. Knows no statement.
//!
//! Ours beside sqlparser's, because it must be total, exact in bytes and fast: the splitter, the directives and the
//! digest need no more than the kind and the bytes of a token.

mod gate;
mod operator;
mod quote;
pub(super) mod template;

use memchr::{memchr, memchr2};

use super::Span;
use crate::schema::{Dialect, Server};

/// What a token is. Enough to cut and compare, not to parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// White space, also a byte order mark.
    Blank,
    /// A comment, also a version gate that this server is too old for.
    Comment,
    /// `/*!40101`: from here to [`TokenKind::GateEnd`] the text runs although it looks like a comment.
    Gate,
    /// The `*/` of a [`TokenKind::Gate`].
    GateEnd,
    /// An unquoted identifier or keyword; also a variable such as `@x`.
    Word,
    /// A number, also what begins like one.
    Number,
    /// `$1`.
    Parameter,
    /// A string with its prefix, or a dollar-quoted one.
    Text,
    /// A quoted identifier.
    Name,
    /// An operator, taken as far as the dialect takes it.
    Operator,
    /// `,`.
    Comma,
    /// `.`.
    Dot,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `[` where it is no quote.
    OpenBracket,
    /// `]`.
    CloseBracket,
    /// `:` that is part of no longer operator.
    Colon,
    /// `;`.
    Semicolon,
    /// What the last DELIMITER command said.
    Delimiter,
    /// drizzle's `--> statement-breakpoint`, which ends a statement.
    Breakpoint,
    /// `\` outside quotes.
    Backslash,
    /// `{{ x }}`, `${x}` and the like.
    Template,
    /// A quote or comment that runs to the end of the text; says which.
    Unclosed(&'static str),
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

impl Token {
    /// Whether a database would see it at all.
    pub(super) fn is_trivia(self) -> bool {
        matches!(self.kind, TokenKind::Blank | TokenKind::Comment)
    }
}

/// Which of MySQL's version gates are open.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gates {
    /// Every one: for comparing texts without a server in mind.
    All,
    /// Those that this server reads.
    For(Server),
}

/// Walks over a text.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
    gates: Gates,
    /// Gates that wait for their `*/`.
    open_gates: usize,
    delimiter: Option<&'a [u8]>,
}

/// drizzle writes it between statements, with or without a semicolon before it.
const BREAKPOINT: &[u8] = b"--> statement-breakpoint";
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Bytes that go on an identifier. All above ASCII do: no database takes a no-break space for a blank.
const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let ascii = byte as u8;
        table[byte] = ascii.is_ascii_alphanumeric() || ascii == b'_' || ascii == b'$' || byte >= 0x80;
        byte += 1;
    }
    table
};

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect, gates: Gates) -> Lexer<'a> {
        Lexer { text, at: 0, dialect, gates, open_gates: 0, delimiter: None }
    }

    /// Goes on at `at`: what lies between was read by somebody else (a client command, COPY data).
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// From now on these bytes end a statement; `None` for the semicolon alone.
    pub(super) fn set_delimiter(&mut self, delimiter: Option<&'a str>) {
        self.delimiter = delimiter.map(str::as_bytes);
    }

    /// Whether a version gate is open.
    pub(super) fn in_gate(&self) -> bool {
        self.open_gates > 0
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes().get(at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes()[self.at..]
    }

    /// The kind of the token at `self.at`, which is moved behind it.
    fn take(&mut self, first: u8) -> TokenKind {
        if let Some(delimiter) = self.delimiter
            && self.rest().starts_with(delimiter)
        {
            self.at += delimiter.len();
            return TokenKind::Delimiter;
        }
        match first {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.blank(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(first),
            0x80.. => self.high(first),
            b'0'..=b'9' => self.number(),
            b'\'' => self.text_literal(0, self.dialect == Dialect::Mysql),
            b'"' if self.dialect == Dialect::Mysql => self.quoted(b'"', quote::Escape::Backslash, TokenKind::Text, "a string"),
            b'"' => self.quoted(b'"', quote::Escape::Doubled, TokenKind::Name, "a quoted identifier"),
            b'`' if self.dialect != Dialect::Postgres => self.quoted(b'`', quote::Escape::Doubled, TokenKind::Name, "a quoted identifier"),
            b'[' if self.dialect == Dialect::Sqlite => self.quoted(b']', quote::Escape::None, TokenKind::Name, "a quoted identifier"),
            b'$' => self.dollar(),
            b'{' => self.brace(),
            b'@' if self.dialect != Dialect::Postgres => self.variable(),
            b'-' if self.rest().starts_with(BREAKPOINT) => self.punctuation(BREAKPOINT.len(), TokenKind::Breakpoint),
            b'-' if self.starts_dash_comment() => self.line_comment(),
            b'#' if self.dialect == Dialect::Mysql => self.line_comment(),
            b'/' if self.rest().starts_with(b"/*") => self.block_comment(),
            b'*' if self.open_gates > 0 && self.rest().starts_with(b"*/") => {
                self.open_gates -= 1;
                self.punctuation(2, TokenKind::GateEnd)
            }
            b',' => self.punctuation(1, TokenKind::Comma),
            b'.' => self.punctuation(1, TokenKind::Dot),
            b'(' => self.punctuation(1, TokenKind::Open),
            b')' => self.punctuation(1, TokenKind::Close),
            b'[' => self.punctuation(1, TokenKind::OpenBracket),
            b']' => self.punctuation(1, TokenKind::CloseBracket),
            b':' if !matches!(self.byte(self.at + 1), Some(b':' | b'=')) => self.punctuation(1, TokenKind::Colon),
            b';' => self.punctuation(1, TokenKind::Semicolon),
            b'\\' => self.punctuation(1, TokenKind::Backslash),
            _ => {
                let length = operator::length(self.rest(), self.dialect);
                self.punctuation(length, TokenKind::Operator)
            }
        }
    }

    fn punctuation(&mut self, length: usize, kind: TokenKind) -> TokenKind {
        self.at += length;
        kind
    }

    fn blank(&mut self) -> TokenKind {
        let length = self.rest().iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c));
        self.at = length.map_or(self.text.len(), |length| self.at + length);
        TokenKind::Blank
    }

    fn high(&mut self, first: u8) -> TokenKind {
        let mark = self.rest().starts_with(BYTE_ORDER_MARK) && (self.at == 0 || self.dialect == Dialect::Sqlite);
        if mark { self.punctuation(BYTE_ORDER_MARK.len(), TokenKind::Blank) } else { self.word(first) }
    }

    /// The end of the run of identifier bytes from `from`, cut short by a delimiter: in `END$$` it wins.
    fn word_end(&self, from: usize) -> usize {
        let bytes = self.bytes();
        let length = bytes[from..].iter().position(|byte| !WORD[usize::from(*byte)]);
        let mut end = length.map_or(bytes.len(), |length| from + length);
        if let Some(delimiter) = self.delimiter
            && WORD[usize::from(delimiter[0])]
        {
            let cut = (from..end).find(|at| self.text.is_char_boundary(*at) && bytes[*at..].starts_with(delimiter));
            end = cut.unwrap_or(end);
        }
        end
    }

    fn word(&mut self, first: u8) -> TokenKind {
        let start = self.at;
        let end = self.word_end(start + 1);
        if end == start + 1 {
            match (first | 0x20, self.byte(end)) {
                (b'e', Some(b'\'')) if self.dialect == Dialect::Postgres => return self.text_literal(1, true),
                (b'n' | b'b' | b'x', Some(b'\'')) => return self.text_literal(1, self.dialect == Dialect::Mysql),
                (b'u', Some(b'&')) if self.dialect == Dialect::Postgres => match self.byte(end + 1) {
                    Some(b'\'') => return self.text_literal(2, false),
                    Some(b'"') => {
                        self.at += 2;
                        return self.quoted(b'"', quote::Escape::Doubled, TokenKind::Name, "a quoted identifier");
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        self.at = end;
        TokenKind::Word
    }

    fn variable(&mut self) -> TokenKind {
        let sigils = self.rest().iter().take(2).take_while(|byte| **byte == b'@').count();
        self.at = self.word_end(self.at + sigils);
        TokenKind::Word
    }

    /// Takes what a database would at least try to read as one number; MySQL's names may begin like one too.
    fn number(&mut self) -> TokenKind {
        let start = self.at;
        let mut end = self.number_part(start);
        let digits_only = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        if digits_only(&self.bytes()[start..end]) && self.byte(end) == Some(b'.') && self.byte(end + 1) != Some(b'.') {
            end = self.number_part(end + 1);
        }
        let exponent = self.bytes()[end - 1] | 0x20 == b'e'
            && matches!(self.byte(end), Some(b'+' | b'-'))
            && self.byte(end + 1).is_some_and(|byte| byte.is_ascii_digit())
            && self.bytes()[start..end - 1].iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'));
        if exponent {
            end = self.number_part(end + 1);
        }
        self.at = end;
        TokenKind::Number
    }

    fn number_part(&self, from: usize) -> usize {
        if self.dialect == Dialect::Mysql {
            return self.word_end(from);
        }
        let length = self.bytes()[from..].iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
        length.map_or(self.text.len(), |length| from + length)
    }

    fn starts_dash_comment(&self) -> bool {
        self.rest().starts_with(b"--")
            && match self.dialect {
                Dialect::Postgres | Dialect::Sqlite => true,
                // `5--1` is arithmetic there.
                Dialect::Mysql => self.byte(self.at + 2).is_none_or(|byte| byte <= b' ' || byte == 0x7f),
            }
    }

    fn line_comment(&mut self) -> TokenKind {
        let end = match self.dialect {
            Dialect::Postgres => memchr2(b'\n', b'\r', self.rest()),
            Dialect::Sqlite | Dialect::Mysql => memchr(b'\n', self.rest()),
        };
        self.at = end.map_or(self.text.len(), |length| self.at + length);
        TokenKind::Comment
    }

    /// A comment or a version gate. Comments nest in PostgreSQL only.
    fn block_comment(&mut self) -> TokenKind {
        match gate::at(self.rest(), self.dialect, self.gates) {
            gate::Gate::Open { marker } => {
                self.open_gates += 1;
                return self.punctuation(marker, TokenKind::Gate);
            }
            // MySQL allows comments inside a gate that it skips.
            gate::Gate::Shut => return self.nested_comment(),
            gate::Gate::None => {}
        }
        if self.dialect == Dialect::Postgres {
            return self.nested_comment();
        }
        match memchr::memmem::find(&self.rest()[2..], b"*/") {
            Some(length) => self.punctuation(length + 4, TokenKind::Comment),
            None => self.unclosed("a comment"),
        }
    }

    fn nested_comment(&mut self) -> TokenKind {
        let bytes = self.bytes();
        let mut depth = 1_usize;
        let mut at = self.at + 2;
        while let Some(found) = memchr2(b'*', b'/', &bytes[at..]) {
            at += found;
            match (bytes[at], bytes.get(at + 1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    at += 2;
                }
                (b'/', Some(b'*')) => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
            if depth == 0 {
                self.at = at;
                return TokenKind::Comment;
            }
        }
        self.unclosed("a comment")
    }

    fn unclosed(&mut self, what: &'static str) -> TokenKind {
        self.at = self.text.len();
        TokenKind::Unclosed(what)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let kind = match self.byte(start) {
            Some(first) => self.take(first),
            None if self.open_gates > 0 => {
                self.open_gates = 0;
                TokenKind::Unclosed("a version comment")
            }
            None => return None,
        };
        Some(Token { kind, span: Span::new(start, self.at) })
    }
}

#[cfg(test)]
mod tests;
