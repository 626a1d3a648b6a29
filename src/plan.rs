//! What is to be done, in which order, and whether it may be: graph, gates, steps, approval.

pub mod gate;
pub mod step;

pub use gate::{Condition, ConditionKind, Gate, GateState};
pub use step::{Resume, Step, StepKind};
