//! MySQL and MariaDB: two tables kept equal by triggers that tell whose write they see by a counter in each table.
//!
//! A trigger may not write a table that the statement at hand has in use (MySQL 8.0 manual, 27.8 Restrictions on Stored
//! Programs), so the way back of a change must not even be tried. A look whether there is anything to write would lock the
//! gap of a row that is not there yet, and two writers would wait for each other; a counter that the other side's trigger
//! raised says the same without a look.

use super::{Split, Words};
use crate::recipe::carry::in_the_way;
use crate::recipe::phases::Refusal;
use crate::recipe::statement::{alter, restated_as_it_is};
use crate::recipe::{Spelled, derived};
use crate::schema::table::{Column, Detail, Table};
use crate::schema::{Dialect, Ident, ObjectName, ServerVersion};

const DIALECT: Dialect = Dialect::Mysql;

/// From here on MySQL hides a column from `SELECT *` and from INSERT without a list (release notes of 8.0.23).
const HIDES: ServerVersion = ServerVersion::new(8, 0).patched(23);

/// The counters: of what the new table wrote to the old one, and of what the old one wrote to the new one.
pub(super) struct Counters {
    old: String,
    new: String,
    hidden: &'static str,
}

impl Counters {
    /// Their names.
    ///
    /// # Errors
    /// When one is taken.
    pub(super) fn of(split: &Split<'_>, table: &Table, version: ServerVersion) -> Result<Counters, Refusal> {
        let named = |by: &ObjectName| derived(DIALECT, [by.name.written(), "writes"]);
        let (old, new) = (named(split.to), named(split.table));
        if table.column(&old).is_some() || split.columns.contains(&new) {
            return Err(Refusal::Impossible(format!(
                "`{}` has a column `{old}`, or takes one `{new}` along: both names are needed",
                table.name
            )));
        }
        let hidden = if version.is_mariadb() || version >= HIDES { " INVISIBLE" } else { "" };
        Ok(Counters { old: old.spelled(DIALECT), new: new.spelled(DIALECT), hidden })
    }

    fn column(&self, name: &str) -> String {
        format!("{name} int unsigned NOT NULL DEFAULT 0{}", self.hidden)
    }
}

/// The new table, with the character set of the old one: the server's own may be another.
pub(super) fn create(words: &Words<'_>, table: &Table, key: &Column, counters: &Counters) -> String {
    let columns: String =
        words.columns.iter().map(|column| format!(",\n  {} {}", column.name.spelled(DIALECT), restated_as_it_is(column))).collect();
    let mut options = String::new();
    if let Some(charset) = table.default_charset() {
        options.push_str(&format!(" DEFAULT CHARACTER SET {charset}"));
    }
    if let Some(collation) = table.default_collation() {
        options.push_str(&format!(" COLLATE {collation}"));
    }
    let name = derived(DIALECT, [words.split.to.name.written(), words.reference.trim_matches('`'), "fkey"]).spelled(DIALECT);
    format!(
        "-- Until contract, no statement may write one of {0} and {1} and read the other (error 1442).\n\
         CREATE TABLE {1} (\n  {2} {3} PRIMARY KEY{columns},\n  {4},\n  \
         CONSTRAINT {name} FOREIGN KEY ({2}) REFERENCES {0} ({5}) ON DELETE CASCADE\n){options};\n{6} ADD COLUMN {7};\n",
        words.table,
        words.to,
        words.reference,
        type_of_key(key),
        counters.column(&counters.new),
        words.key,
        alter(DIALECT, words.split.table),
        counters.column(&counters.old),
    )
}

/// The type of a column that references the key: what its texts are made of must be the same.
fn type_of_key(key: &Column) -> String {
    let mut text = key.ty.to_string();
    for detail in &key.details {
        match detail {
            Detail::Charset(name) => text.push_str(&format!(" CHARACTER SET {name}")),
            Detail::Comment(_) | Detail::OnUpdate | Detail::Invisible | Detail::Nullable | Detail::IgnoredReference(_) => {}
        }
    }
    if let Some(collation) = &key.collation {
        text.push_str(&format!(" COLLATE {}", collation.spelled(DIALECT)));
    }
    text
}

/// The triggers.
pub(super) fn install(words: &Words<'_>, counters: &Counters) -> String {
    let Words { table, to, key, reference, list, .. } = words;
    let Counters { old, new, .. } = counters;
    let values = words.each(", ", |name| format!("NEW.{name}"));
    let copied = words.each(", ", |name| format!("{name} = NEW.{name}"));
    let changed = words.differ("NEW.", "OLD.");
    let there = format!(
        "  INSERT INTO {to} ({reference}, {list}, {new}) VALUES (NEW.{key}, {values}, 1)\n\
         \x20   ON DUPLICATE KEY UPDATE {copied}, {new} = {to}.{new} + 1;\nEND IF//\n"
    );
    let back = format!("  UPDATE {table} SET {copied}, {old} = {old} + 1 WHERE {key} = NEW.{reference};\nEND IF//\n");
    let [there_insert, there_update, back_insert, back_update] = triggers(words);
    format!(
        "DELIMITER //\n\
         CREATE TRIGGER {there_insert} AFTER INSERT ON {table} FOR EACH ROW\nIF {said} THEN\n{there}\
         CREATE TRIGGER {there_update} AFTER UPDATE ON {table} FOR EACH ROW\nIF NEW.{old} = OLD.{old} AND ({changed}) THEN\n{there}\
         CREATE TRIGGER {back_insert} AFTER INSERT ON {to} FOR EACH ROW\nIF NEW.{new} = 0 THEN\n{back}\
         CREATE TRIGGER {back_update} AFTER UPDATE ON {to} FOR EACH ROW\nIF NEW.{new} = OLD.{new} AND ({changed}) THEN\n{back}\
         DELIMITER ;\n",
        said = words.says_something("NEW.")
    )
}

/// Copies old rows, as the trigger on the old table would. IGNORE would hide other faults of a row, too.
pub(super) fn fill(words: &Words<'_>, counters: &Counters) -> String {
    let Words { table, to, key, reference, list, .. } = words;
    format!(
        "INSERT INTO {to} ({reference}, {list}, {})\n\
         SELECT {key}, {list}, 1 FROM {table}\n\
         WHERE ({}) AND NOT EXISTS (SELECT 1 FROM {to} WHERE {to}.{reference} = {table}.{key})\n\
         ON DUPLICATE KEY UPDATE {reference} = {to}.{reference};\n",
        counters.new,
        words.says_something("")
    )
}

/// Takes the triggers away, then the columns with what would stay or stand in the way.
pub(super) fn remove(words: &Words<'_>, table: &Table, counters: &Counters) -> String {
    let mut sql: String = triggers(words).iter().map(|name| format!("DROP TRIGGER {name};\n")).collect();
    let columns: Vec<Ident> = words.columns.iter().map(|column| column.name.clone()).collect();
    let mut clauses = in_the_way(table, &columns);
    clauses.extend(columns.iter().map(|name| format!("DROP COLUMN {}", name.spelled(DIALECT))));
    clauses.push(format!("DROP COLUMN {}", counters.old));
    sql.push_str(&format!("{} {};\n", alter(DIALECT, words.split.table), clauses.join(", ")));
    sql.push_str(&format!("{} DROP COLUMN {};\n", alter(DIALECT, words.split.to), counters.new));
    sql
}

/// Their names, each in the schema of its table.
fn triggers(words: &Words<'_>) -> [String; 4] {
    let named = |beside: &ObjectName, name: &Ident, event: &str| {
        let name = derived(DIALECT, [name.written(), event]);
        ObjectName { schema: beside.schema.clone(), name }.spelled(DIALECT)
    };
    let (from, to) = (words.split.table, words.split.to);
    [
        named(from, &words.there, "insert"),
        named(from, &words.there, "update"),
        named(to, &words.back, "insert"),
        named(to, &words.back, "update"),
    ]
}
