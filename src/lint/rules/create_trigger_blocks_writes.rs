//! create-trigger-blocks-writes: writes wait for the lock that it takes.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("create-trigger-blocks-writes"),
    doc: include_str!("../../../lints/create-trigger-blocks-writes.md"),
    class: Class::Waiting,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTrigger], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateTrigger(trigger) = frame.operation else { return };
    let table = &trigger.table;
    if trigger.instead_of || frame.is_view(table) || !frame.is_old_table(table) {
        return;
    }
    findings.push(
        Fault::new(format!("writes to `{table}` wait until this transaction ends: CREATE TRIGGER holds SHARE ROW EXCLUSIVE on it"))
            .on(table)
            .help(format!("keep it in a transaction with nothing slow behind it: `{};`", one_line(frame.clause_sql()))),
    );
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
