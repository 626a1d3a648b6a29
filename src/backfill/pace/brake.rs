//! From signals to three answers: room for more, less please, stop.

use std::time::Duration;

use crate::backfill::signal::{Dial, Effect};
use crate::migration::pacing::throttle::Asked;

/// Below this share of every limit the backfill may grow.
const ROOM: f64 = 0.6;

/// Above this share of a limit it gives way; a stop ends only below it.
const NEAR: f64 = 0.8;

/// How long all signals must be below that before work goes on: a queue that was just emptied fills again.
const CALM: Duration = Duration::from_secs(5);

/// The share of the time while a signal of [`Effect::Quarters`] is on.
const QUARTER: f64 = 0.25;

/// What the signals say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Say {
    /// All is well.
    Room,
    /// Not more than now.
    Hold,
    /// Less.
    GiveWay,
    /// Nothing at all.
    Stop,
}

/// Remembers a stop until the signals have been calm for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Brake {
    stopped: bool,
    calm_since: Option<Duration>,
}

impl Brake {
    /// Whether work stands still.
    pub(super) fn is_on(&self) -> bool {
        self.stopped
    }

    /// What the signals say now.
    pub(super) fn look(&mut self, now: Duration, dials: &[Dial]) -> Say {
        let worst = worst(now, dials).map_or(0.0, |(_, utilisation)| utilisation);
        if worst >= 1.0 {
            self.stopped = true;
            self.calm_since = None;
            return Say::Stop;
        }
        if self.stopped {
            if worst >= NEAR {
                self.calm_since = None;
                return Say::Stop;
            }
            let since = *self.calm_since.get_or_insert(now);
            if now.saturating_sub(since) < CALM {
                return Say::Stop;
            }
            self.stopped = false;
            self.calm_since = None;
            return Say::Hold;
        }
        match worst {
            near if near >= NEAR => Say::GiveWay,
            some if some >= ROOM => Say::Hold,
            _ => Say::Room,
        }
    }
}

/// The signal nearest to its limit, or furthest over it. One that somebody asks for by name and that cannot be read stops
/// the work, whatever it would do if it could.
pub(super) fn worst(now: Duration, dials: &[Dial]) -> Option<(&Dial, f64)> {
    let steering = dials.iter().filter(|dial| match dial.effect {
        Effect::Steers => true,
        Effect::Quarters => dial.asked == Asked::ByName && dial.utilisation(now).is_infinite(),
        Effect::Company => false,
    });
    steering.map(|dial| (dial, dial.utilisation(now))).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The largest share of the time that the signals allow, with the one that allows no more. `beside` is the share that is left
/// to the backfill beside an application.
pub(super) fn ceiling(now: Duration, dials: &[Dial], beside: Option<f64>) -> (f64, Option<&Dial>) {
    let on = |effect: Effect| dials.iter().find(move |dial| dial.effect == effect && dial.utilisation(now) >= 1.0);
    let vacuum = on(Effect::Quarters).filter(|dial| dial.last.is_some()).map(|dial| (QUARTER, dial));
    let company = beside.and_then(|share| on(Effect::Company).map(|dial| (share, dial)));
    let least = vacuum.into_iter().chain(company).min_by(|a, b| a.0.total_cmp(&b.0));
    least.map_or((1.0, None), |(share, dial)| (share, Some(dial)))
}
