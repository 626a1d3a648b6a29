//! Views, routines, triggers, types, sequences, access, and the objects that are only counted.

#![expect(missing_docs, reason = "fields of a variant carry the name of the SQL part they hold")]

use crate::schema::expression::{Expression, Volatility};
use crate::schema::table::{TypeName, Validity};
use crate::schema::{Ident, ObjectName, Operation};

/// CREATE VIEW.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of the statement; they combine freely")]
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
    /// The output columns in their order, whatever they are; `None` when their number cannot be told from the text.
    pub shows: Option<Vec<Shown>>,
    /// Whether the database would let rows be written through it by itself: one table, no DISTINCT, GROUP BY, LIMIT, set operation.
    pub simple: bool,
}

/// One output column of a simple view.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ViewColumn {
    /// `*` of the only table.
    All,
    /// A column, perhaps under another name.
    Column { source: Ident, name: Ident },
}

/// One output column of any view.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Shown {
    /// `*` of the only relation read.
    All,
    /// One column.
    One {
        /// The name it gets; `None` where the database makes one up.
        name: Option<Ident>,
        /// The column of the only relation read that it is.
        source: Option<Ident>,
        /// The type that it is cast to.
        ty: Option<TypeName>,
    },
}

/// CREATE FUNCTION / PROCEDURE.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// The static statements of the body that change the schema or rows: what a call does.
    pub does: Vec<Operation>,
    /// Argument types as text, joined: tells overloads apart.
    pub arguments: String,
    /// How many of the last arguments may be left out.
    pub defaults: usize,
    /// What it returns, as text; empty for a procedure.
    pub returns: String,
    /// Whether the body builds statements at run time.
    pub dynamic: bool,
}

/// CREATE TRIGGER.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// What it fires on.
    pub events: Vec<TriggerEvent>,
    /// INSTEAD OF (a view's trigger).
    pub instead_of: bool,
}

/// What a trigger fires on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TriggerEvent {
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// TRUNCATE.
    Truncate,
}

/// CREATE TYPE / DOMAIN.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum AccessChange {
    /// GRANT.
    Grant { on: Vec<ObjectName> },
    /// REVOKE.
    Revoke { on: Vec<ObjectName> },
    /// ENABLE (true) or DISABLE (false) ROW LEVEL SECURITY; `forced` for FORCE and NO FORCE, which bind the owner too.
    RowSecurity { table: ObjectName, enabled: bool, forced: bool },
    /// ALTER DEFAULT PRIVILEGES: about objects that are made later.
    DefaultPrivileges,
    /// CREATE POLICY.
    CreatePolicy { name: Ident, table: ObjectName, terms: PolicyTerms },
    /// ALTER POLICY.
    AlterPolicy { name: Ident, table: ObjectName, change: PolicyChange },
    /// DROP POLICY.
    DropPolicy { name: Ident, table: ObjectName, if_exists: bool },
    /// OWNER TO.
    Owner { of: Option<ObjectName> },
    /// CREATE / ALTER / DROP ROLE or USER.
    Role { verb: Verb },
}

/// What a policy says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PolicyTerms {
    /// RESTRICTIVE.
    pub restrictive: bool,
    /// Whether it lets everybody do everything: for ALL, to PUBLIC, with conditions that always hold.
    pub open: bool,
    /// Columns and functions that its conditions name.
    pub uses: Vec<Ident>,
}

/// ALTER POLICY.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum PolicyChange {
    /// RENAME TO.
    Rename(Ident),
    /// TO, USING and WITH CHECK: whom and what it lets through.
    Terms {
        /// Columns and functions that the new conditions name.
        uses: Vec<Ident>,
    },
}

/// The verb of a statement about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Verb {
    /// CREATE.
    Create,
    /// ALTER.
    Alter,
    /// DROP.
    Drop,
}

/// Kinds of objects that are only counted, not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
