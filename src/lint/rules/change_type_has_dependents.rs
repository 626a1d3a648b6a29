//! change-type-has-dependents: the statement fails: a view or a computed column stands on the column.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Retype};
use crate::lint::level::Level;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::object::View;
use crate::schema::{Dependent, Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("change-type-has-dependents"),
    doc: include_str!("../../../lints/change-type-has-dependents.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some(change) = frame.type_change().filter(|change| change.from != Some(change.to)) else { return };
    let dialect = frame.dialect();
    for dependent in frame.before.dependents(change.table, Some(change.column)) {
        let (what, certain, drop) = match dependent {
            Dependent::View(view) => (
                format!("view `{}`", view.name),
                is_certain(frame, view, &change),
                format!("DROP {} {};", kind(view), view.name.spelled(dialect)),
            ),
            Dependent::GeneratedColumn(computed) => {
                let alter = recipe::alter(dialect, change.table);
                (
                    format!("column `{}`, which is computed from it,", computed.name),
                    true,
                    format!("{alter} DROP COLUMN {};", computed.name.spelled(dialect)),
                )
            }
            Dependent::ForeignKey { .. }
            | Dependent::Constraint(_)
            | Dependent::Index(_)
            | Dependent::Trigger { .. }
            | Dependent::Routine(_) => continue,
        };
        let fault = Fault::new(format!(
            "the type of `{}.{}` cannot be changed while {what} stands on it: the statement fails",
            change.table, change.column
        ))
        .help(format!("take it away and make it anew in the same transaction, or add a column of the new type; begin with `{drop}`"));
        findings.push(if certain { fault } else { fault.at_most(Level::Notice) });
    }
}

fn kind(view: &View) -> &'static str {
    if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" }
}

/// Whether the view can mean no other column: none of the other relations that it reads has one of this name.
fn is_certain(frame: &Frame<'_>, view: &View, change: &Retype<'_>) -> bool {
    let own = frame.before.canonical(change.table);
    let others = view.reads.iter().filter(|read| **read != own);
    others.into_iter().all(|read| frame.table(read).is_some_and(|table| table.column(change.column).is_none()))
}
