//! wide-table: rows that no page holds many of.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("wide-table"),
    doc: include_str!("../../../lints/wide-table.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn], check),
};

/// More columns than this mean that several things share a table.
const COLUMNS: usize = 50;

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let table = match frame.operation {
        Operation::CreateTable(create) => &create.name,
        Operation::AddColumn(add) => &add.table,
        _ => return,
    };
    let count = frame.after.table(table).recorded().map_or(0, |table| table.columns.len());
    if count > COLUMNS {
        findings.push(
            Fault::new(format!("`{table}` has {count} columns: each read and each write carries all of them"))
                .help(format!("put what is used apart into a table of its own: `CREATE TABLE {table}_details (…)`")),
        );
    }
}
