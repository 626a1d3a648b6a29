//! add-exclusion-builds-index: its index is built under a lock that stops reads and writes, and no other way exists.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::ConstraintKind;
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("add-exclusion-builds-index"),
    doc: include_str!("../../../lints/add-exclusion-builds-index.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddColumn, OperationKind::AddConstraint, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, constraint) in frame.added_constraints() {
        let ConstraintKind::Exclusion { .. } = &constraint.kind else { continue };
        if frame.is_new_table(table) || frame.impact.index_builds().next().is_none() {
            continue;
        }
        findings.push(
            Fault::new(format!("EXCLUDE builds an index over every row of `{table}`, and reads and writes wait meanwhile; it cannot be built beside them"))
                .on(table)
                .help(
                    "put the constraint on a new table that the rows move to, or choose an hour without traffic and say so: `-- migrate: allow(add-exclusion-builds-index) reason=\"…\"`",
                ),
        );
    }
}
