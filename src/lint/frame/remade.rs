//! A table made anew: a copy with other columns or constraints takes the rows, then the name. SQLite changes most things so.

use super::Frame;
use crate::schema::operation::{CreateTable, NewColumn, NewConstraint};
use crate::schema::table::{Column, Table};
use crate::schema::{Ident, ObjectName, Operation, Schema};
use crate::sql::Script;

/// A table whose name a copy takes within the script.
#[derive(Clone, Debug)]
pub struct Remade {
    /// Canonical name.
    copy: ObjectName,
    /// As the script meets it.
    old: Table,
}

impl Remade {
    /// The tables that a script makes anew: a table is created, an old one dropped, and the new one gets its name.
    pub(in crate::lint) fn by(script: &Script, before: &Schema) -> Vec<Remade> {
        let operations = || script.statements.iter().flat_map(|statement| &statement.clauses).map(|clause| &clause.operation);
        let remade = operations().filter_map(|operation| {
            let Operation::RenameTable { table, to } = operation else { return None };
            let copy = before.canonical(table);
            let old = before.table(&ObjectName { schema: table.schema.clone(), name: to.clone() }).recorded()?;
            let makes = |other: &Operation| matches!(other, Operation::CreateTable(create) if before.canonical(&create.name) == copy);
            let drops = |other: &Operation| matches!(other, Operation::DropTable(drop) if before.canonical(&drop.name) == old.name);
            let (is_made, goes) = (operations().any(makes), operations().any(drops));
            (is_made && goes && copy != old.name).then(|| Remade { copy, old: old.clone() })
        });
        remade.collect()
    }
}

impl<'a> Frame<'a> {
    /// The table in whose place the clause puts another, and that other one. Not where its columns come from elsewhere.
    pub(in crate::lint) fn remade(&self) -> Option<(&'a Table, &'a CreateTable)> {
        let Operation::CreateTable(create) = self.operation else { return None };
        let stated = create.as_query.is_none() && create.like.is_empty() && create.inherits.is_empty() && create.partition_of.is_none();
        let remade = self.remade.iter().find(|remade| remade.copy == self.before.canonical(&create.name))?;
        (stated && self.is_old_table(&remade.old.name)).then_some((&remade.old, create))
    }

    /// The columns that are there before and after, as they were and as they will be.
    pub(in crate::lint) fn remade_columns(&self) -> impl Iterator<Item = (&'a Table, &'a Column, &'a NewColumn)> + use<'a> {
        let both = |(old, create): (&'a Table, &'a CreateTable)| {
            create.columns.iter().filter_map(move |column| Some((old, old.column(&column.name)?, column)))
        };
        self.remade().into_iter().flat_map(both)
    }

    /// The old table, where the name is that of the copy, before or after it is renamed.
    pub(in crate::lint) fn remade_from(&self, name: &ObjectName) -> Option<&'a Table> {
        let name = self.before.canonical(name);
        let remade = self.remade.iter().find(|remade| remade.copy == name || remade.old.name == name && self.is_new_table(&name))?;
        Some(&remade.old)
    }

    /// Whether a copy takes the table's name (canonical) within the script.
    pub(in crate::lint) fn is_remade(&self, table: &ObjectName) -> bool {
        self.remade.iter().any(|remade| remade.old.name == *table)
    }

    /// The schema that the script leaves, as far as its clauses are near: what becomes of a table made anew without a transaction.
    pub(in crate::lint) fn at_end(&self) -> Schema {
        let mut schema = self.after.clone();
        for clause in self.later_in_script() {
            // What cannot work is told where it stands.
            let _ = schema.apply(&clause.operation, self.origin);
        }
        schema
    }

    /// What the clause demands of a table that others use: constraints that it adds, and those of a table made anew.
    pub(in crate::lint) fn demands(&self) -> impl Iterator<Item = (&'a ObjectName, &'a NewConstraint)> + use<'a> {
        let anew = |(old, create): (&'a Table, &'a CreateTable)| create.constraints.iter().map(move |constraint| (&old.name, constraint));
        self.added_constraints().chain(self.remade().into_iter().flat_map(anew))
    }

    /// The column of this name, where the clause brings it to a table that had none of it.
    pub(in crate::lint) fn brought_column(&self, column: &Ident) -> Option<&'a NewColumn> {
        if let Operation::AddColumn(add) = self.operation {
            return (add.column.name == *column).then_some(&add.column);
        }
        let (old, create) = self.remade()?;
        create.columns.iter().find(|new| new.name == *column && old.column(column).is_none())
    }
}

/// What to do where a table made anew is stricter than the old one.
pub(in crate::lint) fn anew_in_contract(table: &ObjectName) -> String {
    format!("release code that keeps to it, and make `{table}` anew in contract.sql: `migrate fix` moves the statements there")
}
