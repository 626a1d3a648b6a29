//! Which pairs of scripts that the graph leaves unordered do not commute.
//!
//! Every clause is reduced to touches: an object, a part of it, and how it is touched. Two scripts commute unless a
//! touch of one and a touch of the other of the same part exclude each other. Touches are indexed by object and
//! compared only where the ways of touching can exclude each other, so the cost follows the conflicts, not the pairs.

mod access;
mod clash;
mod constraint;
mod foresee;
mod object;
mod operation;
mod rows;
mod touch;

pub(super) use clash::clashes;
pub use clash::{Clash, Side};
pub(super) use foresee::foresee;
pub(super) use touch::Touches;

#[cfg(test)]
mod tests;
