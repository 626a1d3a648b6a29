//! How far and how fast a backfill is, in words.

use std::time::Duration;

use crate::backend::{Build, BuildUnit};
use crate::report::text;
use crate::run::event::PaceShown;

/// A backfill after a chunk.
pub(super) struct Walk<'e> {
    pub(super) walked: u64,
    pub(super) changed: u64,
    pub(super) estimated: Option<u64>,
    /// How long the chunk took.
    pub(super) took: Duration,
    pub(super) pace: &'e PaceShown,
}

impl Walk<'_> {
    /// All of it in a line of a log.
    pub(super) fn line(&self) -> String {
        let held = self.pace.held.as_ref().map(|reason| format!("; slowed by {reason}")).unwrap_or_default();
        let left = self.left().map(|left| format!(", {left}")).unwrap_or_default();
        format!("{}, {} changed{left}; {}{held}", self.rows(), self.changed, self.how_fast())
    }

    /// `3.1 M of about 5 M rows, 35 s to 2 min left`.
    pub(super) fn how_far(&self) -> String {
        let all = self.estimated.filter(|all| *all >= self.walked).map(|all| format!(" of about {}", short(all))).unwrap_or_default();
        let left = self.left().map(|left| format!(", {left}")).unwrap_or_default();
        format!("{}{all} rows{left}", short(self.walked))
    }

    /// `48200 rows/s, chunks of 98 ms, works 50 % of the time, replica 0.2 s behind`.
    pub(super) fn how_fast(&self) -> String {
        let rate = self.pace.rates.recent.or(self.pace.rates.whole).map(|rate| format!("{rate:.0} rows/s, ")).unwrap_or_default();
        let lag = self.pace.lag.as_ref().map(|lag| format!(", replica {lag} behind")).unwrap_or_default();
        let share = match self.pace.duty {
            all if all >= 1.0 => String::new(),
            share => format!(", works {:.0} % of the time", share * 100.0),
        };
        format!("{rate}chunks of {}{share}{lag}", text::precise(self.took))
    }

    fn rows(&self) -> String {
        match self.estimated {
            // The table grew or the estimate was too low: then the estimate says nothing any more.
            Some(all) if all >= self.walked => format!("{} of about {all} rows walked", self.walked),
            Some(_) | None => format!("{} rows walked", self.walked),
        }
    }

    fn left(&self) -> Option<String> {
        let (least, most) = self.pace.left.map(|(least, most)| (text::span(least), text::span(most)))?;
        Some(if least == most { format!("about {least} left") } else { format!("{least} to {most} left") })
    }
}

/// `12.3 k of 40.0 k blocks`, `session 1 of 3, waits for pid 4711`.
pub(super) fn how_far(build: &Build) -> String {
    let Build { done, total, unit, waits_for, .. } = build;
    let pid = waits_for.map(|pid| format!(", waits for pid {pid}")).unwrap_or_default();
    match (unit, total) {
        (_, 0) => format!("{} {}{pid}", short(*done), unit.as_str()),
        (BuildUnit::Sessions, _) => format!("session {} of {total}{pid}", (done + 1).min(*total)),
        (BuildUnit::Blocks | BuildUnit::Rows, _) => format!("{} of {} {}{pid}", short(*done), short(*total), unit.as_str()),
    }
}

/// `950`, `12.3 k`, `3.10 M`.
fn short(rows: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a number for people")]
    let number = rows as f64;
    match rows {
        0..1_000 => rows.to_string(),
        1_000..1_000_000 => format!("{:.1} k", number / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} M", number / 1e6),
        _ => format!("{:.2} G", number / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backfill::eta::Rates;

    fn walk(pace: &PaceShown, estimated: Option<u64>) -> Walk<'_> {
        Walk { walked: 12_000, changed: 11_500, estimated, took: Duration::from_millis(98), pace }
    }

    #[test]
    fn a_build_says_how_far_it_is_and_for_whom_it_waits() {
        let build = |done, total, unit, waits_for| how_far(&Build { stage: String::new(), done, total, unit, waits_for });
        assert_eq!(build(12_300, 40_000, BuildUnit::Blocks, None), "12.3 k of 40.0 k blocks");
        assert_eq!(build(0, 3, BuildUnit::Sessions, Some(4711)), "session 1 of 3, waits for pid 4711");
        assert_eq!(build(3, 3, BuildUnit::Sessions, None), "session 3 of 3");
        assert_eq!(build(950, 0, BuildUnit::Rows, None), "950 rows");
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_what_holds_it_back() {
        let mut pace = PaceShown {
            duty: 0.5,
            rates: Rates { recent: Some(4_000.0), whole: Some(3_000.0) },
            left: Some((Duration::from_secs(2), Duration::from_secs(3))),
            held: None,
            lag: None,
        };
        assert_eq!(
            walk(&pace, Some(20_000)).line(),
            "12000 of about 20000 rows walked, 11500 changed, 2 s to 3 s left; 4000 rows/s, chunks of 98 ms, works 50 % of the time"
        );
        assert_eq!(walk(&pace, Some(20_000)).how_far(), "12.0 k of about 20.0 k rows, 2 s to 3 s left");
        pace.held = Some("replica-lag 4.3 s of 5 s (standby)".to_owned());
        pace.lag = Some("4.3 s".to_owned());
        pace.left = None;
        pace.duty = 1.0;
        // An estimate that was too low says nothing.
        assert_eq!(
            walk(&pace, Some(10)).line(),
            "12000 rows walked, 11500 changed; 4000 rows/s, chunks of 98 ms, replica 4.3 s behind; slowed by replica-lag 4.3 s of 5 s (standby)"
        );
    }
}
