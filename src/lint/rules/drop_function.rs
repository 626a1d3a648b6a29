//! drop-function: a running release still calls the function, or calls it in vain.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::object::Overload;
use crate::schema::operation::{CreateRoutine, Drop};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-function"),
    doc: include_str!("../../../lints/drop-function.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropRoutine, OperationKind::CreateRoutine], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    match frame.operation {
        Operation::DropRoutine { drop, arguments } => dropped(frame, drop, arguments.as_deref(), findings),
        Operation::CreateRoutine(create) => {
            if let Some(fault) = ambiguous(frame, create) {
                findings.push(fault);
            }
        }
        _ => {}
    }
}

/// A second overload that takes, with its defaults, what calls of the first give: PostgreSQL refuses each of them, also where
/// the first needs no default (measured on 14 and 18).
fn ambiguous(frame: &Frame<'_>, create: &CreateRoutine) -> Option<Fault> {
    let routine = frame.before.routine(&create.name).recorded().filter(|_| frame.dialect() == Dialect::Postgres)?;
    let at_commit = frame.at_commit();
    let types = |text: &str| text.split(',').map(|ty| ty.trim().to_owned()).filter(|ty| !ty.is_empty()).collect::<Vec<_>>();
    let own = types(&create.arguments);
    let meets = |held: &&Overload| {
        let theirs = types(&held.arguments);
        let least = own.len().saturating_sub(create.defaults).max(theirs.len().saturating_sub(held.defaults));
        (least..=own.len().min(theirs.len())).any(|given| own[..given] == theirs[..given])
    };
    let stays = |held: &&Overload| at_commit.routine(&create.name).recorded()?.overload(Some(&held.arguments));
    let mut others = routine.overloads.iter().filter(|held| held.arguments != create.arguments && !frame.is_new(Some(&held.origin)));
    let held = others.find(|held| meets(held) && stays(held).is_some())?;
    Some(
        Fault::new(format!(
            "calls of `{0}({1})` by running releases fit this function as well, and are refused as not unique",
            create.name, held.arguments
        ))
        .help(format!(
            "give it another name, or put it in the place of the other in one transaction: `BEGIN; DROP FUNCTION {}({}); … COMMIT;`",
            create.name.spelled(Dialect::Postgres),
            held.arguments
        )),
    )
}

fn dropped(frame: &Frame<'_>, drop: &Drop, arguments: Option<&str>, findings: &mut Findings) {
    let found = frame.before.routine(&drop.name);
    let overload = found.recorded().and_then(|routine| routine.overload(arguments));
    let another = found.known().is_some() && overload.is_none() && drop.if_exists;
    // What only triggers call belongs to their table.
    let by_triggers = overload.is_some_and(|overload| overload.returns == "trigger");
    if found.is_absent()
        || another
        || by_triggers
        || frame.is_new(overload.map(|overload| &overload.origin))
        || frame.is_named_here(&drop.name)
        || frame.is_called_again(&drop.name, overload, arguments)
    {
        return;
    }
    let sql = format!("{};", frame.drop_sql());
    findings.push(
        Fault::new(format!("dropping `{}({})` breaks every running release that calls it", drop.name, arguments.unwrap_or_default()))
            .help(format!(
                "add what comes next beside it, as an overload or under another name, and drop this one in contract.sql: `{sql}`"
            ))
            .cure(Phase::Contract, sql),
    );
}
