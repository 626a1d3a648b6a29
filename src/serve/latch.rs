//! What was ready once stays ready when the database cannot be asked: an outage of the database is no reason to take a
//! whole fleet out of service as well.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::ledger::Release;

/// Releases that are remembered: a fleet has a handful, and whoever invents names must not fill the memory.
const REMEMBERED: usize = 256;

/// What was ready once.
#[derive(Debug, Default)]
pub(super) struct Latches {
    ready: Mutex<HashSet<Option<Release>>>,
}

impl Latches {
    /// Remembers a release, or with `None` the files that the server sees.
    pub(super) fn set(&self, release: Option<&Release>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.len() < REMEMBERED {
            ready.insert(release.cloned());
        }
    }

    /// Whether it was ready once.
    pub(super) fn is_set(&self, release: Option<&Release>) -> bool {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).contains(&release.cloned())
    }
}
