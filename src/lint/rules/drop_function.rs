//! drop-function: a running release still calls the function.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-function"),
    doc: include_str!("../../../lints/drop-function.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropRoutine], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropRoutine { drop, arguments } = frame.operation else { return };
    let arguments = arguments.as_deref();
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
