//! Which share of the time the backfill works, and when it rests.

use std::time::Duration;

/// Below this share a backfill would never end; who wants it slower still wants it stopped.
const LEAST: f64 = 0.05;

/// How much the share grows at a time, and how often it may.
const STEP: f64 = 0.05;
const STEP_EVERY: Duration = Duration::from_secs(5);

/// What stays of the share when a signal nears its limit, and how often that may happen.
const YIELD: f64 = 0.7;
const YIELD_EVERY: Duration = Duration::from_secs(1);

/// What stays of the share when a signal reached its limit.
const STOPPED: f64 = 0.5;

/// Work and rest in turns.
#[derive(Clone, Debug)]
pub(super) struct Duty {
    cap: f64,
    share: f64,
    /// Work that no rest paid for yet.
    owed: Duration,
    moved: Option<Duration>,
}

impl Duty {
    pub(super) fn new(cap: f64) -> Duty {
        Duty { cap, share: cap, owed: Duration::ZERO, moved: None }
    }

    /// The share that holds now.
    pub(super) fn share(&self) -> f64 {
        self.share
    }

    /// Another cap: more is reached step by step, less at once.
    pub(super) fn cap(&mut self, cap: f64) {
        self.cap = cap;
        self.share = self.share.min(cap);
    }

    /// Work was done; how long to rest now. Rests are saved up to a slice of work: many short ones cost more than they spare.
    pub(super) fn worked(&mut self, took: Duration, slice: Duration, ceiling: f64) -> Duration {
        self.owed += took;
        let share = self.share.min(ceiling);
        if share >= 1.0 {
            self.owed = Duration::ZERO;
            return Duration::ZERO;
        }
        if self.owed < slice {
            return Duration::ZERO;
        }
        std::mem::take(&mut self.owed).mul_f64((1.0 - share) / share)
    }

    /// The server has room: a little more.
    pub(super) fn grow(&mut self, now: Duration) {
        if self.may_move(now, STEP_EVERY) {
            self.share = (self.share + STEP).min(self.cap);
        }
    }

    /// A signal nears its limit: a good deal less.
    pub(super) fn give_way(&mut self, now: Duration) {
        if self.may_move(now, YIELD_EVERY) {
            self.share = (self.share * YIELD).max(LEAST.min(self.cap));
        }
    }

    /// A signal reached its limit.
    pub(super) fn stop(&mut self, now: Duration) {
        self.moved = Some(now);
        self.share = (self.share * STOPPED).max(LEAST.min(self.cap));
    }

    fn may_move(&mut self, now: Duration, every: Duration) -> bool {
        let may = self.moved.is_none_or(|moved| now.saturating_sub(moved) >= every);
        if may {
            self.moved = Some(now);
        }
        may
    }
}
