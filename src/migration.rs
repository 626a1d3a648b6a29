//! A migration as its folder states it: scripts by phase, order, gate settings, allowances.
//!
//! Knows files and TOML; knows no database.

pub mod abort;
pub mod bound;
pub mod cutting;
pub mod database;
pub mod endpoint;
pub mod error;
pub mod folder;
pub mod group;
pub mod id;
mod layout;
mod liquibase;
pub mod manifest;
pub mod naming;
pub mod nearest;
pub mod pacing;
pub mod project;
pub mod runner;
pub mod script;
pub mod seen;
pub mod settings;
pub mod stats;
pub mod sync;
mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod veto;

pub use abort::Abort;
pub use bound::{Bound, Comparison};
pub use cutting::{CutKind, Cutting};
pub use database::DatabaseUrl;
pub use endpoint::{Credential, Endpoint, Scheme, SecretSource};
pub use error::MigrationError;
pub use folder::{Migrations, Tree};
pub use group::{Bounds, Ending, Group, Grouping, groups};
pub use id::{MigrationId, NodeRef, NodeText};
pub use layout::LeftOut;
pub use manifest::Manifest;
pub use naming::{NamePattern, Naming};
pub use pacing::{Gait, Numbers, Pacing, Share};
pub use project::{DatabaseSource, Level, LintLevel, Project, SmallLimit};
pub use runner::Runner;
pub use script::{Part, ScriptFile, ScriptText};
pub use seen::Seen;
pub use settings::{After, Allowance, AtLeast, Requirement, Settings};
pub use stats::{Stats, TableStats, counted};
pub use sync::{Side, Sync, SyncKey};
pub use table::parse_duration;
pub use veto::{Ask, Veto, VetoKind};

use std::sync::Arc;

use crate::schema::Phase;

/// One migration: a folder with a script per phase, or a flat file that is an expand script alone.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The folder's or file's name; decides the order.
    pub id: MigrationId,
    /// One script per phase that has a file, in the order of the phases.
    pub scripts: Vec<ScriptFile>,
    /// rollback.sql, where there is one.
    pub rollback: Option<ScriptFile>,
    /// migration.toml, or its defaults.
    pub settings: Arc<Settings>,
}

impl Migration {
    /// The script of a phase, where the migration has one.
    pub fn script(&self, phase: Phase) -> Option<&ScriptFile> {
        self.scripts.iter().find(|script| script.phase == phase)
    }

    /// Whether Prisma wrote it.
    fn is_prisma(&self) -> bool {
        self.scripts.iter().any(|script| script.path.ends_with("/migration.sql"))
    }

    /// The phases that have a script, as nodes of the graph.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef> + '_ {
        self.scripts.iter().map(|script| NodeRef::new(&self.id, script.phase))
    }
}
