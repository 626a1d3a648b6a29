//! varchar-limit-required: a string of any length.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("varchar-limit-required"),
    doc: include_str!("../../../lints/varchar-limit-required.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, ty) in frame.stated_types() {
        if matches!(ty.base.as_str(), "text" | "character varying") && ty.modifiers.is_empty() && ty.array == 0 {
            findings
                .push(Fault::new(format!("`{table}.{column}` takes strings of any length")).help("state a limit, such as `varchar(255)`"));
        }
    }
}
