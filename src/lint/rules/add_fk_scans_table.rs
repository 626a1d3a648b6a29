//! add-fk-scans-table: every row is looked up while writes to both tables wait.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{ConstraintKind, Validity};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("add-fk-scans-table"),
    doc: include_str!("../../../lints/add-fk-scans-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(
        &[OperationKind::AddColumn, OperationKind::AddConstraint, OperationKind::AlterColumn, OperationKind::AlterConstraint],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Operation::AlterConstraint { table, name, enforced: Some(true) } = frame.operation {
        if !frame.is_new_table(table) && frame.impact.reads_all_rows(&frame.before.canonical(table)) {
            let alter = recipe::alter(frame.dialect(), table);
            findings.push(
                Fault::new(format!("enforcing `{name}` again looks up every row of `{table}`, and reads and writes wait meanwhile")).on(table).help(
                    format!("add the key anew, NOT VALID, validate it in a transaction of its own, and drop this one: `{alter} DROP CONSTRAINT {};`", name.spelled(frame.dialect())),
                ),
            );
        }
        return;
    }
    for (table, constraint) in frame.added_constraints() {
        let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
        let scans = constraint.validity == Validity::Valid && frame.impact.reads_all_rows(&frame.before.canonical(table));
        if !scans || frame.is_new_table(table) {
            continue;
        }
        let dialect = frame.dialect();
        let later = recipe::add_constraint(dialect, table, constraint);
        let (phase, sql) = match frame.operation {
            Operation::AddColumn(add) => (
                frame.phase(),
                format!("{} ADD COLUMN {};\n{later}", recipe::alter(dialect, table), recipe::bare_column(dialect, &add.column)),
            ),
            _ => (frame.tightening_phase(table, &key.columns), later),
        };
        findings.push(
            Fault::new(format!("every row of `{table}` is looked up in `{}`, and writes to both tables wait meanwhile", key.references))
                .on(table)
                .on(&key.references)
                .help(format!("add the key NOT VALID and validate it in a transaction of its own:\n{}", sql.trim_end()))
                .cure(phase, sql),
        );
    }
}
