//! How long work on the rows of a table takes: a range, with the speeds that it assumes.

use std::fmt;
use std::time::Duration;

use super::Work;
use super::speed::{Rate, Speed, Speeds};
use crate::schema::size::TableSize;

/// What a piece of work costs on a table of known size.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cost {
    /// What is done.
    pub work: Work,
    /// To how much.
    pub size: TableSize,
    /// The time that it takes at the higher speed.
    pub least: Duration,
    /// The time that it takes at the lower one.
    pub most: Duration,
    speed: Speed,
}

/// What the work costs on a table of this size; `None` where it is empty, and where the statement itself says how many rows it
/// touches.
pub fn cost(work: &Work, size: TableSize, speeds: &Speeds) -> Option<Cost> {
    let speed = speeds.of(work)?;
    let bytes = handled(work, size);
    if bytes == 0 {
        return None;
    }
    let at = |rate: Rate| Duration::from_millis(bytes / rate);
    Some(Cost { work: work.clone(), size, least: at(speed.fast), most: at(speed.slow), speed })
}

/// The bytes that work on a table of this size goes through.
pub fn handled(work: &Work, size: TableSize) -> u64 {
    match work {
        Work::Scan(_) | Work::BuildIndex(_) | Work::Rows(_) => size.bytes,
        Work::Rewrite(_) => size.total_bytes(),
    }
}

impl Cost {
    /// Size, range and assumption: `42 GB: 2-9 min at 80-400 MB/s`.
    pub fn timing(&self) -> String {
        format!("{}: {} at {}", bytes(handled(&self.work, self.size)), range(self.least, self.most), self.speed.told())
    }

    /// The same work at other speeds.
    #[must_use]
    pub fn at(self, speeds: &Speeds) -> Cost {
        cost(&self.work, self.size, speeds).unwrap_or(self)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.work {
            Work::Scan(_) => "a scan of",
            Work::BuildIndex(_) => "an index build over",
            Work::Rewrite(_) => "a rewrite of",
            Work::Rows(_) => "a change in",
        };
        write!(f, "{what} {}", self.timing())
    }
}

/// `42 GB`, `3.1 GB`, `640 kB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.into_iter().find(|(size, _)| number >= *size) {
        Some((size, unit)) if number / size < 10 => format!("{}.{} {unit}", number / size, number % size * 10 / size),
        Some((size, unit)) => format!("{} {unit}", number / size),
        None => format!("{number} bytes"),
    }
}

/// `2-9 min`, `40 s to 3 min`, `under a second`.
pub fn range(least: Duration, most: Duration) -> String {
    if most < Duration::from_secs(1) {
        return "under a second".to_owned();
    }
    let ((from, unit), (to, other)) = (told(least), told(most));
    if (from, unit) == (to, other) {
        format!("{to} {other}")
    } else if unit == other {
        format!("{from}-{to} {unit}")
    } else {
        format!("{from} {unit} to {to} {other}")
    }
}

/// A length of time as a number and its unit: seconds up to two minutes, minutes up to two hours.
fn told(time: Duration) -> (u64, &'static str) {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..=119 => (seconds.max(1), "s"),
        120..=7_199 => (seconds.div_ceil(60), "min"),
        _ => (seconds.div_ceil(3_600), "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Ident, ObjectName};

    fn told_of(work: fn(ObjectName) -> Work, bytes: u64, index_bytes: u64) -> String {
        let size = TableSize { rows: 1, bytes, index_bytes };
        cost(&work(ObjectName::bare(Ident::stored("t"))), size, &Speeds::default()).map(|cost| cost.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_cost_states_size_range_and_assumption() {
        assert_eq!(told_of(Work::Scan, 42_000_000_000, 0), "a scan of 42 GB: 105 s to 9 min at 80-400 MB/s");
        assert_eq!(told_of(Work::BuildIndex, 42_000_000_000, 0), "an index build over 42 GB: 6-47 min at 15-120 MB/s");
        assert_eq!(told_of(Work::Rewrite, 42_000_000_000, 8_000_000_000), "a rewrite of 50 GB: 11-84 min at 10-80 MB/s");
        assert_eq!(told_of(Work::Scan, 3_000_000, 0), "a scan of 3.0 MB: under a second at 80-400 MB/s");
        assert_eq!(told_of(Work::Rows, 42_000_000_000, 0), "");
    }

    #[test]
    fn sizes_are_told_in_two_digits() {
        assert_eq!([bytes(512), bytes(1_500), bytes(42_000_000), bytes(9_900_000_000)], ["512 bytes", "1.5 kB", "42 MB", "9.9 GB"]);
    }
}
