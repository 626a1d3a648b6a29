//! A column by which rows are found: the keys that hold on to it are made again over the one that takes its place.

use super::carry::Move;
use super::phases::{Given, Phases, Refusal};
use super::statement::{add_constraint, alter};
use super::{Spelled, derived};
use crate::schema::operation::NewConstraint;
use crate::schema::table::{Constraint, ConstraintKind, ForeignKey, Partitioning, Table, Validity};
use crate::schema::{Dialect, Ident, ObjectName, Phase};

/// Builds what the primary key will stand on, and returns the clauses that put it in the place of the old one.
pub(super) fn primary(given: &Given<'_>, moved: &Move<'_>, table: &Table, phases: &mut Phases) -> Result<Vec<String>, Refusal> {
    let dialect = given.dialect();
    let primary = table.constraints.iter().find_map(|constraint| match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) if columns.contains(moved.old) => Some((constraint, columns)),
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::Check(_)
        | ConstraintKind::NotNull(_)
        | ConstraintKind::ForeignKey(_)
        | ConstraintKind::Exclusion { .. } => None,
    });
    let Some((constraint, columns)) = primary else { return Ok(Vec::new()) };
    let refuse = |why: &str| Err(Refusal::Impossible(format!("`{}.{}` is part of the primary key, {why}", moved.table, moved.old)));
    match dialect {
        Dialect::Postgres => {}
        Dialect::Sqlite => {
            return refuse("which SQLite gives to a table that is made anew only: keep the name, or write the new table by hand");
        }
        Dialect::Mysql => return refuse("by which InnoDB stores the rows: a new key writes the table anew, so keep the name"),
    }
    match table.partitioning {
        Partitioning::None => {}
        Partitioning::Partitioned { .. } | Partitioning::PartitionOf(_) => {
            return refuse("and a key of partitions cannot be swapped without a long lock: move the rows to a new table by hand");
        }
    }
    let Some(name) = &constraint.name else { return refuse("whose name the migrations do not tell") };
    let swapped: Vec<Ident> = swap(moved, columns);
    let index = derived(dialect, [moved.table.name.as_str(), moved.new.as_str(), "key"]).spelled(dialect);
    phases.add(
        Phase::Contract,
        &format!("CREATE UNIQUE INDEX CONCURRENTLY {index} ON {} ({});\n", moved.table.spelled(dialect), swapped.spelled(dialect)),
    );
    let name = name.spelled(dialect);
    Ok(vec![format!("DROP CONSTRAINT {name}"), format!("ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {index}")])
}

/// Points a foreign key that references the old column at the new one.
pub(super) fn repoint(
    given: &Given<'_>,
    moved: &Move<'_>,
    referenced: &Table,
    child: &Table,
    constraint: &Constraint,
    phases: &mut Phases,
) -> Result<(), Refusal> {
    let dialect = given.dialect();
    let ConstraintKind::ForeignKey(key) = &constraint.kind else { return Ok(()) };
    let refuse = |why: &str| {
        Err(Refusal::Impossible(format!("`{}.{}` is referenced by a foreign key of `{}`, {why}", moved.table, moved.old, child.name)))
    };
    if let Some(why) = hindrance(given, moved, child, constraint) {
        return refuse(why);
    }
    let Some(name) = &constraint.name else { return refuse("whose name the migrations do not tell") };
    if child.name == referenced.name && key.columns.contains(moved.old) {
        return refuse("which holds both of its sides: write the phases by hand");
    }
    let parts = std::iter::once(child.name.name.as_str()).chain(key.columns.iter().map(Ident::as_str)).chain([moved.new.as_str(), "fkey"]);
    let again = derived(dialect, parts);
    let kind = ForeignKey { referenced_columns: swap(moved, referenced.referenced_by(key)), ..key.clone() };
    let copy = NewConstraint { name: Some(again), kind: ConstraintKind::ForeignKey(kind), validity: Validity::Valid, deferrable: false };
    phases.add(Phase::Contract, "-- Is the old key DEFERRABLE? Say it again on the new one.\n");
    add_like(constraint, &add_constraint(dialect, &child.name, &copy), phases);
    phases.add(Phase::Contract, &format!("{} DROP CONSTRAINT {};\n", alter(dialect, &child.name), name.spelled(dialect)));
    Ok(())
}

/// Why a foreign key that references the old column is not made again, and what to do then.
fn hindrance(given: &Given<'_>, moved: &Move<'_>, child: &Table, constraint: &Constraint) -> Option<&'static str> {
    match given.dialect() {
        Dialect::Postgres => {}
        Dialect::Sqlite => {
            return Some("which SQLite changes in a table that is made anew only: keep the name, or make both tables anew by hand");
        }
        Dialect::Mysql => {
            return Some("which holds on to the index of the old column: drop it in a contract before, and add it again behind this one");
        }
    }
    if child.partitioning != Partitioning::None {
        return Some("whose partitions would all be read under a lock: drop it in a contract before, and add it again behind this one");
    }
    if moved.forward.is_some() {
        return Some(
            "whose values are not those that --forward makes: drop it in a contract before, change its own columns the same way, and add it again behind this one",
        );
    }
    if constraint.validity == Validity::NotEnforced {
        return Some("which is NOT ENFORCED: drop it in a contract before, and add it again behind this one");
    }
    deferred(given, &child.name).then_some("which may be DEFERRABLE: drop it in a contract before, and add it again behind this one")
}

/// Whether a foreign key of the table is known to wait for the end of its transaction: no schema tells which.
pub(super) fn deferred(given: &Given<'_>, table: &ObjectName) -> bool {
    given.views.is_some_and(|views| views.untold.defers(&table.name))
}

/// Adds a copy of a constraint: who never looked at old rows does not begin now.
pub(super) fn add_like(constraint: &Constraint, sql: &str, phases: &mut Phases) {
    match sql.split_once(";\n") {
        Some((first, _)) if constraint.validity == Validity::NotValid => phases.add(Phase::Contract, &format!("{first};\n")),
        Some(_) | None => phases.add(Phase::Contract, sql),
    }
}

/// The columns with the new one in the place of the old one.
pub(super) fn swap(moved: &Move<'_>, columns: &[Ident]) -> Vec<Ident> {
    columns.iter().map(|name| if name == moved.old { moved.new.clone() } else { name.clone() }).collect()
}
