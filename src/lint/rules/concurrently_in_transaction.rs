//! concurrently-in-transaction: the server refuses CONCURRENTLY inside a transaction.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::migration::Bounds;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("concurrently-in-transaction"),
    doc: include_str!("../../../lints/concurrently-in-transaction.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(
        &[OperationKind::CreateIndex, OperationKind::DropIndex, OperationKind::Reindex, OperationKind::DetachPartition],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let what = match frame.operation {
        Operation::CreateIndex(index) if index.concurrently => "CREATE INDEX CONCURRENTLY",
        Operation::DropIndex { concurrently: true, .. } => "DROP INDEX CONCURRENTLY",
        Operation::Reindex { concurrently: true, .. } => "REINDEX CONCURRENTLY",
        Operation::DetachPartition { concurrently: true, .. } => "DETACH PARTITION CONCURRENTLY",
        _ => return,
    };
    if frame.transaction.bounds == Bounds::Lone && !frame.is_in_block() {
        return;
    }
    let sql = format!("{};", frame.clause_sql());
    let others = frame.transaction.statements.iter().filter(|statement| statement.span != frame.statement.span);
    let others: String = others.map(|statement| format!("{};\n", frame.script.text(statement.span))).collect();
    let rest = if others.is_empty() { String::new() } else { format!("BEGIN;\n{others}COMMIT;\n") };
    findings.push(
        Fault::new(format!("{what} fails inside a transaction"))
            .help(format!(
                "write it outside BEGIN and COMMIT, on its own; a lone statement is run without a transaction where it must be: `{sql}`"
            ))
            .cure(frame.phase(), format!("{rest}{sql}")),
    );
}
