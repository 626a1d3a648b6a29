//! rename-object: the old name is gone while running releases still use it.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::object::OutputColumn;
use crate::schema::operation::{ObjectChange, SequenceChange, TypeChange};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("rename-object"),
    doc: include_str!("../../../lints/rename-object.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::AlterView,
            OperationKind::RenameTable,
            OperationKind::RenameColumn,
            OperationKind::AlterRoutine,
            OperationKind::AlterType,
            OperationKind::AlterSequence,
            OperationKind::AlterSchema,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some((kind, old, new)) = renamed(frame) else { return };
    findings.push(
        Fault::new(format!("renaming {kind} `{old}` breaks every running release that uses the old name"))
            .help(format!("make a second {kind} called `{new}` beside it, move the code, and drop `{old}` in contract.sql; see `migrate explain rename-object`")),
    );
}

/// What is renamed, unless nobody knows the old name or something serves under it when the transaction ends.
fn renamed(frame: &Frame<'_>) -> Option<(&'static str, String, String)> {
    let schema = frame.before;
    let told = |kind: &'static str, old: &ObjectName, new: &Ident| Some((kind, old.to_string(), new.to_string()));
    match frame.operation {
        Operation::AlterView { view, change: ObjectChange::Rename(to) } => view_renamed(frame, view).then(|| told("view", view, to))?,
        Operation::RenameTable { table, to } if frame.is_view(table) => view_renamed(frame, table).then(|| told("view", table, to))?,
        Operation::AlterView { view, change: ObjectChange::RenameColumn { column, to } }
        | Operation::RenameColumn { table: view, column, to }
            if frame.is_view(view) =>
        {
            let held = schema.view(view).recorded();
            let shown = [OutputColumn { name: Some(column.clone()), ty: None }];
            let silent = frame.is_new(held.map(|held| &held.origin)) || frame.is_shown_again(view, Some(&shown));
            (!silent).then(|| ("column", format!("{view}.{column}"), to.to_string()))
        }
        Operation::AlterRoutine { routine, change: ObjectChange::Rename(to) } => {
            let found = schema.routine(routine);
            let overload = found.recorded().and_then(|held| held.overload(None));
            let by_triggers = overload.is_some_and(|overload| overload.returns == "trigger");
            let silent = found.is_absent() || by_triggers || frame.is_new_object(routine) || frame.is_called_again(routine, overload, None);
            (!silent).then(|| told("function", routine, to))?
        }
        Operation::AlterType { name, change: TypeChange::Rename(to) } => {
            let silent =
                schema.user_type(name).is_absent() || frame.is_new_object(name) || frame.at_commit().user_type(name).recorded().is_some();
            (!silent).then(|| told("type", name, to))?
        }
        Operation::AlterSequence { name, change: SequenceChange::Rename(to) } => {
            sequence_renamed(frame, name).then(|| told("sequence", name, to))?
        }
        Operation::RenameTable { table, to } if schema.sequence(table).recorded().is_some() => {
            sequence_renamed(frame, table).then(|| told("sequence", table, to))?
        }
        Operation::AlterSchema { name, change: ObjectChange::Rename(to) } => {
            let new = frame.is_new(schema.schema_origin(name));
            (!new).then(|| ("schema", name.to_string(), to.to_string()))
        }
        _ => None,
    }
}

fn view_renamed(frame: &Frame<'_>, view: &ObjectName) -> bool {
    let held = frame.before.view(view).recorded();
    let new = frame.is_new(held.map(|held| &held.origin));
    !new && !frame.is_named_here(view) && !frame.is_shown_again(view, held.and_then(|held| held.columns.as_deref()))
}

fn sequence_renamed(frame: &Frame<'_>, sequence: &ObjectName) -> bool {
    !frame.before.sequence(sequence).is_absent()
        && !frame.is_new_object(sequence)
        && frame.at_commit().sequence(sequence).recorded().is_none()
}
