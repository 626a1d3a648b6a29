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
    /// The last key that was handled; `None` before the first chunk. The engine's own encoding.
    pub cursor: Option<crate::backfill::KeyValue>,
    /// The key at which the walk ends, fixed at the start; `None` for an empty table.
    pub upper: Option<crate::backfill::KeyValue>,
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
