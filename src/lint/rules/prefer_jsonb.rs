//! prefer-jsonb: a document that is parsed at every look.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("prefer-jsonb"),
    doc: include_str!("../../../lints/prefer-jsonb.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, ty) in frame.stated_types() {
        if ty.base == "json" {
            findings.push(
                Fault::new(format!("`{table}.{column}` is json: it is parsed at each access and takes no GIN index"))
                    .help("state it as `jsonb`"),
            );
        }
    }
}
