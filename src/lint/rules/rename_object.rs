//! rename-object: the old name is gone while running releases still use it.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::object::OutputColumn;
use crate::schema::operation::{ObjectChange, SequenceChange, TypeChange};
use crate::schema::table::ConstraintKind;
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
            OperationKind::RenameConstraint,
            OperationKind::RenameIndex,
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
    if let Some((table, name)) = renamed_key(frame) {
        // Few statements name a constraint, yet applications tell errors apart by it.
        let fault = Fault::new(format!(
            "`ON CONFLICT ON CONSTRAINT {name}` of running releases fails once the constraint of `{table}` is called otherwise, and so does what tells errors apart by its name"
        ));
        findings.push(
            fault
                .at_most(Level::Notice)
                .help(format!("leave the name, or let releases name the columns first: `INSERT INTO {table} … ON CONFLICT (…) …`")),
        );
        return;
    }
    let Some((kind, old, new)) = renamed(frame) else { return };
    findings.push(
        Fault::new(format!("renaming {kind} `{old}` breaks every running release that uses the old name"))
            .help(format!("make a second {kind} called `{new}` beside it, move the code, and drop `{old}` in contract.sql; see `migrate explain rename-object`")),
    );
}

/// The constraint by which an upsert can name its conflict, where it gets another name: a key or an exclusion, also by its index.
fn renamed_key<'a>(frame: &Frame<'a>) -> Option<(&'a ObjectName, &'a Ident)> {
    let (table, name) = if let Operation::RenameConstraint { table, name, .. } = frame.operation {
        (frame.table(table)?, name)
    } else {
        let Operation::RenameIndex { index, table, .. } = frame.operation else { return None };
        let (table, index) = frame.before.index(index, table.as_ref()).recorded()?;
        (frame.table(table)?, index.name.as_ref()?)
    };
    let held = table.constraint(name)?;
    let named = match &held.kind {
        ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => true,
        ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) => false,
    };
    let old = !frame.is_new_table(&table.name) && frame.seen(&held.origin) == Seen::ByEveryone;
    let again = || frame.at_commit().table(&table.name).recorded().is_some_and(|table| table.constraint(name).is_some());
    (named && old && !again()).then_some((&table.name, held.name.as_ref()?))
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
