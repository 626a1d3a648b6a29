//! One read of the database for all who ask within a second: probes of a whole fleet cost as much as one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::source::{Place, Snapshot, Source};
use crate::ledger::Marker;
use crate::report::Report;

/// How old an answer may be. Kubernetes probes every ten seconds; a person who watches does not see one second.
const FRESH: Duration = Duration::from_secs(1);

/// Reads when somebody asks, at most once a second, and remembers the last success.
pub(super) struct Readings {
    source: Arc<dyn Source>,
    last: Mutex<Option<(Instant, Reading)>>,
}

/// What is known at a moment.
#[derive(Clone)]
pub(super) struct Reading {
    /// What it is about.
    pub(super) place: Place,
    /// What was read just now, or why nothing could be read.
    pub(super) now: Result<Arc<Snapshot>, Arc<Report>>,
    /// What was read last with success, which may be long ago.
    pub(super) last: Option<Arc<Snapshot>>,
    /// Since when nothing can be read.
    pub(super) failing_since: Option<Timestamp>,
}

impl Readings {
    pub(super) fn new(source: Arc<dyn Source>) -> Readings {
        Readings { source, last: Mutex::new(None) }
    }

    /// What is known now. Those who ask while the database is read wait for that read.
    pub(super) async fn now(&self) -> Reading {
        let mut last = self.last.lock().await;
        if let Some((at, reading)) = &*last
            && at.elapsed() < FRESH
        {
            return reading.clone();
        }
        let (before, failing_since) = match last.take() {
            Some((_, reading)) => (reading.last, reading.failing_since),
            None => (None, None),
        };
        let reading = match self.source.read().await {
            Ok(snapshot) => {
                let snapshot = Arc::new(snapshot);
                Reading { place: snapshot.place.clone(), now: Ok(Arc::clone(&snapshot)), last: Some(snapshot), failing_since: None }
            }
            Err(report) => Reading {
                place: before.as_ref().map_or_else(|| self.source.place(), |before| before.place.clone()),
                now: Err(Arc::from(report)),
                last: before,
                failing_since: failing_since.or_else(|| Some(Timestamp::now())),
            },
        };
        *last = Some((Instant::now(), reading.clone()));
        reading
    }

    /// Appends a marker; whoever asks next sees it.
    pub(super) async fn mark(&self, marker: Marker) -> Result<Report, Box<Report>> {
        let answer = self.source.mark(marker).await;
        if let Some((at, _)) = &mut *self.last.lock().await
            && let Some(stale) = at.checked_sub(FRESH)
        {
            *at = stale;
        }
        answer
    }
}
