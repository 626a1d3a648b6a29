//! column-order-padding: bytes that the order of columns wastes.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::TypeName;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("column-order-padding"),
    doc: include_str!("../../../lints/column-order-padding.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable], check),
};

/// Less is not worth a word: rows are padded to eight bytes anyway.
const WASTED_BYTES: u32 = 8;

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateTable(create) = frame.operation else { return };
    let stored: Vec<(u32, u32)> = create.columns.iter().map_while(|column| fixed(column.ty.as_ref()?)).collect();
    let mut best = stored.clone();
    best.sort_by_key(|(align, _)| std::cmp::Reverse(*align));
    let wasted = width(&stored).saturating_sub(width(&best));
    if wasted >= WASTED_BYTES {
        findings.push(
            Fault::new(format!("the order of the columns of `{}` wastes {wasted} bytes in each row by padding", create.name))
                .help("put columns of eight bytes first, then of four, two and one, then strings: `bigint, timestamptz, integer, smallint, boolean, text`"),
        );
    }
}

/// Alignment and size of a type of fixed length. PostgreSQL manual, 52.64 pg_type (typalign).
fn fixed(ty: &TypeName) -> Option<(u32, u32)> {
    if ty.array > 0 {
        return None;
    }
    match ty.base.as_str() {
        "bigint" | "double precision" | "timestamp with time zone" | "timestamp without time zone" | "time without time zone" | "money" => {
            Some((8, 8))
        }
        "integer" | "real" | "date" => Some((4, 4)),
        "smallint" => Some((2, 2)),
        "boolean" => Some((1, 1)),
        "uuid" => Some((1, 16)),
        _ => None,
    }
}

fn width(columns: &[(u32, u32)]) -> u32 {
    columns.iter().fold(0, |at, (align, size)| at.next_multiple_of(*align) + size)
}
