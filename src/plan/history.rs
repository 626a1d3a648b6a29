//! The project against the ledger: what was edited, removed or written by somebody else since it ran.

use std::sync::Arc;

use crate::ledger::{FORMAT, Ledger, ScriptStatus};
use crate::migration::{MigrationError, Migrations, NodeRef, ScriptFile};
use crate::schema::Phase;
use crate::sql::Digest;

/// A script that ran is not what the project says it is. Nothing is applied until it is settled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryConflict {
    /// The file was edited after it ran.
    #[error("{path} was edited after {} {node}", reached(*status))]
    Edited {
        /// The script.
        node: NodeRef,
        /// How far it came.
        status: ScriptStatus,
        /// The file.
        path: Arc<str>,
        /// What ran.
        ran: Digest,
        /// What the file holds now.
        found: Digest,
    },
    /// The script ran, its migration is here, but the file is gone.
    #[error("{node} was applied, but migration {} has no such file", node.migration)]
    FileMissing {
        /// The script.
        node: NodeRef,
    },
    /// The script ran, and no migration of that name is here.
    #[error("{node} was {}, but there is no migration {} here", if *status == ScriptStatus::Running { "begun" } else { "applied" }, node.migration)]
    UnknownMigration {
        /// The script.
        node: NodeRef,
        /// How far it came.
        status: ScriptStatus,
    },
    /// The ledger was written by a newer version of this tool.
    #[error("the ledger has format {found}, this build knows format {known}")]
    NewerLedger {
        /// The format found.
        found: u32,
        /// The format this build knows.
        known: u32,
    },
}

impl HistoryConflict {
    /// The script that it is about.
    pub fn node(&self) -> Option<&NodeRef> {
        match self {
            HistoryConflict::Edited { node, .. }
            | HistoryConflict::FileMissing { node }
            | HistoryConflict::UnknownMigration { node, .. } => Some(node),
            HistoryConflict::NewerLedger { .. } => None,
        }
    }

    /// What to do about it: a sentence that ends with a command where there is one.
    pub fn next(&self) -> String {
        match self {
            HistoryConflict::Edited { node, path, status: ScriptStatus::Running, .. } if node.phase == Phase::Expand => {
                format!("put back what that run began with (`git log -p -- {path}` shows it), {}", take_back(node))
            }
            HistoryConflict::UnknownMigration { node, status: ScriptStatus::Running } if node.phase == Phase::Expand => {
                format!("put {} back, {}", node.migration, take_back(node))
            }
            HistoryConflict::Edited { path, .. } => {
                format!(
                    "restore what ran (`git log -p -- {path}` shows it) and put the change into a migration of its own: `migrate new <slug>`"
                )
            }
            HistoryConflict::FileMissing { node } => {
                format!(
                    "restore {}.sql of {} (`git log --diff-filter=D --name-only` shows when it was removed)",
                    node.phase, node.migration
                )
            }
            HistoryConflict::UnknownMigration { node, .. } => {
                format!("update this checkout to a commit that has {}, then run `migrate status`", node.migration)
            }
            HistoryConflict::NewerLedger { .. } => "use the version of `migrate` that wrote it, or a newer one".to_owned(),
        }
    }

    /// Whether the database is merely ahead: it holds what a newer source tree has, and nothing here contradicts it.
    /// Fine for an application that starts, not for a run that writes.
    pub fn is_ahead(&self) -> bool {
        match self {
            HistoryConflict::UnknownMigration { .. } | HistoryConflict::FileMissing { .. } => true,
            HistoryConflict::Edited { .. } | HistoryConflict::NewerLedger { .. } => false,
        }
    }
}

fn reached(status: ScriptStatus) -> &'static str {
    match status {
        ScriptStatus::Running => "a run began with",
        ScriptStatus::Done | ScriptStatus::RolledBack => "it was applied as",
    }
}

/// The way out of an expand that never came to its end: it may be changed once nothing of it is left.
fn take_back(node: &NodeRef) -> String {
    format!("then `migrate rollback {}` takes away what it left: after that the migration may be changed or go", node.migration)
}

/// Compares the project with what ran. A phase file that was added later is no conflict; a script that was rolled
/// back is as if it had never run.
pub fn compare(migrations: &Migrations, ledger: &Ledger) -> Vec<HistoryConflict> {
    if ledger.format > FORMAT {
        // Rows of an unknown format say nothing that could be trusted.
        return vec![HistoryConflict::NewerLedger { found: ledger.format, known: FORMAT }];
    }
    let ran = ledger.scripts.iter().filter(|record| record.status != ScriptStatus::RolledBack);
    let conflicts = ran.filter_map(|record| {
        let node = record.node.clone();
        match (migrations.get(&node.migration), migrations.script(&node)) {
            (None, _) => Some(HistoryConflict::UnknownMigration { node, status: record.status }),
            (Some(_), None) => Some(HistoryConflict::FileMissing { node }),
            (Some(_), Some(script)) if script.digest != record.digest => {
                let (status, path) = (record.status, Arc::clone(&script.path));
                Some(HistoryConflict::Edited { node, status, path, ran: record.digest, found: script.digest })
            }
            (Some(_), Some(_)) => None,
        }
    });
    conflicts.collect()
}

/// The unified difference between a script as it ran and as it is now.
///
/// # Errors
/// When the file cannot be read.
pub fn difference(script: &ScriptFile, ran: &str) -> Result<String, MigrationError> {
    Ok(unified(&script.path, ran, &script.written()?))
}

fn unified(path: &str, ran: &str, now: &str) -> String {
    let (ran, now) = (ran.replace("\r\n", "\n"), now.replace("\r\n", "\n"));
    let difference = similar::TextDiff::from_lines(&ran, &now);
    difference.unified_diff().context_radius(3).header(&format!("{path} (applied)"), &format!("{path} (now)")).to_string()
}

#[cfg(test)]
mod tests;
