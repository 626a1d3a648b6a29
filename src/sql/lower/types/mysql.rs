//! MySQL's and MariaDB's type names. Unknown words are refused: there are no user types.

use sqlparser::tokenizer::Token;

use crate::schema::table::{TypeFacts, TypeName};
use crate::sql::cursor::{Cursor, Unread};

/// Types that take no part in aliases, with an optional size.
const PLAIN: [&str; 34] = [
    "date",
    "time",
    "timestamp",
    "datetime",
    "year",
    "json",
    "binary",
    "varbinary",
    "tinyblob",
    "blob",
    "mediumblob",
    "longblob",
    "tinytext",
    "text",
    "mediumtext",
    "longtext",
    "bit",
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
    "uuid",
    "inet4",
    "inet6",
    "vector",
    "float",
    "varchar",
    "char",
    "xmltype",
    "geomcollection",
];

/// Reads one type with size, sign and character set.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<TypeName, Unread> {
    let mut ty = base(cursor)?;
    loop {
        if cursor.word("unsigned") || cursor.word("zerofill") {
            ty.unsigned = true;
        } else if !(cursor.word("signed") || cursor.word("binary") || cursor.word("ascii") || cursor.word("unicode") || cursor.word("byte"))
        {
            break;
        }
    }
    Ok(ty)
}

fn base(cursor: &mut Cursor<'_>) -> Result<TypeName, Unread> {
    let word = match &cursor.parser.peek_token_ref().token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_lowercase(),
        _ => return Err(cursor.unexpected("a data type")),
    };
    cursor.parser.advance_token();
    Ok(match word.as_str() {
        "int" | "integer" | "int4" => whole(cursor, "integer")?,
        "tinyint" | "int1" => whole(cursor, "tinyint")?,
        "smallint" | "int2" => whole(cursor, "smallint")?,
        "mediumint" | "int3" | "middleint" => whole(cursor, "mediumint")?,
        "bigint" | "int8" => whole(cursor, "bigint")?,
        "serial" => TypeFacts { unsigned: true, ..TypeFacts::plain("bigint") }.into(),
        "bool" | "boolean" => TypeFacts { modifiers: vec![1], ..TypeFacts::plain("tinyint") }.into(),
        "decimal" | "dec" | "numeric" | "fixed" => {
            let mut ty = sized(cursor, "numeric")?;
            if ty.modifiers.is_empty() {
                ty.modifiers.push(10);
            }
            if ty.modifiers.len() == 1 {
                ty.modifiers.push(0);
            }
            ty
        }
        "double" => {
            cursor.word("precision");
            sized(cursor, "double precision")?
        }
        "real" | "float8" => sized(cursor, "double precision")?,
        "float4" => sized(cursor, "float")?,
        "float" => match sized(cursor, "float")? {
            // FLOAT(p) only chooses between the two sizes.
            ty if ty.modifiers.len() == 1 && ty.modifiers[0] > 24 => TypeName::plain("double precision"),
            ty if ty.modifiers.len() == 1 => TypeName::plain("float"),
            ty => ty,
        },
        "varchar" | "varcharacter" | "nvarchar" => sized(cursor, "character varying")?,
        "char" | "character" | "nchar" => character(cursor)?,
        "national" => match cursor.one_of(&["char", "character", "varchar", "varcharacter"]) {
            Some("char" | "character") => character(cursor)?,
            Some(_) => sized(cursor, "character varying")?,
            None => return Err(cursor.unexpected("CHAR or VARCHAR")),
        },
        "binary" => with_default_length(sized(cursor, "binary")?),
        "bit" => with_default_length(sized(cursor, "bit")?),
        "long" => {
            if cursor.word("varbinary") {
                TypeName::plain("mediumblob")
            } else {
                if cursor.one_of(&["varchar", "varcharacter"]).is_none() && cursor.one_of(&["char", "character"]).is_some() {
                    cursor.need_words(&["varying"])?;
                }
                TypeName::plain("mediumtext")
            }
        }
        "enum" | "set" => TypeFacts { labels: cursor.list(Cursor::string)?, ..TypeFacts::plain(&word) }.into(),
        plain if PLAIN.contains(&plain) => sized(cursor, plain)?,
        _ => return Err(Unread { reason: format!("`{word}` is no data type of MySQL or MariaDB") }),
    })
}

fn character(cursor: &mut Cursor<'_>) -> Result<TypeName, Unread> {
    if cursor.word("varying") || cursor.word("varchar") {
        return sized(cursor, "character varying");
    }
    Ok(with_default_length(sized(cursor, "character")?))
}

fn with_default_length(mut ty: TypeName) -> TypeName {
    if ty.modifiers.is_empty() {
        ty.modifiers.push(1);
    }
    ty
}

/// The display width of a whole number changes nothing but what ORMs read from `tinyint(1)`.
fn whole(cursor: &mut Cursor<'_>, base: &str) -> Result<TypeName, Unread> {
    let mut ty = sized(cursor, base)?;
    if base != "tinyint" || ty.modifiers != [1] {
        ty.modifiers.clear();
    }
    Ok(ty)
}

fn sized(cursor: &mut Cursor<'_>, base: &str) -> Result<TypeName, Unread> {
    let modifiers = if cursor.at(0, &Token::LParen) { cursor.list(Cursor::number)? } else { Vec::new() };
    Ok(TypeFacts { modifiers, ..TypeFacts::plain(base) }.into())
}
