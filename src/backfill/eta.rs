//! How fast a backfill goes and how long it still takes, as a range: the last minute says one thing, the whole run another.
//! Time in which it stood still counts for neither.

use std::collections::VecDeque;
use std::time::Duration;

/// What counts as recent.
const WINDOW: Duration = Duration::from_secs(60);

/// Less than this is no measurement.
const LEAST: Duration = Duration::from_millis(500);

/// Rows walked over time, which is counted from any moment on.
#[derive(Clone, Debug)]
pub struct Progress {
    began: Duration,
    stood: Duration,
    /// Rows that earlier runs had walked.
    first: u64,
    /// Time spent and rows walked in all, at the end of each chunk of the last minute.
    seen: VecDeque<(Duration, u64)>,
}

/// Rows a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Over the last minute.
    pub recent: Option<f64>,
    /// Over the whole run.
    pub whole: Option<f64>,
}

impl Progress {
    /// Begins now, with what earlier runs had walked.
    pub fn new(now: Duration, walked: u64) -> Progress {
        Progress { began: now, stood: Duration::ZERO, first: walked, seen: VecDeque::from([(Duration::ZERO, walked)]) }
    }

    /// So many rows are walked in all.
    pub fn add(&mut self, now: Duration, walked: u64) {
        let spent = self.spent(now);
        self.seen.push_back((spent, walked));
        while self.seen.len() > 2 && self.seen.front().is_some_and(|(at, _)| spent.saturating_sub(*at) > WINDOW) {
            self.seen.pop_front();
        }
    }

    /// It stood still for so long: paused, or because of a signal.
    pub fn stood_still(&mut self, time: Duration) {
        self.stood += time;
    }

    /// How long it stood still so far.
    pub fn stood(&self) -> Duration {
        self.stood
    }

    /// Rows a second.
    pub fn rates(&self) -> Rates {
        let (Some((start, first)), Some((end, last))) = (self.seen.front(), self.seen.back()) else { return Rates::default() };
        let rate = |rows: u64, time: Duration| (time >= LEAST).then(|| rows as f64 / time.as_secs_f64());
        Rates { recent: rate(last.saturating_sub(*first), end.saturating_sub(*start)), whole: rate(last.saturating_sub(self.first), *end) }
    }

    fn spent(&self, now: Duration) -> Duration {
        now.saturating_sub(self.began).saturating_sub(self.stood)
    }
}

impl Rates {
    /// The shortest and the longest time that so many rows take.
    pub fn left(&self, rows: u64) -> Option<(Duration, Duration)> {
        let rates: Vec<f64> = [self.recent, self.whole].into_iter().flatten().filter(|rate| *rate > 0.0).collect();
        let fastest = rates.iter().copied().reduce(f64::max)?;
        let slowest = rates.iter().copied().reduce(f64::min)?;
        // A century says as well that it does not end.
        let time = |rate: f64| Duration::from_secs_f64((rows as f64 / rate).min(3.2e9));
        Some((time(fastest), time(slowest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minute_and_the_whole_run_make_the_range() {
        let begin = Duration::ZERO;
        let mut progress = Progress::new(begin, 1_000);
        assert_eq!(progress.rates(), Rates::default());
        let mut walked = 1_000;
        for second in 1..=200 {
            walked += if second <= 100 { 1_000 } else { 500 };
            progress.add(begin + Duration::from_secs(second), walked);
        }
        let rates = progress.rates();
        assert_eq!(rates, Rates { recent: Some(500.0), whole: Some(750.0) });
        assert_eq!(rates.left(7_500), Some((Duration::from_secs(10), Duration::from_secs(15))));
    }

    #[test]
    fn standing_still_is_not_slowness() {
        let begin = Duration::ZERO;
        let mut progress = Progress::new(begin, 0);
        progress.add(begin + Duration::from_secs(10), 10_000);
        progress.stood_still(Duration::from_secs(3_600));
        progress.add(begin + Duration::from_secs(3_620), 20_000);
        assert_eq!(progress.rates(), Rates { recent: Some(1_000.0), whole: Some(1_000.0) });
        assert_eq!(progress.stood(), Duration::from_secs(3_600));
    }

    #[test]
    fn nothing_is_promised_while_nothing_moves() {
        let begin = Duration::ZERO;
        let mut progress = Progress::new(begin, 0);
        progress.add(begin + Duration::from_secs(10), 0);
        assert_eq!(progress.rates().left(100), None);
    }
}
