//! concurrently-on-partitioned: the server refuses CONCURRENTLY for a partitioned table.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Table;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("concurrently-on-partitioned"),
    doc: include_str!("../../../lints/concurrently-on-partitioned.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex, OperationKind::DropIndex, OperationKind::DetachPartition], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let dialect = frame.dialect();
    let partitioned = |table: &ObjectName| frame.table(table).is_some_and(Table::is_partitioned);
    match frame.operation {
        Operation::CreateIndex(index) if index.concurrently && partitioned(&index.table) => {
            let table = index.table.spelled(dialect);
            findings.push(
                Fault::new(format!("`{}` is partitioned, and the server refuses to build an index on it CONCURRENTLY", index.table)).help(
                    format!(
                        "make it on the parent alone, build one on each partition beside its writes, then attach each: \
                         `CREATE INDEX … ON ONLY {table} …;`, `CREATE INDEX CONCURRENTLY … ON <partition> …;`, `ALTER INDEX … ATTACH PARTITION …;`"
                    ),
                ),
            );
        }
        Operation::DropIndex { index, concurrently: true, .. } => {
            let carrier = frame.before.index(index, None).recorded().map(|(table, _)| table);
            if let Some(table) = carrier.filter(|table| partitioned(table)) {
                findings.push(
                    Fault::new(format!("`{index}` belongs to the partitioned `{table}`, and the server refuses to drop it CONCURRENTLY"))
                        .help(format!(
                            "drop it with a short lock_timeout and try again until it is free: `DROP INDEX {};`",
                            index.spelled(dialect)
                        )),
                );
            }
        }
        Operation::DetachPartition { parent, concurrently: true, .. } => {
            if let Some(default) = frame.table(parent).and_then(Table::default_partition) {
                findings.push(
                    Fault::new(format!(
                        "`{parent}` has the DEFAULT partition `{default}`, and the server then refuses to detach CONCURRENTLY"
                    ))
                    .help(format!(
                        "move the rows of the DEFAULT partition out and detach that one first: `ALTER TABLE {} DETACH PARTITION {};`",
                        parent.spelled(dialect),
                        default.spelled(dialect)
                    )),
                );
            }
        }
        _ => {}
    }
}
