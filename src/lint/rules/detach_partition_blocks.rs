//! detach-partition-blocks: reads and writes of the whole partitioned table wait behind the lock that it waits for.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::Level;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Table;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("detach-partition-blocks"),
    doc: include_str!("../../../lints/detach-partition-blocks.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DetachPartition, OperationKind::DropTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Operation::DropTable(drop) = frame.operation {
        if let Some(fault) = dropped(frame, &drop.name) {
            findings.push(fault);
        }
        return;
    }
    let Operation::DetachPartition { parent, partition, concurrently: false, finalize: false } = frame.operation else { return };
    if frame.is_new_table(parent) || frame.is_new_table(partition) {
        return;
    }
    let dialect = frame.dialect();
    let alter = recipe::alter(dialect, parent);
    let sql = format!("{alter} DETACH PARTITION {} CONCURRENTLY;", partition.spelled(dialect));
    let told = format!(
        "detaching `{partition}` takes an ACCESS EXCLUSIVE lock on `{parent}`: while it waits for running queries, every new one on any partition waits behind it"
    );
    let fault = Fault::new(told).on(parent);
    findings.push(match frame.table(parent).and_then(Table::default_partition) {
        // The server refuses CONCURRENTLY there, so this is the way.
        Some(default) => fault
            .at_most(Level::Notice)
            .help(format!("CONCURRENTLY is refused beside the DEFAULT partition `{default}`; without one: `{sql}`")),
        None => fault.help(format!("detach it beside them, outside a transaction: `{sql}`")).cure(frame.phase(), sql),
    });
}

/// A partition that is dropped while it is attached: the same lock, for the moment of the drop.
fn dropped(frame: &Frame<'_>, partition: &ObjectName) -> Option<Fault> {
    let parent = frame.table(partition).filter(|_| !frame.is_new_table(partition))?.partition_parent()?;
    let goes_too = frame.later().any(|clause| match &clause.operation {
        Operation::DropTable(drop) => frame.before.canonical(&drop.name) == *parent,
        _ => false,
    });
    if frame.is_new_table(parent) || goes_too {
        return None;
    }
    let dialect = frame.dialect();
    Some(
        Fault::new(format!("dropping `{partition}` takes an ACCESS EXCLUSIVE lock on `{parent}` too, of which it is a partition"))
            .on(parent)
            .at_most(Level::Notice)
            .help(format!(
                "detach it beside running queries first, then drop it: `{} DETACH PARTITION {} CONCURRENTLY;`",
                recipe::alter(dialect, parent),
                partition.spelled(dialect)
            )),
    )
}
