//! How many rows the next chunk takes. A chunk's duration is what the application's slowest write waits, so the
//! duration is the goal and the number of rows follows. Pure: durations come in, sizes go out.

use std::time::Duration;

/// The first chunk: small enough to be harmless on any table.
const START: f64 = 500.0;

/// Fewer rows than this cost more in round trips than they spare anybody.
const FLOOR: f64 = 10.0;

/// More rows than this make a transaction that a replica feels, however fast it is here.
const CEILING: f64 = 50_000.0;

/// One chunk may be this much larger than the one before.
const GROWTH: f64 = 1.5;

/// How much of the old rate stays when a new one is measured.
const MEMORY: f64 = 0.7;

/// After an obstruction, this many chunks must end well before the size grows again.
const CAUTION: u32 = 5;

/// The control law of a backfill.
#[derive(Clone, Debug)]
pub struct Pace {
    target: Duration,
    rest: Duration,
    rows: f64,
    /// Rows per second, smoothed.
    rate: Option<f64>,
    caution: u32,
}

impl Pace {
    /// A pace that aims at this duration per chunk and rests this long between two.
    pub fn new(target: Duration, rest: Duration) -> Pace {
        Pace { target: target.max(Duration::from_millis(1)), rest, rows: START, rate: None, caution: 0 }
    }

    /// How many rows the next chunk takes.
    pub fn rows(&self) -> u32 {
        // In range by construction: the size never leaves FLOOR..=CEILING.
        self.rows as u32
    }

    /// How long to leave the database alone before the next chunk.
    pub fn rest(&self) -> Duration {
        self.rest
    }

    /// Whether a chunk cannot become smaller.
    pub fn is_at_floor(&self) -> bool {
        self.rows <= FLOOR
    }

    /// Rows per second, smoothed over the last chunks.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// A chunk was committed.
    pub fn finished(&mut self, walked: u64, took: Duration) {
        let seconds = took.as_secs_f64().max(1e-6);
        if (walked as f64) < self.rows / 2.0 {
            // The rest of a table says more about the cost of a transaction than about that of a row.
            return;
        }
        let measured = walked as f64 / seconds;
        let rate = self.rate.map_or(measured, |old| MEMORY * old + (1.0 - MEMORY) * measured);
        self.rate = Some(rate);
        if took > self.target * 3 {
            self.rate = Some(measured);
            self.set(self.rows * self.target.as_secs_f64() / seconds);
            return;
        }
        let wanted = (rate * self.target.as_secs_f64()).clamp(self.rows / 2.0, self.rows * GROWTH);
        match self.caution {
            0 => self.set(wanted),
            _ => {
                self.caution -= 1;
                self.set(wanted.min(self.rows));
            }
        }
    }

    /// A chunk was rolled back: a lock time-out, a deadlock, a serialization failure or a statement time-out.
    pub fn obstructed(&mut self) {
        self.set(self.rows / 2.0);
        self.caution = CAUTION;
    }

    fn set(&mut self, rows: f64) {
        self.rows = rows.clamp(FLOOR, CEILING);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TARGET: Duration = Duration::from_millis(100);

    fn pace() -> Pace {
        Pace::new(TARGET, Duration::ZERO)
    }

    #[derive(Clone, Debug)]
    enum Happening {
        Finished(u64),
        Obstructed,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![4 => (0u64..20_000_000).prop_map(Happening::Finished), 1 => Just(Happening::Obstructed)]
    }

    proptest! {
        #[test]
        fn the_size_stays_in_bounds_and_never_leaps(story in proptest::collection::vec(happening(), 0..200)) {
            let mut pace = pace();
            for happening in story {
                let before = pace.rows();
                match happening {
                    Happening::Finished(micros) => pace.finished(u64::from(before), Duration::from_micros(micros)),
                    Happening::Obstructed => {
                        pace.obstructed();
                        prop_assert!(pace.rows() <= (before / 2).max(10));
                    }
                }
                prop_assert!((10..=50_000).contains(&pace.rows()));
                prop_assert!(f64::from(pace.rows()) <= f64::from(before) * 1.5 + 1.0);
            }
        }

        #[test]
        fn on_a_table_of_any_speed_it_settles_at_the_target(rate in 2_000.0f64..400_000.0) {
            let mut pace = pace();
            for _ in 0..60 {
                let rows = pace.rows();
                pace.finished(u64::from(rows), Duration::from_secs_f64(f64::from(rows) / rate));
            }
            let duration = f64::from(pace.rows()) / rate;
            prop_assert!((0.08..0.12).contains(&duration), "{duration}");
        }

        #[test]
        fn after_an_obstruction_it_does_not_grow_for_five_chunks(rate in 50_000.0f64..400_000.0) {
            let mut pace = pace();
            pace.obstructed();
            let small = pace.rows();
            for _ in 0..5 {
                pace.finished(u64::from(pace.rows()), Duration::from_secs_f64(f64::from(pace.rows()) / rate));
                prop_assert!(pace.rows() <= small);
            }
            pace.finished(u64::from(pace.rows()), Duration::from_secs_f64(f64::from(pace.rows()) / rate));
            prop_assert!(pace.rows() > small);
        }
    }

    #[test]
    fn far_too_slow_a_chunk_is_answered_at_once() {
        let mut pace = pace();
        pace.finished(500, Duration::from_secs(5));
        assert_eq!(pace.rows(), 10);
        assert!(pace.is_at_floor());
    }

    #[test]
    fn the_short_last_chunk_teaches_nothing() {
        let mut pace = pace();
        pace.finished(3, Duration::from_millis(90));
        assert_eq!(pace.rows(), 500);
        assert_eq!(pace.rate(), None);
    }
}
