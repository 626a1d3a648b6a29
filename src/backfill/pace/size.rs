//! How many rows the next chunk takes.

use std::time::Duration;

/// The first chunk: small enough to be harmless on any table.
const START: f64 = 500.0;

/// Fewer rows than this cost more in round trips than they spare anybody.
const FLOOR: f64 = 10.0;

/// More rows than this make a transaction that a replica feels, however fast it is here.
const CEILING: f64 = 50_000.0;

/// Bytes of log in one chunk at most: what a replica replays in one go.
const LOG: f64 = 32e6;

/// One chunk may be this much larger than the one before.
const GROWTH: f64 = 1.5;

/// How much of the old rate stays when a new one is measured.
const MEMORY: f64 = 0.7;

/// A transaction has a price before its first row: round trips and the flush of its commit. A chunk takes at least this many times
/// that, else most of the time goes there.
const OVER_FIXED: f64 = 4.0;

/// But however slow commits are, no chunk takes longer than this because of them: rows are locked meanwhile.
const LONGEST_FOR_FIXED: f64 = 0.25;

/// How fast the price of a transaction is forgotten: it is learnt anew where chunks have become small.
const FIXED_MEMORY: f64 = 0.995;

/// After an obstruction, this many chunks must end well before the size grows again.
const CAUTION: u32 = 5;

/// A chunk's duration is what the application's slowest write waits: the duration is the goal, the size follows.
#[derive(Clone, Debug)]
pub(super) struct Size {
    rows: f64,
    /// Rows per second, smoothed.
    rate: Option<f64>,
    /// Bytes of log per row, smoothed.
    weight: Option<f64>,
    caution: u32,
    /// Seconds that a transaction takes before its first row, as far as that is known.
    fixed: f64,
}

impl Size {
    pub(super) fn new() -> Size {
        Size { rows: START, rate: None, weight: None, caution: 0, fixed: 0.0 }
    }

    pub(super) fn rows(&self) -> u32 {
        // In range by construction: the size never leaves FLOOR..=CEILING.
        self.rows as u32
    }

    pub(super) fn is_at_floor(&self) -> bool {
        self.rows <= FLOOR
    }

    pub(super) fn rate(&self) -> Option<f64> {
        self.rate
    }

    pub(super) fn weight(&self) -> Option<f64> {
        self.weight
    }

    /// A chunk was committed.
    pub(super) fn finished(&mut self, walked: u64, took: Duration, target: Duration) {
        let seconds = took.as_secs_f64().max(1e-6);
        if (walked as f64) < self.rows / 2.0 {
            // The rest of a table says more about the cost of a transaction than about that of a row.
            return;
        }
        let fixed = self.learn_fixed(seconds);
        let target = target.as_secs_f64().max((fixed * OVER_FIXED).min(LONGEST_FOR_FIXED));
        // What is left of the target for rows, and how fast these go; a tenth in any case, since both are estimates.
        let measured = walked as f64 / (seconds - fixed).max(seconds / 10.0);
        let room = (target - fixed).max(target / 10.0);
        let rate = self.rate.map_or(measured, |old| MEMORY * old + (1.0 - MEMORY) * measured);
        self.rate = Some(rate);
        if seconds > target * 3.0 {
            self.rate = Some(measured);
            self.set(self.rows * target / seconds);
            return;
        }
        let wanted = (rate * room).clamp(self.rows / 2.0, self.rows * GROWTH);
        match self.caution {
            0 => self.set(wanted),
            _ => {
                self.caution -= 1;
                self.set(wanted.min(self.rows));
            }
        }
    }

    /// What a transaction costs before its first row shows where it has hardly any rows; and no chunk takes less.
    fn learn_fixed(&mut self, seconds: f64) -> f64 {
        let known = if self.rows <= FLOOR * 2.0 { seconds } else { self.fixed * FIXED_MEMORY };
        self.fixed = known.min(seconds);
        self.fixed
    }

    /// What a chunk wrote to the log.
    pub(super) fn wrote(&mut self, walked: u64, bytes: u64) {
        if walked == 0 {
            return;
        }
        let measured = bytes as f64 / walked as f64;
        self.weight = Some(self.weight.map_or(measured, |old| MEMORY * old + (1.0 - MEMORY) * measured));
        self.set(self.rows);
    }

    /// A chunk was rolled back.
    pub(super) fn obstructed(&mut self) {
        self.set(self.rows / 2.0);
        self.caution = CAUTION;
    }

    fn set(&mut self, rows: f64) {
        let heaviest = self.weight.filter(|weight| *weight > 0.0).map_or(CEILING, |weight| LOG / weight);
        self.rows = rows.min(heaviest).clamp(FLOOR, CEILING);
    }
}
