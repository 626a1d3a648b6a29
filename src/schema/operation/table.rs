//! ALTER and CREATE TABLE: columns, constraints and the table as a whole.

#![expect(missing_docs, reason = "fields of a variant carry the name of the SQL part they hold")]

use super::index::CreateIndex;
use crate::schema::bound::PartitionBound;
use crate::schema::expression::Expression;
use crate::schema::table::{ConstraintKind, Detail, Generated, Persistence, TypeName, Validity};
use crate::schema::{Ident, ObjectName};

/// DROP of one named object.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Drop {
    /// What is dropped.
    pub name: ObjectName,
    /// IF EXISTS.
    pub if_exists: bool,
    /// CASCADE.
    pub cascade: bool,
}

/// CREATE TABLE.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of the statement; they combine freely")]
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
    /// PARTITION OF, with the rows that it takes.
    pub partition_of: Option<(ObjectName, PartitionBound)>,
    /// PARTITION BY: strategy in lower case and plain columns.
    pub partition_by: Option<(String, Vec<Ident>)>,
    /// AS SELECT …: relations read. Columns are then unknown where none were listed.
    pub as_query: Option<Vec<ObjectName>>,
    /// The default collation or character set (MySQL), lower case.
    pub charset: Option<String>,
    /// WITHOUT ROWID (SQLite).
    pub without_rowid: bool,
    /// STRICT (SQLite).
    pub strict: bool,
    /// CREATE VIRTUAL TABLE / FOREIGN TABLE: not stored as an ordinary table.
    pub foreign: bool,
}

/// A column as a statement defines it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// What else MySQL keeps of a column.
    pub details: Vec<Detail>,
}

/// ALTER TABLE … ADD COLUMN.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AddConstraint {
    /// The table, as written.
    pub table: ObjectName,
    /// The constraint. With `using_index` its columns are empty until the schema tells.
    pub constraint: NewConstraint,
    /// USING INDEX.
    pub using_index: Option<Ident>,
    /// IF NOT EXISTS (MariaDB).
    pub if_not_exists: bool,
    /// ALTER TABLE ONLY: what lies below gets no like of it.
    pub only: bool,
}

/// Which constraint a DROP names.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// RESTART of an identity's sequence.
    RestartIdentity,
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TableChange {
    /// SET / RESET (storage parameters), STATISTICS, CLUSTER ON, SET WITHOUT CLUSTER, COMMENT, AUTO_INCREMENT.
    Option,
    /// REPLICA IDENTITY.
    ReplicaIdentity,
    /// SET TABLESPACE.
    SetTablespace,
    /// SET LOGGED / UNLOGGED.
    SetLogged { logged: bool },
    /// SET ACCESS METHOD, ENGINE = of another engine, SYSTEM VERSIONING: every row is copied.
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
