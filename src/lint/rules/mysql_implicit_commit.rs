//! mysql-implicit-commit: each DDL statement commits what came before it.

use crate::dialect::{self, TransactionUse};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::migration::Bounds;
use crate::schema::operation::TransactionControl;
use crate::schema::{Dialect, Operation};
use crate::sql::Clause;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-implicit-commit"),
    doc: include_str!("../../../lints/mysql-implicit-commit.md"),
    class: Class::Script,
    levels: PhaseLevels::WARN,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Clause(check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let transaction = frame.transaction;
    let together = transaction.bounds == Bounds::Explicit && transaction.statements.len() > 1 && says_begin(frame);
    let first_clause = frame.statement.clauses.first().is_some_and(|first| first.span == frame.clause.span);
    if !together || !first_clause || frame.impact.transaction != TransactionUse::CommitsImplicitly || committed_before(frame) {
        return;
    }
    findings.push(
        Fault::new("DDL commits the transaction that it stands in: what follows is not undone with it, and ROLLBACK brings nothing back")
            .help("write each statement on its own, without `BEGIN;` and `COMMIT;`, so that a failure leaves off between two of them"),
    );
}

/// Whether the file itself asks for the transaction, and not the tool that runs it.
fn says_begin(frame: &Frame<'_>) -> bool {
    frame.earlier_in_script().any(|clause| matches!(clause.operation, Operation::Transaction(TransactionControl::Begin)))
}

/// Whether an earlier statement ended the transaction, which is told there.
fn committed_before(frame: &Frame<'_>) -> bool {
    let earlier = frame.transaction.statements.get(..frame.transaction.position).unwrap_or_default();
    let commits =
        |clause: &Clause| dialect::impact(&frame.server, &clause.operation, frame.before).transaction == TransactionUse::CommitsImplicitly;
    earlier.iter().flat_map(|statement| &statement.clauses).any(commits)
}
