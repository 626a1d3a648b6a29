//! sync-old-column-required: SQLite looks for NULL before triggers run, so nothing fills the old column in time.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::sync::Names;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sync-old-column-required"),
    doc: include_str!("../../../lints/sync-old-column-required.md"),
    class: Class::OldReleases,
    levels: PhaseLevels { expand: Level::Warn, backfill: Level::Allow, contract: Level::Allow },
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTrigger], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateTrigger(trigger) = frame.operation else { return };
    let Some(table) = frame.after.table(&trigger.table).recorded() else { return };
    let kept = table.columns.iter().filter_map(|column| Names::keeping(table, &column.name, frame.dialect()));
    // The triggers of one sync are told once: by the first of them.
    for names in kept.filter(|names| names.triggers().first() == Some(&trigger.name.name)) {
        let required = table.column(&names.old).is_some_and(|old| old.not_null && old.default.is_none());
        // The number of a row is filled by itself.
        if !required || table.primary_key() == [names.old.clone()] {
            continue;
        }
        let (table, old, new) = (&trigger.table, &names.old, &names.new);
        findings.push(
            Fault::new(format!(
                "`{table}.{old}` is NOT NULL, which SQLite checks before triggers run: an INSERT that gives `{new}` alone fails"
            ))
            .help(format!(
                "let the new release write both until the contract ran: `INSERT INTO {table} ({old}, {new}) VALUES (:value, :value)`"
            )),
        );
    }
}
