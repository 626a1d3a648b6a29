//! sqlite-rebuild-dependents: SQLite refuses the rename while a view or a trigger names the table that is missing.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-rebuild-dependents"),
    doc: include_str!("../../../lints/sqlite-rebuild-dependents.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::RenameTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::RenameTable { table, to } = frame.operation else { return };
    let name = frame.before.canonical(&ObjectName { schema: table.schema.clone(), name: to.clone() });
    if !frame.is_remade(&name) || !frame.before.table(&name).is_absent() || renames_as_of_old(frame) {
        return;
    }
    let view = frame.before.views_reading(&name).map(|view| ("view", "VIEW", &view.name.name)).min();
    let triggers = frame.before.triggers_mentioning(&name.name).map(|trigger| ("trigger", "TRIGGER", &trigger.name));
    let Some((kind, verb, user)) = view.or_else(|| triggers.min()) else { return };
    let spelled = user.spelled(frame.dialect());
    findings
        .push(Fault::new(format!("the rename is refused: {kind} `{user}` names `{name}`, which is missing at this moment")).help(format!(
        "drop it before and make it again behind the rename, in the same transaction: `DROP {verb} {spelled}; … CREATE {verb} {spelled} …;`"
    )));
}

/// Whether SQLite was told not to look at views and triggers when it renames.
fn renames_as_of_old(frame: &Frame<'_>) -> bool {
    frame.session_setting("legacy_alter_table").is_some_and(|(setting, _)| {
        let on = |value: &String| ["on", "1", "true", "yes"].iter().any(|word| value.eq_ignore_ascii_case(word));
        setting.values.iter().any(on)
    })
}
