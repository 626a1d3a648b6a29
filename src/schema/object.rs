//! Everything beside tables that a migration can make: views, routines, types, sequences, schemas.

use super::table::{Knowledge, TypeName};
use super::{Expression, Ident, ObjectName, Operation, Origin, Volatility};

/// A view or a materialised view.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct View {
    /// Canonical name.
    pub name: ObjectName,
    /// Relations that its query reads, canonical names.
    pub reads: Vec<ObjectName>,
    /// Identifiers that its query names: columns and anything else. A superset, by tokens.
    pub uses: Vec<Ident>,
    /// The output columns in their order; `None` where they cannot be told.
    pub columns: Option<Vec<OutputColumn>>,
    /// Whether the database would let rows be written through it by itself.
    pub updatable: bool,
    /// Whether rows are stored.
    pub materialized: bool,
    /// Indexes on a materialised view.
    pub indexes: Vec<super::table::Index>,
    /// Whether every statement that touched it could be read.
    pub knowledge: Knowledge,
    /// Who made it.
    pub origin: Origin,
}

/// One column that a view shows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OutputColumn {
    /// Its name; `None` where the database made one up.
    pub name: Option<Ident>,
    /// Its type, where it can be told.
    pub ty: Option<TypeName>,
}

/// A function or procedure; overloads share one entry.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Routine {
    /// Canonical name.
    pub name: ObjectName,
    /// What it is called with; in PostgreSQL there can be several.
    pub overloads: Vec<Overload>,
    /// The declared volatility, VOLATILE when none was written; of several overloads the most volatile.
    pub volatility: Volatility,
    /// Names used in its body. A superset, by tokens.
    pub uses: Vec<Ident>,
    /// What a call does to the schema and to rows; of several overloads all of it.
    pub does: Vec<Operation>,
    /// Whether it builds statements at run time.
    pub dynamic: bool,
    /// Who made it.
    pub origin: Origin,
}

impl Routine {
    /// The overload that is meant; without arguments the only one.
    pub fn overload(&self, arguments: Option<&str>) -> Option<&Overload> {
        match (arguments, self.overloads.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(arguments), overloads) => overloads.iter().find(|held| held.arguments == arguments),
        }
    }
}

impl UserType {
    /// The labels of an enum.
    pub fn enum_labels(&self) -> Option<&[Label]> {
        match &self.kind {
            UserTypeKind::Enum(labels) => Some(labels),
            UserTypeKind::Domain { .. } | UserTypeKind::Composite | UserTypeKind::Other => None,
        }
    }
}

/// One way to call a routine.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Overload {
    /// Argument types as text, joined.
    pub arguments: String,
    /// How many of the last arguments may be left out.
    pub defaults: usize,
    /// What it returns, as text; empty for a procedure.
    pub returns: String,
    /// Who made it.
    pub origin: Origin,
}

impl Overload {
    /// Whether every call of another one works with this one and yields the same kind of value.
    pub fn serves(&self, other: &Overload) -> bool {
        let of = |text: &str| text.split(',').filter(|ty| !ty.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let (mine, theirs) = (of(&self.arguments), of(&other.arguments));
        let added = mine.len().checked_sub(theirs.len());
        self.returns == other.returns
            && mine.starts_with(&theirs)
            && added.is_some_and(|added| added <= self.defaults && other.defaults + added <= self.defaults)
    }
}

/// A user-defined type.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserType {
    /// Canonical name.
    pub name: ObjectName,
    /// Which kind.
    pub kind: UserTypeKind,
    /// Whether every statement that touched it could be read.
    pub knowledge: Knowledge,
    /// Who made it.
    pub origin: Origin,
}

impl UserType {
    /// The labels of an enum; none of any other type.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        let labels: &[Label] = match &self.kind {
            UserTypeKind::Enum(labels) => labels,
            UserTypeKind::Domain { .. } | UserTypeKind::Composite | UserTypeKind::Other => &[],
        };
        labels.iter()
    }
}

/// The kinds of user-defined types.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum UserTypeKind {
    /// CREATE TYPE … AS ENUM.
    Enum(Vec<Label>),
    /// CREATE DOMAIN.
    Domain {
        /// The type below it.
        base: TypeName,
        /// NOT NULL.
        not_null: bool,
        /// DEFAULT.
        default: Option<Expression>,
        /// CHECK constraints by name where given.
        checks: Vec<(Option<Ident>, Expression)>,
    },
    /// CREATE TYPE … AS (…).
    Composite,
    /// Ranges, base types and shells.
    Other,
}

/// One label of an enum, with the place that added it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Label {
    /// The text.
    pub text: String,
    /// Who added it.
    pub origin: Origin,
}

/// A sequence.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sequence {
    /// Canonical name.
    pub name: ObjectName,
    /// OWNED BY table.column.
    pub owned_by: Option<(ObjectName, Ident)>,
    /// Who made it.
    pub origin: Origin,
}
