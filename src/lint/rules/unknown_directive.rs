//! unknown-directive: a `-- migrate:` comment is not understood, so what it asks for does not happen.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;
use crate::sql::{Problem, ProblemKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unknown-directive"),
    doc: include_str!("../../../lints/unknown-directive.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Text(check),
};

fn check(problem: &Problem) -> Option<Fault> {
    match &problem.kind {
        ProblemKind::Directive(why) => Some(
            Fault::new(format!("this directive is not understood: {why}"))
                .help("write it as `-- migrate: allow(<lint>) reason=\"…\" until=2027-01-31`"),
        ),
        ProblemKind::Unterminated(_)
        | ProblemKind::ClientCommand(_)
        | ProblemKind::CopyData
        | ProblemKind::Template(_)
        | ProblemKind::TooComplex(_)
        | ProblemKind::UnbalancedTransaction(_) => None,
    }
}
