//! concurrent-refresh-needs-unique-index: the server refuses a concurrent refresh without a unique index.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{Index, IndexKey};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("concurrent-refresh-needs-unique-index"),
    doc: include_str!("../../../lints/concurrent-refresh-needs-unique-index.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::RefreshView], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::RefreshView { view, concurrently: true } = frame.operation else { return };
    let Some(known) = frame.before.view(view).known() else { return };
    if !known.materialized || known.indexes.iter().any(serves) {
        return;
    }
    findings.push(
        Fault::new(format!(
            "`{view}` has no unique index over plain columns of all rows, so the server refuses to refresh it CONCURRENTLY"
        ))
        .help(format!("give it one first: `CREATE UNIQUE INDEX ON {} (…);`", view.spelled(frame.dialect()))),
    );
}

/// Whether a refresh can tell rows apart by it.
fn serves(index: &Index) -> bool {
    let plain = index.keys.iter().all(|key| match key {
        IndexKey::Column(_) => true,
        IndexKey::Expression(_) => false,
    });
    index.unique && index.valid && index.predicate.is_none() && plain
}
