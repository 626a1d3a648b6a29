//! What constraints and indexes touch: their columns, the tables they refer to, the names they take.

use super::access::Access;
use super::touch::{Object, Part, Sink};
use crate::schema::operation::{CreateIndex, NewConstraint};
use crate::schema::table::{ConstraintKind, IndexKey, Validity};
use crate::schema::{Dialect, Found, Ident, ObjectName};

impl Sink<'_> {
    /// A new constraint of a table.
    pub(super) fn constraint(&mut self, table: &ObjectName, constraint: &NewConstraint) {
        if let Some(name) = &constraint.name {
            self.table_part(table, named(name), Access::Creates);
        }
        self.demands(table, &constraint.kind);
        match constraint.validity {
            Validity::Valid => self.table_part(table, Part::Rows, Access::Constrains),
            Validity::NotValid | Validity::NotEnforced => {}
        }
    }

    /// What a constraint demands, of whatever it concerns.
    fn demands(&mut self, table: &ObjectName, kind: &ConstraintKind) {
        match kind {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } | ConstraintKind::Exclusion { columns } => {
                self.columns(table, columns, Access::Constrains);
            }
            ConstraintKind::Check(condition) => self.columns(table, &condition.columns, Access::Constrains),
            ConstraintKind::NotNull(column) => {
                self.column(table, column, Access::Constrains);
                self.table_part(table, Part::Nullability(column.clone()), Access::Alters);
            }
            ConstraintKind::ForeignKey(key) => {
                self.columns(table, &key.columns, Access::Constrains);
                self.relation(&key.references, Access::Uses);
                self.columns(&key.references, &key.referenced_columns, Access::Uses);
            }
        }
    }

    /// VALIDATE CONSTRAINT: the replayed schema knows what it is about.
    pub(super) fn validates(&mut self, table: &ObjectName, name: &Ident) {
        self.table_part(table, Part::Rows, Access::Constrains);
        let kind = match self.schema.table(table) {
            Found::Known(found) | Found::Stale(found) => found.constraint(name).map(|constraint| constraint.kind.clone()),
            Found::Unknown | Found::Absent => None,
        };
        match kind {
            Some(ConstraintKind::NotNull(column)) => self.column(table, &column, Access::Constrains),
            Some(kind) => self.demands(table, &kind),
            // Added and dropped again by the same script: what it demanded was told where it was added.
            None if self.is_made_here(table, named(name)) => {}
            None => self.wide(table, Access::Constrains, None),
        }
    }

    /// A new index.
    pub(super) fn index(&mut self, index: &CreateIndex) {
        self.relation(&index.table, Access::Uses);
        if let Some(name) = &index.name {
            self.index_name(&index.table, name, Access::Creates);
        }
        let access = if index.unique { Access::Constrains } else { Access::Uses };
        for key in &index.keys {
            match key {
                IndexKey::Column(column) => self.column(&index.table, column, access),
                IndexKey::Expression(expression) => self.columns(&index.table, &expression.columns, access),
            }
        }
        self.columns(&index.table, &index.include, Access::Uses);
        if let Some(predicate) = &index.predicate {
            self.columns(&index.table, &predicate.columns, Access::Uses);
        }
        if index.unique {
            self.table_part(&index.table, Part::Rows, Access::Constrains);
        }
    }

    /// An index by its name: MySQL names indexes within a table, the others beside tables.
    pub(super) fn index_name(&mut self, table: &ObjectName, name: &Ident, access: Access) {
        match self.dialect() {
            Dialect::Mysql => self.table_part(table, named(name), access),
            Dialect::Postgres | Dialect::Sqlite => {
                let index = ObjectName { schema: table.schema.clone(), name: name.clone() };
                let object = Object::Relation(self.schema.canonical(&index));
                self.object(object, access);
            }
        }
    }

    /// An index that a statement names, with its table where that was written.
    pub(super) fn existing_index(&mut self, index: &ObjectName, table: Option<&ObjectName>, access: Access) {
        match table {
            Some(table) => {
                self.relation(table, Access::Uses);
                self.index_name(table, &index.name, access);
            }
            None => self.relation(index, access),
        }
    }
}

/// A constraint, trigger or policy of a table.
pub(super) fn named(name: &Ident) -> Part {
    Part::Named(name.as_str().to_owned())
}
