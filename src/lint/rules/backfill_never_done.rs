//! backfill-never-done: the condition still finds rows that are done.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ChangeData, DataKind, Extent};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("backfill-never-done"),
    doc: include_str!("../../../lints/backfill-never-done.md"),
    class: Class::Data,
    levels: PhaseLevels::NOTICE,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::ChangeData], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::ChangeData(change) = frame.operation else { return };
    if frame.phase() != Phase::Backfill || change.extent != Extent::Condition || frame.is_new_table(&change.table) || can_end(frame, change)
    {
        return;
    }
    findings.push(
        Fault::new(
            "the condition finds the same rows after they were changed: the backfill can never be proved done, and contract stays held",
        )
        .help(format!("ask for what the statement sets, so that finished rows fall out: `UPDATE {} SET … WHERE … IS NULL;`", change.table)),
    );
}

/// Whether the statement takes rows out of its own condition.
fn can_end(frame: &Frame<'_>, change: &ChangeData) -> bool {
    match change.kind {
        DataKind::Update => {
            let Some(condition) = &change.condition else { return true };
            change.columns.iter().any(|column| condition.columns.contains(column))
        }
        DataKind::InsertSelect => {
            let table = frame.before.canonical(&change.table);
            change.reads.iter().any(|read| frame.before.canonical(read) == table)
        }
        DataKind::Insert | DataKind::Delete | DataKind::Merge | DataKind::Replace | DataKind::Copy => true,
    }
}
