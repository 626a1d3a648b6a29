//! SQLite's types: any words, perhaps none, with up to two numbers.

use sqlparser::tokenizer::Token;

use crate::schema::Dialect;
use crate::schema::table::TypeName;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::reserved::is_reserved;

/// Reads the words up to the first constraint.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<TypeName>, Unread> {
    let mut base = String::new();
    loop {
        let piece = match &cursor.parser.peek_token_ref().token {
            // No reserved word is part of a type; GENERATED is not reserved but starts a constraint.
            Token::Word(word) if word.quote_style.is_none() && is_reserved(Dialect::Sqlite, &word.value) => break,
            Token::Word(_) if cursor.at_word(0, "generated") && cursor.at_word(1, "always") => break,
            Token::Word(word) => word.value.to_ascii_lowercase(),
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text.to_ascii_lowercase(),
            _ => break,
        };
        cursor.parser.advance_token();
        if !base.is_empty() {
            base.push(' ');
        }
        base.push_str(&piece);
    }
    if base.is_empty() {
        return Ok(None);
    }
    let mut ty = TypeName::plain(&base);
    if cursor.at(0, &Token::LParen) {
        ty.modifiers = cursor.list(size)?;
        if ty.modifiers.len() > 2 {
            return Err(cursor.unexpected("at most two numbers behind a type"));
        }
    }
    Ok(Some(ty))
}

/// SQLite takes any signed number, or a word such as the MAX of `VARCHAR(MAX)`, and makes nothing of it.
fn size(cursor: &mut Cursor<'_>) -> Result<i64, Unread> {
    match &cursor.parser.peek_token_ref().token {
        Token::Number(text, _) if text.parse::<i64>().is_err() => {
            cursor.parser.advance_token();
            Ok(0)
        }
        _ => cursor.number(),
    }
}
