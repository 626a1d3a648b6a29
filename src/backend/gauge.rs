//! The signals of a backfill, read beside it on connections of their own until the gauge is dropped.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::backfill::signal::{Dial, Effect, Reading};
use crate::migration::pacing::throttle::{Asked, Throttle};
use crate::schema::Dialect;

/// How often signals are read.
pub const EVERY: Duration = Duration::from_secs(1);

/// What is read, and who reads it.
#[derive(Debug)]
pub struct Gauge {
    dials: Dials,
    readers: Vec<JoinHandle<()>>,
}

/// Where a reader shows what it read.
#[derive(Clone, Debug)]
pub struct Dials {
    dials: Arc<Mutex<Vec<Dial>>>,
    began: Instant,
}

impl Gauge {
    /// A gauge with a dial for each of these.
    pub fn new<'t>(throttles: impl IntoIterator<Item = &'t Throttle>) -> Gauge {
        let dials = throttles.into_iter().map(Dial::new).collect();
        Gauge { dials: Dials { dials: Arc::new(Mutex::new(dials)), began: Instant::now() }, readers: Vec::new() }
    }

    /// Starts a reader.
    pub fn start(&mut self, read: impl FnOnce(Dials) -> ReaderTask) {
        self.readers.push(tokio::spawn(read(self.dials.clone())));
    }

    /// Where readings are shown.
    pub fn dials(&self) -> &Dials {
        &self.dials
    }

    /// The time that readings are dated by.
    pub fn now(&self) -> Duration {
        self.dials.began.elapsed()
    }

    /// What the dials show.
    pub fn read(&self) -> Vec<Dial> {
        self.dials.lock().clone()
    }

    /// Waits until every dial was read once, or cannot be; at most so long.
    pub async fn settle(&self, patience: Duration) {
        let begin = Instant::now();
        let is_open = |dial: &Dial| dial.last.is_none() && dial.trouble.is_none();
        while begin.elapsed() < patience && self.dials.lock().iter().any(is_open) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// What a reader is: a loop that ends when it is dropped.
pub type ReaderTask = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Drop for Gauge {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
    }
}

impl Dials {
    /// Shows a reading.
    pub fn show(&self, name: &str, value: f64, detail: Option<String>) {
        if let Some(dial) = self.lock().iter_mut().find(|dial| dial.name == name) {
            dial.last = Some(Reading { value, detail, at: self.began.elapsed() });
            dial.trouble = None;
        }
    }

    /// Says why there is no reading.
    pub fn fail(&self, name: &str, reason: impl Into<String>) {
        if let Some(dial) = self.lock().iter_mut().find(|dial| dial.name == name) {
            dial.trouble = Some(reason.into());
        }
    }

    /// The signal cannot be read with this role: nobody misses it who did not ask for it. An application that cannot be seen is
    /// taken to be there.
    pub fn cannot(&self, name: &str, reason: &str) {
        self.leave_out(name, reason, |dial| dial.asked == Asked::ByName || dial.effect == Effect::Company);
        self.fail(name, reason);
    }

    fn leave_out(&self, name: &str, reason: &str, is_kept: impl Fn(&Dial) -> bool) {
        let mut dials = self.lock();
        let is_missed = |dial: &Dial| dial.name != name || is_kept(dial);
        if dials.iter().any(|dial| !is_missed(dial)) {
            tracing::info!(signal = name, reason, "a signal cannot be read here and is left out");
        }
        dials.retain(is_missed);
    }

    /// The signals among these that a database of this dialect is asked for. Those of another database are given up at once.
    pub fn readable(&self, throttles: &[Throttle], dialect: Dialect) -> Vec<Throttle> {
        for throttle in throttles.iter().filter(|throttle| !throttle.signal.is_of(dialect)) {
            let (name, reason) = (throttle.name(), format!("{dialect} has no such signal"));
            self.leave_out(&name, &reason, |dial| dial.asked == Asked::ByName);
            self.fail(&name, reason);
        }
        throttles.iter().filter(|throttle| throttle.signal.is_read_by(dialect)).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Dial>> {
        // A reader that panicked halfway through showing a number leaves an old number.
        self.dials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::pacing::throttle::Signal;

    fn throttle(asked: Asked) -> Throttle {
        Throttle { signal: Signal::Horizon, limit: 5.0, asked }
    }

    #[test]
    fn what_nobody_asked_for_and_cannot_be_read_is_left_out() {
        let gauge = Gauge::new(&[throttle(Asked::ByDefault)]);
        gauge.dials().cannot("horizon", "permission denied");
        assert!(gauge.read().is_empty());
        let gauge = Gauge::new(&[throttle(Asked::ByName)]);
        gauge.dials().cannot("horizon", "permission denied");
        assert_eq!(gauge.read()[0].trouble.as_deref(), Some("permission denied"));
    }

    #[tokio::test]
    async fn a_reading_ends_the_trouble() {
        let mut gauge = Gauge::new(&[throttle(Asked::ByName)]);
        gauge.dials().fail("horizon", "connection lost");
        gauge.start(|dials| Box::pin(async move { dials.show("horizon", 2.0, None) }));
        while gauge.read()[0].last.is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(gauge.read()[0].trouble, None);
        gauge.settle(Duration::from_secs(5)).await;
    }
}
