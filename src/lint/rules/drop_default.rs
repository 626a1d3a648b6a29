//! drop-default: rows that running releases insert without the column lose their value.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{Column, Generated};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-default"),
    doc: include_str!("../../../lints/drop-default.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn, OperationKind::CreateTable], check),
};

const REFUSED: &str = "refuses the inserts of every running release that leaves it out";
const LEFT_NULL: &str = "is NULL in the rows of every running release that leaves it out";

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (old, column, new) in frame.remade_columns() {
        if recipe::fills(column.default.as_ref()) && !recipe::fills(new.default.as_ref()) && new.generated == Generated::No {
            let what = if new.not_null { REFUSED } else { LEFT_NULL };
            findings
                .push(Fault::new(format!("without its default `{}.{}` {what}", old.name, column.name)).help(anew_in_contract(&old.name)));
        }
    }
    let Operation::AlterColumn { table, column, change } = frame.operation else { return };
    if !frame.takes_default(change) || !frame.is_old_column(table, column) {
        return;
    }
    let held = frame.column(table, column);
    let filled = held.is_none_or(|held| held.generated == Generated::Serial || recipe::fills(held.default.as_ref()));
    let nothing_to_take = if held.is_some() { !filled } else { frame.is_known(table) };
    let again = |held: &Column| held.generated != Generated::No || recipe::fills(held.default.as_ref());
    if nothing_to_take || frame.at_commit().column(table, column).recorded().is_some_and(again) {
        return;
    }
    let what = match held {
        Some(held) if held.not_null => REFUSED,
        Some(_) | None => LEFT_NULL,
    };
    let dialect = frame.dialect();
    let sql = format!("{} ALTER COLUMN {} DROP DEFAULT;", recipe::alter(dialect, table), column.spelled(dialect));
    findings.push(
        Fault::new(format!("without its default `{table}.{column}` {what}"))
            .help(format!("release code that always writes the column, then drop the default in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}
