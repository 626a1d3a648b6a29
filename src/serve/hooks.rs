//! Hooks of controllers that roll releases out: each asks whether it may go on, in its own words.

pub(super) mod ecs;
pub(super) mod flagger;
