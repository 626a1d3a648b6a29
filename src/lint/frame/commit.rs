//! The end of the transaction: what the others see next of an object that changes now.

use std::cell::OnceCell;

use super::{Frame, Seen};
use crate::schema::object::{OutputColumn, Overload, View};
use crate::schema::operation::{ObjectChange, SequenceChange, TypeChange};
use crate::schema::{Dialect, Ident, ObjectName, Operation, Origin, Schema};
use crate::sql::{Clause, Statement};

/// What statements that commit together leave, worked out once and only where a rule asks.
#[derive(Debug)]
pub(in crate::lint) struct Commit<'a> {
    /// The schema that the first of them meets, where there is more than one clause.
    start: Option<Schema>,
    statements: &'a [Statement],
    origin: &'a Origin,
    left: OnceCell<Schema>,
}

impl<'a> Commit<'a> {
    /// Before the first of the statements is applied.
    pub(in crate::lint) fn of(statements: &'a [Statement], start: &Schema, origin: &'a Origin) -> Commit<'a> {
        let several = statements.iter().map(|statement| statement.clauses.len()).sum::<usize>() > 1;
        Commit { start: several.then(|| start.clone()), statements, origin, left: OnceCell::new() }
    }

    fn left(&self) -> Option<&Schema> {
        let start = self.start.as_ref()?;
        let apply = || {
            let mut schema = start.clone();
            for clause in self.statements.iter().flat_map(|statement| &statement.clauses) {
                for operation in schema.called_by(&clause.operation).iter().map(|(_, operation)| operation).chain([&clause.operation]) {
                    // What cannot work is told where it stands.
                    let _ = schema.apply(operation, self.origin);
                }
            }
            schema
        };
        Some(self.left.get_or_init(apply))
    }
}

impl<'a> Frame<'a> {
    /// The schema that other sessions meet next: what the whole transaction leaves. MySQL commits each statement by itself.
    pub(in crate::lint) fn at_commit(&self) -> &'a Schema {
        let own = self.statement.span;
        let together =
            |clause: &&Clause| self.dialect() != Dialect::Mysql || (own.start <= clause.span.start && clause.span.end <= own.end);
        match self.later().find(together) {
            Some(_) => self.transaction.commit.left().unwrap_or(self.after),
            None => self.after,
        }
    }

    /// Whether nobody can have seen an object of this origin; of what is not recorded nothing is known.
    pub(in crate::lint) fn is_new(&self, origin: Option<&Origin>) -> bool {
        origin.is_some_and(|origin| self.seen(origin) == Seen::ByNobody)
    }

    /// Whether the relation, routine or type of this name was made by this script.
    pub(in crate::lint) fn is_new_object(&self, name: &ObjectName) -> bool {
        let schema = self.before;
        self.is_new_table(name)
            || self.is_new(schema.view(name).recorded().map(|view| &view.origin))
            || self.is_new(schema.sequence(name).recorded().map(|sequence| &sequence.origin))
            || self.is_new(schema.user_type(name).recorded().map(|found| &found.origin))
            || schema.routine(name).recorded().is_some_and(|routine| routine.overloads.iter().all(|held| self.is_new(Some(&held.origin))))
    }

    /// Whether an earlier clause of the script gave an object this name: no running release knows it.
    pub(in crate::lint) fn is_named_here(&self, name: &ObjectName) -> bool {
        self.earlier().any(|clause| {
            let to = match &clause.operation {
                Operation::RenameTable { to, .. }
                | Operation::AlterView { change: ObjectChange::Rename(to), .. }
                | Operation::AlterRoutine { change: ObjectChange::Rename(to), .. }
                | Operation::AlterType { change: TypeChange::Rename(to), .. }
                | Operation::AlterSequence { change: SequenceChange::Rename(to), .. } => to,
                _ => return false,
            };
            *to == name.name
        })
    }

    /// Whether a type or domain that the clause drops is one that running releases can be naming.
    pub(in crate::lint) fn is_known_type(&self, name: &ObjectName) -> bool {
        let found = self.before.user_type(name);
        let new = self.is_new(found.recorded().map(|held| &held.origin));
        !found.is_absent() && !new && !self.is_named_here(name)
    }

    /// The clauses of the script that stand before this one.
    pub(in crate::lint) fn earlier(&self) -> impl Iterator<Item = &'a Clause> + use<'a> {
        let here = self.clause.span.start;
        let clauses = self.script.statements.iter().flat_map(|statement| &statement.clauses);
        clauses.take_while(move |clause| clause.span.start < here)
    }

    /// Whether a relation that shows all these columns bears the name when the transaction ends.
    pub(in crate::lint) fn is_shown_again(&self, name: &ObjectName, columns: Option<&[OutputColumn]>) -> bool {
        let schema = self.at_commit();
        let shown = match (schema.view(name).recorded(), schema.table(name).recorded()) {
            (Some(view), _) => view.columns.as_ref().map(|columns| columns.iter().filter_map(|column| column.name.clone()).collect()),
            (None, Some(table)) => Some(table.columns.iter().map(|column| column.name.clone()).collect::<Vec<Ident>>()),
            (None, None) => return false,
        };
        let (Some(shown), Some(columns)) = (shown, columns) else { return true };
        columns.iter().filter_map(|column| column.name.as_ref()).all(|name| shown.contains(name))
    }

    /// Whether a view under the old name of a table serves every read and write when the transaction ends.
    pub(in crate::lint) fn is_served_by_view(&self, old: &ObjectName, columns: &[Ident]) -> bool {
        let schema = self.at_commit();
        let serves = |view: &View| {
            let shown: Option<Vec<&Ident>> =
                view.columns.as_ref().map(|shown| shown.iter().filter_map(|column| column.name.as_ref()).collect());
            view.updatable && shown.is_some_and(|shown| columns.iter().all(|column| shown.contains(&column)))
        };
        schema.view(old).recorded().is_some_and(serves)
    }

    /// Whether calls of an overload that goes now still work when the transaction ends.
    pub(in crate::lint) fn is_called_again(&self, name: &ObjectName, gone: Option<&Overload>, arguments: Option<&str>) -> bool {
        let schema = self.at_commit();
        schema.routine(name).recorded().is_some_and(|routine| {
            routine.overloads.iter().any(|held| match gone {
                Some(gone) => held.serves(gone),
                None => arguments.is_none_or(|arguments| held.arguments == arguments),
            })
        })
    }
}
