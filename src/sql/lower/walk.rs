//! Steps over tokens that every reader of parts needs.

use sqlparser::tokenizer::Token;

use crate::schema::Ident;
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Whether the token `nth` from here is this bare word. Consumes nothing.
    pub(in crate::sql) fn at_word(&self, nth: usize, word: &str) -> bool {
        match &self.parser.peek_nth_token_ref(nth).token {
            Token::Word(next) => next.quote_style.is_none() && next.value.eq_ignore_ascii_case(word),
            _ => false,
        }
    }

    /// Whether the token `nth` from here is this one. Consumes nothing.
    pub(in crate::sql) fn at(&self, nth: usize, token: &Token) -> bool {
        self.parser.peek_nth_token_ref(nth).token == *token
    }

    /// Consumes this token if it stands here.
    pub(in crate::sql) fn take(&mut self, token: &Token) -> bool {
        self.parser.consume_token(token)
    }

    /// Consumes this token or says that it was expected.
    pub(in crate::sql) fn need(&mut self, token: &Token) -> Result<(), Unread> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected(&format!("`{token}`"))) }
    }

    /// Consumes these bare words or says that they were expected.
    pub(in crate::sql) fn need_words(&mut self, words: &[&str]) -> Result<(), Unread> {
        if self.words(words) { Ok(()) } else { Err(self.unexpected(&words.join(" ").to_ascii_uppercase())) }
    }

    /// Consumes one of these bare words and tells which.
    pub(in crate::sql) fn one_of<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        words.iter().copied().find(|word| self.word(word))
    }

    /// A list in parentheses, separated by commas, not empty.
    pub(in crate::sql) fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, Unread>) -> Result<Vec<T>, Unread> {
        self.need(&Token::LParen)?;
        let mut items = vec![item(self)?];
        while self.take(&Token::Comma) {
            items.push(item(self)?);
        }
        self.need(&Token::RParen)?;
        Ok(items)
    }

    /// Names in parentheses.
    pub(in crate::sql) fn ident_list(&mut self) -> Result<Vec<Ident>, Unread> {
        self.list(Cursor::ident)
    }

    /// Names in parentheses if a parenthesis stands here; else none.
    pub(in crate::sql) fn optional_ident_list(&mut self) -> Result<Vec<Ident>, Unread> {
        if self.at(0, &Token::LParen) { self.ident_list() } else { Ok(Vec::new()) }
    }

    /// Consumes a balanced pair of parentheses and what is between them.
    pub(in crate::sql) fn skip_parentheses(&mut self) -> Result<(), Unread> {
        self.need(&Token::LParen)?;
        let mut depth = 1_usize;
        while depth > 0 {
            match &self.parser.peek_token_ref().token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                Token::EOF => return Err(self.unexpected("`)`")),
                _ => {}
            }
            self.parser.advance_token();
        }
        Ok(())
    }

    /// A string literal in any quotes the dialect has for strings.
    pub(in crate::sql) fn string(&mut self) -> Result<String, Unread> {
        let text = match &self.parser.peek_token_ref().token {
            Token::SingleQuotedString(text)
            | Token::EscapedStringLiteral(text)
            | Token::NationalStringLiteral(text)
            | Token::UnicodeStringLiteral(text)
            | Token::DoubleQuotedString(text) => text.clone(),
            Token::DollarQuotedString(quoted) => quoted.value.clone(),
            _ => return Err(self.unexpected("a string")),
        };
        self.parser.advance_token();
        Ok(text)
    }

    /// A whole number, perhaps with a sign.
    pub(in crate::sql) fn number(&mut self) -> Result<i64, Unread> {
        let sign = if self.take(&Token::Minus) {
            -1
        } else {
            self.take(&Token::Plus);
            1
        };
        let number = match &self.parser.peek_token_ref().token {
            Token::Number(text, _) => text.parse::<i64>().ok(),
            _ => None,
        };
        match number {
            Some(number) => {
                self.parser.advance_token();
                Ok(sign * number)
            }
            None => Err(self.unexpected("a number")),
        }
    }
}
