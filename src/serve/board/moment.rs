//! Times, distances and numbers as people read them.

use std::time::Duration;

use jiff::Timestamp;

/// A moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// For programs.
    pub(super) exact: String,
    /// The day only where it is not today.
    pub(super) shown: String,
    /// `3 min ago`, `in 2 h`.
    pub(super) distance: String,
}

impl Moment {
    /// As seen from `now`.
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Moment {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        let year = |at: Timestamp| at.strftime("%Y").to_string();
        let form = if day(at) == day(now) {
            "%H:%M UTC"
        } else if year(at) == year(now) {
            "%-d %b, %H:%M UTC"
        } else {
            "%-d %b %Y"
        };
        let apart = now.duration_since(at);
        let length = length(apart.unsigned_abs());
        let distance = if apart.is_negative() { format!("in {length}") } else { format!("{length} ago") };
        Moment { exact: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), shown: at.strftime(form).to_string(), distance }
    }
}

/// A length of time in its largest unit that tells enough.
pub(super) fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5_400 => format!("{} min", (seconds + 30) / 60),
        5_400..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// `1,234,567`.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut told = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn the_past_is_ago_and_the_future_is_in() {
        let now = at(1_800_000_000);
        assert_eq!(Moment::of(at(1_799_999_940), now).distance, "60 s ago");
        assert_eq!(Moment::of(at(1_800_010_800), now).distance, "in 3 h");
        assert_eq!(Moment::of(at(1_799_999_940), now).shown, "07:59 UTC");
        assert_eq!(Moment::of(at(1_799_900_000), now).shown, "14 Jan, 04:13 UTC");
        assert_eq!(Moment::of(at(1_700_000_000), now).shown, "14 Nov 2023");
        assert_eq!(Moment::of(now, now).exact, "2027-01-15T08:00:00Z");
    }

    #[test]
    fn lengths_and_numbers_are_short() {
        let told: Vec<String> = [0, 89, 90, 3_599, 86_400, 200_000].map(|seconds| length(Duration::from_secs(seconds))).to_vec();
        assert_eq!(told, ["0 s", "89 s", "2 min", "60 min", "24 h", "2 days"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }
}
