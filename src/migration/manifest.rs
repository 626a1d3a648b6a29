//! What a release was built from: every phase file with its digest.

use std::collections::BTreeMap;

use super::{MigrationId, NodeRef};
use crate::schema::Phase;
use crate::sql::Digest;

/// The scripts of a source tree. A release is ready for the contract of M when its manifest holds M's contract
/// with the same digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Digest by script.
    pub scripts: BTreeMap<NodeRef, Digest>,
}

impl Manifest {
    /// Whether the tree held this script with this very content.
    pub fn holds(&self, migration: &MigrationId, phase: Phase, digest: Digest) -> bool {
        let node = NodeRef { migration: migration.clone(), phase };
        self.scripts.get(&node) == Some(&digest)
    }
}
