//! prefer-text: a length that has to be changed one day.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("prefer-text"),
    doc: include_str!("../../../lints/prefer-text.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, ty) in frame.stated_types() {
        if ty.base == "character varying" && !ty.modifiers.is_empty() {
            findings.push(
                Fault::new(format!("`{table}.{column}` is {ty}: a limit in the type can only be changed by ALTER TABLE"))
                    .help("state it as `text`, with a CHECK of the length where it matters"),
            );
        }
    }
}
