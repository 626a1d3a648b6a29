//! change-column-type: running releases bind and decode another kind of value.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::lint::types;
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("change-column-type"),
    doc: include_str!("../../../lints/change-column-type.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some(change) = frame.type_change() else { return };
    let (table, column) = (change.table, change.column);
    let Some(from) = change.from.filter(|from| types::change(from, change.to) == types::Change::OtherKind) else { return };
    // Which labels go is another lint's question.
    if frame.column_seen(table, column) == Seen::ByNobody || change.labels(frame).is_some() {
        return;
    }
    findings.push(change.by_new_column(
        frame,
        Fault::new(format!(
            "`{table}.{column}` turns from {from} into {}, another kind of value: running releases cannot read or write it, and after a roll-back neither can the old ones",
            change.to
        )),
    ));
}
