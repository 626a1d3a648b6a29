//! Columns move to a table of their own: both hold them, kept equal in both directions, until nobody uses the old ones.

mod mysql;

use super::phases::{Given, Phases, Refusal};
use super::statement::{alter, fills, sample_default};
use super::{Spelled, derived, drop_column, expression::pretty, sync};
use crate::schema::table::{Column, Generated, Table};
use crate::schema::{Dialect, Ident, ObjectName, Phase};

/// Which columns move where.
#[derive(Clone, Copy, Debug)]
pub struct Split<'a> {
    /// The table that they leave.
    pub table: &'a ObjectName,
    /// The table that is made for them, one row for each row of the first.
    pub to: &'a ObjectName,
    /// The columns.
    pub columns: &'a [Ident],
}

/// Moves columns to a new table.
///
/// # Errors
/// When the table, one of the columns or a key of one column is not known; for computed columns; on SQLite for columns
/// that must be written, and on MySQL for partitioned tables.
pub fn split_table(given: &Given<'_>, split: &Split<'_>) -> Result<Phases, Refusal> {
    let dialect = given.dialect();
    let unknown = |what: String| Refusal::Unknown { what, ask: "run it where the migrations make the table".to_owned() };
    let table = given.schema.table(split.table).known().ok_or_else(|| unknown(format!("`{}`", split.table)))?;
    let [key] = table.primary_key() else {
        return Err(Refusal::Impossible(format!(
            "`{}` has no primary key of one column, by which the rows would find each other",
            split.table
        )));
    };
    let column = |name: &Ident| table.column(name).ok_or_else(|| unknown(format!("the column `{}.{name}`", split.table)));
    let columns: Vec<&Column> = split.columns.iter().map(column).collect::<Result<_, _>>()?;
    if let Some(computed) = columns.iter().find(|column| column.generated != Generated::No || column.name == *key) {
        return Err(Refusal::Impossible(format!("`{}.{}` is computed or the key: it cannot move", split.table, computed.name)));
    }
    let required: Vec<&&Column> = columns.iter().filter(|column| column.not_null && !fills(column.default.as_ref())).collect();
    if let (Dialect::Sqlite, [first, ..]) = (dialect, &required[..]) {
        let why = format!("`{}.{}` is required, and SQLite cannot relax it for releases that no longer write it", split.table, first.name);
        return Err(Refusal::Impossible(why));
    }
    if dialect == Dialect::Mysql && table.is_partitioned() {
        let why = format!("`{}` is partitioned, and MySQL has no foreign key to a partitioned table", split.table);
        return Err(Refusal::Impossible(why));
    }
    let words = Words::of(dialect, split, table, column(key)?, &columns);
    let mut phases = Phases::default();
    if dialect == Dialect::Mysql {
        let counters = mysql::Counters::of(split, table, given.server.version)?;
        phases.add(Phase::Expand, &mysql::create(&words, table, column(key)?, &counters));
        for column in required {
            phases.add(Phase::Expand, &drop_column::relax(split.table, Some(column)));
        }
        phases.add(Phase::Expand, &mysql::install(&words, &counters));
        phases.add(Phase::Backfill, &mysql::fill(&words, &counters));
        phases.add(Phase::Contract, &mysql::remove(&words, table, &counters));
        return Ok(phases);
    }
    phases.add(Phase::Expand, &words.create());
    for column in required {
        let name = column.name.spelled(dialect);
        phases.add(Phase::Expand, &format!("{} ALTER COLUMN {name} DROP NOT NULL;", alter(dialect, split.table)));
    }
    phases.add(Phase::Expand, &words.install());
    phases.add(Phase::Backfill, &words.fill());
    phases.add(Phase::Contract, &words.remove());
    Ok(phases)
}

/// The SQL that recurs.
struct Words<'a> {
    dialect: Dialect,
    split: &'a Split<'a>,
    columns: &'a [&'a Column],
    table: String,
    to: String,
    /// The key of the old table, and its column in the new one.
    key: String,
    reference: String,
    key_type: String,
    /// Names of the columns, joined.
    list: String,
    there: Ident,
    back: Ident,
}

impl<'a> Words<'a> {
    fn of(dialect: Dialect, split: &'a Split<'a>, table: &Table, key: &Column, columns: &'a [&'a Column]) -> Words<'a> {
        let singular = table.name.name.written().trim_end_matches('s').to_owned();
        let list: Vec<String> = columns.iter().map(|column| column.name.spelled(dialect)).collect();
        Words {
            dialect,
            split,
            columns,
            table: split.table.spelled(dialect),
            to: split.to.spelled(dialect),
            key: key.name.spelled(dialect),
            reference: derived(dialect, [singular.as_str(), key.name.written()]).spelled(dialect),
            key_type: key.ty.to_string(),
            list: list.join(", "),
            there: derived(dialect, [split.table.name.written(), "to", split.to.name.written()]),
            back: derived(dialect, [split.to.name.written(), "to", split.table.name.written()]),
        }
    }

    fn create(&self) -> String {
        let columns: String = self.columns.iter().map(|column| format!(",\n  {}", self.definition(column))).collect();
        format!(
            "CREATE TABLE {} (\n  {} {} PRIMARY KEY REFERENCES {} ({}) ON DELETE CASCADE{columns}\n);\n",
            self.to, self.reference, self.key_type, self.table, self.key
        )
    }

    fn definition(&self, column: &Column) -> String {
        let default = column.default.as_ref().map(|default| format!(" DEFAULT {}", pretty(default))).unwrap_or_default();
        let not_null = if column.not_null { " NOT NULL" } else { "" };
        format!("{} {}{default}{not_null}", column.name.spelled(self.dialect), column.ty)
    }

    fn each(&self, separator: &str, of: impl Fn(&str) -> String) -> String {
        self.columns.iter().map(|column| of(&column.name.spelled(self.dialect))).collect::<Vec<_>>().join(separator)
    }

    /// Whether a row of the old table says anything in these columns: a new release leaves them out.
    fn says_something(&self, prefix: &str) -> String {
        let said = self.columns.iter().map(|column| {
            let name = format!("{prefix}{}", column.name.spelled(self.dialect));
            match &column.default {
                Some(default) => sync::differ(self.dialect, column, &name, &pretty(default)),
                // What it was given for those who leave it out.
                None if self.dialect == Dialect::Mysql && column.not_null => {
                    sync::differ(self.dialect, column, &name, &sample_default(&column.ty))
                }
                None => format!("{name} IS NOT NULL"),
            }
        });
        said.collect::<Vec<_>>().join(" OR ")
    }

    fn differ(&self, left: &str, right: &str) -> String {
        let differ = self.columns.iter().map(|column| {
            let name = column.name.spelled(self.dialect);
            sync::differ(self.dialect, column, &format!("{left}{name}"), &format!("{right}{name}"))
        });
        differ.collect::<Vec<_>>().join(" OR ")
    }

    fn install(&self) -> String {
        let (there, back) = (self.there.spelled(self.dialect), self.back.spelled(self.dialect));
        let (table, to, key, reference, list) = (&self.table, &self.to, &self.key, &self.reference, &self.list);
        let values = self.each(", ", |name| format!("NEW.{name}"));
        let copied = self.each(", ", |name| format!("{name} = NEW.{name}"));
        let upsert = format!(
            "INSERT INTO {to} ({reference}, {list}) VALUES (NEW.{key}, {values})\n\
             \x20   ON CONFLICT ({reference}) DO UPDATE SET {}",
            self.each(", ", |name| format!("{name} = excluded.{name}"))
        );
        let apart = self.differ(&format!("{}.", self.split.to.name.spelled(self.dialect)), "excluded.");
        let write_back = format!("UPDATE {table} SET {copied} WHERE {key} = NEW.{reference} AND ({})", self.differ("", "NEW."));
        match self.dialect {
            Dialect::Postgres | Dialect::Mysql => format!(
                "CREATE FUNCTION {there}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n\
                 \x20 {upsert}\n\x20   WHERE {apart};\n\x20 RETURN NULL;\nEND $$;\n\
                 CREATE FUNCTION {back}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n\x20 {write_back};\n\x20 RETURN NULL;\nEND $$;\n\
                 CREATE TRIGGER {there}_insert AFTER INSERT ON {table} FOR EACH ROW WHEN ({}) EXECUTE FUNCTION {there}();\n\
                 CREATE TRIGGER {there}_update AFTER UPDATE OF {list} ON {table} FOR EACH ROW WHEN ({}) EXECUTE FUNCTION {there}();\n\
                 CREATE TRIGGER {back} AFTER INSERT OR UPDATE ON {to} FOR EACH ROW EXECUTE FUNCTION {back}();\n",
                self.says_something("NEW."),
                self.differ("NEW.", "OLD.")
            ),
            Dialect::Sqlite => format!(
                "CREATE TRIGGER {there}_insert AFTER INSERT ON {table} WHEN {} BEGIN\n  {upsert}\n    WHERE {apart};\nEND;\n\
                 CREATE TRIGGER {there}_update AFTER UPDATE OF {list} ON {table} WHEN {} BEGIN\n  {upsert}\n    WHERE {apart};\nEND;\n\
                 CREATE TRIGGER {back}_insert AFTER INSERT ON {to} BEGIN\n  {write_back};\nEND;\n\
                 CREATE TRIGGER {back}_update AFTER UPDATE OF {list} ON {to} BEGIN\n  {write_back};\nEND;\n",
                self.says_something("NEW."),
                self.differ("NEW.", "OLD.")
            ),
        }
    }

    fn fill(&self) -> String {
        let (table, to, key, reference, list) = (&self.table, &self.to, &self.key, &self.reference, &self.list);
        format!(
            "INSERT INTO {to} ({reference}, {list})\n\
             SELECT {key}, {list} FROM {table}\n\
             WHERE ({}) AND NOT EXISTS (SELECT 1 FROM {to} WHERE {to}.{reference} = {table}.{key})\n\
             ON CONFLICT ({reference}) DO NOTHING;\n",
            self.says_something("")
        )
    }

    fn remove(&self) -> String {
        let (there, back) = (self.there.spelled(self.dialect), self.back.spelled(self.dialect));
        let mut sql = match self.dialect {
            Dialect::Postgres | Dialect::Mysql => format!(
                "BEGIN;\nDROP TRIGGER {there}_insert ON {0};\nDROP TRIGGER {there}_update ON {0};\nDROP TRIGGER {back} ON {1};\n\
                 DROP FUNCTION {there}();\nDROP FUNCTION {back}();\n",
                self.table, self.to
            ),
            Dialect::Sqlite => format!(
                "BEGIN;\nDROP TRIGGER {there}_insert;\nDROP TRIGGER {there}_update;\nDROP TRIGGER {back}_insert;\nDROP TRIGGER {back}_update;\n"
            ),
        };
        let drops = self.each("", |name| format!("{} DROP COLUMN {name};\n", alter(self.dialect, self.split.table)));
        sql.push_str(&drops);
        sql.push_str("COMMIT;\n");
        sql
    }
}
