//! drop-extension: running releases lose the types and functions that the extension brought.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ObjectKind, Verb};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-extension"),
    doc: include_str!("../../../lints/drop-extension.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::OtherObject], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::OtherObject { verb: Verb::Drop, kind: ObjectKind::Extension, name: Some(name), .. } = frame.operation else { return };
    let made_here = frame.earlier().any(|clause| match &clause.operation {
        Operation::OtherObject { verb: Verb::Create, kind: ObjectKind::Extension, name: made, .. } => made.as_ref() == Some(name),
        _ => false,
    });
    if made_here {
        return;
    }
    let sql = format!("DROP EXTENSION {};", name.spelled(frame.dialect()));
    findings.push(
        Fault::new(format!("dropping extension `{name}` takes its types, functions and operators from every running release"))
            .help(format!("release code that does without it, then drop it in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}
