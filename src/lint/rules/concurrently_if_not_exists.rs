//! concurrently-if-not-exists: an INVALID index of that name is taken for the one that was asked for.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("concurrently-if-not-exists"),
    doc: include_str!("../../../lints/concurrently-if-not-exists.md"),
    class: Class::Script,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateIndex(index) = frame.operation else { return };
    let Some(name) = index.name.as_ref().filter(|_| index.concurrently && index.if_not_exists) else { return };
    // Whoever drops the index first meets no leftover.
    let swept = frame.earlier_in_script().any(|clause| match &clause.operation {
        Operation::DropIndex { index, .. } => index.name == *name,
        _ => false,
    });
    if swept || frame.is_new_table(&index.table) {
        return;
    }
    findings.push(
        Fault::new(format!(
            "a concurrent build that failed leaves `{name}` behind, INVALID: IF NOT EXISTS is content with it, and no query ever uses it"
        ))
        .help(format!(
            "leave IF NOT EXISTS out; where the runner does not clean up, drop it first: `DROP INDEX CONCURRENTLY IF EXISTS {name};`"
        )),
    );
}
