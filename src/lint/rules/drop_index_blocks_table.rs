//! drop-index-blocks-table: reads and writes of the table wait behind the lock that the drop waits for.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Table;
use crate::schema::{Dialect, Found, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-index-blocks-table"),
    doc: include_str!("../../../lints/drop-index-blocks-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &["drop-unique-breaks-upsert"],
    check: Check::Of(&[OperationKind::DropIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropIndex { index, table, concurrently: false, .. } = frame.operation else { return };
    let found = frame.before.index(index, table.as_ref());
    let (table, excused) = match &found {
        Found::Known((table, known)) | Found::Stale((table, known)) => {
            let partitioned = frame.table(table).is_some_and(Table::is_partitioned);
            (Some(*table), partitioned || frame.is_view(table) || frame.is_new_table(table) || frame.seen(&known.origin) == Seen::ByNobody)
        }
        Found::Unknown => (None, false),
        Found::Absent => (None, true),
    };
    if excused {
        return;
    }
    let sql = format!("DROP INDEX CONCURRENTLY {};", index.spelled(frame.dialect()));
    let named = table.map_or_else(|| "its table".to_owned(), |table| format!("`{table}`"));
    let fault = Fault::new(format!("dropping index `{index}` takes an ACCESS EXCLUSIVE lock on {named}: while it waits for running queries, every new one waits behind it"))
        .help(format!("drop it beside them, outside a transaction: `{sql}`"))
        .cure(frame.phase(), sql);
    findings.push(match table {
        Some(table) => fault.on(table),
        None => fault,
    });
}
