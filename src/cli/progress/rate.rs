//! How fast a backfill goes and how long it still takes, from what was seen in this process.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::report::text;

/// Over how long the rate is measured: long enough to be steady, short enough to follow a change of pace.
const WINDOW: Duration = Duration::from_secs(30);

/// Rows walked over time.
#[derive(Debug, Default)]
pub(super) struct Rate {
    seen: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// So many rows were walked in all at this time.
    pub(super) fn add(&mut self, now: Instant, walked: u64) {
        self.seen.push_back((now, walked));
        while self.seen.len() > 2 && self.seen.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            self.seen.pop_front();
        }
    }

    /// Rows a second; `None` until two chunks were seen.
    fn per_second(&self) -> Option<f64> {
        let ((start, first), (end, last)) = (self.seen.front()?, self.seen.back()?);
        let seconds = end.duration_since(*start).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rows = last.saturating_sub(*first) as f64;
        (seconds > 0.0).then(|| rows / seconds)
    }

    /// `12000 of about 20000 rows walked, 11500 changed, 4000 rows/s, about 2 s left`.
    pub(super) fn tell(&self, walked: u64, changed: u64, estimated: Option<u64>) -> String {
        let mut text = match estimated {
            // The table grew or the estimate was too low: then the estimate says nothing any more.
            Some(all) if all >= walked => format!("{walked} of about {all} rows walked, {changed} changed"),
            _ => format!("{walked} rows walked, {changed} changed"),
        };
        if let Some(rate) = self.per_second() {
            text.push_str(&format!(", {rate:.0} rows/s"));
            if let Some(left) = estimated.and_then(|all| all.checked_sub(walked)).filter(|_| rate >= 1.0) {
                #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
                let seconds = left as f64 / rate;
                text.push_str(&format!(", about {} left", text::span(Duration::from_secs_f64(seconds.min(1e9)))));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_remaining_time_follow_the_window() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.add(start, 0);
        assert_eq!(rate.tell(0, 0, Some(10_000)), "0 of about 10000 rows walked, 0 changed");
        rate.add(start + Duration::from_secs(2), 4_000);
        assert_eq!(rate.tell(4_000, 3_900, Some(10_000)), "4000 of about 10000 rows walked, 3900 changed, 2000 rows/s, about 3 s left");
    }

    #[test]
    fn an_estimate_that_was_too_low_is_not_shown() {
        assert_eq!(Rate::default().tell(11, 11, Some(10)), "11 rows walked, 11 changed");
    }
}
