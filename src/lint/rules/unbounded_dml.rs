//! unbounded-dml: every row of the table is changed by one statement.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ChangeData, DataKind, Extent};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unbounded-dml"),
    doc: include_str!("../../../lints/unbounded-dml.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::ChangeData], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::ChangeData(change) = frame.operation else { return };
    let verb = match change.kind {
        DataKind::Update => "UPDATE",
        DataKind::Delete => "DELETE",
        DataKind::Merge => "MERGE",
        DataKind::Insert | DataKind::InsertSelect | DataKind::Replace | DataKind::Copy => return,
    };
    if change.extent != Extent::All && !excludes_nothing(frame, change) || frame.is_new_table(&change.table) {
        return;
    }
    let dialect = frame.dialect();
    let table = change.table.spelled(dialect);
    let fault = Fault::new(format!(
        "{verb} changes every row of `{}` at once: the rows stay locked to its end, and a mistake reaches all of them",
        change.table
    ));
    if change.kind == DataKind::Merge {
        let fault = Fault::new(format!(
            "MERGE changes every row of `{}` that its source matches, all at once: the rows stay locked to its end",
            change.table
        ));
        findings.push(fault.on(&change.table).help(format!(
            "say in backfill.sql which rows are still to do, with a statement that can be cut into batches: `UPDATE {table} SET … FROM … WHERE … IS NULL;`"
        )));
        return;
    }
    let example = match (change.kind, change.columns.first()) {
        (DataKind::Update, Some(column)) => format!("UPDATE {table} SET … WHERE {} IS NULL;", column.spelled(dialect)),
        _ => format!("{verb} … {table} … WHERE …;"),
    };
    let fault = fault.help(format!(
        "say in backfill.sql which rows are still to do, so that it can be cut into batches and told when it is done: `{example}`"
    ));
    // A small table is soon updated; what DELETE takes is lost whatever the size.
    findings.push(if change.kind == DataKind::Update { fault.on(&change.table) } else { fault });
}

/// Whether all that is asked is that a column is not NULL which never is.
fn excludes_nothing(frame: &Frame<'_>, change: &ChangeData) -> bool {
    let Some(condition) = &change.condition else { return false };
    match &condition.proves_not_null[..] {
        [column] => {
            let words: Vec<&str> = condition.text.split(' ').collect();
            let alone = words.len() <= 6 && words.ends_with(&["is", "not", "null"]);
            alone && change.extent == Extent::Condition && frame.column(&change.table, column).is_some_and(|known| known.not_null)
        }
        _ => false,
    }
}
