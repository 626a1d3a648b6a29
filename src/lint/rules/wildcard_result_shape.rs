//! wildcard-result-shape: a prepared SELECT * fails once when the columns change.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("wildcard-result-shape"),
    doc: include_str!("../../../lints/wildcard-result-shape.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres],
    yields_to: &["change-column-type", "narrow-type-breaks-old-writers", "change-type-rewrites-table", "add-required-column"],
    check: Check::Of(&[OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (table, column) = match frame.operation {
        Operation::AddColumn(add) if frame.column(&add.table, &add.column.name).is_none() => (&add.table, &add.column.name),
        Operation::AlterColumn { table, column, .. } if frame.type_change().is_some_and(|change| change.from != Some(change.to)) => {
            (table, column)
        }
        _ => return,
    };
    let told = frame.earlier().any(|clause| match &clause.operation {
        Operation::AddColumn(add) => add.table == *table,
        _ => false,
    });
    if told
        || frame.before.table(table).is_absent()
        || frame.is_new_table(table)
        || frame.column_seen(table, column) == Seen::ByNobody && frame.column(table, column).is_some()
    {
        return;
    }
    findings.push(
        Fault::new(format!(
            "a session that has prepared `SELECT *` from `{table}` gets \"cached plan must not change result type\" once and must prepare again"
        ))
        .help(format!("name the columns in the application's queries: `SELECT id, … FROM {};`", table.spelled(frame.dialect()))),
    );
}
