//! What a backfill yields to, as it was last read. How it is read is the backend's and the evidence's.

use std::time::Duration;

use crate::migration::pacing::throttle::{Asked, Signal, Throttle, Unit};

/// A signal that was not read for so long counts as being at its limit: nobody knows what it hides.
pub const STALE: Duration = Duration::from_secs(15);

/// A signal, its limit, and what it said last.
#[derive(Clone, Debug, PartialEq)]
pub struct Dial {
    /// What it is called: `replica-lag`, `query backlog`.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Its limit, in its unit.
    pub limit: f64,
    /// Who asked for it.
    pub asked: Asked,
    /// What it is for.
    pub effect: Effect,
    /// The last reading.
    pub last: Option<Reading>,
    /// Why it could not be read after that.
    pub trouble: Option<String>,
}

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// In the signal's unit.
    pub value: f64,
    /// Which replica, slot or session it is about.
    pub detail: Option<String>,
    /// When, since the signals began to be read.
    pub at: Duration,
}

/// What a signal does to the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Near its limit it slows the backfill down, at its limit it stops it.
    Steers,
    /// While it is on, the backfill works a quarter of the time.
    Quarters,
    /// While it is on, and while nobody knows, the backfill works the share that its pace has beside an application.
    Company,
}

impl Dial {
    /// A signal that was not read yet.
    pub fn new(throttle: &Throttle) -> Dial {
        let effect = match throttle.signal {
            Signal::Vacuum => Effect::Quarters,
            Signal::Application => Effect::Company,
            Signal::ReplicaLag { .. }
            | Signal::ReplicaBytes { .. }
            | Signal::LockWaiters
            | Signal::ActiveSessions
            | Signal::Horizon
            | Signal::SlotRetention
            | Signal::ArchiveQueue
            | Signal::Checkpoints
            | Signal::DeadTuples
            | Signal::WalFile
            | Signal::Query { .. }
            | Signal::Http { .. }
            | Signal::Prometheus { .. }
            | Signal::Hours(_) => Effect::Steers,
        };
        Dial {
            name: throttle.name(),
            unit: throttle.signal.unit(),
            limit: throttle.limit,
            asked: throttle.asked,
            effect,
            last: None,
            trouble: None,
        }
    }

    /// The value over the limit. A signal that was never read, or not for a while, is over any limit.
    pub fn utilisation(&self, now: Duration) -> f64 {
        match &self.last {
            Some(reading) if now.saturating_sub(reading.at) < STALE => match self.limit > 0.0 {
                true => reading.value / self.limit,
                false if reading.value > 0.0 => f64::INFINITY,
                false => 0.0,
            },
            Some(_) | None => f64::INFINITY,
        }
    }

    /// `replica-lag 7.2 s of 5 s (standby-2)`.
    pub fn tell(&self, now: Duration) -> String {
        let Some(reading) = self.last.as_ref() else {
            return format!("{} cannot be read{}", self.name, reason(self.trouble.as_deref()));
        };
        let age = now.saturating_sub(reading.at);
        if age >= STALE {
            return format!("{} was not read for {} s{}", self.name, age.as_secs(), reason(self.trouble.as_deref()));
        }
        let detail = reading.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        match self.unit {
            Unit::Switch => format!("{}{detail}", self.name),
            unit => format!("{} {} of {}{detail}", self.name, measure(reading.value, unit), measure(self.limit, unit)),
        }
    }
}

fn reason(trouble: Option<&str>) -> String {
    trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default()
}

/// A value with its unit, for people.
pub fn measure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value < 1.0 => format!("{:.0} ms", value * 1e3),
        Unit::Seconds if value < 120.0 => format!("{} s", rounded(value)),
        Unit::Seconds => format!("{:.0} min", value / 60.0),
        Unit::Bytes if value < 1e6 => format!("{:.0} kB", value / 1e3),
        Unit::Bytes if value < 1e9 => format!("{} MB", rounded(value / 1e6)),
        Unit::Bytes => format!("{} GB", rounded(value / 1e9)),
        Unit::Count | Unit::Switch => rounded(value),
        Unit::Share => format!("{} %", rounded(value * 100.0)),
    }
}

/// One digit behind the point where it says something.
fn rounded(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    if tenths.fract() == 0.0 || tenths >= 100.0 { format!("{tenths:.0}") } else { format!("{tenths:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dial(limit: f64, last: Option<Reading>) -> Dial {
        let throttle = Throttle { signal: Signal::Horizon, limit, asked: Asked::ByName };
        Dial { last, ..Dial::new(&throttle) }
    }

    #[test]
    fn what_is_not_read_is_over_the_limit() {
        let now = Duration::ZERO;
        let reading = Reading { value: 3.0, detail: None, at: now };
        assert!(dial(5.0, None).utilisation(now).is_infinite());
        let read = dial(5.0, Some(reading.clone()));
        assert!((read.utilisation(now + Duration::from_secs(14)) - 0.6).abs() < 1e-9);
        assert!(read.utilisation(now + STALE).is_infinite());
        assert!(dial(0.0, Some(reading.clone())).utilisation(now).is_infinite());
        assert_eq!(dial(0.0, Some(Reading { value: 0.0, ..reading })).utilisation(now), 0.0);
    }

    #[test]
    fn a_dial_tells_what_it_shows() {
        let now = Duration::ZERO;
        let reading = Reading { value: 1000.0, detail: Some("pid 7".to_owned()), at: now };
        let mut dial = dial(900.0, Some(reading));
        assert_eq!(dial.tell(now), "horizon 17 min of 15 min (pid 7)");
        dial.trouble = Some("connection lost".to_owned());
        assert_eq!(dial.tell(now + Duration::from_secs(20)), "horizon was not read for 20 s: connection lost");
        dial.last = None;
        assert_eq!(dial.tell(now), "horizon cannot be read: connection lost");
        assert_eq!(measure(0.25, Unit::Seconds), "250 ms");
        assert_eq!(measure(1.5e9, Unit::Bytes), "1.5 GB");
        assert_eq!(measure(0.3, Unit::Share), "30 %");
    }
}
