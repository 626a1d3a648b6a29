//! What a column's type means for keeping it equal: how it is written, what is cast to, how values are compared.

use super::Equality;
use crate::recipe::Spelled;
use crate::schema::table::{Generated, TypeName};
use crate::schema::{Dialect, ObjectName, Operation, Server};
use crate::sql::{self, Source};

/// The type as it is written behind a column's name.
pub(in crate::recipe) fn written(dialect: Dialect, ty: &TypeName) -> String {
    let middle = ["timestamp", "time"].into_iter().find_map(|head| {
        let zone = ty.base.strip_prefix(head)?.strip_prefix(' ')?;
        Some((head, zone))
    });
    match (dialect, middle, &ty.modifiers[..]) {
        // PostgreSQL's precision stands before the zone.
        (Dialect::Postgres, Some((head, zone)), [precision]) => {
            let mut plain = ty.clone();
            (plain.modifiers, plain.base) = (Vec::new(), format!("{head}({precision}) {zone}"));
            plain.to_string()
        }
        _ => ty.to_string(),
    }
}

/// The type behind a column's name with the collation that the other column has.
pub(super) fn collated(dialect: Dialect, ty: &TypeName, collation: Option<&ObjectName>) -> String {
    let mut text = written(dialect, ty);
    if let Some(collation) = collation {
        text.push_str(&format!(" COLLATE {}", collation.spelled(dialect)));
    }
    text
}

/// The type that a value is cast to before it is compared with the column; `None` where a cast would change more than
/// storing the value does.
pub(super) fn cast(dialect: Dialect, ty: &TypeName) -> Option<String> {
    match dialect {
        // A cast to a type of limited length cuts the text, where storing it fails: length is left to the column.
        Dialect::Postgres if ty.array == 0 => match ty.base.as_str() {
            "character varying" => Some("character varying".to_owned()),
            "character" => Some("bpchar".to_owned()),
            _ => Some(written(dialect, ty)),
        },
        Dialect::Postgres => Some(written(dialect, ty)),
        // https://sqlite.org/datatype3.html section 3.1: the affinity by the type's name. NUMERIC would make 2024 of
        // a date.
        Dialect::Sqlite => {
            let name = ty.base.to_ascii_uppercase();
            let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
            match () {
                () if has(&["INT"]) => Some("INTEGER".to_owned()),
                () if has(&["CHAR", "CLOB", "TEXT"]) => Some("TEXT".to_owned()),
                () if has(&["REAL", "FLOA", "DOUB"]) => Some("REAL".to_owned()),
                () => None,
            }
        }
        // CAST knows other types there than columns do; assignments and comparisons convert.
        Dialect::Mysql => None,
    }
}

/// How values of a column are compared.
pub(super) fn equality(dialect: Dialect, ty: Option<&TypeName>, collation: Option<&ObjectName>) -> Equality {
    let base = ty.map_or("", |ty| ty.base.as_str());
    match dialect {
        // No equality: json, xml, point, polygon. One that takes different values for equal: citext, box and circle
        // (by area), lseg and path (by length or points).
        Dialect::Postgres => match base.rsplit('.').next().unwrap_or_default() {
            "json" | "xml" | "point" | "polygon" | "citext" | "box" | "circle" | "lseg" | "path" => Equality::Text,
            _ => Equality::Plain,
        },
        Dialect::Sqlite if collation.is_some() => Equality::Bytes,
        Dialect::Sqlite => Equality::Plain,
        // Nearly every collation there takes `a` for `A`, and blanks at the end for nothing.
        Dialect::Mysql if base.contains("char") || base.ends_with("text") || base == "enum" || base == "set" => Equality::Bytes,
        Dialect::Mysql => Equality::Plain,
    }
}

/// Reads the type that a user wrote.
pub(super) fn read(text: &str, server: Server) -> Result<TypeName, String> {
    let probe = Source::new("migration.toml", format!("ALTER TABLE t ADD COLUMN c {text}"));
    let script = sql::read(&probe, server);
    let clauses: Vec<_> = script.statements.iter().flat_map(|statement| &statement.clauses).collect();
    let wrong = || format!("`{text}` is no type");
    let [only] = clauses[..] else { return Err(wrong()) };
    let whole = script.statements.first().is_some_and(|statement| statement.span.end == probe.text.len());
    let Operation::AddColumn(add) = &only.operation else { return Err(wrong()) };
    let ty = add.column.ty.clone().filter(|_| whole && script.problems.is_empty()).ok_or_else(wrong)?;
    if add.column.default.is_some() || add.column.generated != Generated::No {
        let reason = "a new column that fills itself hides which side an INSERT gave";
        return Err(format!("`{text}` holds more than a type: {reason}"));
    }
    if add.column.not_null || !add.constraints.is_empty() {
        return Err(format!("`{text}` holds more than a type: a constraint would refuse rows that are not filled yet"));
    }
    Ok(ty)
}
