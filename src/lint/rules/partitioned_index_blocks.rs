//! partitioned-index-blocks: writes to every partition wait until all their indexes are built.

use crate::lint::cure::text::{behind_name, splice};
use crate::lint::cure::{Spelled, derived};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::CreateIndex;
use crate::schema::table::Table;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("partitioned-index-blocks"),
    doc: include_str!("../../../lints/partitioned-index-blocks.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateIndex(index) = frame.operation else { return };
    let Some(table) = frame.table(&index.table).filter(|table| table.is_partitioned()) else { return };
    if index.concurrently || frame.impact.index_builds().next().is_none() || frame.is_new_table(&index.table) {
        return;
    }
    let only = format!("{};", splice(frame.sql(), "on", "ONLY"));
    let fault = Fault::new(format!(
        "writes to all {} partitions of `{}` wait until the last of their indexes is built",
        table.partitions().len(),
        index.table
    ))
    .on(&index.table)
    .help(format!("build it on the parent alone, on each partition CONCURRENTLY, and attach those; begin with `{only}`"));
    findings.push(match one_by_one(frame, table, index) {
        Some(rest) => fault.cure(frame.phase(), format!("{only}\n{rest}")),
        None => fault,
    });
}

/// The index on each partition, built beside its writers, then attached. Not written where partitions are partitioned again.
fn one_by_one(frame: &Frame<'_>, table: &Table, index: &CreateIndex) -> Option<String> {
    let (dialect, name) = (frame.dialect(), index.name.as_ref()?);
    let keys = behind_name(frame.sql(), "on")?;
    let kind = if index.unique { "UNIQUE INDEX" } else { "INDEX" };
    let leaves = table.partitions().iter().map(|partition| frame.table(partition).filter(|leaf| !leaf.is_partitioned()));
    let leaves: Option<Vec<&Table>> = leaves.collect();
    let steps = leaves?.into_iter().map(|leaf| {
        let own = derived(dialect, [leaf.name.name.as_str(), name.as_str()]).spelled(dialect);
        let (on, parent) = (leaf.name.spelled(dialect), name.spelled(dialect));
        format!("CREATE {kind} CONCURRENTLY {own} ON {on}{keys};\nALTER INDEX {parent} ATTACH PARTITION {own};\n")
    });
    Some(steps.collect())
}
