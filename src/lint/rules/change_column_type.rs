//! change-column-type: running releases bind and decode another kind of value.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::lint::types;
use crate::schema::{Dialect, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("change-column-type"),
    doc: include_str!("../../../lints/change-column-type.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    // In SQLite a value carries its own type, so that a release can be ready for both: right in a contract.
    let anew = frame.remade_columns().filter(|_| frame.phase() != Phase::Contract);
    for (old, column, new) in anew {
        let Some(to) = new.ty.as_ref().filter(|to| types::is_stored_otherwise(&column.ty, to)) else { continue };
        let fault = Fault::new(format!(
            "`{}.{}` turns from {} into {to}: what running releases write is stored as another kind of value, which they do not expect to read",
            old.name, column.name, column.ty
        ));
        findings.push(fault.help(anew_in_contract(&old.name)));
    }
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
