//! reindex-blocks-table: writes wait until the indexes are built again, and so does whoever reads by them.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ReindexTarget;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("reindex-blocks-table"),
    doc: include_str!("../../../lints/reindex-blocks-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::Reindex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::Reindex { target, concurrently: false } = frame.operation else { return };
    let dialect = frame.dialect();
    let (table, sql) = match target {
        ReindexTarget::Index(index) => {
            let found = frame.before.index(index, None);
            if found.is_absent() {
                return;
            }
            (found.recorded().map(|(table, _)| table), format!("REINDEX INDEX CONCURRENTLY {};", index.spelled(dialect)))
        }
        ReindexTarget::Table(table) => (Some(table), format!("REINDEX TABLE CONCURRENTLY {};", table.spelled(dialect))),
        ReindexTarget::Wider => {
            findings.push(
                Fault::new("REINDEX goes through all tables, one by one: writes to each wait until all its indexes are built")
                    .help("rebuild what needs it, table by table: `REINDEX TABLE CONCURRENTLY …;`"),
            );
            return;
        }
    };
    if table.is_some_and(|table| frame.is_new_table(table)) {
        return;
    }
    let named = table.map_or_else(|| "its table".to_owned(), |table| format!("`{table}`"));
    let fault = Fault::new(format!("writes to {named} wait until the index is built again, and so does every query that may use it"))
        .help(format!("rebuild it beside them, outside a transaction: `{sql}`"))
        .cure(frame.phase(), sql);
    findings.push(match table {
        Some(table) => fault.on(table),
        None => fault,
    });
}
