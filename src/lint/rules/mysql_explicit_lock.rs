//! mysql-explicit-lock: a lock is asked for that the change may not need.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::TableChange;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-explicit-lock"),
    doc: include_str!("../../../lints/mysql-explicit-lock.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterTable, OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (table, asked) = match frame.operation {
        Operation::AlterTable { table, change: TableChange::Algorithm { lock, .. } } => (table, lock),
        Operation::CreateIndex(index) => (&index.table, &index.lock),
        _ => return,
    };
    let Some(word @ ("SHARED" | "EXCLUSIVE")) = asked.as_deref() else { return };
    if frame.is_new_table(table) {
        return;
    }
    let who = if word == "SHARED" { "writes" } else { "reads and writes" };
    let message = format!("LOCK={word} makes {who} of `{table}` wait, whatever the change needs");
    findings.push(
        Fault::new(message)
            .on(table)
            .help("ask for the cheapest way, so that the server refuses rather than blocks: `ALGORITHM=INPLACE, LOCK=NONE`"),
    );
}
