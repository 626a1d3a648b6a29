//! fk-locks-referenced-table: writes to the referenced table wait until the transaction ends.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::NewConstraint;
use crate::schema::table::{ConstraintKind, ForeignKey};
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("fk-locks-referenced-table"),
    doc: include_str!("../../../lints/fk-locks-referenced-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres],
    yields_to: &["add-fk-scans-table", "change-column-type", "change-type-rewrites-table"],
    check: Check::Of(
        &[OperationKind::AddColumn, OperationKind::AddConstraint, OperationKind::AlterColumn, OperationKind::CreateTable],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Some(change) = frame.type_change() {
        let own = frame.before.canonical(change.table);
        let below = frame.before.descendants(&own);
        let others = frame.impact.locks.iter().filter(|held| held.table != own && !below.contains(&held.table));
        for held in others.filter(|held| held.lock.blocks_reads() && frame.is_old_table(&held.table) && !frame.is_new_table(change.table)) {
            findings.push(
                Fault::new(format!(
                    "reads and writes of `{}` wait too until this transaction ends: a foreign key connects it with `{}.{}`",
                    held.table, change.table, change.column
                ))
                .on(&held.table)
                .help(format!("keep it in a transaction of its own, with nothing slow beside it: `{};`", frame.clause_sql())),
            );
        }
        return;
    }
    let own = match frame.operation {
        Operation::CreateTable(create) => &create.name,
        Operation::AddColumn(add) => &add.table,
        Operation::AddConstraint(add) => &add.table,
        _ => return,
    };
    let constraints: &[NewConstraint] = match frame.operation {
        Operation::CreateTable(create) => &create.constraints,
        Operation::AddColumn(add) => &add.constraints,
        Operation::AddConstraint(add) => std::slice::from_ref(&add.constraint),
        _ => return,
    };
    let mut told: Vec<&ObjectName> = Vec::new();
    for key in constraints.iter().filter_map(foreign_key) {
        let parent = &key.references;
        let locked = frame.impact.lock(&frame.before.canonical(parent)).is_some_and(|lock| lock.blocks_writes());
        if !locked || told.contains(&parent) || !frame.is_old_table(parent) || frame.before.canonical(parent) == frame.before.canonical(own)
        {
            continue;
        }
        told.push(parent);
        findings.push(fault(frame, own, key));
    }
}

fn foreign_key(constraint: &NewConstraint) -> Option<&ForeignKey> {
    match &constraint.kind {
        ConstraintKind::ForeignKey(key) => Some(key),
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::Check(_)
        | ConstraintKind::NotNull(_)
        | ConstraintKind::Exclusion { .. } => None,
    }
}

fn fault(frame: &Frame<'_>, own: &ObjectName, key: &ForeignKey) -> Fault {
    let (dialect, parent) = (frame.dialect(), &key.references);
    let mut fault = Fault::new(format!(
        "writes to `{parent}` wait until this transaction ends: a foreign key to it holds SHARE ROW EXCLUSIVE there, also where no row is checked"
    ))
    .on(parent);
    let canonical = frame.before.canonical(parent);
    let others = frame.transaction.held.iter().filter(|held| held.lock.blocks_writes() && held.table != canonical);
    for held in others.filter(|held| frame.is_old_table(&held.table)) {
        fault = fault.label(held.span, format!("still holds {} on `{}`", held.lock, held.table));
    }
    fault.help(format!(
        "give each key a transaction of its own, and nothing slow beside it: `{} ADD FOREIGN KEY ({}) REFERENCES {} NOT VALID;`",
        recipe::alter(dialect, own),
        key.columns.spelled(dialect),
        parent.spelled(dialect)
    ))
}
