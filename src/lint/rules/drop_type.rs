//! drop-type: a running release still names the type.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-type"),
    doc: include_str!("../../../lints/drop-type.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropType], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropType { drop, domain: false } = frame.operation else { return };
    if !frame.is_known_type(&drop.name) || is_made_again(frame, &drop.name) {
        return;
    }
    let sql = format!("{};", frame.drop_sql());
    findings.push(
        Fault::new(format!("dropping type `{}` breaks every running release that names it in a cast or a parameter", drop.name))
            .help(format!("move every column to its next type first, and drop this one in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}

/// Whether a type of the same name takes all that the old one took when the transaction ends.
fn is_made_again(frame: &Frame<'_>, name: &ObjectName) -> bool {
    let schema = frame.at_commit();
    let Some(new) = schema.user_type(name).recorded() else { return false };
    frame.before.user_type(name).recorded().is_none_or(|old| match (old.enum_labels(), new.enum_labels()) {
        (Some(old), Some(new)) => old.iter().all(|label| new.iter().any(|held| held.text == label.text)),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    })
}
