//! explicit-lock-table: the lock is held until the transaction ends, and stops others meanwhile.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("explicit-lock-table"),
    doc: include_str!("../../../lints/explicit-lock-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::LockTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::LockTable { table, .. } = frame.operation else { return };
    let Some(lock) = frame.impact.lock(&frame.before.canonical(table)).filter(|lock| lock.blocks_writes()) else { return };
    if frame.is_new_table(table) {
        return;
    }
    let waiting = if lock.blocks_reads() { "reads and writes" } else { "writes" };
    findings.push(
        Fault::new(format!("LOCK holds {lock} on `{table}` until this transaction ends: {waiting} wait for all that follows in it"))
            .on(table)
            .help(format!(
                "leave it out: each statement takes the lock that it needs, and the runner limits the wait; to read a steady state use `LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE;`",
                table.spelled(frame.dialect())
            )),
    );
}
