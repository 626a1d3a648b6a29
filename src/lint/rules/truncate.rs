//! truncate: every row is lost, and reads and writes wait.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("truncate"),
    doc: include_str!("../../../lints/truncate.md"),
    class: Class::Data,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &["truncate-cascade"],
    check: Check::Of(&[OperationKind::Truncate], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::Truncate { table, .. } = frame.operation else { return };
    if frame.is_new_table(table) {
        return;
    }
    let back = match frame.dialect() {
        Dialect::Postgres | Dialect::Sqlite => "reads and writes wait for its ACCESS EXCLUSIVE lock",
        Dialect::Mysql => "it commits at once and cannot be rolled back",
    };
    findings.push(Fault::new(format!("TRUNCATE deletes every row of `{table}` that running releases may need, and {back}")).help(format!(
        "delete the rows that nobody needs by their own condition, in backfill.sql, which cuts it into batches: `DELETE FROM {} WHERE …;`",
        table.spelled(frame.dialect())
    )));
}
