//! Two columns kept equal while old and new releases run side by side: the triggers, the backfill and their removal.

use super::{Spelled, derived};
use crate::schema::{Dialect, Ident, ObjectName};

/// An old column and the new one that takes its place.
#[derive(Clone, Copy, Debug)]
pub(in crate::lint) struct Sync<'a> {
    pub(in crate::lint) dialect: Dialect,
    pub(in crate::lint) table: &'a ObjectName,
    /// The column that running releases know.
    pub(in crate::lint) old: &'a Ident,
    /// The column that takes its place.
    pub(in crate::lint) new: &'a Ident,
    /// The type to cast to on the way from old to new, where it differs.
    pub(in crate::lint) new_type: Option<&'a str>,
    /// The type to cast to on the way back.
    pub(in crate::lint) old_type: Option<&'a str>,
}

impl Sync<'_> {
    /// The statements for expand.sql: triggers that carry writes of either column to the other.
    pub(in crate::lint) fn install(&self) -> String {
        let (table, name) = (self.table.spelled(self.dialect), self.name());
        let (old, new) = (self.old.spelled(self.dialect), self.new.spelled(self.dialect));
        let (forward, back) = (self.cast(&format!("NEW.{old}"), self.new_type), self.cast(&format!("NEW.{new}"), self.old_type));
        match self.dialect {
            Dialect::Postgres => format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\n\
                 BEGIN\n\
                 \x20 IF TG_OP = 'INSERT' THEN\n\
                 \x20   NEW.{new} := COALESCE(NEW.{new}, {forward});\n\
                 \x20   NEW.{old} := COALESCE(NEW.{old}, {back});\n\
                 \x20 ELSIF NEW.{new} IS DISTINCT FROM OLD.{new} THEN\n\
                 \x20   NEW.{old} := {back};\n\
                 \x20 ELSIF NEW.{old} IS DISTINCT FROM OLD.{old} THEN\n\
                 \x20   NEW.{new} := {forward};\n\
                 \x20 END IF;\n\
                 \x20 RETURN NEW;\n\
                 END $$;\n\
                 CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();\n"
            ),
            Dialect::Sqlite => format!(
                "CREATE TRIGGER {name}_insert AFTER INSERT ON {table} BEGIN\n\
                 \x20 UPDATE {table} SET {new} = COALESCE(NEW.{new}, {forward}), {old} = COALESCE(NEW.{old}, {back}) WHERE rowid = NEW.rowid;\n\
                 END;\n\
                 CREATE TRIGGER {name}_old AFTER UPDATE OF {old} ON {table} WHEN NEW.{old} IS NOT OLD.{old} AND NEW.{new} IS OLD.{new} BEGIN\n\
                 \x20 UPDATE {table} SET {new} = {forward} WHERE rowid = NEW.rowid;\n\
                 END;\n\
                 CREATE TRIGGER {name}_new AFTER UPDATE OF {new} ON {table} WHEN NEW.{new} IS NOT OLD.{new} BEGIN\n\
                 \x20 UPDATE {table} SET {old} = {back} WHERE rowid = NEW.rowid;\n\
                 END;\n"
            ),
            Dialect::Mysql => format!(
                "CREATE TRIGGER {name}_insert BEFORE INSERT ON {table} FOR EACH ROW\n\
                 \x20 SET NEW.{new} = COALESCE(NEW.{new}, {forward}), NEW.{old} = COALESCE(NEW.{old}, {back});\n\
                 CREATE TRIGGER {name}_update BEFORE UPDATE ON {table} FOR EACH ROW\n\
                 \x20 SET NEW.{new} = IF(NEW.{new} <=> OLD.{new}, {forward}, NEW.{new}), NEW.{old} = {back};\n"
            ),
        }
    }

    /// The statement for backfill.sql: rows that were written before the triggers.
    pub(in crate::lint) fn backfill(&self) -> String {
        let (old, new) = (self.old.spelled(self.dialect), self.new.spelled(self.dialect));
        let value = self.cast(&old, self.new_type);
        format!("UPDATE {} SET {new} = {value} WHERE {new} IS NULL AND {old} IS NOT NULL;\n", self.table.spelled(self.dialect))
    }

    /// The statements for contract.sql: no release writes the old column any more.
    pub(in crate::lint) fn remove(&self) -> String {
        let (table, name, old) = (self.table.spelled(self.dialect), self.name(), self.old.spelled(self.dialect));
        let triggers = match self.dialect {
            Dialect::Postgres => format!("DROP TRIGGER {name} ON {table};\nDROP FUNCTION {name}();\n"),
            Dialect::Sqlite => format!("DROP TRIGGER {name}_insert;\nDROP TRIGGER {name}_old;\nDROP TRIGGER {name}_new;\n"),
            Dialect::Mysql => format!("DROP TRIGGER {name}_insert;\nDROP TRIGGER {name}_update;\n"),
        };
        format!("{triggers}ALTER TABLE {table} DROP COLUMN {old};\n")
    }

    fn name(&self) -> String {
        derived(self.dialect, [self.table.name.as_str(), self.old.as_str(), "to", self.new.as_str()]).spelled(self.dialect)
    }

    fn cast(&self, value: &str, ty: Option<&str>) -> String {
        match (ty, self.dialect) {
            (None, _) | (Some(_), Dialect::Mysql) => value.to_owned(),
            (Some(ty), Dialect::Postgres | Dialect::Sqlite) => format!("CAST({value} AS {ty})"),
        }
    }
}
