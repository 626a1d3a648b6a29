//! column-order-change: SELECT * and INSERT without a list see the columns in another order.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ColumnChange;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("column-order-change"),
    doc: include_str!("../../../lints/column-order-change.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (table, column) = match frame.operation {
        Operation::AddColumn(add) if add.column.positioned => (&add.table, &add.column.name),
        Operation::AlterColumn { table, column, change: ColumnChange::Redefine { column: new, .. } } if new.positioned => (table, column),
        _ => return,
    };
    if frame.is_new_table(table) {
        return;
    }
    findings.push(
        Fault::new(format!(
            "`{column}` goes between other columns of `{table}`: code that counts on their order reads or writes the wrong one"
        ))
        .help("append it, or see that every query names its columns: leave out `FIRST` and `AFTER`"),
    );
}
