//! Facts of SQLite: one write lock for the whole file, and which statements read or write every row. Knows no other database.

use super::{Fact, Impact, Lock, TransactionUse, Work};
use crate::schema::operation::{AccessChange, AddColumn, ColumnChange, CreateTable, MaintenanceKind, ReindexTarget, TableChange};
use crate::schema::table::{ConstraintKind, Generated};
use crate::schema::{ObjectName, Operation, Schema, ServerVersion};

static WRITE: Fact = Fact {
    claim: "a statement that writes holds the one write lock of the database until its transaction ends",
    source: "SQLite manual, Isolation In SQLite and Write-Ahead Logging; measured",
};
static CATALOGUE: Fact = Fact {
    claim: "only the schema's own table is written",
    source: "SQLite manual, ALTER TABLE (section 2, Why ALTER TABLE is such a problem); measured",
};
static ADD_CHECKED: Fact = Fact {
    claim: "ADD COLUMN with a CHECK, or NOT NULL on a generated column, tests every row",
    source: "SQLite manual, ALTER TABLE ADD COLUMN",
};
static DROP_COLUMN: Fact =
    Fact { claim: "DROP COLUMN writes every row anew to purge the column", source: "SQLite manual, ALTER TABLE DROP COLUMN; measured" };
static BUILD: Fact =
    Fact { claim: "an index is built from every row under the write lock", source: "SQLite manual, CREATE INDEX; measured" };
static DROP_TABLE: Fact = Fact {
    claim: "DROP TABLE frees every page of the table; while foreign keys are on it first deletes every row, and cascades do too",
    source: "SQLite manual, DROP TABLE; measured",
};
static COPY: Fact = Fact { claim: "the new table is filled under the write lock", source: "SQLite manual, CREATE TABLE (AS SELECT)" };
static ROWS: Fact = Fact {
    claim: "a data change holds the write lock of the whole database until its transaction ends",
    source: "SQLite manual, Isolation In SQLite; measured",
};
static VACUUM: Fact = Fact {
    claim: "VACUUM writes the whole database anew and refuses to run inside a transaction",
    source: "SQLite manual, VACUUM; measured",
};
static ANALYZE: Fact = Fact { claim: "ANALYZE reads every index under the write lock", source: "SQLite manual, ANALYZE" };
static READ: Fact = Fact { claim: "a query takes no lock that others wait for in WAL mode", source: "SQLite manual, Write-Ahead Logging" };
static UNSUPPORTED: Fact =
    Fact { claim: "SQLite has no such statement", source: "SQLite manual, SQL Features That SQLite Does Not Implement" };

/// The impact of an operation on this database.
pub(super) fn impact(_version: ServerVersion, operation: &Operation, before: &Schema) -> Impact {
    let at = At { schema: before };
    match operation {
        Operation::CreateTable(create) => at.create_table(create),
        Operation::DropTable(drop) => {
            let table = at.name(&drop.name);
            at.writing(&drop.name, &DROP_TABLE).working(Work::Rows(table))
        }
        Operation::AddColumn(add) => at.add_column(add),
        Operation::DropColumn { table, .. } => at.writing(table, &DROP_COLUMN).working(Work::Rewrite(at.name(table))),
        Operation::RenameTable { table, to: _ } | Operation::RenameColumn { table, .. } => at.writing(table, &CATALOGUE),
        Operation::CreateIndex(create) => at.writing(&create.table, &BUILD).working(Work::BuildIndex(at.name(&create.table))),
        Operation::DropIndex { index, .. } => match before.index(index, None).recorded() {
            Some((table, _)) => at.writing(table, &CATALOGUE),
            None => at.writing(index, &CATALOGUE),
        },
        Operation::Reindex { target, concurrently: _ } => at.reindex(target),
        Operation::CreateView(create) => at.writing(&create.name, &CATALOGUE),
        Operation::DropView { drop, materialized: _ } => at.writing(&drop.name, &CATALOGUE),
        Operation::CreateTrigger(create) => at.writing(&create.table, &CATALOGUE),
        Operation::DropTrigger { trigger, table, .. } => match before.trigger(trigger, table.as_ref()).recorded() {
            Some((table, _)) => at.writing(&table.name, &CATALOGUE),
            None => at.writing(trigger, &CATALOGUE),
        },
        Operation::ChangeData(change) => at.writing(&change.table, &ROWS).working(Work::Rows(at.name(&change.table))),
        Operation::Maintenance { kind, table } => at.maintain(*kind, table.as_ref()),
        Operation::Query { .. }
        | Operation::Transaction(_)
        | Operation::SetSetting(_)
        | Operation::Block(_)
        | Operation::Comment { .. } => Impact::of(&READ),
        Operation::Opaque(opaque) => {
            let known = opaque.names.iter().filter(|name| before.table(name).recorded().is_some());
            known.fold(Impact::of(&WRITE), |impact, table| impact.locking(at.name(table), Lock::DatabaseWrite)).assumed()
        }
        Operation::AlterColumn { table, column: _, change } => at.alter_column(table, change),
        Operation::AlterTable { table, change } => at.alter_table(table, change),
        Operation::MoveTable { table, .. }
        | Operation::ValidateConstraint { table, .. }
        | Operation::DropConstraint { table, .. }
        | Operation::RenameConstraint { table, .. }
        | Operation::AlterConstraint { table, .. }
        | Operation::AttachPartition { parent: table, .. }
        | Operation::DetachPartition { parent: table, .. }
        | Operation::Truncate { table, .. }
        | Operation::LockTable { table, .. }
        | Operation::RenameTrigger { table, .. } => at.unsupported(table),
        Operation::AddConstraint(add) => at.unsupported(&add.table),
        Operation::RenameIndex { .. }
        | Operation::AlterIndex { .. }
        | Operation::AlterView { .. }
        | Operation::RefreshView { .. }
        | Operation::CreateRoutine(_)
        | Operation::DropRoutine { .. }
        | Operation::AlterRoutine { .. }
        | Operation::CreateType { .. }
        | Operation::AlterType { .. }
        | Operation::DropType { .. }
        | Operation::CreateSequence { .. }
        | Operation::AlterSequence { .. }
        | Operation::DropSequence(_)
        | Operation::CreateSchema { .. }
        | Operation::AlterSchema { .. }
        | Operation::DropSchema { .. }
        | Operation::OtherObject { .. } => Impact::of(&UNSUPPORTED).assumed(),
        Operation::Access(change) => match change {
            AccessChange::RowSecurity { table, .. }
            | AccessChange::CreatePolicy { table, .. }
            | AccessChange::AlterPolicy { table, .. }
            | AccessChange::DropPolicy { table, .. } => at.unsupported(table),
            AccessChange::Grant { .. }
            | AccessChange::Revoke { .. }
            | AccessChange::DefaultPrivileges
            | AccessChange::Owner { .. }
            | AccessChange::Role { .. } => Impact::of(&UNSUPPORTED).assumed(),
        },
    }
}

/// A database with this schema.
#[derive(Clone, Copy)]
struct At<'a> {
    schema: &'a Schema,
}

impl At<'_> {
    fn name(self, written: &ObjectName) -> ObjectName {
        self.schema.canonical(written)
    }

    fn writing(self, table: &ObjectName, fact: &'static Fact) -> Impact {
        Impact::of(fact).because(&WRITE).locking(self.name(table), Lock::DatabaseWrite)
    }

    fn unsupported(self, table: &ObjectName) -> Impact {
        self.writing(table, &UNSUPPORTED).working(Work::Rewrite(self.name(table))).assumed()
    }

    fn create_table(self, create: &CreateTable) -> Impact {
        match &create.as_query {
            Some(_) => self.writing(&create.name, &COPY).working(Work::Rows(self.name(&create.name))),
            None => self.writing(&create.name, &CATALOGUE),
        }
    }

    fn add_column(self, add: &AddColumn) -> Impact {
        let checked = add.constraints.iter().any(|constraint| matches!(constraint.kind, ConstraintKind::Check(_)));
        let computed = match &add.column.generated {
            Generated::Stored(_) | Generated::Virtual(_) => add.column.not_null,
            Generated::No | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => false,
        };
        match checked || computed {
            true => self.writing(&add.table, &ADD_CHECKED).working(Work::Scan(self.name(&add.table))),
            false => self.writing(&add.table, &CATALOGUE),
        }
    }

    fn alter_column(self, table: &ObjectName, change: &ColumnChange) -> Impact {
        match change {
            ColumnChange::SetType { .. }
            | ColumnChange::SetDefault(_)
            | ColumnChange::DropDefault
            | ColumnChange::SetNotNull
            | ColumnChange::DropNotNull
            | ColumnChange::SetIdentity(_)
            | ColumnChange::DropIdentity { .. }
            | ColumnChange::DropExpression { .. }
            | ColumnChange::SetExpression(_)
            | ColumnChange::RestartIdentity
            | ColumnChange::Storage
            | ColumnChange::Statistics
            | ColumnChange::Redefine { .. } => self.unsupported(table),
        }
    }

    fn alter_table(self, table: &ObjectName, change: &TableChange) -> Impact {
        match change {
            TableChange::Option
            | TableChange::ReplicaIdentity
            | TableChange::SetTablespace
            | TableChange::SetLogged { .. }
            | TableChange::SetEngine
            | TableChange::Rebuild
            | TableChange::Charset { .. }
            | TableChange::Inherit { .. }
            | TableChange::OfType
            | TableChange::Trigger { .. }
            | TableChange::Rule { .. }
            | TableChange::Keys { .. }
            | TableChange::Partitions { .. }
            | TableChange::Algorithm { .. } => self.unsupported(table),
        }
    }

    fn reindex(self, target: &ReindexTarget) -> Impact {
        match target {
            ReindexTarget::Table(table) if self.schema.table(table).recorded().is_some() => {
                self.writing(table, &BUILD).working(Work::BuildIndex(self.name(table)))
            }
            // SQLite writes REINDEX with the name of a table, an index or a collation.
            ReindexTarget::Index(index) | ReindexTarget::Table(index) => match self.schema.index(index, None).recorded() {
                Some((table, _)) => self.writing(table, &BUILD).working(Work::BuildIndex(table.clone())),
                None => self.writing(index, &BUILD).assumed(),
            },
            ReindexTarget::Wider => Impact::of(&BUILD).because(&WRITE).assumed(),
        }
    }

    fn maintain(self, kind: MaintenanceKind, table: Option<&ObjectName>) -> Impact {
        match kind {
            MaintenanceKind::Vacuum | MaintenanceKind::VacuumFull | MaintenanceKind::Cluster => {
                let mut tables: Vec<ObjectName> = self.schema.tables().map(|table| table.name.clone()).collect();
                tables.sort();
                let impact = tables.into_iter().fold(Impact::of(&VACUUM), |impact, table| {
                    impact.locking(table.clone(), Lock::DatabaseWrite).working(Work::Rewrite(table))
                });
                impact.in_transaction(TransactionUse::Forbidden)
            }
            MaintenanceKind::Analyze => match table {
                Some(table) => self.writing(table, &ANALYZE).working(Work::Scan(self.name(table))),
                None => Impact::of(&ANALYZE).because(&WRITE).assumed(),
            },
            MaintenanceKind::Server | MaintenanceKind::Session => Impact::of(&READ),
        }
    }
}
