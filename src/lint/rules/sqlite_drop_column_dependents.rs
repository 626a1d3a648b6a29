//! sqlite-drop-column-dependents: SQLite refuses to drop a column that something rests on.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-drop-column-dependents"),
    doc: include_str!("../../../lints/sqlite-drop-column-dependents.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropColumn { table, column, .. } = frame.operation else { return };
    let Some(held) = frame.table(table) else { return };
    if held.column(column).is_none() {
        return;
    }
    let dialect = frame.dialect();
    let drop = format!("{} DROP COLUMN {};", recipe::alter(dialect, table), column.spelled(dialect));
    let index = held.indexes.iter().filter(|index| !index.backs_constraint && index.concerns(column)).find_map(|index| index.name.as_ref());
    let trigger = held.triggers.iter().find(|trigger| trigger.uses.contains(column)).map(|trigger| &trigger.name);
    let view = frame.before.views_reading(&held.name).find(|view| view.uses.contains(column)).map(|view| &view.name.name);
    let (what, first) = match (index, trigger, view) {
        (Some(index), _, _) => (format!("the index `{index}`"), format!("DROP INDEX {};", index.spelled(dialect))),
        (None, Some(trigger), _) => (format!("the trigger `{trigger}`"), format!("DROP TRIGGER {};", trigger.spelled(dialect))),
        (None, None, Some(view)) => (format!("the view `{view}`"), format!("DROP VIEW {};", view.spelled(dialect))),
        (None, None, None) if held.holds_column(column) => {
            let fault = Fault::new(format!(
                "`{table}.{column}` cannot be dropped, SQLite refuses it: a key or a constraint of the table rests on it"
            ));
            findings.push(fault.help("make the table anew without the column, with `PRAGMA foreign_keys = OFF` before the transaction"));
            return;
        }
        (None, None, None) => return,
    };
    findings.push(
        Fault::new(format!("`{table}.{column}` cannot be dropped, SQLite refuses it while {what} rests on it"))
            .help(format!("drop that first, in the same transaction: `BEGIN; {first} {drop} COMMIT;`")),
    );
}
