//! Is the schema ready for a build? What the build was made from against what ran. No connection.

use super::{Ledger, ScriptStatus};
use crate::migration::{Manifest, NodeRef};
use crate::schema::Phase;

/// What an application needs to know before it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Everything that this build expands is there.
    Ready {
        /// Whether the database knows migrations that this build does not: it is older than the schema, as after a
        /// roll-back. That is fine; every open migration keeps the shape that it needs.
        ahead: bool,
    },
    /// Expand scripts of this build did not run yet.
    Behind {
        /// They.
        missing: Vec<NodeRef>,
    },
    /// A contract took away what this build still uses: it was built before that contract was written.
    Contracted {
        /// The contracts.
        removed: Vec<NodeRef>,
    },
}

impl Readiness {
    /// Whether the application may serve.
    pub fn is_ready(&self) -> bool {
        matches!(self, Readiness::Ready { .. })
    }

    /// Compares what a build was made from with what a database says ran.
    pub fn of(build: &Manifest, ledger: &Ledger) -> Readiness {
        let expands = build.scripts.keys().filter(|node| node.phase == Phase::Expand);
        let missing: Vec<NodeRef> = expands.filter(|node| !ledger.is_done(node)).cloned().collect();
        if !missing.is_empty() {
            return Readiness::Behind { missing };
        }
        let done = || ledger.scripts.iter().filter(|record| record.status == ScriptStatus::Done).map(|record| &record.node);
        let unknown = |node: &&NodeRef| !build.scripts.contains_key(*node);
        let knows = |node: &NodeRef| {
            [Phase::Expand, Phase::Backfill, Phase::Contract].iter().any(|phase| build.digest(&node.migration, *phase).is_some())
        };
        // A build that does not know a migration at all was made for the shape before it, or lives in a repository
        // without migrations; a build that knows it and not its contract still uses the old shape.
        let removed: Vec<NodeRef> = done().filter(|node| node.phase == Phase::Contract && knows(node)).filter(unknown).cloned().collect();
        if !removed.is_empty() {
            return Readiness::Contracted { removed };
        }
        Readiness::Ready { ahead: done().any(|node| unknown(&node)) }
    }
}
