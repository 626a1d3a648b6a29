//! A migration as its folder states it: scripts by phase, order, gate settings, allowances.
//!
//! Knows files and TOML; knows no database.

pub mod group;
pub mod id;
pub mod manifest;
pub mod settings;

pub use group::{Bounds, Group, Grouping, groups};
pub use id::{MigrationId, NodeRef};
pub use manifest::Manifest;
pub use settings::{Allowance, Requirement, Settings};

use std::path::PathBuf;
use std::sync::Arc;

use crate::schema::Phase;
use crate::sql::{Digest, Source};

/// One migration: a folder with a script per phase, or a flat file that is an expand script alone.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The folder's or file's name; decides the order.
    pub id: MigrationId,
    /// One script per phase that has a file.
    pub scripts: Vec<ScriptFile>,
    /// rollback.sql, where there is one.
    pub rollback: Option<ScriptFile>,
    /// migration.toml, or its defaults.
    pub settings: Settings,
}

/// A phase's file.
#[derive(Clone, Debug)]
pub struct ScriptFile {
    /// Which phase (Expand for rollback.sql: that is what it undoes).
    pub phase: Phase,
    /// How the file is called in messages.
    pub path: Arc<str>,
    /// Over its tokens.
    pub digest: Digest,
    /// Where the text is.
    pub text: ScriptText,
}

/// Where a script's text is kept. Files are read when they are needed and dropped again, so that memory
/// follows the catalogue and not the history.
#[derive(Clone, Debug)]
pub enum ScriptText {
    /// On disk.
    File(PathBuf),
    /// In the binary.
    Embedded(Source),
}

impl Migration {
    /// The script of a phase, where the migration has one.
    pub fn script(&self, phase: Phase) -> Option<&ScriptFile> {
        self.scripts.iter().find(|script| script.phase == phase)
    }
}
