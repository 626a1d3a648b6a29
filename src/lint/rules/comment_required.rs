//! comment-required: a table that nobody explains.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Persistence;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("comment-required"),
    doc: include_str!("../../../lints/comment-required.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateTable(create) = frame.operation else { return };
    let explained = frame.behind().any(|clause| match &clause.operation {
        Operation::Comment { on: Some(name) } => *name == create.name,
        _ => false,
    });
    if !explained && create.partition_of.is_none() && create.persistence != Persistence::Temporary {
        findings.push(
            Fault::new(format!("nothing says what `{}` holds", create.name))
                .help(format!("say it in the same script: `COMMENT ON TABLE {} IS '…';`", create.name)),
        );
    }
}
