//! `name = value` lists: storage parameters and their kin.

use sqlparser::tokenizer::Token;

use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// `(name [= value], …)` as behind PostgreSQL's WITH.
    pub(in crate::sql) fn parameters(&mut self) -> Result<(), Unread> {
        self.list(|cursor| {
            cursor.ident()?;
            if cursor.take(&Token::Period) {
                cursor.ident()?;
            }
            if cursor.take(&Token::Eq) { cursor.parameter_value() } else { Ok(()) }
        })
        .map(|_| ())
    }

    /// A word, a string or a number with or without a sign.
    pub(super) fn parameter_value(&mut self) -> Result<(), Unread> {
        if self.take(&Token::Minus) || self.take(&Token::Plus) {
            return match self.parser.peek_token_ref().token {
                Token::Number(..) => {
                    self.parser.advance_token();
                    Ok(())
                }
                _ => Err(self.unexpected("a number")),
            };
        }
        match self.parser.peek_token_ref().token {
            Token::Word(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::DollarQuotedString(_) => {
                self.parser.advance_token();
                Ok(())
            }
            _ => Err(self.unexpected("a value")),
        }
    }
}
