//! multiple-alter-table: a table is closed twice for what could be done at once.

use crate::dialect::{self, Impact};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::migration::Bounds;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};
use crate::sql::Statement;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("multiple-alter-table"),
    doc: include_str!("../../../lints/multiple-alter-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::AddColumn,
            OperationKind::DropColumn,
            OperationKind::AlterColumn,
            OperationKind::AddConstraint,
            OperationKind::DropConstraint,
        ],
        check,
    ),
};

/// So many statements back a table may have been altered before.
const NEAR: usize = 50;

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some(table) = altered(frame.operation) else { return };
    let first = frame.statement.clauses.first().is_some_and(|first| first.span == frame.clause.span);
    if !first || frame.is_in_block() || frame.is_new_table(table) {
        return;
    }
    let name = frame.before.canonical(table);
    let at = frame.script.statements.partition_point(|statement| statement.span.start < frame.statement.span.start);
    let earlier = frame.script.statements.get(..at).unwrap_or_default();
    let works = frame.impact.reads_all_rows(&name);
    let like = |statement: &&Statement| {
        let fits = works || statement.clauses.iter().all(|clause| joins_well(&clause.operation));
        fits && impact_on(frame, statement, &name).is_some_and(|other| other.reads_all_rows(&name) == works)
    };
    let lone = frame.transaction.bounds == Bounds::Lone;
    // What takes a moment is told of neighbours only; of many the second is told.
    let others: Vec<&Statement> = match works {
        true => earlier.iter().rev().take(NEAR).filter(like).take(2).collect(),
        false if lone && joins_well(frame.operation) => earlier.iter().rev().take_while(like).take(2).collect(),
        false => return,
    };
    let [other] = &others[..] else { return };
    let what = if works { "reads all its rows" } else { "waits for its lock" };
    findings.push(
        Fault::new(format!("`{table}` is altered twice, and each {what}: one statement with both clauses does it once"))
            .on(table)
            .label(other.span, "altered here before")
            .help("write the clauses into one statement: `ALTER TABLE … …, …;`"),
    );
}

/// Whether it may stand beside others in one statement: the proof of a NOT NULL must outlast it, for one.
fn joins_well(operation: &Operation) -> bool {
    matches!(operation, Operation::AddColumn(_) | Operation::DropColumn { .. })
}

fn altered(operation: &Operation) -> Option<&ObjectName> {
    match operation {
        Operation::AddColumn(add) => Some(&add.table),
        Operation::AddConstraint(add) => Some(&add.table),
        Operation::DropColumn { table, .. } | Operation::AlterColumn { table, .. } | Operation::DropConstraint { table, .. } => Some(table),
        _ => None,
    }
}

/// What an ALTER of the same table does.
fn impact_on(frame: &Frame<'_>, statement: &Statement, name: &ObjectName) -> Option<Impact> {
    let clause = statement.clauses.first()?;
    let table = altered(&clause.operation)?;
    (frame.before.canonical(table) == *name).then(|| dialect::impact(&frame.server, &clause.operation, frame.before))
}
