//! add-fk-scans-table: every row is looked up while writes to both tables wait.

use crate::lint::cure::recipe;
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
    check: Check::Of(&[OperationKind::AddConstraint], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AddConstraint(add) = frame.operation else { return };
    let ConstraintKind::ForeignKey(key) = &add.constraint.kind else { return };
    let scans = add.constraint.validity == Validity::Valid && frame.impact.reads_all_rows(&frame.before.canonical(&add.table));
    if !scans || frame.is_new_table(&add.table) {
        return;
    }
    let sql = recipe::add_constraint(frame.dialect(), &add.table, &add.constraint);
    findings.push(
        Fault::new(format!("every row of `{}` is looked up in `{}`, and writes to both tables wait meanwhile", add.table, key.references))
            .on(&add.table)
            .help(format!("add the key NOT VALID and validate it in a transaction of its own:\n{}", sql.trim_end()))
            .cure(frame.tightening_phase(&add.table, &key.columns), sql),
    );
}
