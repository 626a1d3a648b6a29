//! The tokens of one statement, with the byte of each: what our own readers walk over.
//!
//! Wraps sqlparser's parser, so that a reader can hand a type, an expression or a constraint to it and go on behind.
//! Each token's location is replaced by its number, so that any span in sqlparser's tree leads back to bytes.

use sqlparser::ast;
use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span as TokenSpan, Token, Tokenizer};

use super::{Span, spelling};
use crate::schema::name::Quoting;
use crate::schema::{Dialect, Ident, ObjectName, Server};

/// Why a statement was not understood, and where reading stopped.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    /// For people: what was expected or found.
    pub(super) reason: String,
}

impl From<ParserError> for Unread {
    fn from(error: ParserError) -> Unread {
        let mut reason = match error {
            ParserError::TokenizerError(reason) | ParserError::ParserError(reason) => reason,
            ParserError::RecursionLimitExceeded => "nested too deeply".to_owned(),
        };
        // The place is a token's number here and would mislead.
        if let Some(place) = reason.find(" at Line: ") {
            reason.truncate(place);
        }
        Unread { reason }
    }
}

/// A position in the tokens of one statement.
pub(super) struct Cursor<'a> {
    /// sqlparser's own parser over the same tokens, white space and comments taken out.
    pub(super) parser: Parser<'a>,
    /// What the statement is read for.
    pub(super) server: Server,
    source: &'a str,
    spans: Vec<Span>,
    end: usize,
}

/// sqlparser's grammar for a dialect.
pub(super) fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Mysql => &MySqlDialect {},
    }
}

impl<'a> Cursor<'a> {
    /// Tokenises the bytes `span` of `source`.
    pub(super) fn new(source: &'a str, span: Span, server: Server) -> Result<Cursor<'a>, Unread> {
        let text = &source[span.range()];
        let grammar = grammar(server.dialect);
        let mut tokens = Tokenizer::new(grammar, text).tokenize_with_location().map_err(|error| Unread { reason: error.message })?;
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        let mut spans = Vec::with_capacity(tokens.len());
        let mut walk = Walk { text, byte: 0, line: 1, column: 1 };
        for (index, token) in tokens.iter_mut().enumerate() {
            let start = walk.offset(token.span.start);
            let end = walk.offset(token.span.end);
            spans.push(Span::new(span.start + start, span.start + end));
            let place = Location::new(index as u64 + 1, 1);
            token.span = TokenSpan::new(place, place);
        }
        spelling::adapt(&mut tokens, server.dialect);
        let parser = Parser::new(grammar).with_tokens_with_locations(tokens);
        Ok(Cursor { parser, server, source, spans, end: span.end })
    }

    /// The dialect that is read.
    pub(super) fn dialect(&self) -> Dialect {
        self.server.dialect
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// How many tokens were consumed, to come back to by [`Cursor::rewind`].
    pub(super) fn place(&self) -> usize {
        self.index()
    }

    /// Goes back (or forward) until `place` tokens are consumed.
    pub(super) fn rewind(&mut self, place: usize) {
        while self.index() > place {
            self.parser.prev_token();
        }
        while self.index() < place.min(self.spans.len()) {
            self.parser.advance_token();
        }
    }

    fn index(&self) -> usize {
        match self.parser.peek_token_ref().span.start.line {
            0 => self.spans.len(),
            line => line as usize - 1,
        }
    }

    /// The first byte of the next token; the statement's end when there is none.
    pub(super) fn start(&self) -> usize {
        self.spans.get(self.index()).map_or(self.end, |span| span.start)
    }

    /// From `start` to the end of the token consumed last.
    pub(super) fn span_from(&self, start: usize) -> Span {
        let end = match self.index() {
            0 => start,
            index => self.spans[index - 1].end,
        };
        Span::new(start, end.max(start))
    }

    /// The whole text that spans point into.
    pub(super) fn source(&self) -> &'a str {
        self.source
    }

    /// The source text of a span.
    pub(super) fn text(&self, span: Span) -> &'a str {
        &self.source[span.range()]
    }

    /// The byte spans of the tokens consumed since byte `start`.
    pub(super) fn tokens_from(&self, start: usize) -> impl Iterator<Item = (&Token, Span)> {
        let end = self.index();
        let first = self.spans[..end].partition_point(|span| span.start < start);
        (first..end).map(|index| (&self.parser.token_at(index).token, self.spans[index]))
    }

    /// Every token of the statement.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &Token> {
        (0..self.spans.len()).map(|index| &self.parser.token_at(index).token)
    }

    /// The tokens inside a span, consumed or not.
    pub(super) fn tokens_within(&self, span: Span) -> impl Iterator<Item = (&Token, Span)> {
        let first = self.spans.partition_point(|token| token.start < span.start);
        let end = self.spans.partition_point(|token| token.end <= span.end);
        (first..end.max(first)).map(|index| (&self.parser.token_at(index).token, self.spans[index]))
    }

    /// Whether every token was consumed (a last semicolon aside).
    pub(super) fn finished(&mut self) -> bool {
        while self.parser.consume_token(&Token::SemiColon) {}
        self.index() == self.spans.len()
    }

    /// Consumes the next token if it is this bare word, whether or not sqlparser has it as a keyword.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let found = match &self.parser.peek_token_ref().token {
            Token::Word(next) => next.quote_style.is_none() && next.value.eq_ignore_ascii_case(word),
            _ => false,
        };
        if found {
            self.parser.advance_token();
        }
        found
    }

    /// Consumes these bare words in order, all or none.
    pub(super) fn words(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(nth, word)| match &self.parser.peek_nth_token_ref(nth).token {
            Token::Word(next) => next.quote_style.is_none() && next.value.eq_ignore_ascii_case(word),
            _ => false,
        });
        if found {
            words.iter().for_each(|_| self.parser.advance_token());
        }
        found
    }

    /// One identifier.
    pub(super) fn ident(&mut self) -> Result<Ident, Unread> {
        let ident = self.parser.parse_identifier()?;
        Ok(self.lower_ident(&ident))
    }

    /// A name, perhaps with its schema.
    pub(super) fn object_name(&mut self) -> Result<ObjectName, Unread> {
        let name = self.parser.parse_object_name(false)?;
        self.lower_name(&name)
    }

    /// sqlparser's identifier as ours.
    pub(super) fn lower_ident(&self, ident: &ast::Ident) -> Ident {
        let quoting = if ident.quote_style.is_some() { Quoting::Quoted } else { Quoting::Bare };
        Ident::new(self.dialect(), &ident.value, quoting)
    }

    /// sqlparser's object name as ours: the last two parts.
    pub(super) fn lower_name(&self, name: &ast::ObjectName) -> Result<ObjectName, Unread> {
        let mut parts = Vec::with_capacity(name.0.len());
        for part in &name.0 {
            match part {
                ast::ObjectNamePart::Identifier(ident) => parts.push(self.lower_ident(ident)),
                ast::ObjectNamePart::Function(_) => {
                    return Err(Unread { reason: "a name built by a function".to_owned() });
                }
            }
        }
        let name = parts.pop().ok_or_else(|| Unread { reason: "a name was expected".to_owned() })?;
        Ok(ObjectName { schema: parts.pop(), name })
    }

    /// An error that says what was expected and what stands there.
    pub(super) fn unexpected(&self, expected: &str) -> Unread {
        let found = match self.spans.get(self.index()) {
            Some(span) => format!("`{}`", self.text(*span)),
            None => "the end of the statement".to_owned(),
        };
        Unread { reason: format!("expected {expected}, found {found}") }
    }
}

/// Turns sqlparser's line and character column into bytes; asked in ascending order, so the text is walked once.
struct Walk<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
    column: u64,
}

impl Walk<'_> {
    fn offset(&mut self, place: Location) -> usize {
        let mut characters = self.text[self.byte..].chars();
        while (self.line, self.column) < (place.line, place.column) {
            let Some(character) = characters.next() else { break };
            self.byte += character.len_utf8();
            if character == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_follow_tokens_through_characters_of_several_bytes() {
        let source = "  SELECT 'ä\nß' ,\n x";
        let mut cursor =
            Cursor::new(source, Span::new(2, source.len()), Server::oldest(Dialect::Postgres)).unwrap_or_else(|e| panic!("{}", e.reason));
        assert_eq!(cursor.start(), 2);
        assert!(cursor.word("select"));
        let start = cursor.start();
        cursor.parser.advance_token();
        assert_eq!(cursor.text(cursor.span_from(start)), "'ä\nß'");
        cursor.parser.advance_token();
        assert_eq!(&source[cursor.start()..], "x");
        cursor.parser.advance_token();
        assert!(cursor.finished());
    }
}
