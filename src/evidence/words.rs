//! Times and lists as people read them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// `2026-11-21 10:00:00 UTC`.
pub(super) fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `24h`, `1h 30m`.
pub(super) fn length(length: Duration) -> String {
    SignedDuration::try_from(length).map_or_else(|_| "for ever".to_owned(), |length| format!("{length:#}"))
}

/// The time this much later; the end of time where there is none.
pub(super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The time so much earlier; the beginning of time where there is none.
pub(super) fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
