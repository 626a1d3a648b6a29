//! A column goes: new releases stop naming it first, so it must not refuse the rows that they insert without it.

use super::Spelled;
use super::phases::{Given, Phases};
use super::statement::{alter, fills, sample_default};
use crate::schema::table::{Column, Generated, Table};
use crate::schema::{Dialect, Ident, ObjectName, Phase};

/// Drops a column in contract.
pub fn drop_column(given: &Given<'_>, table: &ObjectName, column: &Ident) -> Phases {
    let dialect = given.dialect();
    let (alter, name) = (alter(dialect, table), column.spelled(dialect));
    let mut phases = Phases::default();
    let known = given.table(table);
    let required = known.is_some_and(|table| required(table, column));
    match dialect {
        Dialect::Postgres if required => phases.add(Phase::Expand, &format!("{alter} ALTER COLUMN {name} DROP NOT NULL;")),
        Dialect::Mysql if required => phases.add(Phase::Expand, &relax(table, known.and_then(|known| known.column(column)))),
        Dialect::Sqlite if required => phases.add(
            Phase::Contract,
            &format!("-- {name} is required until then: new releases go on writing any value to it, though they no longer read it.\n"),
        ),
        Dialect::Postgres | Dialect::Sqlite | Dialect::Mysql => {}
    }
    if dialect == Dialect::Sqlite {
        // SQLite does not drop a column that an index names.
        phases.add(Phase::Contract, &known.map(|table| drop_indexes(table, column)).unwrap_or_default());
    }
    phases.add(Phase::Contract, &format!("{alter} DROP COLUMN {name};"));
    phases
}

/// Gives a required column of MySQL a default, at once and without a look at the rows: taking NOT NULL away would build
/// the table anew.
pub(super) fn relax(table: &ObjectName, column: Option<&Column>) -> String {
    let dialect = Dialect::Mysql;
    let statement = |column: &Column| {
        let (name, value) = (column.name.spelled(dialect), sample_default(&column.ty));
        format!("{} ALTER COLUMN {name} SET DEFAULT {value};\n", alter(dialect, table))
    };
    column.map(statement).unwrap_or_default()
}

/// Whether an INSERT that leaves the column out is refused.
pub(super) fn required(table: &Table, column: &Ident) -> bool {
    table.column(column).is_some_and(|known| {
        known.not_null && !fills(known.default.as_ref()) && known.generated == Generated::No && !table.primary_key().contains(column)
    })
}

/// DROP INDEX for every index of a SQLite table that names the column.
pub(super) fn drop_indexes(table: &Table, column: &Ident) -> String {
    let naming = table.indexes.iter().filter(|index| !index.backs_constraint && index.concerns(column));
    let names = naming.filter_map(|index| index.name.clone());
    names.map(|name| format!("DROP INDEX {};\n", ObjectName { schema: table.name.schema.clone(), name }.spelled(Dialect::Sqlite))).collect()
}
