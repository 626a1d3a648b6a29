//! change-type-rewrites-table: the whole table is written anew in the new type.

use crate::dialect::Certainty;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("change-type-rewrites-table"),
    doc: include_str!("../../../lints/change-type-rewrites-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &["change-column-type", "narrow-type-breaks-old-writers"],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some(change) = frame.type_change() else { return };
    if frame.is_new_table(change.table) || frame.impact.rewrites().next().is_none() {
        return;
    }
    let (table, column, ty) = (change.table, change.column, change.to);
    let certain = frame.impact.certainty == Certainty::Known;
    let told = if certain {
        "is written anew"
    } else {
        "is written anew, unless the old type (which no migration tells) happens to allow it as it is"
    };
    findings.push(
        change.by_new_column(
            frame,
            Fault::new(format!(
                "changing `{table}.{column}` to {ty}: `{table}` {told} with all its indexes, and reads and writes wait meanwhile"
            ))
            .on(table),
        ),
    );
}
