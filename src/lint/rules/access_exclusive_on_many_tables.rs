//! access-exclusive-on-many-tables: several tables are closed together, until the last of them is done.

use crate::dialect::Lock;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, ObjectName, Operation, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("access-exclusive-on-many-tables"),
    doc: include_str!("../../../lints/access-exclusive-on-many-tables.md"),
    class: Class::Waiting,
    levels: PhaseLevels::WARN,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Clause(check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let whole = |lock: Lock| lock.blocks_reads();
    if frame.transaction.held.is_empty() || nobody_uses_it(frame) {
        return;
    }
    let mut earlier = frame.transaction.held.iter().filter(|held| whole(held.lock) && is_in_use(frame, &held.table));
    let Some(first) = earlier.next() else { return };
    let tree = root(frame, &first.table);
    // Told once: where the second table comes in.
    if earlier.any(|held| root(frame, &held.table) != tree) {
        return;
    }
    let second =
        frame.impact.locks.iter().find(|lock| whole(lock.lock) && is_in_use(frame, &lock.table) && root(frame, &lock.table) != tree);
    let Some(second) = second else { return };
    findings.push(
        Fault::new(format!(
            "this closes `{}` while the transaction still keeps `{}` closed: whoever uses both in the other order deadlocks with it, and both wait for the slower",
            second.table, first.table
        ))
        .on(&second.table)
        .label(first.span, format!("takes {} on `{}`", first.lock, first.table))
        .help("close one table at a time, each in a transaction of its own: end the first with `COMMIT;`"),
    );
}

/// What contract drops is no longer used: nobody waits for it.
fn nobody_uses_it(frame: &Frame<'_>) -> bool {
    matches!(frame.operation, Operation::DropTable(_)) && frame.phase() == Phase::Contract
}

/// Whether others can be using the table: it exists, and not since this script.
fn is_in_use(frame: &Frame<'_>, table: &ObjectName) -> bool {
    !frame.before.table(table).is_absent() && !frame.is_new_table(table) && !frame.is_view(table)
}

/// The uppermost table of a partition tree: its parts are locked together anyway.
fn root(frame: &Frame<'_>, table: &ObjectName) -> ObjectName {
    let mut top = table.clone();
    while let Some(parent) = frame.table(&top).and_then(|table| table.partition_parent().or(table.inherits.first())) {
        top = parent.clone();
    }
    top
}
