//! What was ready once stays ready when the database cannot be asked: an outage of the database is no reason to take a
//! whole fleet out of service as well.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::ledger::Release;

/// Releases that are remembered, those that were ready last: a fleet has a handful, and whoever invents names must not fill the memory.
const REMEMBERED: usize = 256;

/// What was ready once.
#[derive(Debug, Default)]
pub(super) struct Latches {
    /// Whether the schema was ahead of it when it was found ready last; the longest ago comes first.
    ready: Mutex<VecDeque<(Option<Release>, bool)>>,
}

impl Latches {
    /// Remembers a release, or with `None` the files that the server sees.
    pub(super) fn set(&self, release: Option<&Release>, ahead: bool) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.retain(|(kept, _)| kept.as_ref() != release);
        if ready.len() >= REMEMBERED {
            ready.pop_front();
        }
        ready.push_back((release.cloned(), ahead));
    }

    /// Where it was ready once: whether the schema was ahead of it then.
    pub(super) fn ahead(&self, release: Option<&Release>) -> Option<bool> {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.iter().find(|(kept, _)| kept.as_ref() == release).map(|(_, ahead)| *ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(number: usize) -> Release {
        Release { service: "api".to_owned(), version: number.to_string() }
    }

    #[test]
    fn the_longest_ago_makes_room_for_the_newest() {
        let latches = Latches::default();
        latches.set(None, false);
        for number in 0..REMEMBERED {
            latches.set(Some(&release(number)), number % 2 == 0);
            latches.set(None, true);
        }
        assert_eq!(latches.ahead(None), Some(true), "what is found ready again stays, with what is known of it now");
        assert_eq!(latches.ahead(Some(&release(0))), None);
        assert_eq!(latches.ahead(Some(&release(1))), Some(false));
        assert_eq!(latches.ahead(Some(&release(REMEMBERED - 2))), Some(true));
        assert_eq!(latches.ahead(Some(&release(REMEMBERED - 1))), Some(false));
    }
}
