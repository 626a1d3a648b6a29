//! The recipes: how a change that would break somebody is made in phases that break nobody, as SQL.
//!
//! From names and what the schema knows to the statements of each phase. The cures of findings, `migrate fix` and
//! `migrate new` all write what stands here. Knows no lint, no file and no database.

mod name;
pub mod statement;

pub use name::{Spelled, derived};
