//! set-not-null-scans-table: every row is read under a lock that stops reads and writes.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ColumnChange;
use crate::schema::table::{ConstraintKind, Validity};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("set-not-null-scans-table"),
    doc: include_str!("../../../lints/set-not-null-scans-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddConstraint, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (table, column) = match frame.operation {
        Operation::AlterColumn { table, column, change: ColumnChange::SetNotNull } => (table, column),
        Operation::AddConstraint(add) => match (&add.constraint.kind, add.constraint.validity) {
            (ConstraintKind::NotNull(column), Validity::Valid) => (&add.table, column),
            _ => return,
        },
        _ => return,
    };
    if frame.is_new_table(table) || !frame.impact.reads_all_rows(&frame.before.canonical(table)) {
        return;
    }
    let dialect = frame.dialect();
    let sql = recipe::set_not_null(dialect, table, column, None);
    findings.push(
        Fault::new(format!(
            "SET NOT NULL reads every row of `{table}` to look for NULL in `{column}`, and reads and writes wait meanwhile"
        ))
        .on(table)
        .help(format!("let a validated CHECK prove it, each statement in its own transaction:\n{}", sql.trim_end()))
        .cure(frame.not_null_phase(table, column), sql),
    );
}
