//! What exists in a database, what changes it, and the replay of one over the other.
//!
//! Knows no text, parser, driver or clock: an [`Operation`] is a value, a [`Schema`] is a value,
//! and [`Schema::apply`] turns one into the next.

mod apply;
mod backlinks;
pub mod bound;
mod calls;
pub mod comparison;
pub mod expression;
pub mod name;
pub mod object;
pub mod operation;
pub mod origin;
pub mod size;
pub mod table;
pub mod version;

mod catalogue;
mod dependents;
mod frozen;
mod layered;
mod search_path;
mod snapshot;
mod words;

pub use apply::Problem;
pub use catalogue::{Found, KeyChecks, Schema};
pub use dependents::Dependent;
pub use expression::{Expression, Volatility};
pub use name::{Dialect, Ident, ObjectName};
pub use operation::{Operation, OperationKind};
pub use origin::{Origin, Phase};
pub use version::{Flavour, Server, ServerVersion};
