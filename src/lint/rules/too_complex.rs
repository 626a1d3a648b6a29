//! too-complex: the statement is larger or deeper than anything that can be judged.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;
use crate::sql::{Problem, ProblemKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("too-complex"),
    doc: include_str!("../../../lints/too-complex.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Text(check),
};

fn check(problem: &Problem) -> Option<Fault> {
    match &problem.kind {
        ProblemKind::TooComplex(limit) => Some(
            Fault::new(format!("this statement is too complex to judge: {limit}"))
                .help("cut it into several statements, or load the data outside of migrations: `INSERT INTO … VALUES (…);`"),
        ),
        ProblemKind::Unterminated(_)
        | ProblemKind::ClientCommand(_)
        | ProblemKind::CopyData
        | ProblemKind::Template(_)
        | ProblemKind::Directive(_)
        | ProblemKind::UnbalancedTransaction(_) => None,
    }
}
