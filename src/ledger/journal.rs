//! Scripts, statements and backfill jobs as they were recorded.

use jiff::Timestamp;

use crate::migration::NodeRef;
use crate::sql::Digest;

/// A script that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptRecord {
    /// Which.
    pub node: NodeRef,
    /// Its digest when it was started.
    pub digest: Digest,
    /// How far it is.
    pub status: ScriptStatus,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Who started it: `user@host`.
    pub actor: String,
    /// The evidence that opened its gate, as JSON (contract).
    pub evidence: Option<String>,
}

/// How far a script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptStatus {
    /// Started; its journal says how far.
    Running,
    /// Ran to its end.
    Done,
    /// Was undone.
    RolledBack,
}

/// One statement of a script that is not finished: intent before, result after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// The script.
    pub node: NodeRef,
    /// The step's number within the script, from zero.
    pub step: u32,
    /// The digest of the step's text.
    pub digest: Digest,
    /// What is known of it.
    pub state: JournalState,
    /// When that was written.
    pub at: Timestamp,
}

/// What the journal knows of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalState {
    /// It was about to run outside a transaction: whether it did, only the catalogue can tell.
    Intended,
    /// It ran.
    Done,
    /// It failed.
    Failed {
        /// SQLSTATE or the engine's code.
        code: String,
        /// The engine's message.
        message: String,
    },
}

/// A backfill job: how far it is and what it walks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// The script.
    pub node: NodeRef,
    /// The step's number within the script.
    pub step: u32,
    /// The digest of the statement.
    pub digest: Digest,
    /// How often the table was begun to be walked.
    pub round: u32,
    /// Parts that the table was cut into for this walk.
    pub ranges: u32,
    /// Parts that are done.
    pub ranges_done: u32,
    /// Parts that a worker holds at this moment.
    pub ranges_held: u32,
    /// Rows that the statement changed so far.
    pub rows_changed: u64,
    /// Rows walked so far.
    pub rows_walked: u64,
    /// Rows estimated at the start.
    pub rows_estimated: Option<u64>,
    /// Chunks so far.
    pub chunks: u64,
    /// Whether the walk reached its end and the proof found nothing left.
    pub done: bool,
    /// When it was last written.
    pub at: Timestamp,
}

/// A row that a backfill could not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoisonRecord {
    /// The script.
    pub node: NodeRef,
    /// The step's number within the script.
    pub step: u32,
    /// Its key, as it is shown.
    pub key: String,
    /// SQLSTATE or the engine's code.
    pub code: String,
    /// The engine's message without values.
    pub message: String,
    /// When it was last tried.
    pub at: Timestamp,
}

/// What somebody asked of the backfills of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlRecord {
    /// Whose.
    pub migration: crate::migration::MigrationId,
    /// What.
    pub wish: Wish,
    /// The pace that was asked for, as it was written.
    pub pace: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// What a backfill is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Go on.
    Run,
    /// Rest before the next chunk until somebody says otherwise.
    Pause,
    /// End at the next safe point.
    Cancel,
}

impl Wish {
    /// Every wish.
    pub const ALL: [Wish; 3] = [Wish::Run, Wish::Pause, Wish::Cancel];

    /// The word that it is stored as.
    pub fn as_str(self) -> &'static str {
        match self {
            Wish::Run => "run",
            Wish::Pause => "pause",
            Wish::Cancel => "cancel",
        }
    }

    /// Reads the word back.
    pub fn from_name(name: &str) -> Option<Wish> {
        Wish::ALL.into_iter().find(|wish| wish.as_str() == name)
    }
}
