//! One read of the database for all who ask within a second: probes of a whole fleet cost as much as one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::source::{Place, Snapshot, Source};
use crate::ledger::Marker;
use crate::report::Report;

/// How old an answer may be. Kubernetes probes every ten seconds; a person who watches does not see one second.
const FRESH: Duration = Duration::from_secs(1);

/// Reads when somebody asks, at most once a second, and remembers the last success.
pub(super) struct Readings {
    source: Arc<dyn Source>,
    last: Arc<Mutex<Last>>,
}

/// What was read last, and when.
type Last = Option<(Instant, Reading)>;

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
        Readings { source, last: Arc::new(Mutex::new(None)) }
    }

    /// What is known now. Those who ask while the database is read wait for that read, which goes on when nobody waits any longer:
    /// the next who asks finds what came of it.
    pub(super) async fn now(&self) -> Reading {
        let last = Arc::clone(&self.last).lock_owned().await;
        if let Some((at, reading)) = &*last
            && at.elapsed() < FRESH
        {
            return reading.clone();
        }
        match tokio::spawn(read(Arc::clone(&self.source), last)).await {
            Ok(reading) => reading,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and with it whoever asked.
                Err(_) => std::future::pending().await,
            },
        }
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

/// Reads, and keeps what was known before until that is done.
async fn read(source: Arc<dyn Source>, mut last: OwnedMutexGuard<Last>) -> Reading {
    let answer = source.read().await;
    let (before, failing_since) = match last.take() {
        Some((_, reading)) => (reading.last, reading.failing_since),
        None => (None, None),
    };
    let reading = match answer {
        Ok(snapshot) => {
            let snapshot = Arc::new(snapshot);
            Reading { place: snapshot.place.clone(), now: Ok(Arc::clone(&snapshot)), last: Some(snapshot), failing_since: None }
        }
        Err(report) => Reading {
            place: before.as_ref().map_or_else(|| source.place(), |before| before.place.clone()),
            now: Err(Arc::from(report)),
            last: before,
            failing_since: failing_since.or_else(|| Some(Timestamp::now())),
        },
    };
    *last = Some((Instant::now(), reading.clone()));
    reading
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::source::Answer;
    use super::*;
    use crate::report::CommandName;

    /// A database that answers after a while, and says no.
    #[derive(Default)]
    struct Slow {
        reads: AtomicUsize,
    }

    impl Source for Slow {
        fn place(&self) -> Place {
            Place::default()
        }

        fn read(&self) -> Answer<'_, Result<Snapshot, Box<Report>>> {
            Box::pin(async {
                self.reads.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(300)).await;
                Err::<Snapshot, _>(Box::new(Report::new(CommandName::Status)))
            })
        }

        fn mark(&self, _: Marker) -> Answer<'_, Result<Report, Box<Report>>> {
            Box::pin(async { Err::<Report, _>(Box::new(Report::new(CommandName::Mark))) })
        }
    }

    #[tokio::test]
    async fn whoever_hangs_up_neither_ends_the_read_nor_takes_along_what_was_known() {
        let source = Arc::new(Slow::default());
        let readings = Readings::new(Arc::clone(&source) as Arc<dyn Source>);
        assert!(tokio::time::timeout(Duration::from_millis(50), readings.now()).await.is_err(), "it hung up");
        let first = readings.now().await;
        assert_eq!(source.reads.load(Ordering::SeqCst), 1, "the read of the one that hung up was waited for");
        assert!(first.now.is_err() && first.failing_since.is_some());
        tokio::time::sleep(FRESH).await;
        assert!(tokio::time::timeout(Duration::from_millis(50), readings.now()).await.is_err(), "it hung up again");
        assert_eq!(readings.now().await.failing_since, first.failing_since);
        assert_eq!(source.reads.load(Ordering::SeqCst), 2);
    }
}
