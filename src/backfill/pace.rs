//! The control law of a backfill: how many rows the next chunk takes, how long to rest behind it, and when to stand still.
//!
//! Pure: durations and readings come in (`now` is counted from any moment on), sizes and rests go out. A chunk aims at a duration, since that is what the
//! application's slowest write waits; a share of the time is left to the application; signals slow all of it down.

mod brake;
mod duty;
#[cfg(test)]
mod simulation;
mod size;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::backfill::signal::Dial;
use crate::migration::Numbers;
use brake::{Brake, Say};
use duty::Duty;
use size::Size;

/// The control law.
#[derive(Clone, Debug)]
pub struct Pace {
    numbers: Numbers,
    size: Size,
    duty: Duty,
    brake: Brake,
    ceiling: f64,
    /// How many share what the signals allow.
    workers: u32,
    rest: Duration,
}

/// Whether the next chunk may run.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It may. What holds the pace back, if anything does.
    Go(Option<String>),
    /// Not now: what stands in the way.
    Wait(String),
}

impl Pace {
    /// The pace with these numbers.
    pub fn new(numbers: Numbers) -> Pace {
        Pace {
            numbers,
            size: Size::new(),
            duty: Duty::new(numbers.duty.get()),
            brake: Brake::default(),
            ceiling: 1.0,
            workers: 1,
            rest: Duration::ZERO,
        }
    }

    /// The pace of one of several workers: what the signals allow is the share of all of them.
    #[must_use]
    pub fn among(mut self, workers: u32) -> Pace {
        self.workers = workers.max(1);
        self
    }

    /// Other numbers from now on; what was learnt of the table stays.
    pub fn change(&mut self, numbers: Numbers) {
        self.duty.cap(numbers.duty.get());
        self.numbers = numbers;
    }

    /// How long a chunk should take.
    pub fn target(&self) -> Duration {
        self.numbers.target
    }

    /// How many rows the next chunk takes.
    pub fn rows(&self) -> u32 {
        self.size.rows()
    }

    /// How long to leave the database alone before the next chunk.
    pub fn rest(&self) -> Duration {
        self.rest
    }

    /// The share of the time in which it works now.
    pub fn duty(&self) -> f64 {
        self.duty.share().min(self.ceiling)
    }

    /// The largest share of the time that the signals allow now.
    pub fn ceiling(&self) -> f64 {
        self.ceiling
    }

    /// Whether a chunk cannot become smaller.
    pub fn is_at_floor(&self) -> bool {
        self.size.is_at_floor()
    }

    /// Rows per second of work, smoothed over the last chunks.
    pub fn rate(&self) -> Option<f64> {
        self.size.rate()
    }

    /// Bytes of write-ahead log per row, smoothed; `None` where nobody counts them.
    pub fn weight(&self) -> Option<f64> {
        self.size.weight()
    }

    /// A chunk was committed; `log` is what it wrote to the write-ahead log, where that is known.
    pub fn finished(&mut self, walked: u64, took: Duration, log: Option<u64>) {
        self.size.finished(walked, took, self.numbers.target);
        self.rest = self.duty.worked(took, self.numbers.slice, self.ceiling);
        let Some(bytes) = log else { return };
        self.size.wrote(walked, bytes);
        if let Some(budget) = self.numbers.wal {
            let due = Duration::from_secs_f64(bytes as f64 / (budget as f64).max(1.0));
            self.rest = self.rest.max(due.saturating_sub(took));
        }
    }

    /// A chunk was rolled back: a lock time-out, a deadlock, a serialization failure or a statement time-out.
    pub fn obstructed(&mut self) {
        self.size.obstructed();
    }

    /// Looks at the signals before the next chunk.
    pub fn look(&mut self, now: Duration, dials: &[Dial]) -> Verdict {
        let was_on = self.brake.is_on();
        let say = self.brake.look(now, dials);
        let (ceiling, cap) = brake::ceiling(now, dials, self.numbers.beside.map(|share| share.get()));
        self.ceiling = if cap.is_some() { ceiling / f64::from(self.workers) } else { ceiling };
        let worst = || brake::worst(now, dials).map(|(dial, _)| dial.tell(now)).unwrap_or_default();
        match say {
            Say::Room => self.duty.grow(now),
            Say::Hold => {}
            Say::GiveWay => self.duty.give_way(now),
            Say::Stop => {
                if !was_on {
                    self.duty.stop(now);
                }
                return Verdict::Wait(worst());
            }
        }
        let held = match say {
            Say::Room => cap.map(|dial| dial.tell(now)),
            Say::Hold | Say::GiveWay | Say::Stop => Some(worst()),
        };
        Verdict::Go(held)
    }
}
