//! not-null-breaks-old-writers: releases that write NULL, or do not know the column, are refused at once.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ColumnChange;
use crate::schema::table::{ConstraintKind, IndexKey, Validity};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("not-null-breaks-old-writers"),
    doc: include_str!("../../../lints/not-null-breaks-old-writers.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddConstraint, OperationKind::AlterColumn, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (old, column, _) in frame.remade_columns().filter(|(.., new)| new.not_null) {
        if refuses_anybody(frame, &old.name, &column.name) {
            let fault = Fault::new(format!(
                "NOT NULL on `{}.{}` of the new table refuses the writes of every running release that leaves it empty, from this moment",
                old.name, column.name
            ));
            findings.push(fault.help(anew_in_contract(&old.name)));
        }
    }
    let Some((table, columns)) = tightened(frame) else { return };
    if !frame.is_old_table(table) {
        return;
    }
    let dialect = frame.dialect();
    for column in columns.into_iter().filter(|column| refuses_anybody(frame, table, column)) {
        let ty = frame.column(table, column).map(|column| &column.ty);
        let fault = Fault::new(format!(
            "NOT NULL on `{table}.{column}` refuses the writes of every running release that leaves it empty, from this moment"
        ))
        .help(format!(
            "release code that always writes it, fill the old rows, and tighten in contract.sql: `{} ALTER COLUMN {} SET NOT NULL;`",
            recipe::alter(dialect, table),
            column.spelled(dialect)
        ));
        let (name, value) = (column.spelled(dialect), recipe::sample_value(ty));
        findings.push(
            fault
                .cure(Phase::Backfill, format!("UPDATE {} SET {name} = {value} WHERE {name} IS NULL;", table.spelled(dialect)))
                .cure(Phase::Contract, recipe::set_not_null(dialect, table, column, ty)),
        );
    }
}

/// The columns that the clause makes NOT NULL, some of them perhaps again.
fn tightened<'a>(frame: &Frame<'a>) -> Option<(&'a ObjectName, Vec<&'a Ident>)> {
    match frame.operation {
        Operation::AlterColumn { table, column, change: ColumnChange::SetNotNull } => Some((table, vec![column])),
        Operation::AlterColumn { table, column, change: ColumnChange::Redefine { column: new, .. } } if new.not_null => {
            Some((table, vec![column]))
        }
        Operation::AddConstraint(add) if add.constraint.validity != Validity::NotEnforced => match (&add.constraint.kind, &add.using_index)
        {
            (ConstraintKind::NotNull(column), _) => Some((&add.table, vec![column])),
            (ConstraintKind::PrimaryKey(_), Some(index)) => {
                let keys = &frame.table(&add.table)?.index(index)?.keys;
                let columns = keys.iter().filter_map(|key| match key {
                    IndexKey::Column(column) => Some(column),
                    IndexKey::Expression(_) => None,
                });
                Some((&add.table, columns.collect()))
            }
            (ConstraintKind::PrimaryKey(columns), None) => Some((&add.table, columns.iter().collect())),
            (
                ConstraintKind::Unique { .. } | ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_) | ConstraintKind::Exclusion { .. },
                _,
            ) => None,
        },
        _ => None,
    }
}

/// Whether NULL was possible so far, and some running release may write it.
fn refuses_anybody(frame: &Frame<'_>, name: &ObjectName, column: &Ident) -> bool {
    let Some(table) = frame.table(name) else { return true };
    let Some(known) = table.column(column) else { return true };
    let refused_already = known.not_null
        || table.constraints.iter().any(|constraint| {
            constraint.validity != Validity::NotEnforced
                && match &constraint.kind {
                    ConstraintKind::Check(condition) => condition.proves_not_null.contains(column),
                    ConstraintKind::NotNull(named) => named == column,
                    ConstraintKind::PrimaryKey(columns) => columns.contains(column),
                    ConstraintKind::Unique { .. } | ConstraintKind::ForeignKey(_) | ConstraintKind::Exclusion { .. } => false,
                }
        });
    !refused_already && (frame.is_old_column(name, column) || !frame.fills_for_old_writers(table, known))
}
