//! default-dropped-after-add: the default that kept old inserts working is taken away again.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("default-dropped-after-add"),
    doc: include_str!("../../../lints/default-dropped-after-add.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AlterColumn { table, column, change } = frame.operation else { return };
    let Some(added) = frame.column(table, column) else { return };
    let by_this_migration = frame.is_old_table(table) && frame.seen(&added.origin) != Seen::ByEveryone;
    if !frame.takes_default(change) || !by_this_migration || !added.not_null || added.default.is_none() {
        return;
    }
    let dialect = frame.dialect();
    let drop = format!("{} ALTER COLUMN {} DROP DEFAULT;", recipe::alter(dialect, table), column.spelled(dialect));
    let fault = Fault::new(format!(
        "without its default `{table}.{column}` refuses the inserts of every running release that does not know the column"
    ))
    .help(format!("keep the default until no old release runs, and drop it in contract.sql: `{drop}`"))
    .cure(Phase::Contract, drop);
    let added_here = frame.script.statements.iter().flat_map(|statement| &statement.clauses).find(|clause| match &clause.operation {
        Operation::AddColumn(add) => add.column.name == *column && add.table == *table,
        _ => false,
    });
    findings.push(match added_here {
        Some(clause) => fault.label(clause.span, "added here, with a default that old inserts rely on"),
        None => fault,
    });
}
