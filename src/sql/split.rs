//! A file → pieces that tile it: statements, what ends them, client commands, COPY data, and the rest.
//!
//! Knows where a statement ends, not what it means.

mod client;
mod keyword;
pub(in crate::sql) mod limits;
mod structure;

use self::keyword::Keyword;
use self::limits::Excess;
use self::structure::Structure;
use super::lexer::{Gates, Lexer, Token, TokenKind, template};
use super::{Problem, ProblemKind, Span};
use crate::schema::{Dialect, Server};

/// A stretch of the file. The pieces of a file lie end to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    pub(super) span: Span,
}

/// Kinds of [`Piece`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// From its first token to its last.
    Statement(Legibility),
    /// A semicolon, the delimiter or drizzle's breakpoint.
    Terminator,
    /// psql's `\…`, SQLite's `.…`, `DELIMITER`: a whole line for the client.
    Client,
    /// The rows behind COPY … FROM STDIN.
    CopyData,
    /// White space and comments.
    Trivia,
}

/// Whether a statement can be handed to a parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Legibility {
    /// It can.
    Fair,
    /// It can, on a large stack.
    Tall,
    /// A quote or comment in it is never closed.
    Unclosed,
    /// It exceeds a limit.
    TooComplex,
}

/// A file, cut.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// In the order of the file; joined they are the file.
    pub(super) pieces: Vec<Piece>,
    /// What is wrong with the text.
    pub(super) problems: Vec<Problem>,
    /// Comments that begin with `migrate:`.
    pub(super) notes: Vec<Span>,
    /// Bytes that a parser must take for blanks: the marks of version gates.
    pub(super) blanks: Vec<Span>,
}

/// Cuts `text`. Linear in its length; never fails.
pub(super) fn split(text: &str, server: Server) -> Split {
    let mut splitter = Splitter {
        text,
        lexer: Lexer::new(text, server.dialect, Gates::For(server)),
        dialect: server.dialect,
        structure: Structure::new(server.dialect),
        split: Split::default(),
        tiled: 0,
        open: None,
    };
    splitter.run();
    splitter.split
}

/// The statements of a body, such as that of DO: `span` is what stands between its quotes. Cut at every semicolon, so
/// that `IF x THEN DROP TABLE t` is one; hand each to [`legible`](super::read::legible), which keeps to the limits.
pub(super) fn split_body(text: &str, span: Span, server: Server) -> impl Iterator<Item = (Span, Legibility)> {
    split(&text[span.range()], server).pieces.into_iter().filter_map(move |piece| match piece.kind {
        PieceKind::Statement(legibility) => Some((Span::new(piece.span.start + span.start, piece.span.end + span.start), legibility)),
        PieceKind::Terminator | PieceKind::Client | PieceKind::CopyData | PieceKind::Trivia => None,
    })
}

struct Splitter<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    dialect: Dialect,
    structure: Structure,
    split: Split,
    /// Up to here there are pieces.
    tiled: usize,
    /// The running statement.
    open: Option<Running>,
}

#[derive(Clone, Copy)]
struct Running {
    span: Span,
    /// COPY, and the FROM STDIN seen in it.
    copy: Copying,
    unclosed: bool,
    /// The last token and its word.
    last: (TokenKind, Keyword),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Copying {
    No,
    Copy,
    FromStdin,
}

impl<'a> Splitter<'a> {
    fn run(&mut self) {
        while let Some(token) = self.lexer.next() {
            match token.kind {
                TokenKind::Blank => {}
                TokenKind::Comment => self.comment(token.span),
                // A gate that holds several statements cannot be run in parts: nobody will read it.
                _ if self.lexer.in_gate() => self.token(token),
                TokenKind::Semicolon if !self.structure.holds_semicolon() => self.end_statement(token.span),
                TokenKind::Delimiter | TokenKind::Breakpoint => self.end_statement(token.span),
                TokenKind::Backslash => self.backslash(token),
                TokenKind::Dot if self.open.is_none() && self.dialect == Dialect::Sqlite => self.client_line(token.span.start),
                _ => self.token(token),
            }
        }
        self.close_statement();
        self.tile(self.text.len(), PieceKind::Trivia);
    }

    /// A token of a statement.
    fn token(&mut self, token: Token) {
        let span = token.span;
        let keyword = match token.kind {
            TokenKind::Word => Keyword::of(&self.text.as_bytes()[span.range()]),
            _ => Keyword::Other,
        };
        if self.open.is_none() && self.starts_client_command(token, keyword) {
            return;
        }
        let running = self.open.get_or_insert(Running {
            span: Span::new(span.start, span.start),
            copy: if keyword == Keyword::Copy { Copying::Copy } else { Copying::No },
            unclosed: false,
            last: (TokenKind::Semicolon, Keyword::Other),
        });
        let last = running.last;
        match token.kind {
            TokenKind::Gate | TokenKind::GateEnd => {
                running.span.end = span.end;
                self.split.blanks.push(span);
                return;
            }
            TokenKind::Unclosed(what) => {
                running.unclosed = true;
                self.problem(span, ProblemKind::Unterminated(what));
            }
            TokenKind::Template => self.template(span),
            TokenKind::Word | TokenKind::Text | TokenKind::Name if last.0 == TokenKind::Colon => self.variable(span),
            TokenKind::Name => self.template_inside(span),
            _ => {}
        }
        let running = self.open.as_mut().expect("opened above");
        running.span.end = span.end;
        running.last = (token.kind, keyword);
        if running.copy == Copying::Copy && last.1 == Keyword::From && keyword == Keyword::Stdin {
            running.copy = Copying::FromStdin;
        }
        self.structure.token(token.kind, keyword);
    }

    fn comment(&mut self, span: Span) {
        let text = &self.text[span.range()];
        if self.dialect == Dialect::Mysql && text.starts_with("/*!") {
            // sqlparser would read it although this server does not.
            self.split.blanks.push(Span::new(span.start + 2, span.start + 3));
        }
        if super::directive::is_note(text) {
            self.split.notes.push(span);
        }
    }

    /// Ends the running statement at a terminator.
    fn end_statement(&mut self, terminator: Span) {
        let copy = self.open.is_some_and(|running| running.copy == Copying::FromStdin);
        self.close_statement();
        self.tile(terminator.start, PieceKind::Trivia);
        self.tile(terminator.end, PieceKind::Terminator);
        if copy {
            self.copy_data();
        }
    }

    /// Makes a piece of the running statement.
    fn close_statement(&mut self) {
        let Some(running) = self.open.take() else { return };
        // A gate without content is nothing.
        if !self.structure.is_empty() {
            if running.copy == Copying::FromStdin {
                self.problem(running.span, ProblemKind::CopyData);
            }
            let legibility = self.legibility(running);
            self.tile(running.span.start, PieceKind::Trivia);
            self.tile(running.span.end, PieceKind::Statement(legibility));
        }
        self.structure.clear();
    }

    fn legibility(&mut self, running: Running) -> Legibility {
        let length = running.span.end - running.span.start;
        let excess = self.structure.excess().or((length > limits::BYTES).then_some(Excess::Bytes));
        match excess {
            Some(excess) => {
                self.problem(running.span, ProblemKind::TooComplex(excess.to_string()));
                Legibility::TooComplex
            }
            None if running.unclosed => Legibility::Unclosed,
            None if self.structure.is_tall() => Legibility::Tall,
            None => Legibility::Fair,
        }
    }

    fn template(&mut self, span: Span) {
        let text = self.text[span.range()].to_owned();
        self.problem(span, ProblemKind::Template(text));
    }

    /// `"{{ schema }}"`: quoted, but still nobody's name.
    fn template_inside(&mut self, name: Span) {
        if let Some((start, end)) = template::inside(&self.text.as_bytes()[name.range()]) {
            self.template(Span::new(name.start + start, name.start + end));
        }
    }

    /// psql's `:VAR`, `:'VAR'`, and other clients' named parameters.
    fn variable(&mut self, behind: Span) {
        let bytes = self.text.as_bytes();
        let colon = behind.start.wrapping_sub(1);
        let before = colon.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
        let glued = bytes.get(colon) == Some(&b':');
        let quoted = matches!(bytes[behind.start], b'\'' | b'"' | b'`');
        // `label:BEGIN` in MySQL, `a[1:n]` in PostgreSQL, JSON paths `a:b` nowhere.
        let label = before.is_ascii_alphanumeric() || matches!(before, b'_' | b')' | b'`');
        if glued && !label && !self.structure.in_brackets() && (!quoted || self.dialect == Dialect::Postgres) {
            self.template(Span::new(colon, behind.end));
        }
    }

    fn problem(&mut self, span: Span, kind: ProblemKind) {
        self.split.problems.push(Problem { span, kind });
    }

    /// A piece from where the last one ended up to `end`.
    fn tile(&mut self, end: usize, kind: PieceKind) {
        if end > self.tiled {
            self.split.pieces.push(Piece { kind, span: Span::new(self.tiled, end) });
            self.tiled = end;
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
