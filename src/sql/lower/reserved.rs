//! Names that are no bare reserved words.

use sqlparser::tokenizer::Token;

use crate::schema::{Ident, ObjectName};
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
            _ => Ok(()),
        }
    }
}
