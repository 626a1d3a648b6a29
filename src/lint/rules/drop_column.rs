//! drop-column: a running release still names the column.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::drop_column;
use crate::schema::table::Column;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-column"),
    doc: include_str!("../../../lints/drop-column.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::DropColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Some((old, create)) = frame.remade() {
        let kept = |column: &&Column| create.columns.iter().any(|new| new.name == column.name);
        for column in old.columns.iter().filter(|column| !kept(column)) {
            let fault = Fault::new(format!(
                "the new `{}` has no `{}`, which breaks every running release that reads or writes it, and its data is lost",
                old.name, column.name
            ));
            findings.push(fault.help(anew_in_contract(&old.name)));
        }
        return;
    }
    let Operation::DropColumn { table, column, .. } = frame.operation else { return };
    let gone = frame.is_known(table) && frame.column(table, column).is_none();
    if gone || frame.column_seen(table, column) == Seen::ByNobody {
        return;
    }
    let dialect = frame.dialect();
    let drop = format!("{} DROP COLUMN {};", recipe::alter(dialect, table), column.spelled(dialect));
    findings.push(
        Fault::new(format!("dropping `{table}.{column}` breaks every running release that reads or writes it, and its data is lost"))
            .help(format!("release code that no longer names the column, then drop it in contract.sql: `{drop}`"))
            .by_phases(&drop_column(&frame.given(), table, column)),
    );
}
