//! no-money: amounts whose meaning is a setting of the server.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("no-money"),
    doc: include_str!("../../../lints/no-money.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, ty) in frame.stated_types() {
        if ty.base == "money" {
            findings.push(
                Fault::new(format!("`{table}.{column}` is money, whose fraction depends on the setting lc_monetary"))
                    .help("state it as `numeric(12, 2)` or `bigint`, with the currency beside it"),
            );
        }
    }
}
