//! remove-enum-value: running releases still write a label that is taken away.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::DataKind;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("remove-enum-value"),
    doc: include_str!("../../../lints/remove-enum-value.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn, OperationKind::ChangeData], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Operation::ChangeData(change) = frame.operation {
        if change.kind == DataKind::Delete && change.table.name.as_str() == "pg_enum" {
            findings.push(
                Fault::new("a DELETE from pg_enum takes a label away from running releases, and leaves indexes that still hold it")
                    .help("leave the label, or make the type anew and change the columns in contract.sql: `CREATE TYPE … AS ENUM (…);`"),
            );
        }
        return;
    }
    let Some(change) = frame.type_change() else { return };
    let Some((from, to)) = change.labels(frame) else { return };
    let Some(gone) = from.iter().find(|label| !to.contains(label)) else { return };
    let (table, column) = (change.table, change.column);
    if frame.column_seen(table, column) == Seen::ByNobody {
        return;
    }
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!(
            "`{table}.{column}` no longer takes '{gone}': running releases that write it fail, and a row that holds it stops the statement"
        ))
        .help(format!(
            "release code that no longer writes '{gone}', rewrite the rows in backfill.sql, then change the type in contract.sql: `{sql}`"
        )),
    );
}
