//! drop-table: a running release still uses the table.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Table;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-table"),
    doc: include_str!("../../../lints/drop-table.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropTable(drop) = frame.operation else { return };
    let table = &drop.name;
    if frame.before.table(table).is_absent() || frame.is_new_table(table) || is_rebuilt(frame, table) {
        return;
    }
    let sql = format!("DROP TABLE {};", table.spelled(frame.dialect()));
    findings.push(
        Fault::new(format!("dropping `{table}` breaks every running release that uses it, and its rows are lost"))
            .help(format!("release code that no longer uses the table, then drop it in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}

/// Whether a copy made by this script takes the name before anybody can look: how SQLite changes what ALTER TABLE cannot.
/// What the copy lacks is told where it is made.
fn is_rebuilt(frame: &Frame<'_>, table: &ObjectName) -> bool {
    let Some(old) = frame.table(table) else { return false };
    frame.later().any(|clause| match &clause.operation {
        Operation::RenameTable { table: copy, to } => {
            let complete = |copy: &Table| old.columns.iter().all(|column| copy.column(&column.name).is_some());
            let told = |copy: &ObjectName| frame.remade_from(copy).is_some() || frame.table(copy).is_some_and(complete);
            *to == old.name.name && frame.is_new_table(copy) && told(copy)
        }
        _ => false,
    })
}
