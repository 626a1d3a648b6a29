//! Who made an object: the migration, the phase and the transaction.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The part of a migration's life in which a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Adds what the new release needs; everything that runs now keeps working.
    Expand,
    /// Fills existing rows in batches.
    Backfill,
    /// Removes what no running release uses any more.
    Contract,
}

impl Phase {
    /// The phases in the order in which they run.
    pub const ALL: [Phase; 3] = [Phase::Expand, Phase::Backfill, Phase::Contract];

    /// The name used in file names, tables and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Expand => "expand",
            Phase::Backfill => "backfill",
            Phase::Contract => "contract",
        }
    }

    /// Reads the name back; `None` when it names no phase.
    pub fn from_name(name: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.as_str() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The place in the replay where an object was made or last changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The migration's id (for a loose file: its path).
    pub migration: Arc<str>,
    /// The phase whose script did it.
    pub phase: Phase,
    /// The number of the transaction within the whole replay; statements of one group share it.
    pub transaction: u32,
}

impl Origin {
    /// The origin of what existed before the replay began, or may have: no migration's id is empty.
    pub fn unseen() -> Origin {
        Origin { migration: Arc::from(""), phase: Phase::Expand, transaction: 0 }
    }

    /// Whether nobody knows who made it.
    pub fn is_unseen(&self) -> bool {
        self.migration.is_empty()
    }

    /// Whether both lie in the same phase of the same migration: one script, unseen by anybody yet.
    pub fn same_script(&self, other: &Origin) -> bool {
        self.phase == other.phase && self.same_migration(other)
    }

    /// Whether both lie in the same migration, whatever the phase.
    pub fn same_migration(&self, other: &Origin) -> bool {
        self.migration == other.migration && !self.is_unseen()
    }
}
