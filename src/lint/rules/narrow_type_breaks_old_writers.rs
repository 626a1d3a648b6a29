//! narrow-type-breaks-old-writers: values that old releases write no longer fit.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::lint::types;
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("narrow-type-breaks-old-writers"),
    doc: include_str!("../../../lints/narrow-type-breaks-old-writers.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Some((old, _)) = frame.remade().filter(|(old, create)| create.strict && !old.strict) {
        let fault =
            Fault::new(format!("the new `{}` is STRICT: values of another type, which running releases may write, are refused", old.name));
        findings.push(fault.help(anew_in_contract(&old.name)));
        return;
    }
    let Some(change) = frame.type_change() else { return };
    let (table, column) = (change.table, change.column);
    let Some(from) = change.from.filter(|from| types::change(from, change.to) == types::Change::Narrower) else { return };
    // Which labels go is another lint's question.
    if frame.column_seen(table, column) == Seen::ByNobody || change.labels(frame).is_some() {
        return;
    }
    findings.push(change.by_new_column(
        frame,
        Fault::new(format!("`{table}.{column}` shrinks from {from} to {}: what running releases write may no longer fit, and rows that do not fit stop the statement", change.to)),
    ));
}
