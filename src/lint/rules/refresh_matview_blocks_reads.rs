//! refresh-matview-blocks-reads: the readers of the view wait until it is filled again.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::Seen;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("refresh-matview-blocks-reads"),
    doc: include_str!("../../../lints/refresh-matview-blocks-reads.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::RefreshView], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::RefreshView { view, concurrently: false } = frame.operation else { return };
    let recorded = frame.before.view(view).recorded();
    if recorded.is_some_and(|view| frame.seen(&view.origin) != Seen::ByEveryone) {
        return;
    }
    let sql = format!("REFRESH MATERIALIZED VIEW CONCURRENTLY {};", view.spelled(frame.dialect()));
    let is_keyed = recorded.is_some_and(|view| view.indexes.iter().any(|index| index.unique && index.predicate.is_none()));
    let fault =
        Fault::new(format!("reads of `{view}` wait until its query has run to the end: REFRESH holds ACCESS EXCLUSIVE meanwhile")).on(view);
    findings.push(match is_keyed {
        true => fault.help(format!("fill it beside its readers: `{sql}`")).cure(frame.phase(), sql),
        false => fault.help(format!("give it a unique index over plain columns, then fill it beside its readers: `{sql}`")),
    });
}
