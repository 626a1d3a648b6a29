//! Two columns kept equal while old and new releases run side by side: what fits, who changed, who wins.
//!
//! A row is *in step* when the new value is what `forward` makes of the old side, or the old value what `backward`
//! makes of the new one; else it is *apart*. Triggers bring a row that a write set apart back into step: the side that
//! changed counts, and where both changed, the declared winner. The files beside this one write that for each database.

mod mysql;
mod names;
mod postgres;
mod resolve;
mod sqlite;
mod types;
mod weave;

pub use names::Names;
pub use resolve::{names, resolve};
pub(super) use types::written;
pub use weave::weave;

use super::{Spelled, statement};
use crate::migration::Side;
use crate::schema::table::{Column, TypeName};
use crate::schema::{Dialect, Ident, ObjectName};
use crate::sql::Value;

/// A pair of columns of which everything is known that SQL needs.
#[derive(Clone, Debug)]
pub struct Pair {
    names: Names,
    /// The new column's type and what follows it, as written behind its name.
    new_type: Option<String>,
    forward: Derivation,
    backward: Derivation,
    winner: Side,
    /// What the old column holds when an INSERT leaves it out, other than NULL.
    old_default: Option<String>,
    /// How columns are compared that are not compared as they are.
    equality: Vec<(Ident, Equality)>,
    row: RowKey,
}

/// How one column's value is made of the other side.
#[derive(Clone, Debug, Default)]
struct Derivation {
    /// The declared expression; the other column itself where nothing is declared.
    value: Option<Value>,
    /// The type to cast to.
    cast: Option<String>,
}

/// How two values of a column are compared, so that every change counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Equality {
    /// By their type.
    Plain,
    /// As text: their type has no equality, or one that takes different values for equal.
    Text,
    /// By their bytes: their collation takes different texts for equal.
    Bytes,
}

/// How a SQLite trigger finds the row that it is about.
#[derive(Clone, Debug)]
enum RowKey {
    /// By this name of the hidden row number.
    Hidden(&'static str),
    /// By its primary key: the table is WITHOUT ROWID.
    Primary(Vec<Ident>),
}

impl Pair {
    /// Two columns that hold the same value, perhaps in different types.
    pub fn plain(names: Names, old_type: Option<&TypeName>, new_type: Option<&TypeName>) -> Pair {
        let dialect = names.dialect;
        let differ = new_type.is_some() && old_type != new_type;
        let cast = |ty: Option<&TypeName>| Derivation { value: None, cast: ty.filter(|_| differ).and_then(|ty| types::cast(dialect, ty)) };
        let equality = [(&names.old, old_type), (&names.new, new_type.or(old_type))];
        let equality = equality.into_iter().map(|(name, ty)| (name.clone(), types::equality(dialect, ty, None))).collect();
        Pair {
            new_type: new_type.or(old_type).map(|ty| types::written(dialect, ty)),
            forward: cast(new_type),
            backward: cast(old_type),
            winner: Side::New,
            old_default: None,
            equality,
            row: RowKey::Hidden("rowid"),
            names,
        }
    }

    /// What it is called.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The statements for expand: the new column, then what keeps it equal. They belong into one transaction.
    pub fn install(&self) -> Vec<String> {
        let mut statements = vec![self.add_column()];
        statements.extend(match self.names.dialect {
            Dialect::Postgres => postgres::triggers(self),
            Dialect::Sqlite => sqlite::triggers(self),
            Dialect::Mysql => mysql::triggers(self),
        });
        statements
    }

    /// The statement that adds the new column.
    pub fn add_column(&self) -> String {
        let table = statement::alter(self.names.dialect, &self.names.table);
        format!("{table} ADD COLUMN {} {}", self.spelled(&self.names.new), self.new_type.as_deref().unwrap_or("<type>"))
    }

    /// The statement for backfill: rows that were written before the triggers. The triggers find such a row in step.
    pub fn backfill(&self) -> String {
        let (table, new) = (self.names.table.spelled(self.names.dialect), self.spelled(&self.names.new));
        format!("UPDATE {table} SET {new} = {} WHERE {}", self.forward(""), self.apart(""))
    }

    /// A query that counts the rows whose new value cannot be made of the old side: what a rollback loses.
    pub fn count_lost(&self) -> String {
        let (table, new) = (self.names.table.spelled(self.names.dialect), self.spelled(&self.names.new));
        format!("SELECT count(*) FROM {table} WHERE {new} IS NOT NULL AND {}", self.differ(&self.names.new, &new, &self.forward("")))
    }

    fn spelled(&self, name: &Ident) -> String {
        name.spelled(self.names.dialect)
    }

    fn column(&self, prefix: &str, name: &Ident) -> String {
        format!("{prefix}{}", self.spelled(name))
    }

    /// The new value, of a row whose columns stand behind `prefix`.
    fn forward(&self, prefix: &str) -> String {
        self.derive(&self.forward, &self.names.old, prefix)
    }

    /// The old value.
    fn backward(&self, prefix: &str) -> String {
        self.derive(&self.backward, &self.names.new, prefix)
    }

    fn derive(&self, derivation: &Derivation, other: &Ident, prefix: &str) -> String {
        let value = derivation.value.as_ref().map(|value| value.with_columns(|name| self.column(prefix, name)));
        match (value, &derivation.cast) {
            (None, None) => self.column(prefix, other),
            (Some(value), None) => format!("({value})"),
            (value, Some(ty)) => format!("CAST({} AS {ty})", value.unwrap_or_else(|| self.column(prefix, other))),
        }
    }

    /// Whether a row is apart, as a condition that may be joined by AND.
    fn apart(&self, prefix: &str) -> String {
        let (old, new) = (self.column(prefix, &self.names.old), self.column(prefix, &self.names.new));
        let forward = self.differ(&self.names.new, &new, &self.forward(prefix));
        if self.is_plain() {
            return forward;
        }
        let backward = self.differ(&self.names.old, &old, &self.backward(prefix));
        format!("{forward} AND ({new} IS NULL OR {backward})")
    }

    /// Whether the value goes there and back unchanged, so that one comparison tells whether a row is in step.
    fn is_plain(&self) -> bool {
        self.forward.value.is_none() && self.backward.value.is_none()
    }

    /// Whether a write changed the old column or another that the new value is made of.
    fn old_changed(&self) -> String {
        self.changed(&self.old_side())
    }

    /// Whether a write changed the new column or another that only the old value is made of.
    fn new_changed(&self) -> String {
        let old_side = self.old_side();
        let mut columns = vec![&self.names.new];
        let read = self.backward.value.iter().flat_map(Value::columns);
        columns.extend(read.filter(|name| **name != self.names.new && !old_side.contains(name)));
        self.changed(&columns)
    }

    fn old_side(&self) -> Vec<&Ident> {
        let mut columns = vec![&self.names.old];
        columns.extend(self.forward.value.iter().flat_map(Value::columns).filter(|name| **name != self.names.old));
        columns
    }

    fn changed(&self, columns: &[&Ident]) -> String {
        let differ = columns.iter().map(|name| self.differ(name, &self.column("NEW.", name), &self.column("OLD.", name)));
        let differ: Vec<String> = differ.collect();
        match &differ[..] {
            [one] => one.clone(),
            _ => format!("({})", differ.join(" OR ")),
        }
    }

    /// Whether an INSERT left the old column out, as far as its value can tell.
    fn old_left_out(&self, prefix: &str) -> String {
        let old = self.column(prefix, &self.names.old);
        match &self.old_default {
            None => format!("{old} IS NULL"),
            Some(default) => {
                let other = self.differ(&self.names.old, &old, &format!("({default})"));
                format!("({old} IS NULL OR NOT ({other}))")
            }
        }
    }

    fn equality(&self, name: &Ident) -> Equality {
        self.equality.iter().find(|(known, _)| known == name).map_or(Equality::Plain, |(_, equality)| *equality)
    }

    /// A condition that two values of a column are different, NULL being a value like any other.
    fn differ(&self, of: &Ident, left: &str, right: &str) -> String {
        differ_by(self.names.dialect, self.equality(of), left, right)
    }
}

/// A condition that two values of this column are different, NULL being a value like any other.
pub(super) fn differ(dialect: Dialect, column: &Column, left: &str, right: &str) -> String {
    differ_by(dialect, types::equality(dialect, Some(&column.ty), column.collation.as_ref()), left, right)
}

fn differ_by(dialect: Dialect, equality: Equality, left: &str, right: &str) -> String {
    match (dialect, equality) {
        (Dialect::Postgres, Equality::Plain) => format!("{left} IS DISTINCT FROM {right}"),
        (Dialect::Postgres, Equality::Text | Equality::Bytes) => format!("{left}::text IS DISTINCT FROM {right}::text"),
        (Dialect::Sqlite, Equality::Plain | Equality::Text) => format!("{left} IS NOT {right}"),
        (Dialect::Sqlite, Equality::Bytes) => format!("{left} IS NOT {right} COLLATE BINARY"),
        (Dialect::Mysql, Equality::Plain | Equality::Text) => format!("NOT ({left} <=> {right})"),
        (Dialect::Mysql, Equality::Bytes) => format!("NOT (CAST({left} AS BINARY) <=> CAST({right} AS BINARY))"),
    }
}

/// Statements as a script.
pub(super) fn script(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n")).collect()
}

/// Statements as a script that runs them in one transaction, where the database has transactions for them.
pub fn transaction(dialect: Dialect, statements: &[String]) -> String {
    match dialect {
        Dialect::Postgres | Dialect::Sqlite => format!("BEGIN;\n{}COMMIT;\n", script(statements)),
        // Every statement about tables and triggers commits by itself there.
        Dialect::Mysql => script(statements),
    }
}

/// `ALTER TABLE t DROP COLUMN c`.
pub fn drop_column(dialect: Dialect, table: &ObjectName, column: &Ident) -> String {
    format!("{} DROP COLUMN {}", statement::alter(dialect, table), column.spelled(dialect))
}

#[cfg(test)]
mod tests;
