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
    if from.array > 0 {
        // Length coercions of array elements have no support function: only a change that drops the length of a
        // binary-compatible element is free.
        let relabels = to.modifiers.is_empty() && is_text_like(&from.base) && is_text_like(&to.base);
        let unconstrained = from.base == to.base && to.modifiers.is_empty() && from.base != "character" && from.base != "bit";
        return if relabels || unconstrained { Conversion::Free } else { Conversion::Rewrite };
    }
    let free = match (from.base.as_str(), to.base.as_str()) {
        ("character varying" | "text", "text") => true,
        ("character varying", "character varying") => no_shorter(from, to),
        ("text", "character varying") => to.modifiers.is_empty(),
        ("numeric", "numeric") => numeric_widens(from, to),
        ("bit varying", "bit varying") => no_shorter(from, to),
        ("bit", "bit varying") => to.modifiers.is_empty() || no_shorter(from, to),
        ("cidr", "inet") => true,
        (
            "timestamp without time zone" | "timestamp with time zone" | "time without time zone" | "time with time zone" | "interval",
            _,
        ) if from.base == to.base => precision(from) <= precision(to) && from.modifiers.len().max(1) == to.modifiers.len().max(1),
        // Free while the session's TimeZone is UTC: not known here.
        ("timestamp without time zone", "timestamp with time zone") | ("timestamp with time zone", "timestamp without time zone") => {
            return match to.modifiers.is_empty() {
                true => Conversion::FreeInUtc,
                false => Conversion::Rewrite,
            };
        }
        ("xml", "text") | ("oid", "regclass" | "regproc" | "regtype" | "regrole" | "regnamespace") => true,
        ("regclass" | "regproc" | "regtype" | "regrole" | "regnamespace", "oid") => true,
        ("integer", "oid") | ("oid", "integer") => true,
        _ => false,
    };
    if free { Conversion::Free } else { Conversion::Rewrite }
}

fn is_text_like(base: &str) -> bool {
    matches!(base, "text" | "character varying")
}

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

/// The digits of seconds; six when none are written.
fn precision(ty: &TypeName) -> i64 {
    ty.modifiers.first().copied().unwrap_or(6)
}
