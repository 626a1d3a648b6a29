//! What a clause states anew: columns, types and indexes, whatever statement they stand in.

use super::Frame;
use crate::schema::operation::{ColumnChange, CreateIndex, NewColumn, NewConstraint};
use crate::schema::table::TypeName;
use crate::schema::{Ident, ObjectName, Operation};
use crate::sql::Clause;

impl<'a> Frame<'a> {
    /// The columns that it makes, each with the constraints that were written beside it.
    pub(in crate::lint) fn stated_columns(&self) -> impl Iterator<Item = (&'a ObjectName, &'a NewColumn, &'a [NewConstraint])> + use<'a> {
        let (table, columns, constraints): (Option<&ObjectName>, &[NewColumn], &[NewConstraint]) = match self.operation {
            Operation::CreateTable(create) => (Some(&create.name), &create.columns, &create.constraints),
            Operation::AddColumn(add) => (Some(&add.table), std::slice::from_ref(&add.column), &add.constraints),
            _ => (None, &[], &[]),
        };
        columns.iter().filter_map(move |column| Some((table?, column, constraints)))
    }

    /// The types that it gives to columns, old or new.
    pub(in crate::lint) fn stated_types(&self) -> impl Iterator<Item = (&'a ObjectName, &'a Ident, &'a TypeName)> + use<'a> {
        let changed = match self.operation {
            Operation::AlterColumn { table, column, change: ColumnChange::SetType { ty, .. } } => Some((table, column, ty)),
            Operation::AlterColumn { table, column, change: ColumnChange::Redefine { column: new, .. } } => {
                new.ty.as_ref().map(|ty| (table, column, ty))
            }
            _ => None,
        };
        self.stated_columns().filter_map(|(table, column, _)| Some((table, &column.name, column.ty.as_ref()?))).chain(changed)
    }

    /// The indexes that it makes.
    pub(in crate::lint) fn stated_indexes(&self) -> impl Iterator<Item = &'a CreateIndex> + use<'a> {
        let indexes: &[CreateIndex] = match self.operation {
            Operation::CreateIndex(index) => std::slice::from_ref(&**index),
            Operation::CreateTable(create) => &create.indexes,
            _ => &[],
        };
        indexes.iter()
    }

    /// The clauses that follow in the script, in whatever transaction.
    pub(in crate::lint) fn behind(&self) -> impl Iterator<Item = &'a Clause> + use<'a> {
        let here = self.clause.span.start;
        let clauses = self.script.statements.iter().flat_map(|statement| &statement.clauses);
        clauses.filter(move |clause| clause.span.start > here)
    }
}
