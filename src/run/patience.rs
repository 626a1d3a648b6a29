//! How long to wait before the next attempt: exponential with full jitter, within a total.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Attempts at one thing.
pub(super) struct Patience {
    began: Instant,
    total: Duration,
    attempts: u32,
    delays: ExponentialBackoff,
}

impl Patience {
    /// At most `total` in all; pauses up to `first`, then twice as long each time, up to `longest`.
    pub(super) fn new(total: Duration, first: Duration, longest: Duration) -> Patience {
        let delays = ExponentialBuilder::new().with_factor(2.0).with_min_delay(first).with_max_delay(longest).without_max_times().build();
        Patience { began: Instant::now(), total, attempts: 0, delays }
    }

    /// How often it was tried.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long it has been tried.
    pub(super) fn waited(&self) -> Duration {
        self.began.elapsed()
    }

    /// After a failed attempt: the pause before the next, or `None` when the total is used up.
    pub(super) fn pause(&mut self) -> Option<Duration> {
        self.attempts += 1;
        let left = self.total.checked_sub(self.began.elapsed())?;
        // Full jitter: any length up to the delay, so that runs that failed together do not meet again.
        let delay = self.delays.next().unwrap_or(self.total).mul_f64(fastrand::f64());
        Some(delay.max(Duration::from_millis(5)).min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_end_with_the_total() {
        let longest = Duration::from_millis(400);
        let mut patience = Patience::new(Duration::from_secs(3600), Duration::from_millis(100), longest);
        let pauses: Vec<Duration> = (0..200).filter_map(|_| patience.pause()).collect();
        assert_eq!(pauses.len(), 200);
        assert!(pauses.iter().all(|pause| *pause <= longest));
        assert!(pauses[0] <= Duration::from_millis(100));
        assert!(pauses.iter().any(|pause| *pause > Duration::from_millis(200)));
        assert_eq!(patience.attempts(), 200);
        assert_eq!(Patience::new(Duration::ZERO, longest, longest).pause(), None);
    }
}
