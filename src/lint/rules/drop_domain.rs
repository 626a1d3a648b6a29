//! drop-domain: a running release still names the domain.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-domain"),
    doc: include_str!("../../../lints/drop-domain.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropType], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropType { drop, domain: true } = frame.operation else { return };
    if !frame.is_known_type(&drop.name) || frame.at_commit().user_type(&drop.name).recorded().is_some() {
        return;
    }
    let sql = format!("{};", frame.drop_sql());
    findings.push(
        Fault::new(format!("dropping domain `{}` breaks every running release that names it in a cast or a parameter", drop.name))
            .help(format!("move every column to its next type first, and drop this one in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}
