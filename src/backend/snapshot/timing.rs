//! Timings as the document of the ledger holds them.

use std::time::Duration;

use serde::Deserialize;

use super::damaged;
use crate::backend::BackendError;
use crate::dialect::Work;
use crate::ledger::Timing;
use crate::schema::{Ident, ObjectName};

#[derive(Deserialize)]
pub(super) struct TimingRow {
    work: String,
    schema: String,
    relation: String,
    bytes: u64,
    millis: u64,
}

/// The word that work is stored as; `None` for what says itself how many rows it touches.
pub(in crate::backend) fn work_word(work: &Work) -> Option<&'static str> {
    match work {
        Work::Scan(_) => Some("scan"),
        Work::BuildIndex(_) => Some("index-build"),
        Work::Rewrite(_) => Some("rewrite"),
        Work::Rows(_) => None,
    }
}

impl TimingRow {
    pub(super) fn timing(self) -> Result<Timing, BackendError> {
        let schema = (!self.schema.is_empty()).then(|| Ident::stored(&self.schema));
        let table = ObjectName { schema, name: Ident::stored(&self.relation) };
        let work = match self.work.as_str() {
            "scan" => Work::Scan(table),
            "index-build" => Work::BuildIndex(table),
            "rewrite" => Work::Rewrite(table),
            other => return Err(damaged(format!("work `{other}`"))),
        };
        Ok(Timing { work, bytes: self.bytes, took: Duration::from_millis(self.millis) })
    }
}
