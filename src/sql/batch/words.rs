//! The tokens of one data statement with their depth, and the questions that are asked of them.

use std::ops::Range;

use super::CannotCut;
use crate::schema::Dialect;
use crate::sql::Span;
use crate::sql::lexer::{Gates, Lexer, TokenKind};

/// A token that is neither blank nor comment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
    /// How many parentheses are open around it; those of a pair count as inside.
    pub(super) depth: usize,
}

/// A statement's tokens.
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) dialect: Dialect,
    pub(super) tokens: Vec<Token>,
}

/// After these, what follows is an operand, whatever keyword it looks like.
const BEFORE_OPERANDS: &[&str] = &[
    "where", "and", "or", "not", "xor", "like", "ilike", "in", "between", "set", "on", "select", "distinct", "when", "then", "else",
    "case", "by", "is", "having", "as",
];

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str, dialect: Dialect) -> Result<Words<'a>, CannotCut> {
        let unread = |reason: &str| CannotCut::Unread { reason: reason.to_owned() };
        let mut depth = 0_usize;
        let mut tokens = Vec::new();
        for token in Lexer::new(text, dialect, Gates::All).filter(|token| !token.is_trivia()) {
            match token.kind {
                TokenKind::Gate | TokenKind::GateEnd => return Err(unread("a part of it runs only on some versions (/*! … */)")),
                TokenKind::Unclosed(what) => return Err(unread(&format!("{what} is never closed"))),
                TokenKind::Open => depth += 1,
                _ => {}
            }
            tokens.push(Token { kind: token.kind, span: token.span, depth });
            if token.kind == TokenKind::Close {
                depth = depth.checked_sub(1).ok_or_else(|| unread("a parenthesis is closed that was not opened"))?;
            }
        }
        while tokens.last().is_some_and(|token| token.kind == TokenKind::Semicolon) {
            tokens.pop();
        }
        if depth > 0 {
            return Err(unread("a parenthesis is never closed"));
        }
        Ok(Words { text, dialect, tokens })
    }

    pub(super) fn text(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &self.text[token.span.range()])
    }

    pub(super) fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// Whether the token is this bare word.
    pub(super) fn is(&self, index: usize, word: &str) -> bool {
        self.kind(index) == Some(TokenKind::Word) && self.text(index).eq_ignore_ascii_case(word)
    }

    pub(super) fn is_any(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(index, word))
    }

    /// Whether the token is one of these words in the role of a keyword, not of a name.
    pub(super) fn is_keyword(&self, index: usize, words: &[&str]) -> bool {
        if !self.is_any(index, words) || self.kind(index + 1) == Some(TokenKind::Dot) {
            return false;
        }
        let Some(before) = index.checked_sub(1) else { return true };
        let operand = matches!(self.kind(before), Some(TokenKind::Operator | TokenKind::Dot | TokenKind::Comma | TokenKind::Open));
        // `a IS DISTINCT FROM b`
        !operand && !self.is_any(before, BEFORE_OPERANDS)
    }

    /// The first of `words` as a keyword at this depth among the tokens of `part`.
    pub(super) fn find(&self, mut part: Range<usize>, depth: usize, words: &[&str]) -> Option<usize> {
        part.find(|index| self.tokens[*index].depth == depth && self.is_keyword(*index, words))
    }

    /// The index behind the `)` that closes the `(` at `open`.
    pub(super) fn behind(&self, open: usize) -> usize {
        let depth = self.tokens[open].depth;
        let close =
            (open + 1..self.tokens.len()).find(|index| self.tokens[*index].depth == depth && self.kind(*index) == Some(TokenKind::Close));
        close.map_or(self.tokens.len(), |close| close + 1)
    }

    /// The bytes of tokens; nothing where `part` is empty.
    pub(super) fn span(&self, part: Range<usize>) -> Span {
        match self.tokens.get(part).unwrap_or_default() {
            [] => Span::new(0, 0),
            [only] => only.span,
            [first, .., last] => first.span.to(last.span),
        }
    }
}
