//! drop-unique-breaks-upsert: upserts of running releases find no unique index any more.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ConstraintRef;
use crate::schema::table::{ConstraintKind, Index};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-unique-breaks-upsert"),
    doc: include_str!("../../../lints/drop-unique-breaks-upsert.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropIndex, OperationKind::DropConstraint, OperationKind::DropTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Operation::DropTable(drop) = frame.operation {
        return lost(frame, &drop.name, findings);
    }
    if let Some(fault) = exclusion(frame) {
        findings.push(fault);
        return;
    }
    let Some((name, index)) = dropped(frame) else { return };
    if frame.is_new_table(name) || frame.seen(&index.origin) != Seen::ByEveryone || !index.unique || !index.valid {
        return;
    }
    let schema = frame.at_commit();
    let stands_in = |other: &Index| other.unique && other.valid && other.predicate == index.predicate && other.is_over_same_keys(index);
    if schema.table(name).recorded().is_none_or(|table| table.indexes.iter().any(stands_in)) {
        return;
    }
    let columns: Vec<&str> = index.columns().map(Ident::as_str).collect();
    let columns = columns.join(", ");
    let what = match frame.dialect() {
        Dialect::Postgres | Dialect::Sqlite => format!("`ON CONFLICT ({columns})` of running releases fails"),
        Dialect::Mysql => "`ON DUPLICATE KEY UPDATE` of running releases inserts a second row".to_owned(),
    };
    let sql = match (frame.dialect(), frame.operation) {
        (Dialect::Postgres, Operation::DropIndex { index, .. }) => format!("DROP INDEX CONCURRENTLY {};", index.spelled(Dialect::Postgres)),
        _ => format!("{};", frame.sql()),
    };
    findings.push(
        Fault::new(format!("without uniqueness of ({columns}) in `{name}` {what}, and duplicates are no longer refused"))
            .help(format!("keep it until no release upserts by it or counts on it, and drop it in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}

/// An exclusion constraint that goes: rows that it kept apart may meet from then on.
fn exclusion(frame: &Frame<'_>) -> Option<Fault> {
    let Operation::DropConstraint { table: name, constraint: ConstraintRef::Named(which), .. } = frame.operation else { return None };
    let table = frame.table(name).filter(|_| !frame.is_new_table(name))?;
    let held = table.constraint(which).filter(|held| frame.seen(&held.origin) == Seen::ByEveryone)?;
    let ConstraintKind::Exclusion { columns } = &held.kind else { return None };
    let schema = frame.at_commit();
    if schema.table(name).recorded().is_none_or(|table| table.constraints.iter().any(|other| other.kind == held.kind)) {
        return None;
    }
    let columns: Vec<&str> = columns.iter().map(Ident::as_str).collect();
    let sql = format!("{};", frame.sql());
    let fault = Fault::new(format!(
        "without exclusion `{which}` rows of `{name}` that collide by ({}) are no longer refused, and running releases count on it",
        columns.join(", ")
    ));
    let help = format!("release code that keeps such rows apart by itself, then drop it in contract.sql: `{sql}`");
    Some(fault.help(help).cure(Phase::Contract, sql))
}

/// The unique indexes that go with a table whose copy does without them.
fn lost(frame: &Frame<'_>, table: &ObjectName, findings: &mut Findings) {
    let Some(old) = frame.table(table) else { return };
    if frame.is_new_table(table) || !frame.is_remade(&old.name) || !old.indexes.iter().any(|index| index.unique) {
        return;
    }
    let after = frame.at_end();
    let Some(new) = after.table(&old.name).recorded() else { return };
    let stands_in = |index: &Index| {
        let same = |other: &&Index| other.unique && other.predicate == index.predicate && other.is_over_same_keys(index);
        new.indexes.iter().find(same).is_some()
    };
    for index in old.indexes.iter().filter(|index| index.unique && !stands_in(index)) {
        let columns: Vec<&str> = index.columns().map(Ident::as_str).collect();
        let columns = columns.join(", ");
        let fault = Fault::new(format!(
            "the new `{}` is not unique by ({columns}): `ON CONFLICT ({columns})` of running releases fails, and duplicates are no longer refused",
            old.name
        ));
        findings.push(fault.help(format!("keep it in the new table until no release upserts by it: `UNIQUE ({columns})`")));
    }
}

/// The unique index that goes, with its table.
fn dropped<'a>(frame: &Frame<'a>) -> Option<(&'a ObjectName, &'a Index)> {
    match frame.operation {
        Operation::DropIndex { index, table, .. } => frame.before.index(index, table.as_ref()).recorded(),
        Operation::DropConstraint { table, constraint, .. } => {
            let table = frame.table(table)?;
            let held = table.constraints.iter().find(|held| match constraint {
                ConstraintRef::Named(name) => held.name.as_ref() == Some(name),
                ConstraintRef::PrimaryKey => matches!(held.kind, ConstraintKind::PrimaryKey(_)),
                ConstraintRef::ForeignKey(_) | ConstraintRef::Check(_) => false,
            })?;
            let key = matches!(held.kind, ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. });
            let index = table.indexes.iter().find(|index| index.backs_constraint && index.name == held.name)?;
            key.then_some((&table.name, index))
        }
        _ => None,
    }
}
