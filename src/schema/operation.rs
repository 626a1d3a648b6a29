//! What a statement does, as values that every dialect shares. Knows nothing of text.
//!
//! Matched without a wildcard in `schema::apply`, `dialect` and `plan`: a new variant is a list of compile
//! errors, and that list is the work.

#![expect(missing_docs, reason = "fields of a variant carry the name of the SQL part they hold")]

mod data;
mod index;
mod object;
mod table;

pub use data::{Block, ChangeData, DataKind, Extent, MaintenanceKind, Opaque, Setting, TransactionControl};
pub use index::{CreateIndex, IndexChange, ReindexTarget};
pub use object::{
    AccessChange, CreateRoutine, CreateTrigger, CreateView, ObjectChange, ObjectKind, PolicyChange, PolicyTerms, SequenceChange, Shown,
    TriggerEvent, TypeChange, TypeDefinition, Verb, ViewColumn,
};
pub use table::{AddColumn, AddConstraint, ColumnChange, ConstraintRef, CreateTable, Drop, NewColumn, NewConstraint, TableChange};

use strum::{EnumCount, EnumDiscriminants};

use super::bound::PartitionBound;
use super::{Ident, ObjectName};

/// One effect of a statement. `ALTER TABLE a ADD x int, DROP y` is two.
#[derive(Clone, Debug, PartialEq, Eq, EnumDiscriminants, serde::Serialize, serde::Deserialize)]
#[strum_discriminants(name(OperationKind), derive(EnumCount), doc = "What an operation is, without what it is done to.")]
pub enum Operation {
    /// CREATE TABLE, also AS SELECT, LIKE and PARTITION OF.
    CreateTable(Box<CreateTable>),
    /// DROP TABLE; one operation per table named.
    DropTable(Drop),
    /// ALTER TABLE … RENAME TO.
    RenameTable { table: ObjectName, to: Ident },
    /// ALTER TABLE … SET SCHEMA (also MySQL's rename into another database).
    MoveTable { table: ObjectName, schema: Ident },
    /// ADD COLUMN.
    AddColumn(Box<AddColumn>),
    /// DROP COLUMN.
    DropColumn { table: ObjectName, column: Ident, if_exists: bool, cascade: bool },
    /// RENAME COLUMN, and the name part of MySQL's CHANGE.
    RenameColumn { table: ObjectName, column: Ident, to: Ident },
    /// ALTER COLUMN, and MySQL's MODIFY / CHANGE.
    AlterColumn { table: ObjectName, column: Ident, change: ColumnChange },
    /// ADD CONSTRAINT, also UNIQUE / PRIMARY KEY USING INDEX.
    AddConstraint(Box<AddConstraint>),
    /// VALIDATE CONSTRAINT.
    ValidateConstraint { table: ObjectName, name: Ident },
    /// DROP CONSTRAINT, DROP FOREIGN KEY, DROP CHECK, DROP PRIMARY KEY.
    DropConstraint { table: ObjectName, constraint: ConstraintRef, if_exists: bool, cascade: bool },
    /// RENAME CONSTRAINT.
    RenameConstraint { table: ObjectName, name: Ident, to: Ident },
    /// ALTER CONSTRAINT: deferrability, enforcement, inheritance.
    AlterConstraint { table: ObjectName, name: Ident, enforced: Option<bool> },
    /// ATTACH PARTITION.
    AttachPartition { parent: ObjectName, partition: ObjectName, bound: PartitionBound },
    /// DETACH PARTITION, also CONCURRENTLY and FINALIZE.
    DetachPartition { parent: ObjectName, partition: ObjectName, concurrently: bool, finalize: bool },
    /// Anything else that ALTER TABLE can do.
    AlterTable { table: ObjectName, change: TableChange },
    /// CREATE INDEX, also MySQL's ADD INDEX.
    CreateIndex(Box<CreateIndex>),
    /// DROP INDEX; `table` is known in MySQL.
    DropIndex { index: ObjectName, table: Option<ObjectName>, concurrently: bool, if_exists: bool, cascade: bool },
    /// ALTER INDEX … RENAME TO, RENAME INDEX.
    RenameIndex { index: ObjectName, table: Option<ObjectName>, to: Ident },
    /// ALTER INDEX, other forms (SET, ATTACH PARTITION, visibility).
    AlterIndex { index: ObjectName, table: Option<ObjectName>, change: IndexChange },
    /// REINDEX.
    Reindex { target: ReindexTarget, concurrently: bool },
    /// CREATE VIEW, materialised or not.
    CreateView(Box<CreateView>),
    /// DROP VIEW, materialised or not.
    DropView { drop: Drop, materialized: bool },
    /// ALTER VIEW … RENAME TO / SET SCHEMA / RENAME COLUMN, and options.
    AlterView { view: ObjectName, change: ObjectChange },
    /// REFRESH MATERIALIZED VIEW.
    RefreshView { view: ObjectName, concurrently: bool },
    /// CREATE FUNCTION / PROCEDURE.
    CreateRoutine(Box<CreateRoutine>),
    /// DROP FUNCTION / PROCEDURE / ROUTINE; without `arguments` the only one of that name is meant.
    DropRoutine { drop: Drop, arguments: Option<String> },
    /// ALTER FUNCTION / PROCEDURE.
    AlterRoutine { routine: ObjectName, change: ObjectChange },
    /// CREATE TRIGGER.
    CreateTrigger(Box<CreateTrigger>),
    /// DROP TRIGGER; `table` is unknown in SQLite and MySQL.
    DropTrigger { trigger: ObjectName, table: Option<ObjectName>, if_exists: bool, cascade: bool },
    /// ALTER TRIGGER … RENAME TO.
    RenameTrigger { trigger: Ident, table: ObjectName, to: Ident },
    /// CREATE TYPE / DOMAIN.
    CreateType { name: ObjectName, definition: TypeDefinition },
    /// ALTER TYPE / DOMAIN.
    AlterType { name: ObjectName, change: TypeChange },
    /// DROP TYPE / DOMAIN.
    DropType { drop: Drop, domain: bool },
    /// CREATE SEQUENCE.
    CreateSequence { name: ObjectName, owned_by: Option<(ObjectName, Ident)>, if_not_exists: bool, temporary: bool },
    /// ALTER SEQUENCE.
    AlterSequence { name: ObjectName, change: SequenceChange },
    /// DROP SEQUENCE.
    DropSequence(Drop),
    /// CREATE SCHEMA.
    CreateSchema { name: Ident, if_not_exists: bool },
    /// ALTER SCHEMA.
    AlterSchema { name: Ident, change: ObjectChange },
    /// DROP SCHEMA.
    DropSchema { name: Ident, if_exists: bool, cascade: bool },
    /// GRANT, REVOKE, policies, row security, default privileges, ownership.
    Access(AccessChange),
    /// CREATE, ALTER or DROP of a kind of object that no lint follows one by one.
    OtherObject { verb: Verb, kind: ObjectKind, name: Option<ObjectName>, cascade: bool },
    /// COMMENT ON, SECURITY LABEL.
    Comment { on: Option<ObjectName> },
    /// INSERT, UPDATE, DELETE, MERGE, REPLACE, COPY FROM.
    ChangeData(Box<ChangeData>),
    /// TRUNCATE; one operation per table.
    Truncate { table: ObjectName, cascade: bool, restart_identity: bool },
    /// SELECT, VALUES, SHOW, EXPLAIN (without ANALYZE), DECLARE …: reads only, as far as can be seen.
    Query { reads: Vec<ObjectName>, functions: Vec<ObjectName> },
    /// BEGIN, COMMIT, ROLLBACK, SAVEPOINT ….
    Transaction(TransactionControl),
    /// SET, RESET, PRAGMA.
    SetSetting(Setting),
    /// LOCK TABLE(S).
    LockTable { table: ObjectName, mode: Option<String>, nowait: bool },
    /// VACUUM, ANALYZE, CLUSTER, CHECKPOINT, OPTIMIZE ….
    Maintenance { kind: MaintenanceKind, table: Option<ObjectName> },
    /// DO, or a CALL of a procedure: its static statements are operations of their own beside this one.
    Block(Block),
    /// A statement that could not be read.
    Opaque(Opaque),
}

impl Operation {
    /// What it is.
    pub fn kind(&self) -> OperationKind {
        self.into()
    }
}
