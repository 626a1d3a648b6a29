//! mysql-explicit-copy: a copy is asked for where the server may know a cheaper way.

use crate::dialect::{self, Algorithm};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::TableChange;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-explicit-copy"),
    doc: include_str!("../../../lints/mysql-explicit-copy.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterTable, OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (table, asked) = match frame.operation {
        Operation::AlterTable { table, change: TableChange::Algorithm { algorithm, .. } } => (table, algorithm),
        Operation::CreateIndex(index) => (&index.table, &index.algorithm),
        _ => return,
    };
    let Some(word @ "COPY") = asked.as_deref() else { return };
    if frame.is_new_table(table) || has_no_cheaper_way(frame) {
        return;
    }
    let message = format!("ALGORITHM={word} copies `{table}` row by row, whatever the change needs: every write to it waits");
    findings.push(
        Fault::new(message)
            .on(table)
            .help("ask for the cheapest way, so that the server refuses rather than blocks: `ALGORITHM=INPLACE, LOCK=NONE`"),
    );
}

/// Whether another clause of the statement is carried out by a copy anyway, which is told there.
fn has_no_cheaper_way(frame: &Frame<'_>) -> bool {
    frame.statement.clauses.iter().any(|clause| match &clause.operation {
        Operation::AlterTable { change: TableChange::Algorithm { .. }, .. } | Operation::CreateIndex(_) => false,
        other => dialect::impact(&frame.server, other, frame.before).algorithm == Some(Algorithm::Copy),
    })
}
