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
                Operation::Transaction(_) if statement.is_block() => {
                    say(clause.span, "this block ends a transaction, but the runner runs it inside one");
                }
                Operation::Transaction(TransactionControl::Begin) => {
                    if open.is_some() {
                        say(statement.span, "BEGIN inside a transaction that is still open");
                    }
                    open = Some(statement.span);
                }
                Operation::Transaction(end @ (TransactionControl::Commit | TransactionControl::Rollback)) => {
                    let begin = open.take();
                    if begin.is_none() && !implicit {
                        let commit = *end == TransactionControl::Commit;
                        say(statement.span, if commit { "COMMIT without BEGIN" } else { "ROLLBACK without BEGIN" });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Dialect, Server};
    use crate::sql::{Source, read};

    fn found(dialect: Dialect, text: &str) -> Vec<ProblemKind> {
        read(&Source::new("a.sql", text), Server::oldest(dialect)).problems.into_iter().map(|problem| problem.kind).collect()
    }

    #[test]
    fn every_begin_has_its_end() {
        let unbalanced = |what| vec![ProblemKind::UnbalancedTransaction(what)];
        for dialect in Dialect::ALL {
            assert_eq!(found(dialect, "BEGIN; DROP TABLE a; COMMIT; DROP TABLE b; BEGIN; DROP TABLE c; ROLLBACK;"), []);
            assert_eq!(found(dialect, "BEGIN; DROP TABLE a;"), unbalanced("BEGIN without COMMIT"));
            assert_eq!(found(dialect, "DROP TABLE a; COMMIT;"), unbalanced("COMMIT without BEGIN"));
            assert_eq!(found(dialect, "DROP TABLE a; ROLLBACK;"), unbalanced("ROLLBACK without BEGIN"));
            assert_eq!(found(dialect, "BEGIN; BEGIN; COMMIT;"), unbalanced("BEGIN inside a transaction that is still open"));
        }
        let in_block = "DO $$ BEGIN LOOP UPDATE t SET a = 1 WHERE a IS NULL; EXIT WHEN NOT FOUND; COMMIT; END LOOP; END $$;";
        assert_eq!(found(Dialect::Postgres, in_block), unbalanced("this block ends a transaction, but the runner runs it inside one"));
        assert_eq!(found(Dialect::Mysql, "SET autocommit = 0; DROP TABLE a; COMMIT;"), []);
    }
}
