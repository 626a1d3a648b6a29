//! mysql-instant-limit: the table can hold few more instant changes.

use crate::dialect::{self, Algorithm};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-instant-limit"),
    doc: include_str!("../../../lints/mysql-instant-limit.md"),
    class: Class::Waiting,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddColumn, OperationKind::DropColumn], check),
};

/// So many changes before the last one the word is given: time to plan the rebuild.
const AHEAD: u16 = 4;

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let table = match frame.operation {
        Operation::AddColumn(add) => &add.table,
        Operation::DropColumn { table, .. } => table,
        _ => return,
    };
    let Some(limit) = dialect::row_version_limit(&frame.server) else { return };
    let Some(made) = frame.table(table).map(|table| table.row_versions.number) else { return };
    if frame.impact.algorithm != Some(Algorithm::Instant) || frame.is_new_table(table) || made + AHEAD < limit {
        return;
    }
    findings.push(
        Fault::new(format!(
            "this is instant change {} of the {limit} that `{table}` can hold: the one after them builds the table anew",
            made + 1
        ))
        .on(table)
        .help(format!("plan the rebuild for a quiet hour, which sets the count back: `ALTER TABLE {table} FORCE;`")),
    );
}
