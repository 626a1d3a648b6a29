//! prefer-timestamptz: a time without a zone means another moment to each reader.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("prefer-timestamptz"),
    doc: include_str!("../../../lints/prefer-timestamptz.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, ty) in frame.stated_types() {
        if ty.base == "timestamp without time zone" {
            findings.push(
                Fault::new(format!("`{table}.{column}` has no time zone: sessions in different zones read different moments from it"))
                    .help("state it as `timestamptz`"),
            );
        }
    }
}
