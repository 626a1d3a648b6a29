//! Names of migrations and of their phases.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::schema::Phase;

/// The name of a migration: `20261121093000_users_full_name`. Migrations are ordered by it, by number first
/// where it begins with one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct MigrationId(Arc<str>);

impl From<String> for MigrationId {
    fn from(name: String) -> MigrationId {
        MigrationId(Arc::from(name))
    }
}

impl From<MigrationId> for String {
    fn from(id: MigrationId) -> String {
        id.0.as_ref().to_owned()
    }
}

impl MigrationId {
    /// A name as it stands in the folder.
    pub fn new(name: &str) -> MigrationId {
        MigrationId(Arc::from(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for MigrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One phase of one migration: a node of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeRef {
    /// The migration.
    pub migration: MigrationId,
    /// Its phase.
    pub phase: Phase,
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.migration, self.phase)
    }
}
