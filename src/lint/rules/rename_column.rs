//! rename-column: one statement cannot change the name in the database and in every running process.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::sync::{Names, Pair};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("rename-column"),
    doc: include_str!("../../../lints/rename-column.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::RenameColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::RenameColumn { table, column, to } = frame.operation else { return };
    // What a view shows is another lint's.
    if column == to || frame.is_view(table) || frame.column_seen(table, column) == Seen::ByNobody {
        return;
    }
    let dialect = frame.dialect();
    let fault = Fault::new(format!(
        "renaming `{table}.{column}` breaks every running release that names `{column}`, and a roll-back would break those that name `{to}`"
    ));
    let names = Names { dialect, table: table.clone(), old: column.clone(), new: to.clone() };
    let pair = Pair::plain(names, frame.column(table, column).map(|column| &column.ty), None);
    let add = pair.add_column();
    let fault =
        fault.help(format!("add `{to}`, keep both equal by a trigger, copy, and drop `{column}` in contract.sql; begin with `{add};`"));
    findings.push(fault.by_pair(&pair));
}
