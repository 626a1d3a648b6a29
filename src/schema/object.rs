//! Everything beside tables that a migration can make: views, routines, types, sequences, schemas.

use super::table::{Knowledge, TypeName};
use super::{Expression, Ident, ObjectName, Origin, Volatility};

/// A view or a materialised view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Canonical name.
    pub name: ObjectName,
    /// Relations that its query reads, canonical names.
    pub reads: Vec<ObjectName>,
    /// Identifiers that its query names: columns and anything else. A superset, by tokens.
    pub uses: Vec<Ident>,
    /// Whether rows are stored.
    pub materialized: bool,
    /// Indexes on a materialised view.
    pub indexes: Vec<super::table::Index>,
    /// Whether every statement that touched it could be read.
    pub knowledge: Knowledge,
    /// Who made it.
    pub origin: Origin,
}

/// A function or procedure; overloads share one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routine {
    /// Canonical name.
    pub name: ObjectName,
    /// Argument types of each overload, as text.
    pub overloads: Vec<String>,
    /// The declared volatility, VOLATILE when none was written; of several overloads the most volatile.
    pub volatility: Volatility,
    /// Names used in its body. A superset, by tokens.
    pub uses: Vec<Ident>,
    /// Who made it.
    pub origin: Origin,
}

/// A user-defined type.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The text.
    pub text: String,
    /// Who added it.
    pub origin: Origin,
}

/// A sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Canonical name.
    pub name: ObjectName,
    /// OWNED BY table.column.
    pub owned_by: Option<(ObjectName, Ident)>,
    /// Who made it.
    pub origin: Origin,
}
