//! A frame: all that a rule may see — one clause, the schema before and after it, its facts and its transaction.

mod commit;
pub(in crate::lint) mod dependents;
mod loosened;
mod partition;
pub(in crate::lint) mod remade;
mod retype;
mod rows;
mod session;
pub(in crate::lint) mod setting;
mod stated;
mod writers;

pub(in crate::lint) use retype::Retype;

pub(in crate::lint) use commit::Commit;
pub use loosened::Dropped;
pub use remade::Remade;

use crate::dialect::{Impact, Lock};
use crate::migration::{Bounds, Naming};
use crate::recipe::Given;
use crate::schema::table::{Column, Knowledge, Persistence, Table};
use crate::schema::{Dialect, Found, Ident, ObjectName, Operation, Origin, Phase, Schema, Server};
use crate::sql::{Clause, Script, Span, Statement};

/// One clause in its place.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The server that is judged for.
    pub server: Server,
    /// The migration, the phase and the transaction.
    pub origin: &'a Origin,
    /// How the project names its objects.
    pub naming: &'a Naming,
    /// The whole file.
    pub script: &'a Script,
    /// The transaction that the clause runs in.
    pub transaction: Transaction<'a>,
    /// The statement that the clause is part of.
    pub statement: &'a Statement,
    /// The clause.
    pub clause: &'a Clause,
    /// The routine that the clause calls, where the operation is part of its body.
    pub routine: Option<&'a ObjectName>,
    /// What it does.
    pub operation: &'a Operation,
    /// The schema that it meets.
    pub before: &'a Schema,
    /// The schema that it leaves.
    pub after: &'a Schema,
    /// What it locks, reads and writes.
    pub impact: &'a Impact,
    /// The constraints that earlier clauses of the script dropped.
    pub dropped: &'a [Dropped],
    /// The tables that the script makes anew.
    pub remade: &'a [Remade],
}

/// The transaction around a clause.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// Whether the file says BEGIN and COMMIT.
    pub bounds: Bounds,
    /// All its statements.
    pub statements: &'a [Statement],
    /// Which of them the clause is part of.
    pub position: usize,
    /// The locks that earlier clauses of it took and still hold.
    pub held: &'a [Held],
    /// What it leaves.
    pub(in crate::lint) commit: &'a Commit<'a>,
}

/// A lock that an earlier clause of the same transaction took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Canonical name.
    pub table: ObjectName,
    /// How strong.
    pub lock: Lock,
    /// The clause that took it.
    pub span: Span,
}

/// Who can have seen an object before the script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nobody: the same script made it, or it is temporary.
    ByNobody,
    /// An earlier phase of the same migration made it: releases that know the migration use it, older ones do not.
    ByNewReleases,
    /// An earlier migration made it, or nobody knows who did: every release may use it.
    ByEveryone,
}

impl<'a> Frame<'a> {
    /// What a recipe is given that takes the clause's place.
    pub fn given(&self) -> Given<'a> {
        Given { server: self.server, schema: self.before, migration: &self.origin.migration, phase: self.origin.phase, views: None }
    }

    /// The database that is judged for.
    pub fn dialect(&self) -> Dialect {
        self.server.dialect
    }

    /// The phase of the script.
    pub fn phase(&self) -> Phase {
        self.origin.phase
    }

    /// The table as the clause meets it, where it is recorded.
    pub fn table(&self, name: &ObjectName) -> Option<&'a Table> {
        self.before.table(name).recorded()
    }

    /// The column as the clause meets it, where it is recorded.
    pub fn column(&self, table: &ObjectName, column: &Ident) -> Option<&'a Column> {
        self.table(table)?.column(column)
    }

    /// Who can have seen a table. One that is not recorded is taken for old: absence proves nothing.
    pub fn table_seen(&self, name: &ObjectName) -> Seen {
        match self.table(name) {
            Some(table) if table.persistence == Persistence::Temporary => Seen::ByNobody,
            Some(table) => self.seen(&table.origin),
            None => Seen::ByEveryone,
        }
    }

    /// Whether nobody can have seen the table yet, so that nothing about it is a fault.
    pub fn is_new_table(&self, name: &ObjectName) -> bool {
        self.table_seen(name) == Seen::ByNobody
    }

    /// Whether the name is that of a view, materialised or not.
    pub fn is_view(&self, name: &ObjectName) -> bool {
        self.before.view(name).recorded().is_some()
    }

    /// Who can have seen a column. Of a new table nobody, of an unknown one everybody.
    pub fn column_seen(&self, table: &ObjectName, column: &Ident) -> Seen {
        match (self.table_seen(table), self.column(table, column)) {
            (Seen::ByNobody, _) => Seen::ByNobody,
            (Seen::ByNewReleases, _) => Seen::ByNewReleases,
            (Seen::ByEveryone, Some(column)) => self.seen(&column.origin),
            (Seen::ByEveryone, None) => Seen::ByEveryone,
        }
    }

    /// Whether releases that do not know this migration can be using the column.
    pub fn is_old_column(&self, table: &ObjectName, column: &Ident) -> bool {
        self.column_seen(table, column) == Seen::ByEveryone
    }

    /// Whether releases that do not know this migration can be using the table.
    pub fn is_old_table(&self, table: &ObjectName) -> bool {
        self.table_seen(table) == Seen::ByEveryone
    }

    /// Who can have seen an object of this origin.
    pub fn seen(&self, origin: &Origin) -> Seen {
        if origin.same_script(self.origin) {
            Seen::ByNobody
        } else if origin.same_migration(self.origin) {
            Seen::ByNewReleases
        } else {
            Seen::ByEveryone
        }
    }

    /// Whether everything that happened to the table was read.
    pub fn is_known(&self, table: &ObjectName) -> bool {
        matches!(self.before.table(table), Found::Known(table) if table.knowledge == Knowledge::Known)
    }

    /// The clauses that follow in the same transaction, the rest of the own statement first.
    pub fn later(&self) -> impl Iterator<Item = &'a Clause> + use<'a> {
        let here = self.clause.span.start;
        let statements = self.transaction.statements.get(self.transaction.position..).unwrap_or_default();
        let own = statements.first().map(|own| &own.clauses[..]).unwrap_or_default();
        let rest = statements.get(1..).unwrap_or_default();
        own.iter().filter(move |clause| clause.span.start > here).chain(rest.iter().flat_map(|statement| &statement.clauses))
    }

    /// The strongest lock that earlier clauses of the transaction hold on a table (canonical name).
    pub fn held(&self, table: &ObjectName) -> Option<&'a Held> {
        self.transaction.held.iter().filter(|held| &held.table == table).max_by_key(|held| held.lock)
    }

    /// Whether the operation stands in the body of a DO block or of a routine, which runs in one transaction.
    pub fn is_in_block(&self) -> bool {
        self.routine.is_some()
            || self.statement.is_block() && self.statement.clauses.first().is_some_and(|block| !std::ptr::eq(block, self.clause))
    }

    /// The statement's text; inside a block that of the clause.
    pub fn sql(&self) -> &'a str {
        self.script.text(if self.is_in_block() { self.clause.span } else { self.statement.span })
    }

    /// The text of a statement that drops this one object; of one that drops several, what drops this one.
    pub(in crate::lint) fn drop_sql(&self) -> String {
        match self.statement.clauses.as_slice() {
            [_] => self.sql().to_owned(),
            [first, ..] => format!("{}{}", self.script.text(Span::new(self.statement.span.start, first.span.start)), self.clause_sql()),
            [] => String::new(),
        }
    }

    /// The clause's text.
    pub fn clause_sql(&self) -> &'a str {
        self.script.text(self.clause.span)
    }
}
