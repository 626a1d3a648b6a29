//! add-check-scans-table: every row is read under a lock that stops reads and writes.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{ConstraintKind, Validity};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("add-check-scans-table"),
    doc: include_str!("../../../lints/add-check-scans-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddColumn, OperationKind::AddConstraint, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, constraint) in frame.added_constraints() {
        let ConstraintKind::Check(condition) = &constraint.kind else { continue };
        let scans = constraint.validity == Validity::Valid && frame.impact.scans().next().is_some();
        if !scans || frame.is_new_table(table) {
            continue;
        }
        let dialect = frame.dialect();
        let name = recipe::constraint_name(dialect, table, constraint);
        let later = recipe::add_constraint(dialect, table, constraint);
        let (phase, sql) = match frame.operation {
            Operation::AddColumn(add) => {
                let column = recipe::bare_column(dialect, &add.column);
                (frame.phase(), format!("{} ADD COLUMN {column};\n{later}", recipe::alter(dialect, table)))
            }
            _ => (frame.tightening_phase(table, &condition.columns), later),
        };
        findings.push(
            Fault::new(format!("CHECK `{name}` is checked against every row of `{table}`, and reads and writes wait meanwhile"))
                .on(table)
                .help(format!("add it NOT VALID and validate it in a transaction of its own:\n{}", sql.trim_end()))
                .cure(phase, sql),
        );
    }
}
