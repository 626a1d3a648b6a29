//! Approvals as the document of the ledger holds them.

use jiff::Timestamp;
use serde::Deserialize;

use super::digest;
use crate::backend::BackendError;
use crate::ledger::ApprovalRecord;
use crate::migration::MigrationId;

#[derive(Deserialize)]
pub(super) struct ApprovalRow {
    migration: String,
    digest: String,
    reason: String,
    actor: String,
    at: Timestamp,
}

impl ApprovalRow {
    pub(super) fn record(self) -> Result<ApprovalRecord, BackendError> {
        let digest = digest(&self.digest)?;
        Ok(ApprovalRecord { migration: MigrationId::new(&self.migration), digest, reason: self.reason, actor: self.actor, at: self.at })
    }
}
