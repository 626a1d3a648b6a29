//! What a statement does, as values that every dialect shares. Knows nothing of text.
//!
//! Matched without a wildcard in `schema::apply`, `dialect` and `plan`: a new variant is a list of compile
//! errors, and that list is the work.

#![expect(missing_docs, reason = "fields of a variant carry the name of the SQL part they hold")]

use super::expression::{Expression, Volatility};
use super::table::{ConstraintKind, Generated, IndexKey, Persistence, TypeName, Validity};
use super::{Ident, ObjectName};

/// One effect of a statement. `ALTER TABLE a ADD x int, DROP y` is two.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    AttachPartition { parent: ObjectName, partition: ObjectName, default: bool },
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
    /// CREATE [MATERIALIZED] VIEW.
    CreateView(Box<CreateView>),
    /// DROP [MATERIALIZED] VIEW.
    DropView { drop: Drop, materialized: bool },
    /// ALTER VIEW … RENAME TO / SET SCHEMA / RENAME COLUMN, and options.
    AlterView { view: ObjectName, change: ObjectChange },
    /// REFRESH MATERIALIZED VIEW.
    RefreshView { view: ObjectName, concurrently: bool },
    /// CREATE FUNCTION / PROCEDURE.
    CreateRoutine(Box<CreateRoutine>),
    /// DROP FUNCTION / PROCEDURE / ROUTINE.
    DropRoutine(Drop),
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

/// DROP of one named object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// What is dropped.
    pub name: ObjectName,
    /// IF EXISTS.
    pub if_exists: bool,
    /// CASCADE.
    pub cascade: bool,
}

/// CREATE TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTable {
    /// As written.
    pub name: ObjectName,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Permanent, unlogged or temporary.
    pub persistence: Persistence,
    /// In order.
    pub columns: Vec<NewColumn>,
    /// Table constraints, and column constraints other than NOT NULL / DEFAULT / GENERATED.
    pub constraints: Vec<NewConstraint>,
    /// MySQL's inline KEY / INDEX definitions.
    pub indexes: Vec<CreateIndex>,
    /// LIKE tables.
    pub like: Vec<ObjectName>,
    /// INHERITS tables.
    pub inherits: Vec<ObjectName>,
    /// PARTITION OF, with whether it is the DEFAULT partition.
    pub partition_of: Option<(ObjectName, bool)>,
    /// PARTITION BY: strategy in lower case and plain columns.
    pub partition_by: Option<(String, Vec<Ident>)>,
    /// AS SELECT …: relations read. Columns are then unknown where none were listed.
    pub as_query: Option<Vec<ObjectName>>,
    /// WITHOUT ROWID (SQLite).
    pub without_rowid: bool,
    /// CREATE VIRTUAL TABLE / FOREIGN TABLE: not stored as an ordinary table.
    pub foreign: bool,
}

/// A column as a statement defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name.
    pub name: Ident,
    /// Its type; `None` where none was written (SQLite).
    pub ty: Option<TypeName>,
    /// NOT NULL.
    pub not_null: bool,
    /// DEFAULT.
    pub default: Option<Expression>,
    /// GENERATED, serial, AUTO_INCREMENT.
    pub generated: Generated,
    /// COLLATE.
    pub collation: Option<ObjectName>,
    /// FIRST or AFTER (MySQL).
    pub positioned: bool,
}

/// ALTER TABLE … ADD COLUMN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddColumn {
    /// The table, as written.
    pub table: ObjectName,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The column.
    pub column: NewColumn,
    /// Constraints written with the column: CHECK, UNIQUE, PRIMARY KEY, REFERENCES.
    pub constraints: Vec<NewConstraint>,
}

/// A constraint as a statement defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConstraint {
    /// CONSTRAINT name.
    pub name: Option<Ident>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// NOT VALID, NOT ENFORCED or neither.
    pub validity: Validity,
    /// DEFERRABLE.
    pub deferrable: bool,
}

/// ALTER TABLE … ADD CONSTRAINT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddConstraint {
    /// The table, as written.
    pub table: ObjectName,
    /// The constraint. With `using_index` its columns are empty until the schema tells.
    pub constraint: NewConstraint,
    /// USING INDEX.
    pub using_index: Option<Ident>,
    /// IF NOT EXISTS (MariaDB).
    pub if_not_exists: bool,
}

/// Which constraint a DROP names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintRef {
    /// By name.
    Named(Ident),
    /// DROP PRIMARY KEY.
    PrimaryKey,
    /// DROP FOREIGN KEY name.
    ForeignKey(Ident),
    /// DROP CHECK name.
    Check(Ident),
}

/// ALTER COLUMN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnChange {
    /// SET DATA TYPE.
    SetType { ty: TypeName, using: Option<Expression>, collation: Option<ObjectName> },
    /// SET DEFAULT.
    SetDefault(Expression),
    /// DROP DEFAULT.
    DropDefault,
    /// SET NOT NULL.
    SetNotNull,
    /// DROP NOT NULL.
    DropNotNull,
    /// ADD GENERATED … AS IDENTITY, SET GENERATED ….
    SetIdentity(Generated),
    /// DROP IDENTITY.
    DropIdentity { if_exists: bool },
    /// DROP EXPRESSION.
    DropExpression { if_exists: bool },
    /// SET EXPRESSION AS (…) (PostgreSQL 17).
    SetExpression(Expression),
    /// SET STORAGE, COMPRESSION, options of an identity or a foreign column, visibility: nothing an application sees.
    Storage,
    /// SET STATISTICS, SET (n_distinct = …): what the planner assumes.
    Statistics,
    /// MySQL's MODIFY / CHANGE: the whole column is stated again.
    Redefine { column: Box<NewColumn>, constraints: Vec<NewConstraint> },
}

/// ALTER TABLE, forms that are about the table as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableChange {
    /// SET / RESET (storage parameters), STATISTICS, CLUSTER ON, SET WITHOUT CLUSTER, COMMENT, AUTO_INCREMENT.
    Option,
    /// REPLICA IDENTITY.
    ReplicaIdentity,
    /// SET TABLESPACE.
    SetTablespace,
    /// SET LOGGED / UNLOGGED.
    SetLogged { logged: bool },
    /// SET ACCESS METHOD, ENGINE =.
    SetEngine,
    /// ROW_FORMAT, FORCE, KEY_BLOCK_SIZE …: MySQL rebuilds.
    Rebuild,
    /// CONVERT TO CHARACTER SET, DEFAULT CHARACTER SET.
    Charset { convert: bool },
    /// INHERIT / NO INHERIT.
    Inherit { parent: ObjectName, add: bool },
    /// OF type / NOT OF.
    OfType,
    /// ENABLE / DISABLE TRIGGER; `None` is ALL or USER.
    Trigger { name: Option<Ident>, enabled: bool },
    /// ENABLE / DISABLE RULE.
    Rule { enabled: bool },
    /// MySQL's DISABLE / ENABLE KEYS.
    Keys { enabled: bool },
    /// MySQL's partition maintenance: ADD / DROP / REORGANIZE / TRUNCATE PARTITION, PARTITION BY ….
    Partitions { drops_rows: bool },
    /// ALGORITHM= / LOCK= of MySQL's ALTER TABLE, upper case.
    Algorithm { algorithm: Option<String>, lock: Option<String> },
}

/// CREATE INDEX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateIndex {
    /// Its name, where one was given.
    pub name: Option<Ident>,
    /// The table or materialised view, as written.
    pub table: ObjectName,
    /// What it covers.
    pub keys: Vec<IndexKey>,
    /// INCLUDE.
    pub include: Vec<Ident>,
    /// WHERE.
    pub predicate: Option<Expression>,
    /// UNIQUE.
    pub unique: bool,
    /// CONCURRENTLY.
    pub concurrently: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ON ONLY.
    pub only: bool,
    /// USING, lower case; `fulltext` and `spatial` for MySQL's own kinds; `btree` when nothing was written.
    pub method: String,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// ALGORITHM= / LOCK= of MySQL, upper case.
    pub algorithm: Option<String>,
    /// LOCK= of MySQL, upper case.
    pub lock: Option<String>,
}

/// ALTER INDEX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexChange {
    /// ATTACH PARTITION.
    Attach { child: ObjectName },
    /// SET / RESET, STATISTICS, DEPENDS ON EXTENSION.
    Option,
    /// SET TABLESPACE.
    SetTablespace,
    /// VISIBLE / INVISIBLE / IGNORED.
    Visibility { visible: bool },
}

/// What REINDEX rebuilds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReindexTarget {
    /// REINDEX INDEX.
    Index(ObjectName),
    /// REINDEX TABLE.
    Table(ObjectName),
    /// REINDEX SCHEMA, DATABASE, SYSTEM.
    Wider,
}

/// CREATE VIEW.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateView {
    /// As written.
    pub name: ObjectName,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// MATERIALIZED.
    pub materialized: bool,
    /// TEMPORARY.
    pub temporary: bool,
    /// Relations read, as written.
    pub reads: Vec<ObjectName>,
    /// Identifiers in the query.
    pub uses: Vec<Ident>,
    /// The output columns where every one is a plain column of the only table read, under the name it gets;
    /// `None` when some are computed or a `*` stands there with other items.
    pub columns: Option<Vec<ViewColumn>>,
    /// Whether the database would let rows be written through it by itself: one table, no DISTINCT, GROUP BY, LIMIT, set operation.
    pub simple: bool,
}

/// One output column of a simple view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewColumn {
    /// `*` of the only table.
    All,
    /// A column, perhaps under another name.
    Column { source: Ident, name: Ident },
}

/// CREATE FUNCTION / PROCEDURE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRoutine {
    /// As written.
    pub name: ObjectName,
    /// OR REPLACE.
    pub or_replace: bool,
    /// PROCEDURE rather than FUNCTION.
    pub procedure: bool,
    /// Declared volatility.
    pub volatility: Volatility,
    /// Names used in the body.
    pub uses: Vec<Ident>,
    /// Argument types as text, joined: tells overloads apart.
    pub arguments: String,
    /// Whether the body builds statements at run time.
    pub dynamic: bool,
}

/// CREATE TRIGGER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTrigger {
    /// Its name.
    pub name: ObjectName,
    /// The table, as written.
    pub table: ObjectName,
    /// EXECUTE FUNCTION.
    pub function: Option<ObjectName>,
    /// Names used in the body or WHEN.
    pub uses: Vec<Ident>,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// INSTEAD OF (a view's trigger).
    pub instead_of: bool,
}

/// CREATE TYPE / DOMAIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeDefinition {
    /// AS ENUM.
    Enum(Vec<String>),
    /// A domain.
    Domain { base: TypeName, not_null: bool, default: Option<Expression>, checks: Vec<(Option<Ident>, Expression)> },
    /// AS (…).
    Composite,
    /// RANGE, base types, shells.
    Other,
}

/// ALTER TYPE / DOMAIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeChange {
    /// ADD VALUE.
    AddLabel { label: String, if_not_exists: bool },
    /// RENAME VALUE.
    RenameLabel { label: String, to: String },
    /// ADD / DROP / ALTER / RENAME ATTRIBUTE.
    Attribute,
    /// RENAME TO.
    Rename(Ident),
    /// SET SCHEMA.
    Move(Ident),
    /// Domain: ADD CONSTRAINT.
    AddCheck { name: Option<Ident>, check: Expression, validity: Validity },
    /// Domain: SET NOT NULL.
    SetNotNull,
    /// Domain: DROP NOT NULL, DROP CONSTRAINT.
    Relax { constraint: Option<Ident> },
    /// Domain: VALIDATE CONSTRAINT.
    Validate(Ident),
    /// Domain: SET / DROP DEFAULT.
    Default(Option<Expression>),
    /// Owner, options, RENAME CONSTRAINT.
    Other,
}

/// ALTER SEQUENCE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SequenceChange {
    /// OWNED BY.
    OwnedBy(Option<(ObjectName, Ident)>),
    /// RESTART, or START with RESTART.
    Restart,
    /// RENAME TO.
    Rename(Ident),
    /// SET SCHEMA.
    Move(Ident),
    /// AS type, INCREMENT, MINVALUE, CACHE, OWNER ….
    Option,
}

/// ALTER of a view, routine or schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectChange {
    /// RENAME TO.
    Rename(Ident),
    /// RENAME COLUMN.
    RenameColumn { column: Ident, to: Ident },
    /// SET SCHEMA.
    Move(Ident),
    /// Owner, options, defaults of a view's columns.
    Option,
}

/// Changes of who may do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessChange {
    /// GRANT, ALTER DEFAULT PRIVILEGES … GRANT.
    Grant { on: Vec<ObjectName> },
    /// REVOKE.
    Revoke { on: Vec<ObjectName> },
    /// ENABLE / FORCE (true) or DISABLE / NO FORCE (false) ROW LEVEL SECURITY.
    RowSecurity { table: ObjectName, enabled: bool },
    /// CREATE POLICY.
    CreatePolicy { name: Ident, table: ObjectName, restrictive: bool },
    /// ALTER POLICY.
    AlterPolicy { name: Ident, table: ObjectName },
    /// DROP POLICY.
    DropPolicy { name: Ident, table: ObjectName },
    /// OWNER TO.
    Owner { of: Option<ObjectName> },
    /// CREATE / ALTER / DROP ROLE or USER.
    Role { verb: Verb },
}

/// The verb of a statement about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// CREATE.
    Create,
    /// ALTER.
    Alter,
    /// DROP.
    Drop,
}

/// Kinds of objects that are only counted, not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    AccessMethod,
    Aggregate,
    Cast,
    Collation,
    Conversion,
    Database,
    Event,
    EventTrigger,
    Extension,
    ForeignDataWrapper,
    Language,
    LargeObject,
    Operator,
    OperatorClass,
    OperatorFamily,
    Publication,
    Rule,
    Server,
    Statistics,
    Subscription,
    Tablespace,
    TextSearch,
    Transform,
    UserMapping,
}

/// INSERT, UPDATE, DELETE, MERGE, REPLACE, COPY FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeData {
    /// Which.
    pub kind: DataKind,
    /// The table that is written, as written.
    pub table: ObjectName,
    /// Other relations read.
    pub reads: Vec<ObjectName>,
    /// Columns assigned (UPDATE SET, INSERT column list); empty when INSERT lists none.
    pub columns: Vec<Ident>,
    /// Identifiers in the statement other than the columns that are only assigned: whatever it may read.
    /// A superset, by tokens.
    pub uses: Vec<Ident>,
    /// Which rows.
    pub extent: Extent,
    /// The WHERE condition.
    pub condition: Option<Expression>,
    /// ON CONFLICT / ON DUPLICATE KEY / INSERT IGNORE.
    pub conflict_guard: bool,
    /// Whether it stands inside EXPLAIN ANALYZE or a WITH of a SELECT.
    pub nested: bool,
}

/// The kinds of data changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// INSERT … VALUES or DEFAULT VALUES.
    Insert,
    /// INSERT … SELECT.
    InsertSelect,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// MERGE.
    Merge,
    /// REPLACE, INSERT OR REPLACE.
    Replace,
    /// COPY … FROM, LOAD DATA.
    Copy,
}

/// How many rows a data change can touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// This many literal rows.
    Rows(usize),
    /// Rows chosen by a condition.
    Condition,
    /// Every row: no WHERE, or one that always holds.
    All,
}

/// Transaction control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionControl {
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END.
    Commit,
    /// ROLLBACK, ABORT.
    Rollback,
    /// SAVEPOINT, RELEASE, ROLLBACK TO.
    Savepoint,
    /// PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED.
    TwoPhase,
    /// SET TRANSACTION, SET CONSTRAINTS.
    Set,
}

/// SET, RESET, PRAGMA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Lower case: `search_path`, `lock_timeout`, `foreign_keys`.
    pub name: String,
    /// The values as written, without quotes; empty for RESET and a reading PRAGMA.
    pub values: Vec<String>,
    /// SET LOCAL.
    pub local: bool,
}

/// Statements that tend storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaintenanceKind {
    /// VACUUM.
    Vacuum,
    /// VACUUM FULL; SQLite's and MySQL's whole rebuilds (OPTIMIZE TABLE).
    VacuumFull,
    /// ANALYZE.
    Analyze,
    /// CLUSTER.
    Cluster,
    /// CHECKPOINT, DISCARD, LISTEN, NOTIFY, LOAD, FLUSH ….
    Session,
}

/// DO or CALL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Whether part of it is built at run time (EXECUTE of anything but a constant).
    pub dynamic: bool,
    /// The procedure called; `None` for DO.
    pub calls: Option<ObjectName>,
}

/// A statement that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// Why.
    pub reason: String,
    /// Names that stand in it: replay no longer trusts what it knows about these.
    pub names: Vec<ObjectName>,
}
