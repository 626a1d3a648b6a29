//! Text → statements with byte spans → operations. The only door to the SQL parsers.
//!
//! Reading is total: what cannot be understood becomes an `Opaque` operation or a [`Problem`], never silence.

pub mod batch;
mod cursor;
pub mod digest;
pub mod directive;
mod lexer;
mod lower;
mod read;
mod reserved;
pub mod source;
mod spelling;
mod split;
pub mod statement;
mod value;
mod woven;

pub use batch::{Again, BatchPoint, CannotCut, Exclusion, TriggerText, TriggerTiming, batch_point, exclusion, meddles};
pub use digest::Digest;
pub use directive::Directive;
pub use read::read;
pub(crate) use reserved::is_reserved;
pub use source::{DecodeError, Lines, Place, Source, Span};
pub use statement::{Clause, Problem, ProblemKind, Script, Statement};
pub(crate) use value::{Value, read_name, read_value};
pub(crate) use woven::Loom;
