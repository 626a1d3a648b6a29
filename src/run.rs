//! Executes an approved plan: lease, step, record, next. Tells what happens as [`Event`]s.

pub mod event;

pub use event::{Event, Observer};
