//! json-column: a column that no constraint looks into.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("json-column"),
    doc: include_str!("../../../lints/json-column.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, ty) in frame.stated_types() {
        if matches!(ty.base.as_str(), "json" | "jsonb") {
            findings.push(
                Fault::new(format!("`{table}.{column}` holds documents: no constraint sees what lies in them"))
                    .help("give what is known columns of its own, such as `ADD COLUMN kind text`"),
            );
        }
    }
}
