//! What a worker of a backfill said of itself last: how fast it goes and what holds it back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::migration::NodeRef;

/// Until when a worker that says nothing more counts as being at work.
pub const SILENCE_SECONDS: i64 = 30;

/// One worker of one backfill.
#[derive(Clone, Debug, PartialEq)]
pub struct PulseRecord {
    /// The script.
    pub node: NodeRef,
    /// The step's number within the script.
    pub step: u32,
    /// The worker: `user@host pid 12`.
    pub worker: String,
    /// What it says.
    pub pulse: Pulse,
    /// When, by the database's clock.
    pub at: Timestamp,
}

/// What a worker says of itself. Stored as it is: what an older worker does not say is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pulse {
    /// What it does.
    pub state: PulseState,
    /// The pace, as it would be written on the command line.
    pub pace: String,
    /// The share of the time in which it works.
    pub duty: f64,
    /// Rows of the next chunk.
    pub chunk_rows: u32,
    /// How long the last chunk took, in milliseconds.
    pub chunk_ms: u64,
    /// Rows a second over the last minute, pauses left out.
    pub recent_rate: Option<f64>,
    /// Rows a second over the whole run, pauses left out.
    pub whole_rate: Option<f64>,
    /// Rows a second of work, rests left out.
    pub work_rate: Option<f64>,
    /// Bytes of write-ahead log per row.
    pub log_per_row: Option<f64>,
    /// Seconds in which it stood still, paused or because of a signal.
    pub stood_seconds: u64,
    /// The signal that slows it down or stops it, with value and limit; or who paused it and why.
    pub held: Option<String>,
    /// The last thing that went wrong and was tried again.
    pub error: Option<String>,
    /// Who stood in the way then.
    pub blocker: Option<String>,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PulseState {
    /// It works, or rests between two chunks.
    #[default]
    Working,
    /// A signal is at its limit.
    Throttled,
    /// Somebody paused it.
    Paused,
    /// It came to its end, or its run stopped.
    Ended,
}

impl PulseRecord {
    /// Whether the worker is there, by the database's clock.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.pulse.state != PulseState::Ended && now.as_second() - self.at.as_second() <= SILENCE_SECONDS
    }
}
