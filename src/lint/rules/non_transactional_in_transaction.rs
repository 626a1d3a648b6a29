//! non-transactional-in-transaction: the server refuses the statement inside a transaction.

use crate::dialect::TransactionUse;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::migration::Bounds;
use crate::schema::{Dialect, Operation};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("non-transactional-in-transaction"),
    doc: include_str!("../../../lints/non-transactional-in-transaction.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres, Dialect::Sqlite],
    yields_to: &[],
    check: Check::Clause(check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let concurrently = match frame.operation {
        Operation::CreateIndex(index) => index.concurrently,
        Operation::DropIndex { concurrently, .. }
        | Operation::Reindex { concurrently, .. }
        | Operation::DetachPartition { concurrently, .. } => *concurrently,
        _ => false,
    };
    let inside = frame.transaction.bounds == Bounds::Explicit || frame.is_in_block();
    let refused = frame.impact.transaction == TransactionUse::Forbidden && inside;
    if !refused || concurrently {
        return;
    }
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new("the server refuses this statement inside a transaction, and undoes the rest of it")
            .help(format!("write it outside BEGIN and COMMIT, on its own: `{sql}`")),
    );
}
