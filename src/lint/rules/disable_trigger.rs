//! disable-trigger: what the trigger did for running releases is no longer done.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::TableChange;
use crate::schema::table::Trigger;
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("disable-trigger"),
    doc: include_str!("../../../lints/disable-trigger.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AlterTable { table, change } = frame.operation else { return };
    let what = match change {
        TableChange::Trigger { name, enabled: false } if concerns(frame, table, name.as_ref()) => match name {
            Some(name) => format!("trigger `{name}`"),
            None => "its triggers".to_owned(),
        },
        TableChange::Rule { enabled: false } => "the rule".to_owned(),
        _ => return,
    };
    if frame.is_new_table(table) {
        return;
    }
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!("`{table}` without {what}: what running releases write is no longer completed, checked or copied"))
            .help(format!("leave it on while a release writes that counts on it, and switch it off in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}

/// Whether a trigger that somebody counts on stays off when the transaction ends.
fn concerns(frame: &Frame<'_>, table: &ObjectName, name: Option<&Ident>) -> bool {
    let Some(held) = frame.table(table) else { return true };
    let named = |trigger: &&Trigger| name.is_none_or(|name| &trigger.name == name);
    let schema = frame.at_commit();
    let after = schema.table(table).recorded();
    let off = |trigger: &Trigger| {
        let later = after.and_then(|table| table.triggers.iter().find(|other| other.name == trigger.name));
        trigger.enabled && !frame.is_new(Some(&trigger.origin)) && later.is_some_and(|later| !later.enabled)
    };
    let recorded = held.triggers.iter().filter(named).count() > 0;
    held.triggers.iter().filter(named).any(off) || (!recorded && !frame.is_known(table))
}
