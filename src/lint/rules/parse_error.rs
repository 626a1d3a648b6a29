//! parse-error: a quote or comment is never closed, so nobody can say where the statement ends.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;
use crate::sql::{Problem, ProblemKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("parse-error"),
    doc: include_str!("../../../lints/parse-error.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Text(check),
};

fn check(problem: &Problem) -> Option<Fault> {
    match &problem.kind {
        ProblemKind::Unterminated(what) => Some(
            Fault::new(format!("{what} is never closed, so everything after it is swallowed"))
                .help("close it; if the text holds the mark itself, double it: `SELECT 'it''s';`"),
        ),
        ProblemKind::ClientCommand(_)
        | ProblemKind::CopyData
        | ProblemKind::Template(_)
        | ProblemKind::TooComplex(_)
        | ProblemKind::Directive(_)
        | ProblemKind::UnbalancedTransaction(_) => None,
    }
}
