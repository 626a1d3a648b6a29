//! Strings, quoted identifiers and dollar quotes.

use memchr::{memchr, memchr2, memmem};

use super::{Lexer, TokenKind, WORD, template};
use crate::schema::Dialect;

/// How a quote can stand inside its own quotes.
#[derive(Clone, Copy)]
pub(super) enum Escape {
    /// Not at all.
    None,
    /// Written twice.
    Doubled,
    /// Written twice or behind a backslash.
    Backslash,
}

impl Lexer<'_> {
    /// A string whose quote comes after `prefix` bytes.
    pub(super) fn text_literal(&mut self, prefix: usize, backslash: bool) -> TokenKind {
        self.at += prefix;
        let escape = if backslash { Escape::Backslash } else { Escape::Doubled };
        self.quoted(b'\'', escape, TokenKind::Text, "a string")
    }

    /// From an opening quote at `self.at` to behind the closing one.
    pub(super) fn quoted(&mut self, close: u8, escape: Escape, kind: TokenKind, what: &'static str) -> TokenKind {
        let bytes = self.bytes();
        let mut at = self.at + 1;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let found = match escape {
                Escape::Backslash => memchr2(close, b'\\', rest),
                Escape::Doubled | Escape::None => memchr(close, rest),
            };
            let Some(found) = found else { return self.unclosed(what) };
            at += found + 1;
            let escaping = bytes[at - 1] != close;
            let doubled = !matches!(escape, Escape::None) && bytes.get(at) == Some(&close);
            if escaping || doubled {
                at += 1;
            } else {
                self.at = at;
                return kind;
            }
        }
    }

    /// `$$…$$`, `$tag$…$tag$`, `$1`, `${x}`, or a name in the dialects where `$` is a letter.
    pub(super) fn dollar(&mut self) -> TokenKind {
        if let Some(length) = template::length(self.rest()) {
            return self.punctuation(length, TokenKind::Template);
        }
        if self.dialect != Dialect::Postgres {
            self.at = self.word_end(self.at + 1);
            return TokenKind::Word;
        }
        let rest = self.rest();
        let tag = rest[1..].iter().position(|byte| *byte == b'$' || !WORD[usize::from(*byte)]).map_or(rest.len(), |length| length + 1);
        if rest.get(1).is_some_and(u8::is_ascii_digit) {
            let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            return self.punctuation(1 + digits, TokenKind::Parameter);
        }
        if rest.get(tag) != Some(&b'$') {
            return self.punctuation(1, TokenKind::Operator);
        }
        let (quote, body) = rest.split_at(tag + 1);
        match memmem::find(body, quote) {
            Some(length) => self.punctuation(2 * quote.len() + length, TokenKind::Text),
            None => self.unclosed("a dollar-quoted string"),
        }
    }

    /// A template, or a brace that no dialect knows.
    pub(super) fn brace(&mut self) -> TokenKind {
        match template::length(self.rest()) {
            Some(length) => self.punctuation(length, TokenKind::Template),
            None => self.punctuation(1, TokenKind::Operator),
        }
    }
}
