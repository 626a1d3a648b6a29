//! PostgreSQL's type names, resolved as `format_type` prints them.

use sqlparser::tokenizer::Token;

use crate::schema::Dialect;
use crate::schema::table::{TypeFacts, TypeName};
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::reserved::is_reserved;

/// Reads one type with its modifiers and array marks.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<TypeName, Unread> {
    let mut ty = scalar(cursor)?;
    if cursor.word("array") {
        ty.array = 1;
        if cursor.take(&Token::LBracket) {
            cursor.number()?;
            cursor.need(&Token::RBracket)?;
        }
        return Ok(ty);
    }
    while cursor.take(&Token::LBracket) {
        if !cursor.at(0, &Token::RBracket) {
            cursor.number()?;
        }
        cursor.need(&Token::RBracket)?;
        ty.array = ty.array.saturating_add(1);
    }
    Ok(ty)
}

fn scalar(cursor: &mut Cursor<'_>) -> Result<TypeName, Unread> {
    let qualified = cursor.at_word(0, "pg_catalog") && cursor.at(1, &Token::Period);
    if qualified {
        cursor.parser.advance_token();
        cursor.parser.advance_token();
    }
    let quoted = match &cursor.parser.peek_token_ref().token {
        Token::Word(word) => word.quote_style.is_some(),
        _ => return Err(cursor.unexpected("a data type")),
    };
    if let Token::Word(word) = &cursor.parser.peek_token_ref().token
        && !quoted
        && is_reserved(Dialect::Postgres, &word.value)
    {
        return Err(cursor.unexpected("a data type"));
    }
    if cursor.at(1, &Token::Period) {
        return named(cursor);
    }
    let name = cursor.ident()?;
    if matches!(name.as_str(), "enum" | "set") && cursor.at(0, &Token::LParen) {
        return Err(Unread { reason: format!("PostgreSQL has no inline {name}") });
    }
    if quoted && name.as_str() == "char" {
        return Ok(TypeName::plain("\"char\""));
    }
    Ok(match name.as_str() {
        "int" | "int4" | "integer" | "serial" | "serial4" => TypeName::plain("integer"),
        "int2" | "smallint" | "smallserial" | "serial2" => TypeName::plain("smallint"),
        "int8" | "bigint" | "bigserial" | "serial8" => TypeName::plain("bigint"),
        "bool" | "boolean" => TypeName::plain("boolean"),
        "float4" | "real" => TypeName::plain("real"),
        "float8" => TypeName::plain("double precision"),
        "double" => {
            cursor.need_words(&["precision"])?;
            TypeName::plain("double precision")
        }
        "float" => match modifiers(cursor)?.0.first() {
            Some(..=24) => TypeName::plain("real"),
            _ => TypeName::plain("double precision"),
        },
        "decimal" | "dec" | "numeric" => sized(cursor, "numeric")?,
        "varchar" => sized(cursor, "character varying")?,
        "national" => {
            if cursor.one_of(&["character", "char"]).is_none() {
                return Err(cursor.unexpected("CHARACTER"));
            }
            character(cursor)?
        }
        "character" | "char" | "nchar" => character(cursor)?,
        "bit" if cursor.word("varying") => sized(cursor, "bit varying")?,
        "bit" => with_default_length(sized(cursor, "bit")?),
        "varbit" => sized(cursor, "bit varying")?,
        "timestamptz" => sized(cursor, "timestamp with time zone")?,
        "timetz" => sized(cursor, "time with time zone")?,
        "timestamp" => moment(cursor, "timestamp with time zone", "timestamp without time zone")?,
        "time" => moment(cursor, "time with time zone", "time without time zone")?,
        "interval" => interval(cursor)?,
        other => sized(cursor, other)?,
    })
}

/// `schema.name` of a user's type.
fn named(cursor: &mut Cursor<'_>) -> Result<TypeName, Unread> {
    let name = cursor.object_name()?;
    sized(cursor, &name.to_string())
}

fn character(cursor: &mut Cursor<'_>) -> Result<TypeName, Unread> {
    if cursor.word("varying") {
        return sized(cursor, "character varying");
    }
    Ok(with_default_length(sized(cursor, "character")?))
}

/// `character` and `bit` without a length mean one.
fn with_default_length(mut ty: TypeName) -> TypeName {
    if ty.modifiers.is_empty() {
        ty.modifiers.push(1);
    }
    ty
}

fn moment(cursor: &mut Cursor<'_>, with_zone: &str, without_zone: &str) -> Result<TypeName, Unread> {
    let modifiers = modifiers(cursor)?.0;
    let base = if cursor.words(&["with", "time", "zone"]) {
        with_zone
    } else {
        cursor.words(&["without", "time", "zone"]);
        without_zone
    };
    Ok(TypeFacts { modifiers, ..TypeFacts::plain(base) }.into())
}

fn interval(cursor: &mut Cursor<'_>) -> Result<TypeName, Unread> {
    const FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];
    let mut base = "interval".to_owned();
    if let Some(field) = cursor.one_of(&FIELDS) {
        base = format!("{base} {field}");
        if cursor.word("to") {
            let field = cursor.one_of(&FIELDS).ok_or_else(|| cursor.unexpected("a field of an interval"))?;
            base = format!("{base} to {field}");
        }
    }
    sized(cursor, &base)
}

fn sized(cursor: &mut Cursor<'_>, base: &str) -> Result<TypeName, Unread> {
    let (modifiers, labels) = modifiers(cursor)?;
    Ok(TypeFacts { modifiers, labels, ..TypeFacts::plain(base) }.into())
}

/// Numbers, and words or strings such as the `Point` of `geometry(Point, 4326)`.
fn modifiers(cursor: &mut Cursor<'_>) -> Result<(Vec<i64>, Vec<String>), Unread> {
    let (mut numbers, mut words) = (Vec::new(), Vec::new());
    if !cursor.take(&Token::LParen) {
        return Ok((numbers, words));
    }
    loop {
        match &cursor.parser.peek_token_ref().token {
            Token::Word(_) => words.push(cursor.ident()?.as_str().to_owned()),
            Token::SingleQuotedString(_) => words.push(cursor.string()?),
            _ => numbers.push(cursor.number()?),
        }
        if !cursor.take(&Token::Comma) {
            break;
        }
    }
    cursor.need(&Token::RParen)?;
    Ok((numbers, words))
}
