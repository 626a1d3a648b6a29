//! truncate-cascade: the rows of tables that nobody named are lost as well.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("truncate-cascade"),
    doc: include_str!("../../../lints/truncate-cascade.md"),
    class: Class::Data,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::Truncate], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::Truncate { table, cascade: true, .. } = frame.operation else { return };
    if frame.is_new_table(table) {
        return;
    }
    let canonical = frame.before.canonical(table);
    let others: Vec<String> =
        frame.impact.locks.iter().map(|lock| &lock.table).filter(|name| **name != canonical).map(ObjectName::to_string).collect();
    let others = if others.is_empty() { "every table with a foreign key to it".to_owned() } else { format!("`{}`", others.join("`, `")) };
    findings.push(
        Fault::new(format!("TRUNCATE … CASCADE deletes every row of `{table}` and of {others}, whatever their ON DELETE says")).help(
            format!(
                "delete the rows that nobody needs, table by table, in backfill.sql: `DELETE FROM {} WHERE …;`",
                table.spelled(frame.dialect())
            ),
        ),
    );
}
