//! transaction-control: BEGIN and COMMIT do not fit together.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;
use crate::sql::{Problem, ProblemKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("transaction-control"),
    doc: include_str!("../../../lints/transaction-control.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Text(check),
};

fn check(problem: &Problem) -> Option<Fault> {
    match &problem.kind {
        ProblemKind::UnbalancedTransaction(what) => Some(
            Fault::new(format!("{what}, so it is not clear what is applied together"))
                .help("leave transactions to the runner, or close the group: `BEGIN; … COMMIT;`"),
        ),
        ProblemKind::Unterminated(_)
        | ProblemKind::ClientCommand(_)
        | ProblemKind::CopyData
        | ProblemKind::Template(_)
        | ProblemKind::TooComplex(_)
        | ProblemKind::Directive(_) => None,
    }
}
