//! A change of a column's type, and the only way to it that breaks nobody: a new column.

use super::Frame;
use crate::lint::cure::derived;
use crate::lint::finding::Fault;
use crate::recipe::sync::{Names, Pair};
use crate::schema::operation::ColumnChange;
use crate::schema::table::TypeName;
use crate::schema::{Ident, ObjectName, Operation};

/// A column that gets another type.
#[derive(Clone, Copy, Debug)]
pub(in crate::lint) struct Retype<'a> {
    pub(in crate::lint) table: &'a ObjectName,
    pub(in crate::lint) column: &'a Ident,
    /// Where it is recorded.
    pub(in crate::lint) from: Option<&'a TypeName>,
    pub(in crate::lint) to: &'a TypeName,
}

impl<'a> Frame<'a> {
    /// The change of type that the clause makes, written as SET DATA TYPE or as a redefinition.
    pub(in crate::lint) fn type_change(&self) -> Option<Retype<'a>> {
        let Operation::AlterColumn { table, column, change } = self.operation else { return None };
        let to = match change {
            ColumnChange::SetType { ty, .. } => ty,
            ColumnChange::Redefine { column: new, .. } => new.ty.as_ref()?,
            ColumnChange::SetDefault(_)
            | ColumnChange::DropDefault
            | ColumnChange::SetNotNull
            | ColumnChange::DropNotNull
            | ColumnChange::SetIdentity(_)
            | ColumnChange::DropIdentity { .. }
            | ColumnChange::DropExpression { .. }
            | ColumnChange::SetExpression(_)
            | ColumnChange::Statistics
            | ColumnChange::RestartIdentity
            | ColumnChange::Storage => return None,
        };
        Some(Retype { table, column, from: self.column(table, column).map(|column| &column.ty), to })
    }
}

impl<'a> Retype<'a> {
    /// The labels before and after, where both types are enums.
    pub(in crate::lint) fn labels(&self, frame: &Frame<'a>) -> Option<(Vec<&'a str>, Vec<&'a str>)> {
        let of = |ty: &'a TypeName| -> Option<Vec<&'a str>> {
            if matches!(ty.base.as_str(), "enum" | "set") && !ty.labels.is_empty() {
                return Some(ty.labels.iter().map(String::as_str).collect());
            }
            Some(frame.before.type_of(ty)?.enum_labels()?.iter().map(|label| label.text.as_str()).collect())
        };
        Some((of(self.from?)?, of(self.to)?))
    }
}

impl Retype<'_> {
    /// Completes a fault with the files that bring the new type by a new column.
    pub(in crate::lint) fn by_new_column(&self, frame: &Frame<'_>, fault: Fault) -> Fault {
        let dialect = frame.dialect();
        let new = derived(dialect, [self.column.as_str(), "new"]);
        let names = Names { dialect, table: self.table.clone(), old: self.column.clone(), new };
        let pair = Pair::plain(names, self.from, Some(self.to));
        let add = pair.add_column();
        fault
            .help(format!(
                "add a column of the new type, keep both equal by a trigger, copy, move the code, and drop `{}` in contract.sql; begin with `{add};`",
                self.column
            ))
            .by_pair(&pair)
    }
}
