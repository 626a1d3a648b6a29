//! Which changes of a column's type leave the stored rows as they are.

use crate::dialect::Conversion;
use crate::schema::table::TypeName;

/// What becomes of the rows when a column changes from one type to another, without a USING that computes.
///
/// Source: `ATColumnChangeRequiresRewrite` and the length-coercion support functions; measured on 14–18.
pub(in crate::dialect) fn of(from: &TypeName, to: &TypeName) -> Conversion {
    if from == to {
        return Conversion::Free;
    }
    if from.array != to.array {
        return Conversion::Rewrite;
    }
    let unlimited = to.modifiers.is_empty();
    if from.array > 0 {
        // No length coercion of an array is known to be free, and elements of another type are coerced one by one.
        return if from.base == to.base && unlimited { Conversion::Free } else { Conversion::Rewrite };
    }
    let free = match (from.base.as_str(), to.base.as_str()) {
        ("character varying", "character varying") | ("bit varying", "bit varying") => no_shorter(from, to),
        ("numeric", "numeric") => numeric_widens(from, to),
        ("text" | "character varying" | "citext" | "xml", "text" | "character varying" | "bpchar") => unlimited,
        ("text" | "character varying", "citext") | ("character", "bpchar") | ("bit", "bit varying") => unlimited,
        ("cidr", "inet") => true,
        (time, same) if time == same && TIMES.contains(&time) => precision(from) <= precision(to),
        // Rows stay while the session's TimeZone is UTC, which is not known here.
        ("timestamp without time zone", "timestamp with time zone") | ("timestamp with time zone", "timestamp without time zone") => {
            return if precision(to) == MOST_PRECISE { Conversion::FreeInUtc } else { Conversion::Rewrite };
        }
        (one, other) => OBJECT_IDS.contains(&one) && OBJECT_IDS.contains(&other),
    };
    if free { Conversion::Free } else { Conversion::Rewrite }
}

/// Types whose only modifier is the number of digits of a second.
const TIMES: [&str; 5] =
    ["timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone", "interval"];

/// Types that are stored as the same four bytes.
const OBJECT_IDS: [&str; 7] = ["integer", "oid", "regclass", "regproc", "regtype", "regrole", "regnamespace"];

/// Digits of a second that are kept where none are written.
const MOST_PRECISE: i64 = 6;

/// Whether a length limit is lifted or raised.
fn no_shorter(from: &TypeName, to: &TypeName) -> bool {
    match (from.modifiers.first(), to.modifiers.first()) {
        (_, None) => true,
        (Some(from), Some(to)) => to >= from,
        (None, Some(_)) => false,
    }
}

/// More digits at the same scale, or no limit any more.
fn numeric_widens(from: &TypeName, to: &TypeName) -> bool {
    let parts = |ty: &TypeName| ty.modifiers.first().map(|precision| (*precision, ty.modifiers.get(1).copied().unwrap_or(0)));
    match (parts(from), parts(to)) {
        (_, None) => true,
        (Some((from_precision, from_scale)), Some((to_precision, to_scale))) => from_scale == to_scale && to_precision >= from_precision,
        (None, Some(_)) => false,
    }
}

/// The digits of a second that are kept.
fn precision(ty: &TypeName) -> i64 {
    ty.modifiers.first().copied().unwrap_or(MOST_PRECISE)
}
