//! move-schema: the object is no longer where running releases look for it.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ObjectChange, SequenceChange, TypeChange};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("move-schema"),
    doc: include_str!("../../../lints/move-schema.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::MoveTable,
            OperationKind::AlterView,
            OperationKind::AlterRoutine,
            OperationKind::AlterType,
            OperationKind::AlterSequence,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (old, to) = match frame.operation {
        Operation::MoveTable { table, schema } => (table, schema),
        Operation::AlterView { view, change: ObjectChange::Move(schema) } => (view, schema),
        Operation::AlterRoutine { routine, change: ObjectChange::Move(schema) } => (routine, schema),
        Operation::AlterType { name, change: TypeChange::Move(schema) } => (name, schema),
        Operation::AlterSequence { name, change: SequenceChange::Move(schema) } => (name, schema),
        _ => return,
    };
    if frame.before.lives_in(&frame.before.canonical(old), to) || frame.is_new_object(old) || is_served(frame, old) {
        return;
    }
    let dialect = frame.dialect();
    let (name, moved) = (old.spelled(dialect), ObjectName { schema: Some(to.clone()), name: old.name.clone() }.spelled(dialect));
    let fault = Fault::new(format!("moving `{old}` to schema `{to}` breaks every running release that looks for it in the old one"));
    findings.push(match (dialect, frame.operation) {
        (Dialect::Postgres, Operation::MoveTable { .. }) if !frame.is_view(old) => {
            let view = format!("CREATE VIEW {name} AS SELECT * FROM {moved};");
            fault
                .help(format!("leave an updatable view in the old schema, in the same transaction: `{view}`"))
                .cure(Phase::Expand, format!("BEGIN;\n{};\n{view}\nCOMMIT;\n", frame.sql()))
                .cure(Phase::Contract, format!("DROP VIEW {name};\n"))
        }
        _ => fault.help(format!("make a second one called `{moved}`, move the code, and drop `{name}` in contract.sql")),
    });
}

/// Whether something stands in the old place when the transaction ends.
fn is_served(frame: &Frame<'_>, old: &ObjectName) -> bool {
    let schema = frame.at_commit();
    match frame.operation {
        Operation::MoveTable { .. } | Operation::AlterView { .. } => match frame.table(old) {
            Some(table) => {
                let columns: Vec<Ident> = table.columns.iter().map(|column| column.name.clone()).collect();
                frame.dialect() == Dialect::Postgres && frame.is_served_by_view(old, &columns)
            }
            None => frame.is_view(old) && schema.view(old).recorded().is_some(),
        },
        Operation::AlterRoutine { .. } => {
            frame.is_called_again(old, frame.before.routine(old).recorded().and_then(|held| held.overload(None)), None)
        }
        Operation::AlterType { .. } => schema.user_type(old).recorded().is_some(),
        Operation::AlterSequence { .. } => schema.sequence(old).recorded().is_some(),
        _ => false,
    }
}
