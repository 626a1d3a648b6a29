//! unreadable-statement: nobody can say what it does, so nobody can say that it is safe.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unreadable-statement"),
    doc: include_str!("../../../lints/unreadable-statement.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &["sqlite-unsupported-alter"],
    check: Check::Of(&[OperationKind::Opaque], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::Opaque(opaque) = frame.operation else { return };
    let statement = frame.statement.span;
    if frame.script.problems.iter().any(|problem| problem.span.start < statement.end && statement.start < problem.span.end) {
        // What is wrong with the text is told already, and is the reason.
        return;
    }
    findings.push(
        Fault::new(format!("this statement could not be read, so its effect on running releases is not known: {}", opaque.reason)).help(
            "correct it; if the database does take it, answer for it above the statement: `-- migrate: allow(unreadable-statement) reason=\"…\"`",
        ),
    );
}
