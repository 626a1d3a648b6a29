//! The slots that are a few tokens: names, words, numbers, strings and what nobody need look into.

use sqlparser::tokenizer::Token;

use crate::schema::{Dialect, Ident, ObjectName};
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::reserved::is_reserved;

pub(super) fn ident(cursor: &mut Cursor<'_>) -> Result<Ident, Unread> {
    match &cursor.parser.peek_token_ref().token {
        Token::Word(word) if word.quote_style.is_some() || !is_reserved(cursor.dialect(), &word.value) => cursor.ident(),
        Token::SingleQuotedString(_) if cursor.dialect() == Dialect::Sqlite => cursor.ident(),
        _ => Err(cursor.unexpected("a name")),
    }
}

pub(super) fn name(cursor: &mut Cursor<'_>) -> Result<ObjectName, Unread> {
    let mut name = ObjectName::bare(ident(cursor)?);
    while cursor.parser.consume_token(&Token::Period) {
        // What follows a dot may be any word: `app.order`.
        name = ObjectName { schema: Some(name.name), name: cursor.ident()? };
    }
    Ok(name)
}

pub(super) fn table_column(cursor: &mut Cursor<'_>) -> Result<(ObjectName, Ident), Unread> {
    let mut parts = vec![ident(cursor)?];
    while cursor.parser.consume_token(&Token::Period) {
        parts.push(cursor.ident()?);
    }
    let column = parts.pop();
    let table = parts.pop().map(|name| ObjectName { schema: parts.pop(), name });
    table.zip(column).ok_or_else(|| cursor.unexpected("a column behind its table"))
}

pub(super) fn word(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    match &cursor.parser.peek_token_ref().token {
        Token::Word(word) if word.quote_style.is_none() => {
            let word = word.value.clone();
            cursor.parser.advance_token();
            Ok(word)
        }
        _ => Err(cursor.unexpected("a word")),
    }
}

pub(super) fn role(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    let mysql = cursor.dialect() == Dialect::Mysql;
    let special = ["current_user", "current_role", "session_user"].iter().any(|word| cursor.at_word(0, word));
    match &cursor.parser.peek_token_ref().token {
        Token::Word(_) if mysql || special => cursor.parser.advance_token(),
        Token::Word(_) => drop(ident(cursor)?),
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) if mysql => cursor.parser.advance_token(),
        _ => return Err(cursor.unexpected("a role")),
    }
    if mysql {
        host(cursor);
    }
    if cursor.parser.consume_tokens(&[Token::LParen, Token::RParen]) {
        // CURRENT_USER()
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}

/// `@'host'` behind a user's name: the tokeniser takes `@` for a letter.
fn host(cursor: &mut Cursor<'_>) {
    let bare = match &cursor.parser.peek_token_ref().token {
        Token::AtSign => true,
        Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@') => word.value.len() == 1,
        _ => return,
    };
    cursor.parser.advance_token();
    if bare {
        cursor.parser.advance_token();
    }
    while cursor.take(&Token::Period) {
        cursor.parser.advance_token();
    }
}

pub(super) fn number(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    if !cursor.take(&Token::Minus) {
        cursor.take(&Token::Plus);
    }
    match &cursor.parser.peek_token_ref().token {
        Token::Number(..) => cursor.parser.advance_token(),
        _ => return Err(cursor.unexpected("a number")),
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}

/// A string; the standard joins strings that only line ends separate.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    let mut text = cursor.string()?;
    loop {
        let end = cursor.span_from(start).end;
        let next = matches!(cursor.parser.peek_token_ref().token, Token::SingleQuotedString(_));
        if !next || !cursor.source()[end..cursor.start()].contains('\n') {
            return Ok(text);
        }
        text += &cursor.string()?;
    }
}

pub(super) fn setting(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    match &cursor.parser.peek_token_ref().token {
        Token::Word(_) => any(cursor).map(|text| text.trim_matches(['"', '`']).to_owned()),
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) | Token::EscapedStringLiteral(_) => cursor.string(),
        _ => number(cursor).or_else(|_| any(cursor)),
    }
}

pub(super) fn any(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    match &cursor.parser.peek_token_ref().token {
        Token::EOF | Token::LParen | Token::RParen | Token::Comma | Token::SemiColon => Err(cursor.unexpected("a value")),
        _ => {
            cursor.parser.advance_token();
            Ok(cursor.text(cursor.span_from(start)).to_owned())
        }
    }
}

fn is_sign(cursor: &Cursor<'_>) -> bool {
    !matches!(
        cursor.parser.peek_token_ref().token,
        Token::EOF
            | Token::Word(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::LParen
            | Token::RParen
            | Token::Comma
            | Token::SemiColon
            | Token::Period
    )
}

pub(super) fn operator(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    while matches!(cursor.parser.peek_token_ref().token, Token::Word(_)) {
        cursor.ident()?;
        cursor.need(&Token::Period)?;
    }
    if !is_sign(cursor) {
        return Err(cursor.unexpected("an operator"));
    }
    while is_sign(cursor) {
        cursor.parser.advance_token();
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}

pub(super) fn definition(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    let signs = is_sign(cursor) && !cursor.at(0, &Token::Minus) && !cursor.at(0, &Token::Plus);
    while !matches!(cursor.parser.peek_token_ref().token, Token::EOF | Token::Comma | Token::RParen) {
        if cursor.at(0, &Token::LParen) {
            cursor.skip_parentheses()?;
        } else if signs != is_sign(cursor) && cursor.at(0, &Token::Eq) {
            return Err(cursor.unexpected("a value"));
        } else {
            cursor.parser.advance_token();
        }
    }
    if cursor.start() == start { Err(cursor.unexpected("a value")) } else { Ok(cursor.text(cursor.span_from(start)).to_owned()) }
}

pub(super) fn parens(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    cursor.parser.expect_token(&Token::LParen)?;
    let mut depth = 1;
    while depth > 0 {
        match &cursor.parser.peek_token_ref().token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::EOF => return Err(cursor.unexpected("`)`")),
            _ => {}
        }
        cursor.parser.advance_token();
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}

pub(super) fn rest(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    if cursor.finished() {
        return Err(cursor.unexpected("more"));
    }
    while !cursor.finished() {
        cursor.parser.advance_token();
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}
