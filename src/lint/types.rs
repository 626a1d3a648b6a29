//! How a type change looks to the applications that use the column. Costs are facts; this is about meaning.

use crate::schema::table::TypeName;

/// What a type change means for code that reads and writes the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The same type.
    Same,
    /// Every old value fits, and it is still the same kind of value.
    Wider,
    /// The same kind of value, but some that old code writes no longer fit.
    Narrower,
    /// Another kind of value: code that binds or decodes it must change with it.
    OtherKind,
}

/// The kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Whole numbers, by bytes.
    Integer(u8),
    /// Decimal numbers.
    Decimal,
    /// Floating point numbers, by bytes.
    Float(u8),
    /// Strings, by the greatest length where the type has one of its own.
    Text(Option<u64>),
    /// Byte strings.
    Bytes(Option<u64>),
    /// Bit strings.
    Bits,
    /// Times of one meaning.
    Time(TimeKind),
    /// JSON documents.
    Json,
    /// Network addresses: `cidr` is the narrower.
    Address(u8),
    /// MySQL's inline ENUM and SET.
    Labels,
    /// Anything else: only the very same type is the same kind.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeKind {
    Time,
    TimeZoned,
    Timestamp,
    TimestampZoned,
    Interval,
}

/// Compares two types.
pub(super) fn change(old: &TypeName, new: &TypeName) -> Change {
    if old == new {
        return Change::Same;
    }
    if old.array != new.array {
        return Change::OtherKind;
    }
    let fits = |fits: bool| if fits { Change::Wider } else { Change::Narrower };
    match (kind(old), kind(new)) {
        (Kind::Integer(from), Kind::Integer(to)) => fits(match (old.unsigned, new.unsigned) {
            (false, false) | (true, true) => to >= from,
            (true, false) => to > from,
            (false, true) => false,
        }),
        (Kind::Float(from), Kind::Float(to)) => fits(to >= from),
        (Kind::Decimal, Kind::Decimal) => fits(decimal_fits(old, new)),
        (Kind::Text(_), Kind::Text(_)) | (Kind::Bytes(_), Kind::Bytes(_)) => fits(match (length(old), length(new)) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(from), Some(to)) => to >= from,
        }),
        (Kind::Bits, Kind::Bits) | (Kind::Time(_), Kind::Time(_)) if kind(old) == kind(new) => {
            fits(match (old.modifiers.first(), new.modifiers.first()) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(from), Some(to)) => to >= from,
            })
        }
        (Kind::Json, Kind::Json) => Change::Wider,
        (Kind::Address(from), Kind::Address(to)) => fits(to >= from),
        (Kind::Labels, Kind::Labels) if old.base == new.base => fits(old.labels.iter().all(|label| new.labels.contains(label))),
        _ => Change::OtherKind,
    }
}

/// Whether SQLite turns what is written to a column into another kind of value when its type changes: INTEGER and NUMERIC
/// store alike (https://sqlite.org/datatype3.html, sections 3 and 3.1).
pub(super) fn is_stored_otherwise(old: &TypeName, new: &TypeName) -> bool {
    affinity(old) != affinity(new)
}

fn affinity(ty: &TypeName) -> &'static str {
    let has = |parts: &[&str]| parts.iter().any(|part| ty.base.contains(part));
    match () {
        () if has(&["int"]) => "numeric",
        () if has(&["char", "clob", "text"]) => "text",
        () if ty.base.is_empty() || has(&["blob"]) => "blob",
        () if has(&["real", "floa", "doub"]) => "real",
        () => "numeric",
    }
}

/// Whether every number of the old precision and scale is one of the new.
fn decimal_fits(old: &TypeName, new: &TypeName) -> bool {
    let digits = |ty: &TypeName| ty.modifiers.first().map(|precision| (*precision, ty.modifiers.get(1).copied().unwrap_or(0)));
    match (digits(old), digits(new)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some((precision, scale)), Some((new_precision, new_scale))) => {
            new_scale >= scale && new_precision - new_scale >= precision - scale
        }
    }
}

/// The greatest length, where there is one.
fn length(ty: &TypeName) -> Option<u64> {
    let written = ty.modifiers.first().and_then(|length| u64::try_from(*length).ok());
    match kind(ty) {
        Kind::Text(own) | Kind::Bytes(own) => written.or(own),
        Kind::Integer(_)
        | Kind::Decimal
        | Kind::Float(_)
        | Kind::Bits
        | Kind::Time(_)
        | Kind::Json
        | Kind::Address(_)
        | Kind::Labels
        | Kind::Other => written,
    }
}

fn kind(ty: &TypeName) -> Kind {
    match ty.base.as_str() {
        "tinyint" => Kind::Integer(1),
        "smallint" => Kind::Integer(2),
        "mediumint" => Kind::Integer(3),
        "integer" | "int" => Kind::Integer(4),
        "bigint" => Kind::Integer(8),
        "numeric" | "decimal" => Kind::Decimal,
        "real" | "float" => Kind::Float(4),
        "double precision" | "double" => Kind::Float(8),
        "text" | "longtext" | "character varying" => Kind::Text(None),
        "tinytext" => Kind::Text(Some(255)),
        "mediumtext" => Kind::Text(Some(0xff_ffff)),
        "character" => Kind::Text(Some(1)),
        "bytea" | "blob" | "longblob" | "varbinary" => Kind::Bytes(None),
        "tinyblob" => Kind::Bytes(Some(255)),
        "mediumblob" => Kind::Bytes(Some(0xff_ffff)),
        "bit varying" => Kind::Bits,
        "time" | "time without time zone" => Kind::Time(TimeKind::Time),
        "time with time zone" => Kind::Time(TimeKind::TimeZoned),
        "timestamp" | "timestamp without time zone" | "datetime" => Kind::Time(TimeKind::Timestamp),
        "timestamp with time zone" => Kind::Time(TimeKind::TimestampZoned),
        "interval" => Kind::Time(TimeKind::Interval),
        "json" | "jsonb" => Kind::Json,
        "cidr" => Kind::Address(0),
        "inet" => Kind::Address(1),
        "enum" | "set" => Kind::Labels,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::table::TypeFacts;

    fn ty(text: &str) -> TypeName {
        let (base, numbers) = text.split_once('(').unwrap_or((text, ""));
        let modifiers = numbers.trim_end_matches(')').split(',').filter_map(|number| number.trim().parse().ok()).collect();
        TypeFacts { modifiers, ..TypeFacts::plain(base) }.into()
    }

    #[test]
    fn sqlite_stores_by_affinity() {
        assert!(!is_stored_otherwise(&ty("integer"), &ty("boolean")));
        assert!(!is_stored_otherwise(&ty("character varying(20)"), &ty("text")));
        assert!(is_stored_otherwise(&ty("integer"), &ty("text")));
        assert!(is_stored_otherwise(&ty("timestamp without time zone"), &ty("text")));
        assert!(is_stored_otherwise(&ty("double precision"), &ty("integer")));
    }

    #[test]
    fn widening_keeps_every_value() {
        for (old, new, expected) in [
            ("integer", "bigint", Change::Wider),
            ("bigint", "integer", Change::Narrower),
            ("character varying(50)", "character varying(80)", Change::Wider),
            ("character varying(50)", "text", Change::Wider),
            ("text", "character varying(50)", Change::Narrower),
            ("numeric(10,2)", "numeric(12,2)", Change::Wider),
            ("numeric(10,2)", "numeric(12,4)", Change::Wider),
            ("numeric(10,2)", "numeric(10,4)", Change::Narrower),
            ("numeric(10,2)", "numeric", Change::Wider),
            ("real", "double precision", Change::Wider),
            ("json", "jsonb", Change::Wider),
            ("cidr", "inet", Change::Wider),
            ("timestamp without time zone", "timestamp with time zone", Change::OtherKind),
            ("timestamp with time zone(6)", "timestamp with time zone(3)", Change::Narrower),
            ("integer", "text", Change::OtherKind),
            ("integer", "numeric", Change::OtherKind),
            ("mood", "text", Change::OtherKind),
            ("uuid", "uuid", Change::Same),
        ] {
            assert_eq!(change(&ty(old), &ty(new)), expected, "{old} to {new}");
        }
    }
}
