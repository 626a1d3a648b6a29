//! What old releases write: the question behind every constraint that binds from the moment it exists.

use super::{Frame, Seen};
use crate::schema::expression::Shape;
use crate::schema::object::UserTypeKind;
use crate::schema::operation::{ColumnChange, NewColumn, NewConstraint};
use crate::schema::table::{Column, ConstraintKind, ForeignKey, Generated, Table};
use crate::schema::{Ident, ObjectName, Operation, Phase};

impl<'a> Frame<'a> {
    /// The constraints that the clause adds, whatever its form.
    pub(in crate::lint) fn added_constraints(&self) -> impl Iterator<Item = (&'a ObjectName, &'a NewConstraint)> + use<'a> {
        let (table, constraints): (Option<&ObjectName>, &[NewConstraint]) = match self.operation {
            Operation::AddConstraint(add) => (Some(&add.table), std::slice::from_ref(&add.constraint)),
            Operation::AddColumn(add) => (Some(&add.table), &add.constraints),
            Operation::AlterColumn { table, change: ColumnChange::Redefine { constraints, .. }, .. } => (Some(table), constraints),
            _ => (None, &[]),
        };
        constraints.iter().filter_map(move |constraint| Some((table?, constraint)))
    }

    /// The foreign keys that the clause adds, those of a new table included.
    pub(in crate::lint) fn added_foreign_keys(&self) -> impl Iterator<Item = (&'a ObjectName, &'a ForeignKey)> + use<'a> {
        let of_new: Option<(&ObjectName, &[NewConstraint])> = match self.operation {
            Operation::CreateTable(create) => Some((&create.name, &create.constraints)),
            _ => None,
        };
        let of_new = of_new.into_iter().flat_map(|(table, constraints)| constraints.iter().map(move |constraint| (table, constraint)));
        self.added_constraints().chain(of_new).filter_map(|(table, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some((table, key)),
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => None,
        })
    }

    /// Whether the change takes a column's default away.
    pub(in crate::lint) fn takes_default(&self, change: &ColumnChange) -> bool {
        match change {
            ColumnChange::DropDefault => true,
            ColumnChange::SetDefault(default) => default.shape == Shape::Null,
            ColumnChange::SetType { .. }
            | ColumnChange::SetNotNull
            | ColumnChange::DropNotNull
            | ColumnChange::SetIdentity(_)
            | ColumnChange::DropIdentity { .. }
            | ColumnChange::DropExpression { .. }
            | ColumnChange::SetExpression(_)
            | ColumnChange::Statistics
            | ColumnChange::RestartIdentity
            | ColumnChange::Storage
            | ColumnChange::Redefine { .. } => false,
        }
    }

    /// The phase in which a column may be tightened: not while releases write it that do not know this migration.
    pub(in crate::lint) fn tightening_phase(&self, table: &ObjectName, columns: &[Ident]) -> Phase {
        let old = self.is_old_table(table) && (columns.is_empty() || columns.iter().any(|column| self.is_old_column(table, column)));
        if old { Phase::Contract } else { self.phase() }
    }

    /// The phase in which a column may become NOT NULL: in expand only where old releases, which do not know it, fill it.
    pub(in crate::lint) fn not_null_phase(&self, name: &ObjectName, column: &Ident) -> Phase {
        let filled = |table: &Table| table.column(column).is_some_and(|known| self.fills_for_old_writers(table, known));
        match self.table(name) {
            Some(table) if self.is_old_table(name) && !filled(table) => Phase::Contract,
            Some(_) | None => self.tightening_phase(name, std::slice::from_ref(column)),
        }
    }

    /// The column with a domain's base type in place of the domain: what can be added without a check of every row.
    pub(in crate::lint) fn without_domain(&self, column: &NewColumn) -> NewColumn {
        let domain = column.ty.as_ref().and_then(|ty| self.before.user_type(&ty.object_name()).recorded());
        let base = domain.and_then(|domain| match &domain.kind {
            UserTypeKind::Domain { base, .. } => Some(base.clone()),
            UserTypeKind::Enum(_) | UserTypeKind::Composite | UserTypeKind::Other => None,
        });
        NewColumn { ty: base.or_else(|| column.ty.clone()), ..column.clone() }
    }

    /// Whether a column that old releases do not know is filled when they insert a row: by its default, by itself, or
    /// by a trigger that this migration brought.
    pub(in crate::lint) fn fills_for_old_writers(&self, table: &Table, column: &Column) -> bool {
        let by_default = column.default.as_ref().is_some_and(|default| default.shape != Shape::Null);
        by_default || column.generated != Generated::No || self.is_synced(table)
    }

    /// Whether a column that old releases do not know stays NULL in the rows that they insert.
    pub(in crate::lint) fn stays_null_for_old_writers(&self, table: &Table, column: &Column) -> bool {
        !column.not_null && !self.fills_for_old_writers(table, column)
    }

    /// Whether this migration put a trigger on the table.
    fn is_synced(&self, table: &Table) -> bool {
        table.triggers.iter().any(|trigger| trigger.enabled && self.seen(&trigger.origin) != Seen::ByEveryone)
    }
}
