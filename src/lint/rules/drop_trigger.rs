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
    check: Check::Of(&[OperationKind::DropTrigger], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
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
