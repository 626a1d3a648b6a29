//! template-placeholder: a template was never filled in.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;
use crate::sql::{Problem, ProblemKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("template-placeholder"),
    doc: include_str!("../../../lints/template-placeholder.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Text(check),
};

fn check(problem: &Problem) -> Option<Fault> {
    match &problem.kind {
        ProblemKind::Template(placeholder) => Some(
            Fault::new(format!("`{placeholder}` is a placeholder that nobody filled in, so what would run is not what stands here"))
                .help("write the value itself, or render the file before it is committed: `migrate lint <file>`"),
        ),
        ProblemKind::Unterminated(_)
        | ProblemKind::ClientCommand(_)
        | ProblemKind::CopyData
        | ProblemKind::TooComplex(_)
        | ProblemKind::Directive(_)
        | ProblemKind::UnbalancedTransaction(_) => None,
    }
}
