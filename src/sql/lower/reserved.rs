//! Names that are no bare reserved words.

use sqlparser::tokenizer::Token;

use crate::schema::{Dialect, Ident, ObjectName};
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::reserved::is_reserved;

impl Cursor<'_> {
    /// A column's name: any identifier but a bare reserved word.
    pub(in crate::sql) fn column_name(&mut self) -> Result<Ident, Unread> {
        self.refuse_reserved("a column's name")?;
        self.ident()
    }

    /// A name, perhaps with its schema, that is no bare reserved word.
    pub(in crate::sql) fn relation_name(&mut self) -> Result<ObjectName, Unread> {
        self.refuse_reserved("a name")?;
        self.object_name()
    }

    fn refuse_reserved(&self, expected: &str) -> Result<(), Unread> {
        match &self.parser.peek_token_ref().token {
            Token::Word(word) if word.quote_style.is_none() && is_reserved(self.dialect(), &word.value) => Err(self.unexpected(expected)),
            // Only SQLite takes a string for a name.
            Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) if self.dialect() != Dialect::Sqlite => {
                Err(self.unexpected(expected))
            }
            _ => Ok(()),
        }
    }
}
