//! The texts of what a history leaves: tables in pieces, indexes, triggers and views as they were written.

use super::Demand;
use crate::recipe::Spelled;
use crate::recipe::words::{Word, respelled, words};
use crate::schema::table::Persistence;
use crate::schema::{Dialect, Ident, ObjectName, Operation};
use crate::sql::Script;

/// What the scripts of a history wrote, as far as it still stands.
#[derive(Debug, Default)]
pub struct Texts {
    tables: Vec<(Ident, Made)>,
    pub(super) others: Vec<Other>,
}

/// A table: its definitions one by one, and what follows the closing parenthesis.
#[derive(Clone, Debug)]
pub(super) struct Made {
    items: Vec<String>,
    tail: String,
}

/// An index, a trigger or a view.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) kind: Kind,
    pub(super) name: Ident,
    /// The relation that it goes with.
    pub(super) of: Option<Ident>,
    pub(super) text: String,
    /// Whether SQLite has rewritten it since.
    pub(super) stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Index,
    Trigger,
    View,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Index => "INDEX",
            Kind::Trigger => "TRIGGER",
            Kind::View => "VIEW",
        }
    }
}

impl Other {
    /// Whether DROP of this relation takes it along.
    pub(super) fn goes_with(&self, relation: &Ident) -> bool {
        self.of.as_ref() == Some(relation)
    }
}

impl Texts {
    pub(super) fn table(&self, name: &Ident) -> Option<&Made> {
        self.tables.iter().find(|(known, _)| known == name).map(|(_, made)| made)
    }

    /// Takes up what a script does.
    pub fn follow(&mut self, script: &Script) {
        for statement in &script.statements {
            let text = script.text(statement.span);
            for clause in &statement.clauses {
                self.apply(&clause.operation, text);
            }
        }
    }

    fn apply(&mut self, operation: &Operation, text: &str) {
        match operation {
            Operation::CreateTable(create) if create.persistence != Persistence::Temporary => {
                let known = self.tables.iter().any(|(name, _)| *name == create.name.name);
                if let (Some(made), false) = (Made::read(text), known) {
                    self.tables.push((create.name.name.clone(), made));
                }
            }
            Operation::DropTable(drop) => self.drop_relation(&drop.name),
            Operation::RenameTable { table, to } => self.rename_table(table, to),
            Operation::AddColumn(add) => self.change(&add.table, |made| made.add(text)),
            Operation::DropColumn { table, column, .. } => self.change(table, |made| made.items.retain(|item| !defines(item, column))),
            Operation::RenameColumn { table, column, to } => {
                let (from, to) = (column.as_str().to_owned(), to.spelled(Dialect::Sqlite));
                self.change(table, |made| made.respell(&from, &to));
                self.rewritten(&from);
            }
            Operation::CreateIndex(index) => {
                if let Some(name) = &index.name {
                    self.make(Kind::Index, name, Some(&index.table.name), text);
                }
            }
            Operation::CreateTrigger(trigger) => self.make(Kind::Trigger, &trigger.name.name, Some(&trigger.table.name), text),
            Operation::CreateView(view) => self.make(Kind::View, &view.name.name, None, text),
            Operation::DropIndex { index, .. } => self.drop(Kind::Index, &index.name),
            Operation::DropTrigger { trigger, .. } => self.drop(Kind::Trigger, &trigger.name),
            Operation::DropView { drop, .. } => {
                self.drop(Kind::View, &drop.name.name);
                self.others.retain(|other| !other.goes_with(&drop.name.name));
            }
            _ => {}
        }
    }

    fn make(&mut self, kind: Kind, name: &Ident, of: Option<&Ident>, text: &str) {
        if !self.others.iter().any(|other| other.kind == kind && other.name == *name) {
            self.others.push(Other { kind, name: name.clone(), of: of.cloned(), text: text.to_owned(), stale: false });
        }
    }

    fn drop(&mut self, kind: Kind, name: &Ident) {
        self.others.retain(|other| other.kind != kind || other.name != *name);
    }

    fn drop_relation(&mut self, table: &ObjectName) {
        self.tables.retain(|(name, _)| *name != table.name);
        self.others.retain(|other| !other.goes_with(&table.name));
    }

    fn rename_table(&mut self, table: &ObjectName, to: &Ident) {
        for (name, _) in self.tables.iter_mut().filter(|(name, _)| *name == table.name) {
            *name = to.clone();
        }
        for other in self.others.iter_mut().filter(|other| other.of.as_ref() == Some(&table.name)) {
            other.of = Some(to.clone());
        }
        let (from, new) = (table.name.as_str().to_owned(), to.spelled(Dialect::Sqlite));
        self.tables.iter_mut().for_each(|(_, made)| made.respell(&from, &new));
        self.rewritten(&from);
    }

    /// What holds a word that has another name now.
    fn rewritten(&mut self, word: &str) {
        for other in &mut self.others {
            other.stale |= words(&other.text).any(|(_, token)| is_name(token, word));
        }
    }

    fn change(&mut self, table: &ObjectName, change: impl FnOnce(&mut Made)) {
        if let Some((_, made)) = self.tables.iter_mut().find(|(name, _)| *name == table.name) {
            change(made);
        }
    }
}

impl Made {
    /// Reads `CREATE TABLE … ( … ) …`; `None` where it is made of a query.
    fn read(text: &str) -> Option<Made> {
        let mut depth = 0_usize;
        let (mut items, mut start, mut end) = (Vec::new(), None, 0);
        for (at, token) in words(text) {
            match token {
                "(" => {
                    depth += 1;
                    if depth == 1 && start.is_none() {
                        (start, end) = (Some(at + 1), at + 1);
                        continue;
                    }
                }
                ")" => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        items.push(text[start?..end].trim().to_owned());
                        return Some(Made { items, tail: text[at + 1..].trim().to_owned() });
                    }
                }
                "," if depth == 1 => {
                    items.push(text[start?..end].trim().to_owned());
                    (start, end) = (Some(at + 1), at + 1);
                    continue;
                }
                _ if depth == 0 && token.eq_ignore_ascii_case("as") => return None,
                _ => {}
            }
            end = at + token.len();
        }
        None
    }

    /// `ALTER TABLE t ADD [COLUMN] definition`: behind the other columns.
    fn add(&mut self, text: &str) {
        let mut rest = words(text).skip_while(|(_, token)| !token.eq_ignore_ascii_case("add")).skip(1).peekable();
        if rest.peek().is_some_and(|(_, token)| token.eq_ignore_ascii_case("column")) {
            rest.next();
        }
        let Some((start, _)) = rest.next() else { return };
        let end = words(text).last().map_or(text.len(), |(at, token)| at + token.len());
        let behind = self.items.iter().position(|item| is_constraint(item)).unwrap_or(self.items.len());
        self.items.insert(behind, text[start..end].to_owned());
    }

    fn respell(&mut self, from: &str, to: &str) {
        let word = [Word { from, to, once: false }];
        self.items.iter_mut().for_each(|item| *item = respelled(item, &word));
    }

    /// What follows the name of the table.
    pub(super) fn body(&self) -> String {
        let tail = if self.tail.is_empty() { String::new() } else { format!(" {}", self.tail) };
        format!("(\n  {}\n){tail}", self.items.join(",\n  "))
    }

    /// The same with one more demand.
    pub(super) fn with(&self, demand: &Demand) -> String {
        let mut made = self.clone();
        match demand {
            Demand::NotNull(column) => {
                made.items.iter_mut().filter(|item| defines(item, column)).for_each(|item| item.push_str(" NOT NULL"))
            }
            Demand::Constraint(constraint) => made.items.push(constraint.clone()),
        }
        made.body()
    }

    /// Whether numbers of rows that are gone are never given again.
    pub(super) fn numbers_for_ever(&self) -> bool {
        self.items.iter().any(|item| words(item).any(|(_, token)| token.eq_ignore_ascii_case("autoincrement")))
    }
}

/// Whether a definition is that of this column.
fn defines(item: &str, column: &Ident) -> bool {
    !is_constraint(item) && words(item).next().is_some_and(|(_, token)| is_name(token, column.as_str()))
}

fn is_constraint(item: &str) -> bool {
    let first = words(item).next().map(|(_, token)| token.to_ascii_lowercase());
    first.is_some_and(|first| matches!(first.as_str(), "constraint" | "primary" | "unique" | "check" | "foreign"))
}

fn is_name(token: &str, name: &str) -> bool {
    !token.starts_with('\'') && token.trim_matches(['"', '`', '[', ']']).eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Server, ServerVersion};
    use crate::sql::{Source, read};

    fn texts(sql: &str) -> Texts {
        let server = Server { dialect: Dialect::Sqlite, version: ServerVersion::oldest(Dialect::Sqlite) };
        let mut texts = Texts::default();
        texts.follow(&read(&Source::new("1.sql", sql), server));
        texts
    }

    #[test]
    fn a_table_is_followed_through_its_changes() {
        let texts = texts(
            "CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT, -- the number\n  \"old name\" text DEFAULT (1, 2), gone int, CHECK (id > 0)) STRICT;\n\
             ALTER TABLE a ADD COLUMN more text -- later\n;\nALTER TABLE a DROP COLUMN gone;\n\
             ALTER TABLE a RENAME COLUMN \"old name\" TO title;\nALTER TABLE a RENAME TO b;\n\
             CREATE INDEX b_more ON b (more);\nCREATE VIEW v AS SELECT more FROM b;\nALTER TABLE b RENAME COLUMN more TO most;\n",
        );
        let made = texts.table(&Ident::stored("b")).expect("it has its last name");
        let expected = "(\n  id integer PRIMARY KEY AUTOINCREMENT,\n  -- the number\n  title text DEFAULT (1, 2),\n  most text,\n  CHECK (id > 0)\n) STRICT";
        assert_eq!(made.body(), expected);
        assert!(made.numbers_for_ever());
        assert!(made.with(&Demand::NotNull(Ident::stored("title"))).contains("title text DEFAULT (1, 2) NOT NULL,"));
        assert!(texts.others.iter().all(|other| other.stale), "SQLite has rewritten both");
    }
}
