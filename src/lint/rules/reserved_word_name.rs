//! reserved-word-name: a name that must be quoted for ever.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Ident, Operation, OperationKind};
use crate::sql::is_reserved;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("reserved-word-name"),
    doc: include_str!("../../../lints/reserved-word-name.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(
        &[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::RenameTable, OperationKind::RenameColumn],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let mut see = |kind: &str, name: &Ident| {
        if is_reserved(frame.dialect(), name.as_str()) {
            findings.push(
                Fault::new(format!("the {kind} `{name}` is a reserved word: whoever forgets the quotes gets a syntax error"))
                    .help(format!("choose another name, such as `{name}_of_it`")),
            );
        }
    };
    match frame.operation {
        Operation::CreateTable(create) => {
            see("table", &create.name.name);
            create.columns.iter().for_each(|column| see("column", &column.name));
        }
        Operation::AddColumn(add) => see("column", &add.column.name),
        Operation::RenameTable { table: _, to } => see("table", to),
        Operation::RenameColumn { table: _, column: _, to } => see("column", to),
        _ => {}
    }
}
