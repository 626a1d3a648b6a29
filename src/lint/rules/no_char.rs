//! no-char: blanks that nobody wrote.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("no-char"),
    doc: include_str!("../../../lints/no-char.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, ty) in frame.stated_types() {
        if ty.base == "character" {
            findings.push(Fault::new(format!("`{table}.{column}` is {ty}, which pads its values with blanks")).help("state it as `text`"));
        }
    }
}
