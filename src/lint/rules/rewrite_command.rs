//! rewrite-command: storage is written anew under a lock that stops reads and writes.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ColumnChange, IndexChange, MaintenanceKind, TableChange};
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("rewrite-command"),
    doc: include_str!("../../../lints/rewrite-command.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(
        &[OperationKind::AlterColumn, OperationKind::AlterIndex, OperationKind::AlterTable, OperationKind::Maintenance],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some((command, table)) = rewriting(frame) else { return };
    if table.is_some_and(|table| frame.is_new_table(table)) {
        return;
    }
    let named = table.map_or_else(|| "every table, one after the other,".to_owned(), |table| format!("`{table}`"));
    let name = table.map_or_else(|| "…".to_owned(), |table| table.spelled(frame.dialect()));
    let fault = Fault::new(format!("{command} writes {named} anew with all its indexes, and reads and writes wait meanwhile"));
    let fault = fault.help(match frame.operation {
        Operation::Maintenance { .. } => format!("let vacuum free the space for new rows beside running traffic: `VACUUM (ANALYZE) {name};`"),
        Operation::AlterIndex { index, .. } => {
            format!("build the index anew where it shall lie, beside running traffic, and drop this one: `DROP INDEX CONCURRENTLY {};`", index.spelled(frame.dialect()))
        }
        _ => format!("move the rows to a new table that is made so from the start, in batches: `CREATE TABLE {name}_new (LIKE {name} INCLUDING ALL);`"),
    });
    findings.push(match table {
        Some(table) => fault.on(table),
        None => fault,
    });
}

/// The command that writes storage anew for its own sake, and the table; `None` is all of them.
fn rewriting<'a>(frame: &Frame<'a>) -> Option<(&'static str, Option<&'a ObjectName>)> {
    let rewrites = frame.impact.rewrites().next().is_some();
    match frame.operation {
        Operation::Maintenance { kind, table } => match kind {
            MaintenanceKind::VacuumFull => Some(("VACUUM FULL", table.as_ref())),
            MaintenanceKind::Cluster => Some(("CLUSTER", table.as_ref())),
            MaintenanceKind::Vacuum | MaintenanceKind::Analyze | MaintenanceKind::Server | MaintenanceKind::Session => None,
        },
        Operation::AlterIndex { index, change: IndexChange::SetTablespace, .. } => match frame.before.index(index, None).recorded() {
            Some((table, _)) => Some(("SET TABLESPACE", Some(table))),
            None => None,
        },
        Operation::AlterColumn { table, change: ColumnChange::SetExpression(_), .. } if rewrites => Some(("SET EXPRESSION", Some(table))),
        Operation::AlterTable { table, change } if rewrites => match change {
            TableChange::SetTablespace => Some(("SET TABLESPACE", Some(table))),
            TableChange::SetLogged { logged: true } => Some(("SET LOGGED", Some(table))),
            TableChange::SetLogged { logged: false } => Some(("SET UNLOGGED", Some(table))),
            TableChange::SetEngine => Some(("SET ACCESS METHOD", Some(table))),
            TableChange::Option
            | TableChange::ReplicaIdentity
            | TableChange::Rebuild
            | TableChange::Charset { .. }
            | TableChange::Inherit { .. }
            | TableChange::OfType
            | TableChange::Trigger { .. }
            | TableChange::Rule { .. }
            | TableChange::Keys { .. }
            | TableChange::Partitions { .. }
            | TableChange::Algorithm { .. } => None,
        },
        _ => None,
    }
}
