//! A CHECK on MySQL and MariaDB without the copy that ADD CONSTRAINT makes while every write waits.
//!
//! MariaDB takes one behind a column without a look at the rows. MySQL copies them for that as well: there triggers refuse
//! what breaks the rule, and the constraint states it without being enforced.

use super::phases::{Given, Phases, Refusal};
use super::statement::{alter, restated_as_it_is, rules_behind};
use super::{Spelled, derived};
use crate::migration::nearest::hint;
use crate::schema::table::{Column, Generated, Table};
use crate::schema::{Dialect, Ident, ObjectName, Phase};
use crate::sql::{Value, read_value};

const DIALECT: Dialect = Dialect::Mysql;

/// Adds a CHECK in contract, behind a backfill that names the rows that break it.
///
/// # Errors
/// When the condition is not understood, the table or a column of it is not known, or no column can carry it.
pub fn add_check(given: &Given<'_>, table: &ObjectName, name: Option<&Ident>, condition: &str) -> Result<Phases, Refusal> {
    let value = read_value(condition, given.server).map_err(|reason| Refusal::Impossible(format!("CHECK ({condition}): {reason}")))?;
    let known = given
        .schema
        .table(table)
        .recorded()
        .ok_or_else(|| Refusal::Unknown { what: format!("`{table}`"), ask: "run it where the migrations make the table".to_owned() })?;
    let columns: Vec<&Column> = value.columns().into_iter().map(|name| column(known, name)).collect::<Result<_, _>>()?;
    let Some(first) = columns.first() else {
        return Err(Refusal::Impossible(format!("CHECK ({condition}) reads no column")));
    };
    let mut phases = Phases::default();
    // A value that is right cannot be guessed, and a wrong one would be lost data.
    phases.add(
        Phase::Backfill,
        &format!(
            "-- Rows that break the rule: write here what is right for them. As it stands it changes nothing, and the contract waits.\n\
             UPDATE {0} SET {1} = {1} WHERE NOT ({condition});\n",
            table.spelled(DIALECT),
            first.name.spelled(DIALECT)
        ),
    );
    let contract = match given.server.version.is_mariadb() {
        true => behind_a_column(known, name, &columns, condition)?,
        false => by_triggers(table, name, &columns, &value)?,
    };
    phases.add(Phase::Contract, &contract);
    Ok(phases)
}

fn column<'t>(table: &'t Table, name: &Ident) -> Result<&'t Column, Refusal> {
    table.column(name).ok_or_else(|| {
        let columns = table.columns.iter().map(|column| column.name.as_str());
        Refusal::Impossible(format!("`{}` has no column `{name}`{}", table.name, hint(name.as_str(), columns)))
    })
}

/// MODIFY states the column again, with the rule behind it. A column carries one.
fn behind_a_column(table: &Table, name: Option<&Ident>, columns: &[&Column], condition: &str) -> Result<String, Refusal> {
    if let Some(name) = name {
        return Err(Refusal::Impossible(format!(
            "MariaDB adds a CHECK without a copy of `{}` behind a column alone, where it cannot be called `{name}`: leave --name out",
            table.name
        )));
    }
    let is_free = |column: &Column| column.generated == Generated::No && rules_behind(table, &column.name).next().is_none();
    let free = columns.iter().find(|column| is_free(column));
    let Some(column) = free else {
        return Err(Refusal::Impossible(format!(
            "MariaDB adds a CHECK without a copy of `{}` behind a column alone, and each column that it reads is computed or may carry one: \
             state both in one MODIFY COLUMN",
            table.name
        )));
    };
    Ok(format!(
        "{} MODIFY COLUMN {} {} CHECK ({condition}), ALGORITHM=INSTANT;\n",
        alter(DIALECT, &table.name),
        column.name.spelled(DIALECT),
        restated_as_it_is(column)
    ))
}

fn by_triggers(table: &ObjectName, name: Option<&Ident>, columns: &[&Column], value: &Value) -> Result<String, Refusal> {
    if let Some(computed) = columns.iter().find(|column| column.generated != Generated::No) {
        return Err(Refusal::Impossible(format!(
            "MySQL copies `{table}` for a CHECK, and triggers run before `{}` is computed or numbered: write the rule over what it is made of",
            computed.name
        )));
    }
    let first = columns.first().map(|column| column.name.written());
    let name = match name {
        Some(name) => name.clone(),
        None => derived(DIALECT, [table.name.written()].into_iter().chain(first).chain(["check"])),
    };
    let named = |event: &str| {
        let name = derived(DIALECT, [name.written(), event]);
        ObjectName { schema: table.schema.clone(), name }.spelled(DIALECT)
    };
    let rule = value.with_columns(|column| format!("NEW.{}", column.spelled(DIALECT)));
    let told = name.written().replace('\'', "''");
    let (alter, spelled, written) = (alter(DIALECT, table), name.spelled(DIALECT), table.spelled(DIALECT));
    let trigger = |event: &str| {
        format!(
            "CREATE TRIGGER {} BEFORE {} ON {written} FOR EACH ROW\nIF NOT ({rule}) THEN\n  \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'CHECK {told}';\nEND IF//\n",
            named(event),
            event.to_ascii_uppercase()
        )
    };
    Ok(format!(
        "-- ENFORCED would copy the table while every write waits. In an hour without writes it may be:\n\
         -- {alter} ALTER CHECK {spelled} ENFORCED; then the triggers may go.\n\
         DELIMITER //\n{}{}DELIMITER ;\n{alter} ADD CONSTRAINT {spelled} CHECK ({}) NOT ENFORCED;\n",
        trigger("insert"),
        trigger("update"),
        value.with_columns(|column| column.spelled(DIALECT))
    ))
}
