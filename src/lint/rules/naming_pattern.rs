//! naming-pattern: a name that is not formed as the others are.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::migration::NamePattern;
use crate::schema::{Dialect, Ident, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("naming-pattern"),
    doc: include_str!("../../../lints/naming-pattern.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::CreateTable,
            OperationKind::AddColumn,
            OperationKind::CreateIndex,
            OperationKind::AddConstraint,
            OperationKind::RenameTable,
            OperationKind::RenameColumn,
            OperationKind::RenameIndex,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let naming = frame.naming;
    let mut see = |kind: &str, name: &Ident, pattern: &NamePattern| {
        if !pattern.fits(name.written()) {
            findings.push(
                Fault::new(format!("the {kind} `{name}` does not fit the pattern {pattern}"))
                    .help("patterns stand under `[lint.names]` in migrate.toml: `snake_case`, `camelCase`, `PascalCase`, or with stars, such as `idx_*`"),
            );
        }
    };
    match frame.operation {
        Operation::CreateTable(create) => {
            see("table", &create.name.name, &naming.tables);
            create.columns.iter().for_each(|column| see("column", &column.name, &naming.columns));
            create.constraints.iter().filter_map(|held| held.name.as_ref()).for_each(|name| see("constraint", name, &naming.constraints));
            create.indexes.iter().filter_map(|index| index.name.as_ref()).for_each(|name| see("index", name, &naming.indexes));
        }
        Operation::AddColumn(add) => see("column", &add.column.name, &naming.columns),
        Operation::CreateIndex(index) => {
            if let Some(name) = &index.name {
                see("index", name, &naming.indexes);
            }
        }
        Operation::AddConstraint(add) => {
            if let Some(name) = &add.constraint.name {
                see("constraint", name, &naming.constraints);
            }
        }
        Operation::RenameTable { table: _, to } => see("table", to, &naming.tables),
        Operation::RenameColumn { table: _, column: _, to } => see("column", to, &naming.columns),
        Operation::RenameIndex { index: _, table: _, to } => see("index", to, &naming.indexes),
        _ => {}
    }
}
