//! What workers of backfills said of themselves, as the document of the ledger holds it.

use jiff::Timestamp;
use serde::Deserialize;

use super::node;
use crate::backend::BackendError;
use crate::ledger::{Pulse, PulseRecord};

#[derive(Deserialize)]
pub(super) struct PulseRow {
    migration: String,
    phase: String,
    step: u32,
    worker: String,
    document: Pulse,
    at: Timestamp,
}

impl PulseRow {
    pub(super) fn record(self) -> Result<PulseRecord, BackendError> {
        let node = node(&self.migration, &self.phase)?;
        Ok(PulseRecord { node, step: self.step, worker: self.worker, pulse: self.document, at: self.at })
    }
}
