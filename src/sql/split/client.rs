//! What only a client understands: psql's `\…`, SQLite's `.…`, MySQL's `DELIMITER` and `source`, COPY's rows.

use memchr::memchr;

use super::keyword::Keyword;
use super::{PieceKind, Splitter};
use crate::schema::Dialect;
use crate::sql::lexer::{Token, TokenKind};
use crate::sql::{ProblemKind, Span};

impl Splitter<'_> {
    /// The end of the line that holds `at`, without its line end.
    fn line_end(&self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        if end > at && bytes[end - 1] == b'\r' { end - 1 } else { end }
    }

    /// Makes a piece of the rest of a line that no server knows.
    pub(super) fn client_line(&mut self, start: usize) {
        let end = self.line_end(start).max(start + 1);
        let command = self.text[start..end].split_ascii_whitespace().next().unwrap_or_default().to_owned();
        self.problem(Span::new(start, end), ProblemKind::ClientCommand(command));
        self.client_piece(start, end);
    }

    fn client_piece(&mut self, start: usize, end: usize) {
        self.tile(start, PieceKind::Trivia);
        self.tile(end, PieceKind::Client);
        self.lexer.skip_to(end);
    }

    /// A backslash outside quotes: a command of psql, or of the mysql client, where `\N` is a value though.
    pub(super) fn backslash(&mut self, token: Token) {
        let next = self.text.as_bytes().get(token.span.end).copied();
        let command = match self.dialect {
            Dialect::Postgres => true,
            Dialect::Mysql => self.open.is_none() || matches!(next, Some(b'g' | b'G' | b'c')),
            Dialect::Sqlite => false,
        };
        if command {
            // psql's \gexec and mysql's \G end the statement before them.
            self.close_statement();
            self.client_line(token.span.start);
        } else {
            self.token(Token { kind: TokenKind::Operator, span: token.span });
        }
    }

    /// Whether the first token of a statement belongs to a client; then its line is done with.
    pub(super) fn starts_client_command(&mut self, token: Token, keyword: Keyword) -> bool {
        match (keyword, self.dialect) {
            (Keyword::Delimiter, Dialect::Mysql) => self.delimiter(token.span),
            (Keyword::Delimiter, Dialect::Postgres | Dialect::Sqlite) | (Keyword::Source, Dialect::Mysql) => {
                self.client_line(token.span.start)
            }
            _ => return false,
        }
        true
    }

    /// `DELIMITER $$`: not for the server, but we do what it says.
    fn delimiter(&mut self, word: Span) {
        let end = self.line_end(word.start);
        let said = self.text[word.end..end].split_ascii_whitespace().next().unwrap_or_default();
        let said = said.trim_matches(['\'', '"', '`']);
        self.client_piece(word.start, end);
        self.lexer.set_delimiter(match said {
            "" | ";" => None,
            said => Some(said),
        });
    }

    /// The rows behind COPY … FROM STDIN, up to a line `\.`.
    pub(super) fn copy_data(&mut self) {
        let bytes = self.text.as_bytes();
        let line = self.line_end(self.tiled);
        let start = (line + 2).min(bytes.len());
        let start = if bytes.get(line) == Some(&b'\r') { start } else { (line + 1).min(bytes.len()) };
        let behind = self.text[self.tiled..line].trim_start();
        if !behind.is_empty() && !behind.starts_with("--") {
            return; // psql would take what follows on the line before the rows
        }
        let mut at = start;
        while at < bytes.len() {
            let end = self.line_end(at);
            let next = memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |length| end + length + 1);
            let last = &bytes[at..end] == b"\\.";
            at = next;
            if last {
                break;
            }
        }
        self.tile(start, PieceKind::Trivia);
        self.tile(at, PieceKind::CopyData);
        self.lexer.skip_to(at);
    }
}
