//! change-type-rechecks-constraint: every row is checked again under a lock that stops reads and writes.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::NewConstraint;
use crate::schema::table::{ConstraintKind, Validity};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("change-type-rechecks-constraint"),
    doc: include_str!("../../../lints/change-type-rechecks-constraint.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &["change-column-type", "narrow-type-breaks-old-writers"],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some(change) = frame.type_change() else { return };
    let (table, column) = (change.table, change.column);
    let scans = frame.impact.scans().next().is_some() && frame.impact.rewrites().next().is_none();
    if !scans || frame.is_new_table(table) {
        return;
    }
    let dialect = frame.dialect();
    let constraint = frame.table(table).and_then(|table| {
        table.constraints.iter().find(|constraint| match &constraint.kind {
            ConstraintKind::Check(condition) => condition.columns.contains(column),
            ConstraintKind::ForeignKey(key) => key.columns.contains(column),
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => false,
        })
    });
    let Some((constraint, name)) = constraint.and_then(|constraint| Some((constraint, constraint.name.as_ref()?))) else { return };
    let again = NewConstraint { name: Some(name.clone()), kind: constraint.kind.clone(), validity: Validity::NotValid, deferrable: false };
    let sql = format!(
        "BEGIN;\n{alter} DROP CONSTRAINT {name};\n{};\n{add}COMMIT;\n{validate}",
        frame.sql(),
        alter = recipe::alter(dialect, table),
        name = name.spelled(dialect),
        add = recipe::add_constraint(dialect, table, &again).split_inclusive('\n').take(1).collect::<String>(),
        validate = recipe::add_constraint(dialect, table, &again).split_inclusive('\n').skip(1).collect::<String>(),
    );
    findings.push(
        Fault::new(format!(
            "changing `{table}.{column}` to {} checks `{name}` again for every row, and reads and writes of `{table}` wait meanwhile",
            change.to
        ))
        .on(table)
        .help(format!("take the constraint away for the change and add it again NOT VALID, then validate it:\n{}", sql.trim_end()))
        .cure(frame.phase(), sql),
    );
}
