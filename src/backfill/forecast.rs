//! How long a backfill will take and how much log it will write, as ranges: from what earlier backfills of this database
//! measured, else from stated assumptions.

use std::time::Duration;

use crate::migration::{Numbers, Share};
use crate::schema::Dialect;

/// What earlier backfills of this database did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Rows a second of work, rests left out.
    pub rate: f64,
    /// Bytes of write-ahead log per row, where they were counted.
    pub weight: Option<f64>,
}

/// What a backfill is expected to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The shortest time.
    pub least: Duration,
    /// The longest, as far as nothing stops it.
    pub most: Duration,
    /// Bytes of write-ahead log, where the database has one that leaves the machine.
    pub log: Option<(u64, u64)>,
    /// Rows a second of work that this assumes.
    pub rates: (f64, f64),
    /// Whether that was measured here.
    pub basis: Basis,
}

/// Where the speed comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Earlier backfills of this database.
    Measured,
    /// Nobody measured anything here.
    Assumed,
}

/// Rows a second of one worker. Measured on 15 with rows in memory and three indexes: 115,000 to 197,000; a network disk and a table
/// larger than memory take it down to thousands.
const POSTGRES_RATES: (f64, f64) = (5_000.0, 150_000.0);

/// Measured: 0.6 million rows a second in the file's cache; an index on the column and a slow disk cost most of it.
const OTHER_RATES: (f64, f64) = (10_000.0, 300_000.0);

/// Bytes of log per row. Measured on 15: 133 (free space, no index moved) to 992 (three indexes, random keys).
const WEIGHTS: (f64, f64) = (130.0, 1_000.0);

/// What another table and another statement may cost more or less than those that were measured.
const SPREAD: (f64, f64) = (0.5, 1.5);

/// The forecast for so many rows at a pace.
pub fn forecast(rows: u64, numbers: Numbers, dialect: Dialect, measured: &[Measured]) -> Forecast {
    let (slow, fast) = match measured {
        [] => match dialect {
            Dialect::Postgres => POSTGRES_RATES,
            Dialect::Sqlite | Dialect::Mysql => OTHER_RATES,
        },
        measured => spread(measured.iter().map(|found| found.rate)),
    };
    let weights: Vec<f64> = measured.iter().filter_map(|found| found.weight).collect();
    let (light, heavy) = if weights.is_empty() { WEIGHTS } else { spread(weights.into_iter()) };
    let number = rows as f64;
    let log = match dialect {
        Dialect::Postgres => Some(((number * light) as u64, (number * heavy) as u64)),
        Dialect::Sqlite | Dialect::Mysql => None,
    };
    let duty = numbers.duty.get();
    let beside = numbers.beside.map_or(duty, Share::get);
    let by_rate = |rate: f64, share: f64| number / (rate.max(1.0) * share);
    // A budget of log bounds the speed from above.
    let by_log = |weight: f64| numbers.wal.map_or(0.0, |budget| number * weight / (budget as f64).max(1.0));
    let time = |seconds: f64| Duration::from_secs_f64(seconds.min(3.2e9));
    Forecast {
        least: time(by_rate(fast, duty).max(by_log(light))),
        most: time(by_rate(slow, beside).max(by_log(heavy))),
        log,
        rates: (slow, fast),
        basis: if measured.is_empty() { Basis::Assumed } else { Basis::Measured },
    }
}

fn spread(found: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, most) = found.fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
    (least * SPREAD.0, most * SPREAD.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Pacing;

    fn numbers(pace: &str, dialect: Dialect) -> Numbers {
        pace.parse::<Pacing>().expect("a pace").numbers(dialect)
    }

    #[test]
    fn what_was_measured_beats_what_is_assumed() {
        let numbers = numbers("default", Dialect::Postgres);
        let assumed = forecast(3_000_000, numbers, Dialect::Postgres, &[]);
        assert_eq!((assumed.least, assumed.most), (Duration::from_secs(40), Duration::from_secs(6000)));
        assert_eq!((assumed.log, assumed.basis), (Some((390_000_000, 3_000_000_000)), Basis::Assumed));
        let measured = [Measured { rate: 100_000.0, weight: Some(400.0) }, Measured { rate: 40_000.0, weight: None }];
        let found = forecast(3_000_000, numbers, Dialect::Postgres, &measured);
        assert_eq!((found.least, found.most), (Duration::from_secs(40), Duration::from_secs(1500)));
        assert_eq!((found.log, found.basis), (Some((600_000_000, 1_800_000_000)), Basis::Measured));
    }

    #[test]
    fn a_budget_of_log_makes_it_longer() {
        let found = forecast(1_000_000, numbers("fast,wal=1MB", Dialect::Postgres), Dialect::Postgres, &[]);
        assert_eq!((found.least, found.most), (Duration::from_secs(130), Duration::from_secs(1000)));
        assert_eq!(forecast(1_000, numbers("fast", Dialect::Sqlite), Dialect::Sqlite, &[]).log, None);
    }
}
