//! client-meta-command: the line is for a client program; the server does not know it.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;
use crate::sql::{Problem, ProblemKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("client-meta-command"),
    doc: include_str!("../../../lints/client-meta-command.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Text(check),
};

fn check(problem: &Problem) -> Option<Fault> {
    match &problem.kind {
        ProblemKind::ClientCommand(command) => Some(
            Fault::new(format!("`{command}` is a command of a client program, which the server does not know"))
                .help("take the line away, or write what it stands for as SQL: `SET search_path = app;`"),
        ),
        ProblemKind::CopyData => Some(
            Fault::new("the rows below COPY … FROM STDIN are for psql; the server would read them as SQL")
                .help("write the rows as values: `INSERT INTO … VALUES (…);`"),
        ),
        ProblemKind::Unterminated(_)
        | ProblemKind::Template(_)
        | ProblemKind::TooComplex(_)
        | ProblemKind::Directive(_)
        | ProblemKind::UnbalancedTransaction(_) => None,
    }
}
