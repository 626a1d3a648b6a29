//! Words that cannot name a column without quotes.

use sqlparser::tokenizer::Token;

use crate::schema::Ident;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::reserved::is_reserved;

impl Cursor<'_> {
    /// A column's name: any identifier but a bare reserved word.
    pub(in crate::sql) fn column_name(&mut self) -> Result<Ident, Unread> {
        if let Token::Word(word) = &self.parser.peek_token_ref().token
            && word.quote_style.is_none()
            && is_reserved(self.dialect(), &word.value)
        {
            return Err(self.unexpected("a column's name"));
        }
        self.ident()
    }
}
