//! Which changes of a column's type leave the stored rows as they are.

use crate::dialect::Conversion;
use crate::schema::ServerVersion;
use crate::schema::table::TypeName;

/// A column up to this many bytes keeps its length in one byte, a longer one in two.
const ONE_BYTE_LENGTH: i64 = 255;

/// MariaDB can move from one length byte to two where the old length fits into seven bits.
const MARIADB_SHORT: i64 = 127;

/// Bytes of a character in latin1, utf8mb3 and utf8mb4: which one a column has is not known.
const BYTES_PER_CHARACTER: [i64; 3] = [1, 3, 4];

/// What becomes of the rows when a column changes from one type to another.
///
/// Source: MySQL 8.0 manual, 17.12.1 Online DDL Operations (Extending VARCHAR column size, Modifying the definition of an
/// ENUM or SET column); MariaDB, InnoDB Online DDL Operations with the INSTANT Alter Algorithm.
pub(in crate::dialect) fn of(version: ServerVersion, from: &TypeName, to: &TypeName) -> Conversion {
    of_characters(version, from, to, None)
}

/// The same where the character set of the column is known.
pub(super) fn of_characters(version: ServerVersion, from: &TypeName, to: &TypeName, charset: Option<&str>) -> Conversion {
    let widths: &[i64] = match (from.base.as_str(), charset) {
        ("varbinary", _) | (_, Some("latin1" | "ascii" | "binary")) => &[1],
        (_, Some("utf8mb3")) => &[3],
        (_, Some("utf8mb4")) => &[4],
        (_, Some(_) | None) => &BYTES_PER_CHARACTER,
    };
    let free = from == to || longer_varchar(version, from, to, widths) || more_labels(from, to);
    if free { Conversion::Free } else { Conversion::Rewrite }
}

/// Whether values of the type are characters, which have a character set.
pub(super) fn is_text(ty: &TypeName) -> bool {
    matches!(
        ty.base.as_str(),
        "character varying" | "character" | "varchar" | "char" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set"
    )
}

fn longer_varchar(version: ServerVersion, from: &TypeName, to: &TypeName, widths: &[i64]) -> bool {
    let same = from.base == to.base && matches!(from.base.as_str(), "character varying" | "varchar" | "varbinary");
    let (Some(from_length), Some(to_length)) = (from.modifiers.first(), to.modifiers.first()) else { return false };
    let shortest_blocked = if version.is_mariadb() { MARIADB_SHORT } else { -1 };
    let crosses = |bytes: i64| {
        let (from_bytes, to_bytes) = (from_length * bytes, to_length * bytes);
        from_bytes > shortest_blocked && from_bytes <= ONE_BYTE_LENGTH && to_bytes > ONE_BYTE_LENGTH
    };
    same && to_length >= from_length && !widths.iter().copied().any(crosses)
}

/// New labels at the end, as long as the number of bytes that hold a label stays the same.
fn more_labels(from: &TypeName, to: &TypeName) -> bool {
    let width = |ty: &TypeName| match (ty.base.as_str(), ty.labels.len()) {
        ("enum", count) => 1 + usize::from(count > 255),
        (_, count) if count > 32 => 8,
        (_, count) if count > 24 => 4,
        (_, count) => count.div_ceil(8).max(1),
    };
    from.base == to.base
        && matches!(from.base.as_str(), "enum" | "set")
        && !from.labels.is_empty()
        && to.labels.starts_with(&from.labels)
        && width(from) == width(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::table::TypeFacts;

    fn varchar(length: i64) -> TypeName {
        TypeFacts { modifiers: vec![length], ..TypeFacts::plain("varchar") }.into()
    }

    fn labels(base: &str, count: usize) -> TypeName {
        TypeFacts { labels: (0..count).map(|number| format!("l{number}")).collect(), ..TypeFacts::plain(base) }.into()
    }

    const MYSQL: ServerVersion = ServerVersion::new(8, 0);
    const MARIADB: ServerVersion = ServerVersion::new(10, 11);

    #[test]
    fn a_longer_varchar_is_free_until_its_length_needs_another_byte() {
        assert_eq!(of(MYSQL, &varchar(10), &varchar(20)), Conversion::Free);
        assert_eq!(of(MYSQL, &varchar(300), &varchar(400)), Conversion::Free);
        assert_eq!(of(MYSQL, &varchar(10), &varchar(300)), Conversion::Rewrite);
        assert_eq!(of(MYSQL, &varchar(20), &varchar(10)), Conversion::Rewrite);
        assert_eq!(of(MARIADB, &varchar(10), &varchar(300)), Conversion::Free);
        assert_eq!(of(MARIADB, &varchar(200), &varchar(300)), Conversion::Rewrite);
    }

    #[test]
    fn labels_are_free_at_the_end_only() {
        assert_eq!(of(MYSQL, &labels("enum", 2), &labels("enum", 3)), Conversion::Free);
        assert_eq!(of(MYSQL, &labels("enum", 3), &labels("enum", 2)), Conversion::Rewrite);
        assert_eq!(of(MYSQL, &labels("enum", 255), &labels("enum", 256)), Conversion::Rewrite);
        assert_eq!(of(MYSQL, &labels("set", 8), &labels("set", 9)), Conversion::Rewrite);
        assert_eq!(of(MYSQL, &labels("set", 9), &labels("set", 10)), Conversion::Free);
    }

    #[test]
    fn another_type_is_copied() {
        assert_eq!(of(MYSQL, &TypeName::plain("integer"), &TypeName::plain("bigint")), Conversion::Rewrite);
    }
}
