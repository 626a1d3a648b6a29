//! Whether every BEGIN of a file has its COMMIT.

use crate::schema::operation::{Operation, TransactionControl};
use crate::sql::{Problem, ProblemKind, Span, Statement};

/// Adds a problem for each BEGIN or COMMIT that stands alone. A migration must not leave a transaction to the next
/// one, nor end one that the tool opened.
pub(super) fn check(statements: &[Statement], problems: &mut Vec<Problem>) {
    let mut open: Option<Span> = None;
    // `SET autocommit = 0` opens one with every statement: dumps of MySQL end with a bare COMMIT.
    let mut implicit = false;
    let mut say = |span, what| problems.push(Problem { span, kind: ProblemKind::UnbalancedTransaction(what) });
    for statement in statements {
        for clause in &statement.clauses {
            match &clause.operation {
                Operation::Transaction(TransactionControl::Begin) => {
                    if open.is_some() {
                        say(statement.span, "BEGIN inside a transaction that is still open");
                    }
                    open = Some(statement.span);
                }
                Operation::Transaction(TransactionControl::Commit) => {
                    if open.take().is_none() && !implicit {
                        say(statement.span, "COMMIT without BEGIN");
                    }
                }
                Operation::Transaction(TransactionControl::Rollback) => {
                    if open.take().is_none() && !implicit {
                        say(statement.span, "ROLLBACK without BEGIN");
                    }
                }
                Operation::SetSetting(setting) if setting.name.eq_ignore_ascii_case("autocommit") => implicit = true,
                _ => {}
            }
        }
    }
    if let Some(span) = open {
        say(span, "BEGIN without COMMIT");
    }
}
