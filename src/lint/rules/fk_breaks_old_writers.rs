//! fk-breaks-old-writers: references that old releases leave dangling are refused at once.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{ConstraintKind, ForeignKey, Validity};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("fk-breaks-old-writers"),
    doc: include_str!("../../../lints/fk-breaks-old-writers.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddConstraint, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Some((old, create)) = frame.remade() {
        for constraint in &create.constraints {
            let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
            let known = key.columns.iter().all(|column| old.column(column).is_some());
            if known && !stands_already(frame, &old.name, key) {
                let columns: Vec<&str> = key.columns.iter().map(Ident::as_str).collect();
                let fault = Fault::new(format!(
                    "a foreign key of the new `{}` ({}) refuses, from this moment, what running releases insert without a row in `{}` and what they delete there",
                    old.name,
                    columns.join(", "),
                    key.references
                ));
                findings.push(fault.help(anew_in_contract(&old.name)));
            }
        }
        return;
    }
    let Operation::AddConstraint(add) = frame.operation else { return };
    let ConstraintKind::ForeignKey(key) = &add.constraint.kind else { return };
    let table = &add.table;
    let unknown_to_old = key.columns.iter().any(|column| !frame.is_old_column(table, column));
    if add.constraint.validity == Validity::NotEnforced || !frame.is_old_table(table) || unknown_to_old || stands_already(frame, table, key)
    {
        return;
    }
    let dialect = frame.dialect();
    let columns: Vec<&str> = key.columns.iter().map(Ident::as_str).collect();
    let sql = recipe::add_constraint(dialect, table, &add.constraint);
    findings.push(
        Fault::new(format!(
            "a foreign key on `{table}` ({}) refuses, from this moment, what running releases insert without a row in `{}` and what they delete there; NOT VALID spares only the rows that exist",
            columns.join(", "),
            key.references
        ))
        .help(format!("release code that keeps the reference, remove the orphans, then add it in contract.sql:\n{}", sql.trim_end()))
        .cure(Phase::Contract, sql),
    );
}

/// Whether the same reference is demanded already, perhaps with another action.
fn stands_already(frame: &Frame<'_>, table: &ObjectName, key: &ForeignKey) -> bool {
    if frame.keeps_reference(table, &key.columns, &key.references) {
        return true;
    }
    let references = frame.before.canonical(&key.references);
    frame.table(table).is_some_and(|table| {
        table.constraints.iter().any(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(other) => {
                constraint.validity != Validity::NotEnforced && other.columns == key.columns && other.references == references
            }
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => false,
        })
    })
}
