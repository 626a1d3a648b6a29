//! Judges scripts against the schema that they will meet: one rule per fault, levels per phase, allowances.
//!
//! Knows operations, schemas and facts; does no I/O, reads no clock and knows no parser and no terminal.

mod allowance;
mod cure;
pub mod finding;
pub mod frame;
mod hearing;
pub mod level;
mod packed;
pub mod plan_fault;
pub mod replay;
pub mod rule;
mod rules;
mod types;

pub use finding::{CureFile, Finding, Label};
pub use frame::Frame;
pub use level::{Level, LevelError, Levels};
pub use packed::PackedFindings;
pub use plan_fault::PlanFault;
pub use replay::{Allowed, Judge, Placed, Policy, Replay, ScriptReport, StatementReport};
pub use rule::{Class, LintId, Rule};
pub use rules::{ALL, rule, similar};
