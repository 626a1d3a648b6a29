//! What earlier statements of the script have set for its session.

use super::Frame;
use crate::schema::Operation;
use crate::schema::operation::TransactionControl;

impl Frame<'_> {
    /// Whether SQLite's foreign keys are on here: they are, unless the script switched them off outside a transaction.
    pub(in crate::lint) fn foreign_keys_on(&self) -> bool {
        let (mut inside, mut on) = (false, true);
        let earlier = self.script.statements.iter().take_while(|statement| statement.span.start < self.statement.span.start);
        for clause in earlier.flat_map(|statement| &statement.clauses) {
            match &clause.operation {
                Operation::Transaction(TransactionControl::Begin) => inside = true,
                Operation::Transaction(TransactionControl::Commit | TransactionControl::Rollback) => inside = false,
                Operation::SetSetting(setting) if setting.name == "foreign_keys" && !inside => {
                    if let Some(value) = setting.values.first() {
                        on = !["0", "off", "no", "false"].contains(&value.to_ascii_lowercase().as_str());
                    }
                }
                _ => {}
            }
        }
        on
    }

    /// Whether the text of the statement is broken in itself, which is told apart from what it does.
    pub(in crate::lint) fn has_text_problem(&self) -> bool {
        let here = self.statement.span;
        self.script.problems.iter().any(|problem| problem.span.start < here.end && here.start < problem.span.end)
    }
}
