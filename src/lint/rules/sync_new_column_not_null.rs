//! sync-new-column-not-null: a column that triggers fill holds NULL until the backfill ran, and where the old side is NULL.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::sync::Names;
use crate::schema::operation::ColumnChange;
use crate::schema::table::{ConstraintKind, Validity};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sync-new-column-not-null"),
    doc: include_str!("../../../lints/sync-new-column-not-null.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddConstraint, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some((table, columns)) = tightened(frame) else { return };
    let Some(known) = frame.table(table) else { return };
    for column in columns {
        let Some(names) = Names::keeping(known, column, frame.dialect()) else { continue };
        let ty = known.column(column).map(|column| &column.ty);
        let fault = Fault::new(format!(
            "`{table}.{column}` holds what triggers make of `{}`: NULL until the backfill ran and wherever the old column is NULL, so writes of old releases fail",
            names.old
        ));
        findings.push(
            fault
                .help(format!("tighten it in contract.sql: `{} …`", recipe::alter(frame.dialect(), table)))
                .cure(Phase::Contract, recipe::set_not_null(frame.dialect(), table, column, ty)),
        );
    }
}

/// The columns in which the clause forbids NULL.
fn tightened<'a>(frame: &Frame<'a>) -> Option<(&'a ObjectName, Vec<&'a Ident>)> {
    match frame.operation {
        Operation::AlterColumn { table, column, change: ColumnChange::SetNotNull } => Some((table, vec![column])),
        Operation::AlterColumn { table, column, change: ColumnChange::Redefine { column: new, .. } } if new.not_null => {
            Some((table, vec![column]))
        }
        Operation::AddConstraint(add) if add.constraint.validity != Validity::NotEnforced => match &add.constraint.kind {
            ConstraintKind::NotNull(column) => Some((&add.table, vec![column])),
            ConstraintKind::Check(condition) => Some((&add.table, condition.proves_not_null.iter().collect())),
            ConstraintKind::PrimaryKey(columns) => Some((&add.table, columns.iter().collect())),
            ConstraintKind::Unique { .. } | ConstraintKind::ForeignKey(_) | ConstraintKind::Exclusion { .. } => None,
        },
        _ => None,
    }
}
