//! replace-behaviour: running releases call code that was written after them.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::AccessChange;
use crate::schema::{Dialect, Operation, OperationKind, Origin};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("replace-behaviour"),
    doc: include_str!("../../../lints/replace-behaviour.md"),
    class: Class::OldReleases,
    levels: PhaseLevels { contract: Level::Allow, ..PhaseLevels::NOTICE },
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &["replace-view-incompatible"],
    check: Check::Of(
        &[
            OperationKind::CreateRoutine,
            OperationKind::DropRoutine,
            OperationKind::CreateTrigger,
            OperationKind::CreateView,
            OperationKind::DropTrigger,
            OperationKind::Access,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some(what) = replaced(frame) else { return };
    findings.push(
        Fault::new(format!("running releases get the new {what} from this moment, and a release that is rolled back to gets it too")).help(
            format!("see that it serves old and new callers alike, or give the new one another name: `{};` itself is fine", frame.sql()),
        ),
    );
}

/// What others than the own migration know and is replaced.
fn replaced(frame: &Frame<'_>) -> Option<String> {
    let old = |origin: &Origin| frame.seen(origin) == Seen::ByEveryone;
    match frame.operation {
        Operation::CreateRoutine(create) if create.or_replace => {
            let routine = frame.before.routine(&create.name).recorded()?;
            let held = routine
                .overload(Some(&create.arguments))
                .or_else(|| routine.overload(None).filter(|_| frame.dialect() == Dialect::Mysql))?;
            old(&held.origin).then(|| format!("body of `{}`", create.name))
        }
        Operation::DropRoutine { drop, arguments } => {
            let overload = frame.before.routine(&drop.name).recorded()?.overload(arguments.as_deref())?;
            (old(&overload.origin) && frame.is_called_again(&drop.name, Some(overload), None)).then(|| format!("body of `{}`", drop.name))
        }
        Operation::CreateView(create) if create.or_replace => {
            let held = frame.before.view(&create.name).recorded()?;
            old(&held.origin).then(|| format!("query of view `{}`", create.name))
        }
        Operation::CreateTrigger(create) if create.or_replace => {
            let (_, held) = frame.before.trigger(&create.name, Some(&create.table)).recorded()?;
            old(&held.origin).then(|| format!("trigger `{}`", held.name))
        }
        // Writes through the view went to its table by themselves, or were refused.
        Operation::CreateTrigger(create) if create.instead_of => {
            let view = frame.before.view(&create.table).recorded()?;
            old(&view.origin).then(|| format!("way to write through view `{}`", view.name))
        }
        Operation::DropTrigger { trigger, table, .. } => {
            let (_, held) = frame.before.trigger(trigger, table.as_ref()).recorded()?;
            let again = frame.at_commit().trigger(trigger, table.as_ref()).recorded().is_some();
            (old(&held.origin) && again).then(|| format!("trigger `{}`", held.name))
        }
        Operation::Access(AccessChange::DropPolicy { name, table, .. }) => {
            let held = frame.table(table)?.policies.iter().find(|policy| &policy.name == name)?;
            let schema = frame.at_commit();
            let again = schema.table(table).recorded()?.policies.iter().any(|policy| &policy.name == name);
            (old(&held.origin) && again).then(|| format!("policy `{name}`"))
        }
        _ => None,
    }
}
