//! backfill-outside-backfill-phase: data work runs in one piece, beside DDL and its locks.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ChangeData, DataKind};
use crate::schema::{Dialect, Operation, OperationKind, Phase};
use crate::sql::ProblemKind;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("backfill-outside-backfill-phase"),
    doc: include_str!("../../../lints/backfill-outside-backfill-phase.md"),
    class: Class::Waiting,
    levels: PhaseLevels::BACKFILL_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::ChangeData], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::ChangeData(change) = frame.operation else { return };
    let harmless = frame.is_new_table(&change.table) && reads_nothing_old(frame, change) || frame.touches_few_rows(change);
    // One row a table: where its numbers go on.
    let numbers = frame.dialect() == Dialect::Sqlite && change.table.name.as_str() == "sqlite_sequence";
    if harmless || numbers || is_rebuild(frame, change) || is_from_the_client(frame) {
        return;
    }
    let what = match change.kind {
        DataKind::Update => "UPDATE",
        DataKind::Delete => "DELETE",
        DataKind::InsertSelect => "INSERT … SELECT",
        DataKind::Insert => "INSERT of many rows",
        DataKind::Merge => "MERGE",
        DataKind::Replace => "REPLACE",
        DataKind::Copy => "COPY",
    };
    let sql = format!("{};", frame.sql());
    let fault = Fault::new(format!(
        "{what} over `{}` in {}.sql runs in one piece: row locks and one long transaction for everybody else",
        change.table,
        frame.phase()
    ))
    .on(&change.table)
    .help(format!("move it to backfill.sql, where it is cut into batches and resumed:\n{sql}"));
    if !is_repeatable(frame, change) {
        findings.push(fault);
        return;
    }
    let fault = fault.cure(Phase::Backfill, sql);
    // What shares its transaction stays where it is.
    let others = frame.transaction.statements.iter().filter(|statement| statement.span != frame.statement.span);
    let others: Vec<String> = others.map(|statement| format!("{};\n", frame.script.text(statement.span))).collect();
    findings.push(match &others[..] {
        [] => fault,
        [only] => fault.cure(frame.phase(), only),
        several => fault.cure(frame.phase(), format!("BEGIN;\n{}COMMIT;\n", several.concat())),
    });
}

/// Whether the statement can stand in a backfill as it is: what it inserts is not inserted again.
fn is_repeatable(frame: &Frame<'_>, change: &ChangeData) -> bool {
    let table = frame.before.canonical(&change.table);
    change.kind != DataKind::InsertSelect || change.conflict_guard || change.reads.iter().any(|read| frame.before.canonical(read) == table)
}

/// Whether rows come from the statement itself or from tables that nobody uses yet.
fn reads_nothing_old(frame: &Frame<'_>, change: &ChangeData) -> bool {
    match change.kind {
        DataKind::InsertSelect | DataKind::Merge => change.reads.iter().all(|read| frame.is_new_table(read)),
        DataKind::Insert | DataKind::Update | DataKind::Delete | DataKind::Replace | DataKind::Copy => true,
    }
}

/// Whether the rows would have to come from a client program, which is told already.
fn is_from_the_client(frame: &Frame<'_>) -> bool {
    frame.script.problems.iter().any(|problem| problem.span == frame.statement.span && problem.kind == ProblemKind::CopyData)
}

/// The copy of SQLite's rebuild: the table it reads is dropped later in the same transaction.
fn is_rebuild(frame: &Frame<'_>, change: &ChangeData) -> bool {
    frame.dialect() == Dialect::Sqlite
        && frame.is_new_table(&change.table)
        && frame.later().any(|clause| match &clause.operation {
            Operation::DropTable(drop) => change.reads.contains(&drop.name),
            _ => false,
        })
}
