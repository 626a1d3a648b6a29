//! How an expand that is still open is undone: by rollback.sql, else by the inverse of every clause, last first.
//!
//! Only what adds has an inverse here. Whatever else a script does needs rollback.sql: nothing is guessed.

use std::fmt;

use super::Known;
use crate::migration::NodeRef;
use crate::recipe::sync::{Names, drop_column};
use crate::schema::operation::{ConstraintRef, IndexChange, TransactionControl};
use crate::schema::{Dialect, Ident, ObjectName, Operation};
use crate::sql::Script;

/// The statements that undo a script, in their order, and what goes with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undo {
    /// All run in one transaction.
    pub statements: Vec<String>,
    /// Data that nobody can bring back.
    pub lost: Vec<Loss>,
    /// Objects that go, for finding out who else speaks of them.
    pub gone: Vec<Gone>,
}

/// Data that is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A table with its rows.
    Table(ObjectName),
    /// A column's values.
    Column(ObjectName, Ident),
}

/// An object that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// A table, index, view, function, …
    Object(Ident),
    /// A column of a table.
    Column(Ident, Ident),
}

/// Why the inverse of a script cannot be derived.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}, so its inverse cannot be derived; write rollback.sql beside it")]
pub struct NoInverse {
    /// `path:line`.
    pub place: String,
    /// What the clause does.
    pub what: String,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Table(table) => write!(f, "table {table} with all its rows"),
            Loss::Column(table, column) => write!(f, "column {table}.{column} with all its values"),
        }
    }
}

impl Loss {
    /// The table that it is about.
    pub fn table(&self) -> &ObjectName {
        match self {
            Loss::Table(table) | Loss::Column(table, _) => table,
        }
    }
}

impl Undo {
    /// Adds the way back from syncs, which were set up before anything else: each trigger before its column.
    pub fn take_back(&mut self, syncs: &[Names]) {
        for names in syncs.iter().rev() {
            self.statements.extend(names.remove());
            self.statements.push(drop_column(names.dialect, &names.table, &names.new));
            self.lost.push(Loss::Column(names.table.clone(), names.new.clone()));
            self.gone.push(Gone::Column(names.table.name.clone(), names.new.clone()));
        }
    }
}

impl Undo {
    /// Removes, before anything else, what may be left of an index whose build was cut off: an INVALID one costs every write,
    /// and a unique one goes on refusing rows.
    pub fn remove_leftover(&mut self, index: &ObjectName, dialect: Dialect) {
        self.statements.insert(0, format!("DROP INDEX IF EXISTS {}", index.quoted(dialect)));
    }
}

impl Gone {
    /// Whether a script speaks of it, by its words: a column where both its name and its table's stand.
    pub fn is_named_in(&self, text: &str) -> bool {
        let speaks_of = |name: &Ident| {
            let (text, name) = (text.to_lowercase(), name.as_str().to_lowercase());
            let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            text.match_indices(&name)
                .any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next()))
        };
        match self {
            Gone::Object(name) => speaks_of(name),
            Gone::Column(table, column) => speaks_of(table) && speaks_of(column),
        }
    }
}

/// The inverse of a script.
///
/// # Errors
/// When a clause does something that cannot be taken back without knowing more.
pub fn inverse(script: &Script, dialect: Dialect) -> Result<Undo, NoInverse> {
    inverse_beside(script, dialect, &[])
}

/// The inverse of a script beside which the syncs of these names were set up, theirs included.
///
/// # Errors
/// As [`inverse`].
pub fn inverse_beside(script: &Script, dialect: Dialect, syncs: &[Names]) -> Result<Undo, NoInverse> {
    let columns = syncs.iter().map(|names| (names.table.clone(), names.new.clone())).collect();
    let mut work = Inverse { dialect, undo: Undo::default(), tables: Vec::new(), columns };
    for statement in &script.statements {
        for clause in &statement.clauses {
            work.clause(&clause.operation).map_err(|what| NoInverse { place: script.source.line(clause.span.start), what })?;
        }
    }
    work.undo.statements.reverse();
    work.undo.take_back(syncs);
    Ok(work.undo)
}

/// What rollback.sql does, as it is written, with what it drops.
pub fn stated(script: &Script) -> Undo {
    let mut undo = Undo::default();
    for statement in &script.statements {
        let operations = statement.clauses.iter().map(|clause| &clause.operation);
        if !operations
            .clone()
            .all(|operation| matches!(operation, Operation::Transaction(TransactionControl::Begin | TransactionControl::Commit)))
        {
            undo.statements.push(script.text(statement.span).to_owned());
        }
        undo.lost.extend(operations.filter_map(loss));
    }
    undo
}

/// The data that a clause drops.
fn loss(operation: &Operation) -> Option<Loss> {
    if let Operation::DropTable(drop) = operation {
        return Some(Loss::Table(drop.name.clone()));
    }
    let Operation::DropColumn { table, column, .. } = operation else { return None };
    Some(Loss::Column(table.clone(), column.clone()))
}

/// Scripts of other migrations that were started after this one, as the ledger tells.
pub fn later<'a>(known: Known<'a>, node: &NodeRef) -> Vec<&'a NodeRef> {
    let Known::Ledger(ledger) = known else { return Vec::new() };
    let Some(own) = ledger.script(&node.migration, node.phase) else { return Vec::new() };
    let live = ledger.scripts.iter().filter(|record| record.status != crate::ledger::ScriptStatus::RolledBack);
    live.filter(|record| record.node.migration != node.migration && record.started_at >= own.started_at)
        .map(|record| &record.node)
        .collect()
}

struct Inverse {
    dialect: Dialect,
    undo: Undo,
    /// Tables that the script makes: what else it does to them goes with them.
    tables: Vec<ObjectName>,
    /// Columns that the script makes.
    columns: Vec<(ObjectName, Ident)>,
}

impl Inverse {
    /// Adds the inverse of one clause, or says what it does.
    fn clause(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::CreateTable(table) => {
                never_there(table.if_not_exists, "IF NOT EXISTS")?;
                self.tables.push(table.name.clone());
                self.undo.lost.push(Loss::Table(table.name.clone()));
                self.object("TABLE", &table.name);
                Ok(())
            }
            Operation::AddColumn(add) => {
                never_there(add.if_not_exists, "IF NOT EXISTS")?;
                let column = &add.column.name;
                self.columns.push((add.table.clone(), column.clone()));
                if self.is_new(&add.table) {
                    return Ok(());
                }
                self.undo.lost.push(Loss::Column(add.table.clone(), column.clone()));
                self.undo.gone.push(Gone::Column(add.table.name.clone(), column.clone()));
                let (table, column) = (add.table.quoted(self.dialect), column.quoted(self.dialect));
                self.push(format!("ALTER TABLE {table} DROP COLUMN {column}"));
                Ok(())
            }
            Operation::CreateIndex(index) => {
                never_there(index.if_not_exists, "IF NOT EXISTS")?;
                if self.is_new(&index.table) {
                    return Ok(());
                }
                let name = index.name.clone().ok_or("it makes an index without a name")?;
                let index_name = ObjectName { schema: index.table.schema.clone(), name };
                match self.dialect {
                    Dialect::Postgres | Dialect::Sqlite => self.object("INDEX", &index_name),
                    Dialect::Mysql => {
                        let (index_name, table) = (index_name.name.quoted(self.dialect), index.table.quoted(self.dialect));
                        self.push(format!("DROP INDEX {index_name} ON {table}"));
                    }
                }
                Ok(())
            }
            Operation::AddConstraint(add) if self.is_new(&add.table) => Ok(()),
            Operation::AddConstraint(add) => {
                let name = add.constraint.name.clone().ok_or("it adds a constraint without a name")?;
                let (table, name) = (add.table.quoted(self.dialect), name.quoted(self.dialect));
                self.push(format!("ALTER TABLE {table} DROP CONSTRAINT {name}"));
                Ok(())
            }
            Operation::CreateView(view) => {
                never_there(view.if_not_exists || view.or_replace, "OR REPLACE or IF NOT EXISTS")?;
                self.object(if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" }, &view.name);
                Ok(())
            }
            Operation::CreateRoutine(routine) => {
                never_there(routine.or_replace, "OR REPLACE")?;
                self.object(if routine.procedure { "PROCEDURE" } else { "FUNCTION" }, &routine.name);
                Ok(())
            }
            Operation::CreateTrigger(trigger) => {
                never_there(trigger.if_not_exists || trigger.or_replace, "OR REPLACE or IF NOT EXISTS")?;
                if self.is_new(&trigger.table) {
                    return Ok(());
                }
                match self.dialect {
                    Dialect::Postgres => {
                        let (name, table) = (trigger.name.name.quoted(self.dialect), trigger.table.quoted(self.dialect));
                        self.push(format!("DROP TRIGGER {name} ON {table}"));
                    }
                    Dialect::Sqlite | Dialect::Mysql => self.object("TRIGGER", &trigger.name),
                }
                Ok(())
            }
            Operation::CreateType { name, definition } => {
                let domain = matches!(definition, crate::schema::operation::TypeDefinition::Domain { .. });
                self.object(if domain { "DOMAIN" } else { "TYPE" }, name);
                Ok(())
            }
            Operation::CreateSequence { name, if_not_exists, .. } => {
                never_there(*if_not_exists, "IF NOT EXISTS")?;
                self.object("SEQUENCE", name);
                Ok(())
            }
            Operation::CreateSchema { name, if_not_exists } => {
                never_there(*if_not_exists, "IF NOT EXISTS")?;
                self.object("SCHEMA", &ObjectName::bare(name.clone()));
                Ok(())
            }
            Operation::ChangeData(change) if self.is_new(&change.table) || self.fills_new_columns(&change.table, &change.columns) => Ok(()),
            Operation::AlterColumn { table, column, .. }
                if self.is_new(table) || self.columns.contains(&(table.clone(), column.clone())) =>
            {
                Ok(())
            }
            Operation::AlterTable { table, .. } if self.is_new(table) => Ok(()),
            Operation::DropConstraint { table, constraint, .. } => match (self.is_new(table), constraint) {
                (true, _) => Ok(()),
                (false, ConstraintRef::Named(name) | ConstraintRef::ForeignKey(name) | ConstraintRef::Check(name)) => {
                    Err(format!("it drops constraint {name}"))
                }
                (false, ConstraintRef::PrimaryKey) => Err("it drops a primary key".to_owned()),
            },
            Operation::AlterIndex { change: IndexChange::Option, .. }
            | Operation::ValidateConstraint { .. }
            | Operation::Comment { .. }
            | Operation::Query { .. }
            | Operation::Transaction(_)
            | Operation::SetSetting(_)
            | Operation::LockTable { .. }
            | Operation::Maintenance { .. }
            | Operation::Reindex { .. }
            | Operation::RefreshView { .. } => Ok(()),
            Operation::AlterColumn { table, column, .. } => Err(format!("it changes column {table}.{column}")),
            Operation::AlterTable { table, .. } => Err(format!("it changes table {table}")),
            Operation::ChangeData(change) => Err(format!("it changes rows of {}", change.table)),
            Operation::Truncate { table, .. } => Err(format!("it empties {table}")),
            Operation::DropTable(drop) | Operation::DropRoutine { drop, .. } | Operation::DropSequence(drop) => {
                Err(format!("it drops {}", drop.name))
            }
            Operation::DropView { drop, .. } | Operation::DropType { drop, .. } => Err(format!("it drops {}", drop.name)),
            Operation::DropColumn { table, column, .. } => Err(format!("it drops column {table}.{column}")),
            Operation::DropIndex { index, .. } => Err(format!("it drops index {index}")),
            Operation::DropTrigger { trigger, .. } => Err(format!("it drops trigger {trigger}")),
            Operation::DropSchema { name, .. } => Err(format!("it drops schema {name}")),
            Operation::RenameTable { .. }
            | Operation::MoveTable { .. }
            | Operation::RenameColumn { .. }
            | Operation::RenameConstraint { .. }
            | Operation::RenameIndex { .. }
            | Operation::RenameTrigger { .. } => Err("it renames".to_owned()),
            Operation::AlterConstraint { .. }
            | Operation::AttachPartition { .. }
            | Operation::DetachPartition { .. }
            | Operation::AlterIndex { .. }
            | Operation::AlterView { .. }
            | Operation::AlterRoutine { .. }
            | Operation::AlterType { .. }
            | Operation::AlterSequence { .. }
            | Operation::AlterSchema { .. }
            | Operation::Access(_)
            | Operation::OtherObject { .. } => Err("it changes what was there before".to_owned()),
            Operation::Block(_) => Err("it runs a block".to_owned()),
            Operation::Opaque(_) => Err("it could not be read".to_owned()),
        }
    }

    fn is_new(&self, table: &ObjectName) -> bool {
        self.tables.contains(table)
    }

    fn fills_new_columns(&self, table: &ObjectName, columns: &[Ident]) -> bool {
        !columns.is_empty() && columns.iter().all(|column| self.columns.contains(&(table.clone(), column.clone())))
    }

    fn object(&mut self, kind: &str, name: &ObjectName) {
        self.undo.gone.push(Gone::Object(name.name.clone()));
        let name = name.quoted(self.dialect);
        self.push(format!("DROP {kind} {name}"));
    }

    fn push(&mut self, statement: String) {
        self.undo.statements.push(statement);
    }
}

/// What may have been there before cannot be dropped.
fn never_there(perhaps: bool, words: &str) -> Result<(), String> {
    if perhaps { Err(format!("{words} does not tell whether the script made it")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Server;
    use crate::sql::{Source, read};

    fn script(text: &str) -> Script {
        read(&Source::new("expand.sql", text), Server::oldest(Dialect::Postgres))
    }

    fn undone(text: &str) -> Vec<String> {
        inverse(&script(text), Dialect::Postgres).expect("it only adds").statements
    }

    #[test]
    fn what_was_added_goes_last_first() {
        let text = "ALTER TABLE users ADD COLUMN full_name text;\nCREATE INDEX CONCURRENTLY users_full_name ON users (full_name);\n";
        assert_eq!(undone(text), ["DROP INDEX \"users_full_name\"", "ALTER TABLE \"users\" DROP COLUMN \"full_name\""]);
    }

    #[test]
    fn what_belongs_to_a_new_table_goes_with_it() {
        let text = "CREATE TABLE a (id bigint PRIMARY KEY);\nCREATE INDEX ON a (id);\nINSERT INTO a VALUES (1);\nALTER TABLE a ADD COLUMN b int;\n";
        assert_eq!(undone(text), ["DROP TABLE \"a\""]);
        let lost = inverse(&script(text), Dialect::Postgres).expect("it only adds").lost;
        assert_eq!(lost.iter().map(ToString::to_string).collect::<Vec<_>>(), ["table a with all its rows"]);
    }

    #[test]
    fn what_changes_old_things_needs_a_file() {
        for text in [
            "ALTER TABLE users ALTER COLUMN a DROP NOT NULL;",
            "CREATE TABLE IF NOT EXISTS a (id int);",
            "CREATE OR REPLACE VIEW a AS SELECT 1;",
            "UPDATE users SET a = 1;",
            "DROP INDEX a;",
            "FROB;",
        ] {
            let refusal = inverse(&script(text), Dialect::Postgres).expect_err(text).to_string();
            assert!(refusal.starts_with("expand.sql:1: ") && refusal.ends_with("write rollback.sql beside it"), "{refusal}");
        }
    }

    #[test]
    fn other_scripts_that_speak_of_it_are_found_by_words() {
        let column = Gone::Column(Ident::stored("users"), Ident::stored("full_name"));
        assert!(column.is_named_in("CREATE VIEW v AS SELECT u.full_name FROM Users u"));
        assert!(!column.is_named_in("ALTER TABLE users ADD COLUMN full_name_2 text"));
    }

    #[test]
    fn a_stated_rollback_is_run_as_it_stands() {
        let undo = stated(&script("BEGIN;\nALTER TABLE users DROP COLUMN b;\nCOMMIT;\n"));
        assert_eq!(undo.statements, ["ALTER TABLE users DROP COLUMN b"]);
        assert_eq!(undo.lost.len(), 1);
    }
}
