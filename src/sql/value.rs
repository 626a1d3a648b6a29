//! One value of a row as SQL: what it reads, and its text with every column written behind a prefix.
//!
//! Nothing is rendered from a syntax tree: the text is the user's, with a prefix before each token that names a column.

use super::cursor::Cursor;
use super::lexer::{Gates, Lexer, Token, TokenKind};
use super::{Span, is_reserved};
use crate::schema::name::Quoting;
use crate::schema::{Dialect, Expression, Ident, ObjectName, Server};

/// The words of a CASE.
const CASE: [&str; 5] = ["case", "when", "then", "else", "end"];

/// An expression over the columns of one row.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    text: String,
    /// The tokens that name a column, with the column.
    columns: Vec<(Span, Ident)>,
    /// What is known of it.
    pub(crate) facts: Expression,
}

/// Reads a value.
///
/// # Errors
/// A clause that says what it must not hold, or what was not understood.
pub(crate) fn read_value(text: &str, server: Server) -> Result<Value, String> {
    let text = text.trim();
    let tokens: Vec<Token> = Lexer::new(text, server.dialect, Gates::For(server)).filter(|token| token.kind != TokenKind::Blank).collect();
    for token in &tokens {
        refuse(*token, &text[token.span.range()])?;
    }
    let whole = Span::new(0, text.len());
    let mut cursor = Cursor::new(text, whole, server).map_err(|unread| unread.reason)?;
    let (facts, _) = cursor.expression().map_err(|unread| unread.reason)?;
    if !cursor.finished() {
        return Err(cursor.unexpected("the end of the expression").reason);
    }
    let columns = columns(text, &tokens, &facts, server.dialect)?;
    Ok(Value { text: text.to_owned(), columns, facts })
}

/// Reads a name, perhaps with its schema.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read_name(text: &str, server: Server) -> Result<ObjectName, String> {
    let wrong = || format!("`{text}` is no name: write it as in SQL, in quotes where it needs them");
    let mut cursor = Cursor::new(text, Span::new(0, text.len()), server).map_err(|_| wrong())?;
    let name = cursor.object_name().map_err(|_| wrong())?;
    if cursor.finished() && !text.contains(';') { Ok(name) } else { Err(wrong()) }
}

impl Value {
    /// The text with each column as `written_as` has it, such as `NEW.name`.
    pub(crate) fn with_columns(&self, written_as: impl Fn(&Ident) -> String) -> String {
        let mut written = String::with_capacity(self.text.len());
        let mut at = 0;
        for (span, column) in &self.columns {
            written.push_str(&self.text[at..span.start]);
            written.push_str(&written_as(column));
            at = span.end;
        }
        written.push_str(&self.text[at..]);
        written
    }

    /// The columns that it reads, each once.
    pub(crate) fn columns(&self) -> Vec<&Ident> {
        let mut names: Vec<&Ident> = Vec::new();
        for (_, name) in &self.columns {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

fn refuse(token: Token, text: &str) -> Result<(), String> {
    let what = match token.kind {
        TokenKind::Word if ["select", "values", "over"].iter().any(|word| text.eq_ignore_ascii_case(word)) => {
            format!("`{text}`: it must be a value of the row itself, without subqueries and windows")
        }
        TokenKind::Comment => "a comment".to_owned(),
        TokenKind::Semicolon | TokenKind::Delimiter | TokenKind::Breakpoint => "a semicolon: it must be one expression".to_owned(),
        TokenKind::Parameter | TokenKind::Template => format!("`{text}`, which nobody fills in"),
        TokenKind::Gate | TokenKind::GateEnd | TokenKind::Backslash => format!("`{text}`"),
        TokenKind::Unclosed(what) => format!("{what} that is never closed"),
        TokenKind::Blank
        | TokenKind::Word
        | TokenKind::Number
        | TokenKind::Text
        | TokenKind::Name
        | TokenKind::Operator
        | TokenKind::Comma
        | TokenKind::Dot
        | TokenKind::Open
        | TokenKind::Close
        | TokenKind::OpenBracket
        | TokenKind::CloseBracket
        | TokenKind::Colon => return Ok(()),
    };
    Err(format!("holds {what}"))
}

/// The tokens that name a column, told from types, functions and literals by what stands around them.
fn columns(text: &str, tokens: &[Token], facts: &Expression, dialect: Dialect) -> Result<Vec<(Span, Ident)>, String> {
    let mut found = Vec::new();
    let of = |index: usize| tokens.get(index).map(|token| (token.kind, &text[token.span.range()]));
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = ident(*token, &text[token.span.range()], dialect) else { continue };
        if !facts.columns.contains(&name) {
            continue;
        }
        let before = index.checked_sub(1).and_then(of);
        let after = of(index + 1);
        if matches!(before, Some((TokenKind::Dot, _))) || matches!(after, Some((TokenKind::Dot, _))) {
            return Err(format!("names `{}` with its table: write the column alone", &text[token.span.range()]));
        }
        let is_type = matches!(before, Some((_, "::"))) || matches!(before, Some((_, word)) if word.eq_ignore_ascii_case("as"));
        let is_function = matches!(after, Some((TokenKind::Open, _))) && token.kind == TokenKind::Word;
        let is_typed_literal = matches!(after, Some((TokenKind::Text, _)));
        let is_field = matches!(before, Some((TokenKind::Open, _)))
            && matches!(index.checked_sub(2).and_then(of), Some((_, word)) if word.eq_ignore_ascii_case("extract"));
        if !(is_type || is_function || is_typed_literal || is_field) {
            found.push((token.span, name));
        }
    }
    Ok(found)
}

fn ident(token: Token, text: &str, dialect: Dialect) -> Option<Ident> {
    match token.kind {
        // A column of such a name must stand in quotes; SQLite would take some of these for a name elsewhere.
        TokenKind::Word if is_reserved(dialect, text) || CASE.iter().any(|word| text.eq_ignore_ascii_case(word)) => None,
        TokenKind::Word => Some(Ident::new(dialect, text, Quoting::Bare)),
        TokenKind::Name => {
            let inner = text.get(1..text.len() - 1)?;
            let unescaped = match &text[..1] {
                "\"" => inner.replace("\"\"", "\""),
                "`" => inner.replace("``", "`"),
                _ => inner.to_owned(),
            };
            Some(Ident::new(dialect, &unescaped, Quoting::Quoted))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, text: &str) -> Result<Value, String> {
        read_value(text, Server::oldest(dialect))
    }

    #[test]
    fn columns_get_a_prefix_and_nothing_else_does() {
        for (dialect, text, expected) in [
            (Dialect::Postgres, "name", "NEW.\"name\""),
            (Dialect::Postgres, "lower(Name) || 'name'", "lower(NEW.\"name\") || 'name'"),
            (Dialect::Postgres, "\"Full Name\" || lower", "NEW.\"Full Name\" || NEW.\"lower\""),
            (Dialect::Postgres, "date::date + CAST(day AS date)", "NEW.\"date\"::date + CAST(NEW.\"day\" AS date)"),
            (Dialect::Postgres, "date '2020-01-01' + date", "date '2020-01-01' + NEW.\"date\""),
            (Dialect::Postgres, "extract(year FROM year)", "extract(year FROM NEW.\"year\")"),
            (
                Dialect::Postgres,
                "CASE WHEN a IS NULL THEN b ELSE \"end\" END",
                "CASE WHEN NEW.\"a\" IS NULL THEN NEW.\"b\" ELSE NEW.\"end\" END",
            ),
            (Dialect::Postgres, "payload->>'name'", "NEW.\"payload\"->>'name'"),
            (Dialect::Postgres, "round(price * 100)::int", "round(NEW.\"price\" * 100)::int"),
            (Dialect::Sqlite, "[first] || ' ' || `last`", "NEW.\"first\" || ' ' || NEW.\"last\""),
            (Dialect::Mysql, "CONCAT(`first`, ' ', last)", "CONCAT(NEW.`first`, ' ', NEW.`last`)"),
        ] {
            let value = read(dialect, text).unwrap_or_else(|reason| panic!("{text}: {reason}"));
            assert_eq!(value.with_columns(|column| format!("NEW.{}", column.quoted(dialect))), expected);
        }
    }

    #[test]
    fn what_is_no_value_of_the_row_is_refused() {
        for (text, reason) in [
            ("(SELECT 1)", "subqueries"),
            ("count(*) OVER ()", "windows"),
            ("a; DROP TABLE t", "semicolon"),
            ("a -- b", "a comment"),
            ("a, b", "end of the expression"),
            ("users.a", "with its table"),
            ("a +", ""),
            ("'a", "never closed"),
            ("$1", "nobody fills in"),
            ("", ""),
        ] {
            let said = read(Dialect::Postgres, text).expect_err(text);
            assert!(said.contains(reason), "{text}: {said}");
        }
    }

    #[test]
    fn names_are_read_as_in_sql() {
        let server = Server::oldest(Dialect::Postgres);
        let read = |text: &str| read_name(text, server).map(|name| name.quoted(Dialect::Postgres));
        assert_eq!(read("App.\"Order Items\""), Ok("\"app\".\"Order Items\"".to_owned()));
        assert_eq!(read("order"), Ok("\"order\"".to_owned()));
        for wrong in ["order items", "a;", "a; b", "", "1a", "a(b)"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
