//! migration.toml: what a migration says about itself beside its SQL.

use std::time::Duration;

use super::{MigrationId, NodeRef};

/// The settings of one migration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `after`: what it follows. `None` means the previous migration by name.
    pub after: Option<Vec<After>>,
    /// `requires`: releases that must be live before contract, stated by hand.
    pub requires: Vec<Requirement>,
    /// `[contract] soak`; `None` means the project's.
    pub soak: Option<Duration>,
    /// `[[allow]]`.
    pub allowances: Vec<Allowance>,
}

/// One entry of `after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// The expand phase of this migration.
    Migration(MigrationId),
    /// This phase of it.
    Node(NodeRef),
}

/// `requires = ["api >= 2.3.0"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The service.
    pub service: String,
    /// The first release that is ready.
    pub at_least: String,
}

/// `[[allow]]`: a finding that somebody answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The lint's id.
    pub lint: String,
    /// Why it is right here.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<jiff::civil::Date>,
    /// The phase it is about; `None` means all.
    pub phase: Option<crate::schema::Phase>,
}
