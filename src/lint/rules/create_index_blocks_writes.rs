//! create-index-blocks-writes: every write waits until the index is built.

use crate::dialect::Lock;
use crate::lint::cure::text::splice;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Table;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("create-index-blocks-writes"),
    doc: include_str!("../../../lints/create-index-blocks-writes.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateIndex(index) = frame.operation else { return };
    let table = &index.table;
    let blocks =
        frame.impact.lock(&frame.before.canonical(table)).is_some_and(Lock::blocks_writes) && frame.impact.index_builds().next().is_some();
    let partitioned = frame.table(table).is_some_and(Table::is_partitioned);
    if index.concurrently || !blocks || partitioned || frame.is_new_table(table) || frame.is_view(table) {
        return;
    }
    let sql = format!("{};", splice(frame.sql(), "index", "CONCURRENTLY"));
    findings.push(
        Fault::new(format!("writes to `{table}` wait until the index is built: it takes a SHARE lock and reads every row"))
            .on(table)
            .help(format!("build it beside the writes, outside a transaction: `{sql}`"))
            .cure(frame.phase(), sql),
    );
}
