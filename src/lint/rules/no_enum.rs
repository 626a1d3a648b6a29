//! no-enum: labels that cannot be taken away again.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::TypeDefinition;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("no-enum"),
    doc: include_str!("../../../lints/no-enum.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateType, OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    const HELP: &str = "use a table of the values and a foreign key, or text with a `CHECK`";
    if let Operation::CreateType { name, definition: TypeDefinition::Enum(_) } = frame.operation {
        findings.push(Fault::new(format!("`{name}` is an enum: a label can be added to it, but not removed")).help(HELP));
    }
    for (table, column, ty) in frame.stated_types() {
        if ty.base == "enum" && !ty.labels.is_empty() {
            findings.push(Fault::new(format!("`{table}.{column}` is an enum: to remove or move a label copies the table")).help(HELP));
        }
    }
}
