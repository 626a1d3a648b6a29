//! drop-trigger: what the trigger did for running releases is no longer done.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Trigger;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-trigger"),
    doc: include_str!("../../../lints/drop-trigger.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropTable, OperationKind::DropTrigger], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Operation::DropTable(drop) = frame.operation {
        return lost(frame, &drop.name, findings);
    }
    let Operation::DropTrigger { trigger, table, .. } = frame.operation else { return };
    let found = frame.before.trigger(trigger, table.as_ref());
    let held = found.recorded();
    let new = frame.is_new(held.map(|(_, held)| &held.origin));
    let of_new_relation = table.as_ref().is_some_and(|table| frame.is_new_object(table));
    let idle = held.is_some_and(|(_, held)| !held.enabled);
    if found.is_absent() || new || of_new_relation || idle || is_put_back(frame, trigger, table.as_ref()) {
        return;
    }
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!("without trigger `{}` what running releases write is no longer completed, checked or copied", trigger.name))
            .help(format!("release code that does without it, then drop it in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}

/// The triggers that go with a table whose copy does without them.
fn lost(frame: &Frame<'_>, table: &ObjectName, findings: &mut Findings) {
    let Some(old) = frame.table(table).filter(|old| !old.triggers.is_empty()) else { return };
    if frame.is_new_table(table) || !frame.is_remade(&old.name) {
        return;
    }
    let after = frame.at_end();
    let Some(new) = after.table(&old.name).recorded() else { return };
    for trigger in old.triggers.iter().filter(|held| held.enabled && !new.triggers.iter().any(|other| other.name == held.name)) {
        let fault =
            Fault::new(format!("DROP TABLE takes trigger `{}` along, and the new `{}` has none of that name", trigger.name, old.name));
        findings.push(fault.help(format!("write it again behind the rename: `CREATE TRIGGER {} …;`", trigger.name)));
    }
}

/// Whether the table carries a trigger of this name, or of this function, when the transaction ends.
fn is_put_back(frame: &Frame<'_>, trigger: &ObjectName, table: Option<&ObjectName>) -> bool {
    let schema = frame.at_commit();
    if schema.trigger(trigger, table).recorded().is_some() {
        return true;
    }
    let Some((table, held)) = frame.before.trigger(trigger, table).recorded() else { return false };
    let takes_over = |other: &Trigger| other.function.is_some() && other.function == held.function && frame.is_new(Some(&other.origin));
    schema.table(&table.name).recorded().is_some_and(|table| table.triggers.iter().any(takes_over))
}
