//! How fast a server reads rows, builds indexes and writes tables anew: as it was measured there, else as is assumed of any.

use std::sync::Arc;

use super::Work;

/// Kilobytes a second, which is bytes a millisecond.
pub type Rate = u64;

/// What is known of one server's speed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speeds {
    measured: Arc<[Measured]>,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// What was done, and to which table.
    pub work: Work,
    /// How fast.
    pub rate: Rate,
    /// How that is known.
    pub by: Measure,
}

/// How a speed is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A statement of an earlier run did it.
    Run,
    /// Some pages were read a moment ago.
    Probe,
}

/// The speed of one piece of work: between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Speed {
    pub(super) slow: Rate,
    pub(super) fast: Rate,
    pub(super) basis: Basis,
}

/// What a speed rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Basis {
    /// Nothing was measured here.
    Assumed,
    /// Nothing but how fast pages are read, and nothing that reads them all is faster.
    Bounded,
    /// Pages of this table were read a moment ago.
    Probed,
    /// Pages of other tables were read a moment ago.
    ProbedElsewhere,
    /// An earlier run did the same to this table.
    Ran,
    /// Earlier runs did the same to other tables.
    RanElsewhere,
}

/// From a network disk to a local one. Measured on 15 and 17 with rows in memory: 400 MB/s on one busy core.
const READ: Speed = assumed(80_000, 400_000);

/// Reading, sorting and writing: by the key. Measured on 17: 63 MB/s of table for an integer, 21 MB/s for a text of 64 bytes.
const BUILD: Speed = assumed(15_000, 120_000);

/// Writing rows and every index anew. Measured on 17 with three indexes: 13 MB/s of table and indexes on one busy core.
const WRITE: Speed = assumed(10_000, 80_000);

const fn assumed(slow: Rate, fast: Rate) -> Speed {
    Speed { slow, fast, basis: Basis::Assumed }
}

/// What the same work on the same table may take less or more another time, in percent: another load, another column.
const SAME: (u64, u64) = (60, 150);

/// The same for another table: other rows, other keys.
const OTHER: (u64, u64) = (40, 250);

/// What a statement makes of the speed at which pages are read and rows counted: it looks into each row, and the pages that were
/// asked for may be the ones in memory.
const PROBED: (u64, u64) = (35, 110);

impl Speeds {
    /// What was measured.
    pub fn new(measured: Vec<Measured>) -> Speeds {
        Speeds { measured: measured.into() }
    }

    /// How fast this work goes; `None` where the statement itself says how many rows it touches.
    pub(super) fn of(&self, work: &Work) -> Option<Speed> {
        let any = match work {
            Work::Scan(_) => READ,
            Work::BuildIndex(_) => BUILD,
            Work::Rewrite(_) => WRITE,
            Work::Rows(_) => return None,
        };
        let ran = self.between(SAME, Basis::Ran, |found| found.by == Measure::Run && found.work == *work);
        let ran = ran.or_else(|| {
            let elsewhere = |found: &Measured| found.by == Measure::Run && is_same_kind(&found.work, work);
            self.between(OTHER, Basis::RanElsewhere, elsewhere)
        });
        let probed = self.between(PROBED, Basis::Probed, |found| found.by == Measure::Probe && found.work.table() == work.table());
        let probed = probed.or_else(|| self.between(PROBED, Basis::ProbedElsewhere, |found| found.by == Measure::Probe));
        Some(match (ran, probed, work) {
            (Some(Speed { basis: Basis::RanElsewhere, .. }), Some(probed), Work::Scan(_)) => probed,
            (Some(ran), _, _) => ran,
            (None, Some(probed), Work::Scan(_)) => probed,
            (None, Some(probed), _) => any.bounded_by(probed),
            (None, None, _) => any,
        })
    }

    /// From the slowest to the fastest of these, each of which may be so much off.
    fn between(&self, (least, most): (u64, u64), basis: Basis, is_meant: impl Fn(&Measured) -> bool) -> Option<Speed> {
        let rates = || self.measured.iter().filter(|found| is_meant(found)).map(|found| found.rate);
        let (slowest, fastest) = (rates().min()?, rates().max()?);
        Some(Speed { slow: (slowest * least / 100).max(1), fast: (fastest * most / 100).max(1), basis })
    }
}

impl Speed {
    /// What reads everything is not faster than reading.
    fn bounded_by(self, reading: Speed) -> Speed {
        let (slow, fast) = (self.slow.min(reading.slow), self.fast.min(reading.fast));
        let basis = if (slow, fast) == (self.slow, self.fast) { self.basis } else { Basis::Bounded };
        Speed { slow, fast, basis }
    }

    /// `80-400 MB/s`, and what it rests on where that is not an assumption.
    pub(super) fn told(self) -> String {
        let megabytes = |rate: Rate| match rate {
            0..10_000 => format!("{}.{}", rate / 1_000, rate % 1_000 / 100),
            _ => format!("{}", (rate + 500) / 1_000),
        };
        let basis = match self.basis {
            Basis::Assumed => "",
            Basis::Bounded => ", no faster than pages are read here",
            Basis::Probed => ", as its pages were read a moment ago",
            Basis::ProbedElsewhere => ", as pages were read here a moment ago",
            Basis::Ran => ", as an earlier run on it",
            Basis::RanElsewhere => ", as earlier runs here",
        };
        format!("{}-{} MB/s{basis}", megabytes(self.slow), megabytes(self.fast))
    }
}

fn is_same_kind(a: &Work, b: &Work) -> bool {
    match (a, b) {
        (Work::Scan(_), Work::Scan(_)) | (Work::BuildIndex(_), Work::BuildIndex(_)) | (Work::Rewrite(_), Work::Rewrite(_)) => true,
        (Work::Scan(_) | Work::BuildIndex(_) | Work::Rewrite(_) | Work::Rows(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Ident, ObjectName};

    fn table(name: &str) -> ObjectName {
        ObjectName::bare(Ident::stored(name))
    }

    fn measured(work: Work, rate: Rate, by: Measure) -> Measured {
        Measured { work, rate, by }
    }

    fn told(speeds: &Speeds, work: &Work) -> String {
        speeds.of(work).map(Speed::told).unwrap_or_default()
    }

    #[test]
    fn the_nearest_measurement_counts() {
        let probe = measured(Work::Scan(table("a")), 1_000_000, Measure::Probe);
        let (scan, other) = (Work::Scan(table("a")), Work::Scan(table("b")));
        let speeds = Speeds::new(vec![probe.clone()]);
        assert_eq!(told(&speeds, &scan), "350-1100 MB/s, as its pages were read a moment ago");
        assert_eq!(told(&speeds, &other), "350-1100 MB/s, as pages were read here a moment ago");
        let speeds = Speeds::new(vec![probe.clone(), measured(other.clone(), 200_000, Measure::Run)]);
        assert_eq!(told(&speeds, &scan), "350-1100 MB/s, as its pages were read a moment ago");
        assert_eq!(told(&speeds, &other), "120-300 MB/s, as an earlier run on it");
        assert_eq!(told(&Speeds::new(vec![measured(other, 5_000, Measure::Run)]), &scan), "2.0-13 MB/s, as earlier runs here");
        assert_eq!(told(&Speeds::default(), &scan), "80-400 MB/s");
        assert_eq!(Speeds::default().of(&Work::Rows(table("a"))), None);
    }

    #[test]
    fn how_fast_pages_are_read_bounds_what_reads_them_all() {
        let slow = Speeds::new(vec![measured(Work::Scan(table("a")), 20_000, Measure::Probe)]);
        assert_eq!(told(&slow, &Work::BuildIndex(table("a"))), "7.0-22 MB/s, no faster than pages are read here");
        let fast = Speeds::new(vec![measured(Work::Scan(table("a")), 2_000_000, Measure::Probe)]);
        assert_eq!(told(&fast, &Work::BuildIndex(table("a"))), "15-120 MB/s");
        let ran = Speeds::new(vec![
            measured(Work::Scan(table("a")), 20_000, Measure::Probe),
            measured(Work::Rewrite(table("b")), 30_000, Measure::Run),
        ]);
        assert_eq!(told(&ran, &Work::Rewrite(table("a"))), "12-75 MB/s, as earlier runs here");
    }
}
