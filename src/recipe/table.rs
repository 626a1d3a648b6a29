//! A table under another name, and a table that goes.

use super::Spelled;
use super::phases::{Given, Phases, Refusal};
use super::statement::alter;
use crate::schema::table::Table;
use crate::schema::{Dialect, Ident, ObjectName, Phase};

/// Gives a table another name: a view of the old name carries old releases, or on MySQL a view of the new name new ones.
///
/// # Errors
/// On SQLite, when the table's columns or its key are not known: the view's triggers name them.
pub fn rename_table(given: &Given<'_>, table: &ObjectName, to: &Ident) -> Result<Phases, Refusal> {
    let dialect = given.dialect();
    let (old, new) = (table.spelled(dialect), to.spelled(dialect));
    let target = ObjectName { schema: table.schema.clone(), name: to.clone() }.spelled(dialect);
    let mut phases = Phases::default();
    match dialect {
        Dialect::Postgres => {
            let view = format!("CREATE VIEW {old} AS SELECT * FROM {target};");
            phases.add(Phase::Expand, &format!("BEGIN;\n{} RENAME TO {new};\n{view}\nCOMMIT;", alter(dialect, table)));
            phases.add(Phase::Contract, &format!("DROP VIEW {old};"));
        }
        Dialect::Sqlite => {
            let known = given.schema.table(table).known().filter(|known| !known.columns.is_empty());
            let known = known.ok_or_else(|| Refusal::Unknown {
                what: format!("the columns of `{table}`"),
                ask: "the view's triggers name each: run it where the migrations make the table".to_owned(),
            })?;
            phases.add(Phase::Expand, &served_by_triggers(known, &old, &new)?);
            phases.add(Phase::Contract, &format!("DROP VIEW {old};"));
        }
        Dialect::Mysql => {
            phases.add(Phase::Expand, &format!("CREATE VIEW {target} AS SELECT * FROM {old};"));
            phases.add(Phase::Contract, &swapped_with_view(table, to));
        }
    }
    Ok(phases)
}

/// The table under the name of the view that new releases read, in one statement: the name is never missing.
///
/// RENAME TABLE renames views as well, and all at once (<https://dev.mysql.com/doc/refman/8.4/en/rename-table.html>).
pub fn swapped_with_view(table: &ObjectName, to: &Ident) -> String {
    let dialect = Dialect::Mysql;
    let beside = |name: Ident| ObjectName { schema: table.schema.clone(), name }.spelled(dialect);
    let (old, new, aside) = (table.spelled(dialect), beside(to.clone()), beside(super::derived(dialect, [to.written(), "view"])));
    format!("RENAME TABLE {new} TO {aside}, {old} TO {new};\nDROP VIEW {aside};\n")
}

fn served_by_triggers(table: &Table, old: &str, new: &str) -> Result<String, Refusal> {
    let dialect = Dialect::Sqlite;
    let key = table.walking_key();
    if key.is_empty() {
        return Err(Refusal::Impossible(format!("`{}` has no key by which the view's triggers could find a row", table.name)));
    }
    let names: Vec<String> = table.columns.iter().map(|column| column.name.spelled(dialect)).collect();
    let list = names.join(", ");
    let values: Vec<String> = names.iter().map(|name| format!("NEW.{name}")).collect();
    let assigned: Vec<String> = names.iter().map(|name| format!("{name} = NEW.{name}")).collect();
    let row: Vec<String> = key.iter().map(|name| format!("{0} = OLD.{0}", name.spelled(dialect))).collect();
    let row = row.join(" AND ");
    let trigger = |event: &str| super::derived(dialect, [table.name.name.written(), event]).spelled(dialect);
    Ok(format!(
        "BEGIN;\n\
         ALTER TABLE {old} RENAME TO {new};\n\
         CREATE VIEW {old} AS SELECT {list} FROM {new};\n\
         CREATE TRIGGER {} INSTEAD OF INSERT ON {old} BEGIN\n  INSERT INTO {new} ({list}) VALUES ({});\nEND;\n\
         CREATE TRIGGER {} INSTEAD OF UPDATE ON {old} BEGIN\n  UPDATE {new} SET {} WHERE {row};\nEND;\n\
         CREATE TRIGGER {} INSTEAD OF DELETE ON {old} BEGIN\n  DELETE FROM {new} WHERE {row};\nEND;\n\
         COMMIT;\n",
        trigger("insert"),
        values.join(", "),
        trigger("update"),
        assigned.join(", "),
        trigger("delete"),
    ))
}

/// Drops a table in contract.
pub fn drop_table(given: &Given<'_>, table: &ObjectName) -> Phases {
    let mut phases = Phases::default();
    phases.add(Phase::Contract, &format!("DROP TABLE {};", table.spelled(given.dialect())));
    phases
}
