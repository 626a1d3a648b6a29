//! The names of a pair of columns and of what keeps it equal, and how that is removed again.

use crate::recipe::Spelled;
use crate::schema::name::Quoting;
use crate::schema::table::{Column, Table};
use crate::schema::{Dialect, Ident, ObjectName};
use crate::sql::Digest;

/// PostgreSQL cuts names behind 63 bytes and MySQL refuses them behind 64 characters; triggers add up to seven to theirs.
const LONGEST: usize = 56;

/// The bytes of a longer name that are kept before its digest.
const KEPT: usize = 46;

/// A pair of columns by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The database.
    pub dialect: Dialect,
    /// The table.
    pub table: ObjectName,
    /// The column that running releases know.
    pub old: Ident,
    /// The column that takes its place.
    pub new: Ident,
}

impl Names {
    /// The pair whose triggers a table carries and whose new column this is.
    pub fn keeping(table: &Table, new: &Ident, dialect: Dialect) -> Option<Names> {
        if table.triggers.is_empty() {
            return None;
        }
        let pair = |old: &Column| Names { dialect, table: table.name.clone(), old: old.name.clone(), new: new.clone() };
        let others = table.columns.iter().filter(|column| &column.name != new).map(pair);
        let carried = |names: &Names| {
            let made = names.triggers();
            table.triggers.iter().any(|trigger| trigger.enabled && made.contains(&trigger.name))
        };
        others.into_iter().find(carried)
    }

    /// The triggers, in the order in which they are made.
    pub fn triggers(&self) -> Vec<Ident> {
        match self.dialect {
            Dialect::Postgres => vec![self.named("")],
            Dialect::Sqlite => ["_insert", "_new", "_old"].map(|suffix| self.named(suffix)).into(),
            Dialect::Mysql => ["_insert", "_update"].map(|suffix| self.named(suffix)).into(),
        }
    }

    /// The statements that take the triggers away. They go before the old column, in its transaction.
    pub fn remove(&self) -> Vec<String> {
        let table = self.table.spelled(self.dialect);
        match self.dialect {
            Dialect::Postgres => {
                let name = self.named("").spelled(self.dialect);
                vec![format!("DROP TRIGGER {name} ON {table}"), format!("DROP FUNCTION {}()", self.function())]
            }
            Dialect::Sqlite | Dialect::Mysql => {
                let triggers = self.triggers();
                triggers.iter().map(|name| format!("DROP TRIGGER {}", self.beside(name).spelled(self.dialect))).collect()
            }
        }
    }

    /// The function behind PostgreSQL's trigger, in the schema of the table.
    pub(super) fn function(&self) -> String {
        self.beside(&self.named("")).spelled(self.dialect)
    }

    pub(super) fn beside(&self, name: &Ident) -> ObjectName {
        ObjectName { schema: self.table.schema.clone(), name: name.clone() }
    }

    /// The name of something that belongs to the pair. Triggers of one event run in the order of their names: this one
    /// comes late, so that it sees what the others made of the row.
    pub(super) fn named(&self, suffix: &str) -> Ident {
        let written = |name: &Ident| match self.dialect {
            Dialect::Postgres => name.as_str().to_owned(),
            Dialect::Sqlite | Dialect::Mysql => name.written().to_owned(),
        };
        let mut name = ["zz_sync".to_owned(), written(&self.table.name), written(&self.old), written(&self.new)].join("_");
        if name.len() > LONGEST {
            let digest = Digest::of(&self.dialect.quote(&name), self.dialect).to_string();
            name.truncate(name.floor_char_boundary(KEPT));
            name.push('_');
            name.push_str(&digest[..8]);
        }
        name.push_str(suffix);
        Ident::new(self.dialect, &name, Quoting::Quoted)
    }
}
