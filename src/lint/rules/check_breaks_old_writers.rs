//! check-breaks-old-writers: rows that old releases write are refused at once, NOT VALID or not.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::expression::Shape;
use crate::schema::operation::CreateTrigger;
use crate::schema::table::{ConstraintKind, Generated, Table, Validity};
use crate::schema::{Dialect, Expression, Ident, ObjectName, Operation, OperationKind, Phase};
use crate::sql::Clause;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("check-breaks-old-writers"),
    doc: include_str!("../../../lints/check-breaks-old-writers.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::AddColumn,
            OperationKind::AddConstraint,
            OperationKind::AlterColumn,
            OperationKind::CreateTable,
            OperationKind::CreateTrigger,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Operation::CreateTrigger(trigger) = frame.operation {
        return refusing_trigger(frame, trigger, findings);
    }
    for (table, constraint) in frame.demands() {
        let ConstraintKind::Check(condition) = &constraint.kind else { continue };
        if constraint.validity == Validity::NotEnforced
            || !frame.is_old_table(table)
            || !refuses_anybody(frame, table, condition)
            || becomes_partition(frame, table)
        {
            continue;
        }
        let dialect = frame.dialect();
        let name = recipe::constraint_name(dialect, table, constraint);
        if frame.remade().is_some() {
            let fault = Fault::new(format!("CHECK `{name}` of the new `{table}` refuses what running releases write from this moment"));
            findings.push(fault.help(anew_in_contract(table)));
            continue;
        }
        let sql = recipe::add_constraint(dialect, table, constraint);
        let fault = Fault::new(format!(
            "CHECK `{name}` refuses what running releases write to `{table}` from this moment; NOT VALID spares only the rows that exist"
        ))
        .help(format!("release code that keeps to the rule, then add it in contract.sql:\n{}", sql.trim_end()));
        findings.push(match dialect {
            // MySQL copies the table for it, which is no cure.
            Dialect::Mysql => fault,
            Dialect::Postgres | Dialect::Sqlite => fault.cure(Phase::Contract, sql),
        });
    }
}

/// A new trigger that raises an error: what it refuses may be what running releases write. Which rows those are is not read.
fn refusing_trigger(frame: &Frame<'_>, trigger: &CreateTrigger, findings: &mut Findings) {
    let held = frame.before.trigger(&trigger.name, Some(&trigger.table)).recorded();
    if !frame.is_old_table(&trigger.table) || held.is_some() || frame.earlier_in_script().any(|clause| drops(clause, trigger)) {
        return;
    }
    let body = match &trigger.function {
        None => Some(frame.clause_sql()),
        Some(function) => {
            let makes = |clause: &&Clause| matches!(&clause.operation, Operation::CreateRoutine(create) if create.name == *function);
            frame.earlier_in_script().find(makes).map(|clause| frame.script.text(clause.span))
        }
    };
    let refuses = body.is_some_and(|body| {
        let words: String = body.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ").replace("raise (", "raise(");
        ["raise exception", "raise(abort", "raise(fail", "raise(rollback", "signal sqlstate"].iter().any(|word| words.contains(word))
    });
    if refuses {
        let fault = Fault::new(format!(
            "trigger `{}` raises an error: what it refuses may be what running releases write to `{}`, from this moment",
            trigger.name.name, trigger.table
        ));
        findings.push(fault.at_most(Level::Warn).help(format!(
            "release code that keeps to the rule, then make the trigger in contract.sql: `CREATE TRIGGER {} …;`",
            trigger.name.name
        )));
    }
}

/// Whether a clause takes away a trigger of this name: it is replaced.
fn drops(clause: &Clause, trigger: &CreateTrigger) -> bool {
    matches!(&clause.operation, Operation::DropTrigger { trigger: name, .. } if name.name == trigger.name.name)
}

/// Whether the table becomes a partition further down in the script: its bounds refuse the same rows, and the CHECK is their proof.
fn becomes_partition(frame: &Frame<'_>, table: &ObjectName) -> bool {
    let table = frame.before.canonical(table);
    let clauses = frame.script.statements.iter().flat_map(|statement| &statement.clauses);
    clauses.into_iter().any(|clause| match &clause.operation {
        Operation::AttachPartition { partition, .. } => frame.before.canonical(partition) == table,
        _ => false,
    })
}

/// Whether a release that does not know this migration could write a row that the condition refuses.
fn refuses_anybody(frame: &Frame<'_>, name: &ObjectName, condition: &Expression) -> bool {
    let Some(table) = frame.table(name) else { return true };
    let stands_already = table.constraints.iter().any(|constraint| match &constraint.kind {
        ConstraintKind::Check(other) => constraint.validity != Validity::NotEnforced && other.text == condition.text,
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::NotNull(_)
        | ConstraintKind::ForeignKey(_)
        | ConstraintKind::Exclusion { .. } => false,
    });
    if stands_already
        || frame.loosens_check(name, condition)
        || condition.shape == Shape::Tautology
        || only_repeats_not_null(table, condition)
    {
        return false;
    }
    let unknown_to_old = |column: &Ident| frame.brought_column(column).is_some() || !frame.is_old_column(name, column);
    let left_empty = |column: &Ident| match frame.brought_column(column) {
        Some(new) => new.default.is_none() && new.generated == Generated::No,
        None => table.column(column).is_some_and(|known| !frame.fills_for_old_writers(table, known)),
    };
    condition.columns.is_empty() || !condition.columns.iter().all(unknown_to_old) || condition.proves_not_null.iter().any(left_empty)
}

/// `c IS NOT NULL` on a column that is NOT NULL already.
fn only_repeats_not_null(table: &Table, condition: &Expression) -> bool {
    match (&condition.columns[..], &condition.proves_not_null[..]) {
        ([column], [proved]) => {
            column == proved
                && table.column(column).is_some_and(|known| known.not_null)
                && condition.text.trim_matches(['(', ')', ' ']).to_ascii_lowercase().split_whitespace().skip(1).eq(["is", "not", "null"])
        }
        _ => false,
    }
}
