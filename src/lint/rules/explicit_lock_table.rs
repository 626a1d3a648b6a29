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
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::LockTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::LockTable { table, mode, .. } = frame.operation else { return };
    if frame.dialect() == Dialect::Mysql {
        if !frame.is_new_table(table) {
            let reads_wait = mode.as_deref().is_none_or(|mode| mode.to_ascii_lowercase().contains("write"));
            let waiting = if reads_wait { "reads and writes" } else { "writes" };
            let fault = Fault::new(format!(
                "LOCK TABLES holds `{table}` until UNLOCK TABLES: {waiting} of others wait for all that stands between"
            ));
            findings.push(
                fault
                    .on(table)
                    .help("leave it out, each statement takes the lock that it needs: `ALTER TABLE …, ALGORITHM=INPLACE, LOCK=NONE;`"),
            );
        }
        return;
    }
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
