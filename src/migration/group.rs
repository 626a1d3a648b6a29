//! Statement groups: which statements of a script share a transaction. Knows no schema and no database.
//!
//! A lone statement is its own transaction; `BEGIN; … COMMIT;` in the file makes a group of several.

use std::ops::Range;

use crate::schema::Operation;
use crate::schema::operation::TransactionControl;
use crate::sql::{Problem, ProblemKind, Script, Statement};

/// The groups of one script, in its order, and what is wrong with its transactions.
#[derive(Clone, Debug, Default)]
pub struct Grouping {
    /// Every statement belongs to exactly one group.
    pub groups: Vec<Group>,
    /// BEGIN without COMMIT and the like. Each blocks.
    pub problems: Vec<Problem>,
}

/// The statements of one transaction, as indices into [`Script::statements`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The statements that do the work; BEGIN and COMMIT stand outside. May be empty (`BEGIN; COMMIT;`).
    pub body: Range<usize>,
    /// Whether the file says BEGIN and COMMIT around them.
    pub bounds: Bounds,
    /// What becomes of what they did.
    pub ending: Ending,
}

/// What makes a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// A statement on its own.
    Lone,
    /// BEGIN … COMMIT in the file.
    Explicit,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By COMMIT, or as the runner ends it.
    Kept,
    /// By ROLLBACK: as if nothing had been done.
    Undone,
}

impl Group {
    /// Its statements.
    pub fn statements<'a>(&self, script: &'a Script) -> &'a [Statement] {
        &script.statements[self.body.clone()]
    }
}

/// Cuts a script into groups.
pub fn groups(script: &Script) -> Grouping {
    let mut grouping = Grouping::default();
    let mut begun: Option<usize> = None;
    for (index, statement) in script.statements.iter().enumerate() {
        let problem = match (control(statement), begun) {
            (None | Some(TransactionControl::Set), None) => {
                grouping.groups.push(Group { body: index..index + 1, bounds: Bounds::Lone, ending: Ending::Kept });
                None
            }
            (None | Some(TransactionControl::Set | TransactionControl::Savepoint), Some(_)) => None,
            (Some(TransactionControl::Begin), None) => {
                begun = Some(index);
                None
            }
            (Some(TransactionControl::Commit), Some(begin)) => {
                grouping.groups.push(Group { body: begin + 1..index, bounds: Bounds::Explicit, ending: Ending::Kept });
                begun = None;
                None
            }
            (Some(TransactionControl::Rollback), Some(begin)) => {
                grouping.groups.push(Group { body: begin + 1..index, bounds: Bounds::Explicit, ending: Ending::Undone });
                begun = None;
                Some("ROLLBACK undoes what the script has just done")
            }
            (Some(TransactionControl::Begin), Some(_)) => Some("BEGIN stands inside a transaction that is already open"),
            (Some(TransactionControl::Commit), None) => Some("COMMIT has no BEGIN before it"),
            (Some(TransactionControl::Rollback), None) => Some("ROLLBACK has no BEGIN before it"),
            (Some(TransactionControl::Savepoint), None) => Some("a savepoint needs BEGIN before it"),
            (Some(TransactionControl::TwoPhase), _) => Some("a prepared transaction outlives the script"),
        };
        grouping.problems.extend(problem.map(|text| unbalanced(statement, text)));
    }
    if let Some(begin) = begun {
        grouping.groups.push(Group { body: begin + 1..script.statements.len(), bounds: Bounds::Explicit, ending: Ending::Kept });
        grouping.problems.push(unbalanced(&script.statements[begin], "BEGIN is never followed by COMMIT"));
    }
    grouping
}

fn unbalanced(statement: &Statement, text: &'static str) -> Problem {
    Problem { span: statement.span, kind: ProblemKind::UnbalancedTransaction(text) }
}

/// The transaction control that a statement is, where it is nothing else.
fn control(statement: &Statement) -> Option<&TransactionControl> {
    match &statement.clauses[..] {
        [clause] => match &clause.operation {
            Operation::Transaction(control) => Some(control),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Clause, Source, Span};

    fn script(words: &[&str]) -> Script {
        let statement = |(index, word): (usize, &&str)| {
            let operation = match *word {
                "begin" => Operation::Transaction(TransactionControl::Begin),
                "commit" => Operation::Transaction(TransactionControl::Commit),
                "rollback" => Operation::Transaction(TransactionControl::Rollback),
                _ => Operation::Query { reads: Vec::new(), functions: Vec::new() },
            };
            let span = Span::new(index, index + 1);
            Statement { span, clauses: vec![Clause { span, operation }], directives: Vec::new() }
        };
        Script {
            source: Source::new("expand.sql", ""),
            statements: words.iter().enumerate().map(statement).collect(),
            problems: Vec::new(),
            directives: Vec::new(),
        }
    }

    fn told(words: &[&str]) -> (Vec<(Range<usize>, Bounds)>, usize) {
        let grouping = groups(&script(words));
        (grouping.groups.into_iter().map(|group| (group.body, group.bounds)).collect(), grouping.problems.len())
    }

    #[test]
    fn a_lone_statement_is_its_own_group() {
        assert_eq!(told(&["a", "b"]), (vec![(0..1, Bounds::Lone), (1..2, Bounds::Lone)], 0));
    }

    #[test]
    fn begin_and_commit_bind_what_stands_between() {
        let expected = vec![(0..1, Bounds::Lone), (2..4, Bounds::Explicit), (5..6, Bounds::Lone)];
        assert_eq!(told(&["a", "begin", "b", "c", "commit", "d"]), (expected, 0));
    }

    #[test]
    fn an_open_or_a_stray_end_is_a_problem() {
        assert_eq!(told(&["begin", "a"]), (vec![(1..2, Bounds::Explicit)], 1));
        assert_eq!(told(&["a", "commit"]), (vec![(0..1, Bounds::Lone)], 1));
        assert_eq!(told(&["begin", "a", "rollback"]), (vec![(1..2, Bounds::Explicit)], 1));
        assert_eq!(told(&["begin", "begin", "a", "commit"]), (vec![(1..3, Bounds::Explicit)], 1));
    }
}
