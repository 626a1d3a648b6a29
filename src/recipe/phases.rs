//! What a recipe is given and what it yields.

use super::view::Views;
use crate::migration::Sync;
use crate::schema::table::{Column, Table};
use crate::schema::{Dialect, Ident, ObjectName, Phase, Schema, Server};

/// The kitchen: the database, the schema that the change meets, and the migration that makes it.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The server.
    pub server: Server,
    /// Before the change.
    pub schema: &'a Schema,
    /// The migration's name: what it made itself, no running release knows.
    pub migration: &'a str,
    /// The phase that the change was written for.
    pub phase: Phase,
    /// The views in their own words; `None` where nobody kept them.
    pub views: Option<&'a Views>,
}

/// What somebody asks for beside the change itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The value for rows that have none.
    pub value: Option<String>,
    /// What a column is called that takes the place of another.
    pub new_name: Option<Ident>,
    /// How the new value is made of the old one.
    pub forward: Option<String>,
    /// How the old value is made of the new one.
    pub backward: Option<String>,
}

/// The statements of each phase, and the columns that are kept equal meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// In the order of `Phase::ALL`.
    scripts: [String; 3],
    /// For migration.toml.
    pub syncs: Vec<Sync>,
}

/// Why a change cannot be written in phases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The migrations do not tell what must be known.
    #[error("{what} is not known from the migrations: {ask}")]
    Unknown {
        /// What.
        what: String,
        /// How to say it.
        ask: String,
    },
    /// Something stands in the way.
    #[error("{0}")]
    Impossible(String),
}

impl Given<'_> {
    /// The database.
    pub fn dialect(&self) -> Dialect {
        self.server.dialect
    }

    /// The table, where it is recorded.
    pub fn table(&self, name: &ObjectName) -> Option<&Table> {
        self.schema.table(name).recorded()
    }

    /// The column, where it is recorded.
    pub fn column(&self, table: &ObjectName, column: &Ident) -> Option<&Column> {
        self.table(table)?.column(column)
    }

    /// The phase in which columns may be tightened: at once where this migration made them, else when no release is left
    /// that does not know it.
    pub fn tightening(&self, table: &ObjectName, columns: &[Ident]) -> Phase {
        let own = |origin: &crate::schema::Origin| &*origin.migration == self.migration;
        let new = self.table(table).is_some_and(|table| {
            own(&table.origin)
                || (!columns.is_empty() && columns.iter().all(|name| table.column(name).is_some_and(|column| own(&column.origin))))
        });
        if new { self.phase } else { Phase::Contract }
    }
}

impl Phases {
    /// Adds to the script of a phase.
    pub fn add(&mut self, phase: Phase, sql: &str) {
        let script = self.script_mut(phase);
        script.push_str(sql);
        if !sql.is_empty() && !sql.ends_with('\n') {
            script.push('\n');
        }
    }

    /// Adds what another change needs.
    pub fn join(&mut self, other: Phases) {
        for phase in Phase::ALL {
            self.add(phase, other.script(phase));
        }
        self.syncs.extend(other.syncs);
    }

    /// The script of a phase; empty where there is nothing to do.
    pub fn script(&self, phase: Phase) -> &str {
        match phase {
            Phase::Expand => &self.scripts[0],
            Phase::Backfill => &self.scripts[1],
            Phase::Contract => &self.scripts[2],
        }
    }

    fn script_mut(&mut self, phase: Phase) -> &mut String {
        match phase {
            Phase::Expand => &mut self.scripts[0],
            Phase::Backfill => &mut self.scripts[1],
            Phase::Contract => &mut self.scripts[2],
        }
    }

    /// migration.toml as far as the recipe needs one.
    pub fn settings(&self) -> String {
        self.syncs.iter().map(Sync::to_toml).collect::<Vec<_>>().join("\n")
    }
}
