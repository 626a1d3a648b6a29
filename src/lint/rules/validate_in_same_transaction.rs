//! validate-in-same-transaction: the lock of ADD CONSTRAINT is kept through the scan that NOT VALID was to spare.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("validate-in-same-transaction"),
    doc: include_str!("../../../lints/validate-in-same-transaction.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::ValidateConstraint], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::ValidateConstraint { table, name } = frame.operation else { return };
    let canonical = frame.before.canonical(table);
    let Some(held) = frame.held(&canonical).filter(|held| held.lock.blocks_writes()) else { return };
    if frame.is_new_table(table) || !frame.impact.reads_all_rows(&canonical) {
        return;
    }
    let dialect = frame.dialect();
    let sql = format!("{} VALIDATE CONSTRAINT {};", recipe::alter(dialect, table), name.spelled(dialect));
    let waiting = if held.lock.blocks_reads() { "reads and writes wait" } else { "writes wait" };
    findings.push(
        Fault::new(format!(
            "`{name}` is validated while this transaction still holds {} on `{table}`: {waiting} until every row is read",
            held.lock
        ))
        .on(table)
        .label(held.span, format!("takes {} on `{table}`", held.lock))
        .help(format!("validate it in a transaction of its own, after COMMIT: `{sql}`"))
        .cure(frame.phase(), first_then(frame, &sql)),
    );
}

/// The transaction without the validation, then the validation alone.
fn first_then(frame: &Frame<'_>, validation: &str) -> String {
    let lone = frame.statement.clauses.len() == 1;
    let others = frame.transaction.statements.iter().filter(|statement| statement.span != frame.statement.span);
    let mut first: Vec<String> = others.map(|statement| format!("{};\n", frame.script.text(statement.span))).collect();
    if !lone {
        let kept = frame.statement.clauses.iter().filter(|clause| clause.span != frame.clause.span);
        let Operation::ValidateConstraint { table, .. } = frame.operation else { return validation.to_owned() };
        let alter = recipe::alter(frame.dialect(), table);
        first.extend(kept.map(|clause| format!("{alter} {};\n", frame.script.text(clause.span))));
    }
    match &first[..] {
        [] => validation.to_owned(),
        [only] => format!("{only}{validation}"),
        several => format!("BEGIN;\n{}COMMIT;\n{validation}", several.concat()),
    }
}
