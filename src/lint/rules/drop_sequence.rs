//! drop-sequence: a running release still draws numbers from the sequence.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-sequence"),
    doc: include_str!("../../../lints/drop-sequence.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropSequence], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropSequence(drop) = frame.operation else { return };
    let found = frame.before.sequence(&drop.name);
    let new = frame.is_new(found.recorded().map(|sequence| &sequence.origin));
    if found.is_absent() || new || frame.is_named_here(&drop.name) || frame.at_commit().sequence(&drop.name).recorded().is_some() {
        return;
    }
    let sql = format!("{};", frame.drop_sql());
    findings.push(
        Fault::new(format!(
            "dropping sequence `{}` breaks every running release that draws from it, and where it stood is lost",
            drop.name
        ))
        .help(format!("release code that no longer names the sequence, then drop it in contract.sql: `{sql}`"))
        .cure(Phase::Contract, sql),
    );
}
