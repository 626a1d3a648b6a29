//! `22:00-06:00 Europe/Berlin`: the hours in which a backfill may work.

use std::str::FromStr;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Hours of the day, on some days of the week, in a time zone whose changes of the clock are followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    text: String,
    from: Time,
    to: Time,
    /// Days on which the hours begin; all when it is empty.
    days: Vec<Weekday>,
    zone: TimeZone,
}

const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Hours, String> {
        let wrong = || format!("`{text}` are no hours: write \"22:00-06:00 Europe/Berlin\" or \"Mon-Fri 22:00-06:00 UTC\"");
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, hours, zone) = match words.as_slice() {
            [hours, zone] => (Vec::new(), *hours, *zone),
            [days, hours, zone] => (read_days(days).ok_or_else(wrong)?, *hours, *zone),
            _ => return Err(wrong()),
        };
        let (from, to) = hours.split_once(['-', '–']).ok_or_else(wrong)?;
        let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_| wrong());
        let (from, to) = (time(from)?, time(to)?);
        if from == to {
            return Err(format!("`{text}` begin and end at the same time: leave the throttle out, or say when"));
        }
        let zone = TimeZone::get(zone).map_err(|_| format!("`{zone}` is no time zone: write a name such as Europe/Berlin, or UTC"))?;
        Ok(Hours { text: text.to_owned(), from, to, days, zone })
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Hours {
    /// Whether work is allowed at this moment.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone.clone());
        let time = local.time();
        let begins_on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        match self.from < self.to {
            true => begins_on(local.weekday()) && self.from <= time && time < self.to,
            // Over midnight: what began yesterday goes on in the morning.
            false => (time >= self.from && begins_on(local.weekday())) || (time < self.to && begins_on(local.weekday().previous())),
        }
    }

    /// When work is allowed next, looked up minute by minute for eight days; now when it is.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_open(now) {
            return Some(now);
        }
        let minute = now.as_second() - now.as_second().rem_euclid(60);
        let first = Timestamp::from_second(minute).ok()?;
        (1..=8 * 24 * 60).filter_map(|minutes: i64| first.checked_add(minutes.minutes()).ok()).find(|at| self.is_open(*at))
    }
}

fn read_days(text: &str) -> Option<Vec<Weekday>> {
    let day = |name: &str| DAYS.iter().position(|(short, _)| short.eq_ignore_ascii_case(name));
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once(['-', '–']).unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let count = (last + 7 - first) % 7 + 1;
        days.extend((0..count).map(|step| DAYS[(first + step) % 7].1));
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn hours(text: &str) -> Hours {
        text.parse().expect("hours")
    }

    #[test]
    fn the_night_is_open_over_midnight() {
        let night = hours("22:00-06:00 Europe/Berlin");
        // Winter: Berlin is one hour ahead.
        assert!(!night.is_open(at("2026-01-10T20:59:59Z")));
        assert!(night.is_open(at("2026-01-10T21:00:00Z")));
        assert!(night.is_open(at("2026-01-11T04:59:59Z")));
        assert!(!night.is_open(at("2026-01-11T05:00:00Z")));
        // Summer: two hours.
        assert!(night.is_open(at("2026-07-10T20:00:00Z")));
        assert!(!night.is_open(at("2026-07-11T04:00:00Z")));
    }

    #[test]
    fn the_night_of_a_change_of_the_clock_is_as_long_as_the_clocks_say() {
        let night = hours("02:00-03:00 Europe/Berlin");
        // 29 March 2026: the hour does not exist. 25 October 2026: it comes twice.
        let open = |from: &str| (0i64..12 * 60).filter(|minute| night.is_open(at(from) + minute.minutes())).count();
        assert_eq!(open("2026-03-28T22:00:00Z"), 0);
        assert_eq!(open("2026-10-24T20:00:00Z"), 120);
        assert_eq!(open("2026-06-01T20:00:00Z"), 60);
    }

    #[test]
    fn days_are_those_on_which_the_hours_begin() {
        let nights = hours("Fri-Sun 22:00-06:00 UTC");
        assert!(nights.is_open(at("2026-11-27T23:00:00Z"))); // Friday
        assert!(nights.is_open(at("2026-11-30T05:00:00Z"))); // Monday morning, of Sunday's night
        assert!(!nights.is_open(at("2026-11-30T23:00:00Z")));
        assert!(!nights.is_open(at("2026-11-27T05:00:00Z"))); // Friday morning, of Thursday's night
        assert_eq!(nights.opens_at(at("2026-11-30T07:12:30Z")), Some(at("2026-12-04T22:00:00Z")));
    }

    #[test]
    fn what_is_no_hours_is_told() {
        for text in ["", "22:00", "22:00-06:00", "22-06 UTC", "25:00-06:00 UTC", "Fun 22:00-06:00 UTC"] {
            assert!(text.parse::<Hours>().expect_err("refused").contains("are no hours"), "{text}");
        }
        assert!("22:00-06:00 Europe/Bonn".parse::<Hours>().expect_err("refused").contains("no time zone"));
        assert!("22:00-22:00 UTC".parse::<Hours>().is_err());
    }
}
