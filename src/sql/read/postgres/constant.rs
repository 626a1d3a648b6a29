//! Text that is put together from constants alone: `'a' || 'b'`, `format('… %I …', 'users')`, `quote_ident('users')`.

use sqlparser::tokenizer::Token;

use crate::schema::Dialect;
use crate::sql::cursor::Cursor;
use crate::sql::is_reserved;

/// The text of the expression at the cursor, where nothing in it is known at run time only. The cursor stands behind
/// what was understood.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut text = term(cursor)?;
    while cursor.take(&Token::StringConcat) {
        text.push_str(&term(cursor)?);
    }
    Some(text)
}

fn term(cursor: &mut Cursor<'_>) -> Option<String> {
    if cursor.take(&Token::LParen) {
        let inner = text(cursor)?;
        return cursor.take(&Token::RParen).then_some(inner);
    }
    for function in ["format", "quote_ident", "quote_literal", "concat"] {
        if cursor.at_word(0, function) && cursor.at(1, &Token::LParen) {
            cursor.word(function);
            let arguments = arguments(cursor)?;
            return match (function, &arguments[..]) {
                ("format", [pattern, values @ ..]) => format(pattern, values),
                ("quote_ident", [name]) => Some(identifier(name)),
                ("quote_literal", [value]) => Some(literal(value)),
                ("concat", parts) => Some(parts.concat()),
                _ => None,
            };
        }
    }
    let string = cursor.string().ok()?;
    // A cast of a text to text changes nothing.
    if cursor.take(&Token::DoubleColon) && cursor.one_of(&["text", "varchar", "name"]).is_none() {
        return None;
    }
    Some(string)
}

fn arguments(cursor: &mut Cursor<'_>) -> Option<Vec<String>> {
    let mut arguments = Vec::new();
    cursor.take(&Token::LParen);
    loop {
        arguments.push(text(cursor)?);
        if cursor.take(&Token::RParen) {
            return Some(arguments);
        }
        if !cursor.take(&Token::Comma) {
            return None;
        }
    }
}

/// PostgreSQL's format(), without widths.
fn format(pattern: &str, values: &[String]) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut next = 0;
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(behind) = behind.strip_prefix('%') {
            text.push('%');
            rest = behind;
            continue;
        }
        let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let (number, behind) = behind.split_at(digits);
        let (place, behind) = match (number, behind.strip_prefix('$')) {
            ("", _) => (next, behind),
            (number, Some(behind)) => (number.parse::<usize>().ok()?.checked_sub(1)?, behind),
            (_, None) => return None,
        };
        let value = values.get(place)?;
        next = place + 1;
        let mut characters = behind.chars();
        match characters.next()? {
            's' => text.push_str(value),
            'I' => text.push_str(&identifier(value)),
            'L' => text.push_str(&literal(value)),
            _ => return None,
        }
        rest = characters.as_str();
    }
    text.push_str(rest);
    Some(text)
}

/// quote_ident().
fn identifier(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let bare = name.bytes().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty();
    if bare && !is_reserved(Dialect::Postgres, name) { name.to_owned() } else { Dialect::Postgres.quote(name) }
}

/// quote_literal().
fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Server;
    use crate::sql::Span;

    fn folded(source: &str) -> Option<String> {
        let mut cursor = Cursor::new(source, Span::new(0, source.len()), Server::oldest(Dialect::Postgres)).ok()?;
        let folded = text(&mut cursor)?;
        cursor.finished().then_some(folded)
    }

    #[test]
    fn constants_are_put_together_as_the_server_does() {
        for (source, expected) in [
            ("'DROP TABLE ' || 'users'", Some("DROP TABLE users")),
            ("('a' || ('b'::text)) || 'c'", Some("abc")),
            ("format('ALTER TABLE %I ADD %s integer', 'Users', 'age')", Some("ALTER TABLE \"Users\" ADD age integer")),
            ("format('%2$I.%1$I = %1$L 100%%', 'a', 'order')", Some("\"order\".a = 'a' 100%")),
            ("'x' || quote_ident('user') || quote_literal('it''s')", Some("x\"user\"'it''s'")),
            ("'DROP TABLE ' || name", None),
            ("format('DROP TABLE %I', name)", None),
            ("format('%10s', 'a')", None),
            ("format('%s %s', 'a')", None),
        ] {
            assert_eq!(folded(source).as_deref(), expected, "{source}");
        }
    }
}
