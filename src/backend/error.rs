//! Why a backend could not do what was asked.

use std::time::Duration;

use super::Blocker;
use crate::ledger::LeaseRecord;

/// Why a backend could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The database cannot be reached, or the connection broke.
    #[error("cannot reach {target}: {reason}")]
    Unreachable {
        /// Where, without credentials.
        target: String,
        /// The engine's message.
        reason: String,
    },
    /// Somebody else holds the lease.
    #[error("another run holds the lease: {}", holder.holder)]
    LeaseBusy {
        /// Who.
        holder: LeaseRecord,
    },
    /// The lease expired and somebody else took it: nothing of the current step was written.
    #[error("the lease was lost to another run")]
    LeaseLost,
    /// A range of a backfill was taken over by another worker: nothing of the current chunk was written.
    #[error("another worker took this range of the backfill over")]
    RangeLost,
    /// The lock was not obtained in time, after this many attempts; or a deadlock or serialization failure went on.
    #[error("{reason} ({attempts} attempts in {} s)", waited.as_secs())]
    Blocked {
        /// The engine's message.
        reason: String,
        /// How often it was tried.
        attempts: u32,
        /// How long in all.
        waited: Duration,
        /// Who held it, where the server tells.
        blockers: Vec<Blocker>,
    },
    /// The statement was cut off because the run asked for it; nothing of it stays, or the next attempt removes it.
    #[error("{place}: cut off at work")]
    CutOff {
        /// Where it stands: `path:line`.
        place: String,
    },
    /// The statement failed for good.
    #[error("{place}: {message}")]
    Statement {
        /// Where it stands: `path:line`.
        place: String,
        /// SQLSTATE or the engine's code.
        code: String,
        /// The engine's message, with detail and hint.
        message: String,
    },
    /// The tables were written by a newer version of this tool.
    #[error("the ledger has format {found}, this build writes {known}")]
    NewerLedger {
        /// The format found.
        found: u32,
        /// The format this build knows.
        known: u32,
    },
    /// The server or pooler cannot do what a safe run needs; nothing was touched.
    #[error("{reason}")]
    Unsuitable {
        /// What and why.
        reason: String,
    },
    /// A run was killed while this statement ran outside a transaction, and the catalogue cannot tell whether it ended.
    #[error("{place}: an earlier run was interrupted here and the database cannot tell whether the statement took effect: {sql}")]
    Undecided {
        /// Where it stands: `path:line`.
        place: String,
        /// Its first line.
        sql: String,
    },
    /// A row of the tool's own tables that cannot be understood.
    #[error("the ledger is damaged: {reason}")]
    Damaged {
        /// Which and why.
        reason: String,
    },
}

impl BackendError {
    /// Whether trying again later may well succeed without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            BackendError::Unreachable { .. }
            | BackendError::LeaseBusy { .. }
            | BackendError::LeaseLost
            | BackendError::RangeLost
            | BackendError::CutOff { .. }
            | BackendError::Blocked { .. } => true,
            BackendError::Statement { .. }
            | BackendError::NewerLedger { .. }
            | BackendError::Unsuitable { .. }
            | BackendError::Undecided { .. }
            | BackendError::Damaged { .. } => false,
        }
    }
}
