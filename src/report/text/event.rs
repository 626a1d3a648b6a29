//! What happens during a run, a line for each event.

use std::time::Duration;

use crate::backend::Blocker;
use crate::run::Event;

use super::span;

/// A line for the log; `None` for events that only the progress of a backfill or an index build is about.
pub fn event(event: &Event) -> Option<String> {
    let line = match event {
        Event::Leased => return None,
        Event::WaitingForLease { holder } => format!("waiting: another run holds the lease: {holder}"),
        Event::ScriptStarted { node, steps, finished: 0 } => format!("{node}: {}", steps_of(*steps)),
        Event::ScriptStarted { node, steps, finished } => format!("{node}: goes on, {finished} of {} done", steps_of(*steps)),
        Event::StepStarted { place, sql, .. } => format!("{place}: {}", first_line(sql)),
        Event::Retrying { node, attempt, pause, blockers } => {
            format!("{node}: lock not obtained (attempt {attempt}), next try in {}{}", precise(*pause), held_by(blockers))
        }
        Event::HoldingBack { node, at_most, blockers } => {
            format!("{node}: does not ask for the lock yet, at most {} more{}", precise(*at_most), held_by(blockers))
        }
        Event::WaitingForLock { node, blockers } => format!("{node}: waits for a lock{}", held_by(blockers)),
        Event::Reconnecting { reason, pause } => format!("connection lost, next try in {}: {reason}", precise(*pause)),
        Event::WalkingAgain { node, round } => format!("{node}: rows appeared behind the backfill, walk {round} begins"),
        Event::StepFinished { already: true, .. } => "  had run before".to_owned(),
        Event::StepFinished { took, .. } => format!("  done in {}", precise(*took)),
        Event::Building { .. } | Event::ChunkFinished { .. } | Event::JobFinished { .. } => return None,
        Event::JobBegun { chunking, reasons, .. } if reasons.is_empty() => format!("  {chunking}"),
        Event::JobBegun { chunking, reasons, .. } => format!("  {chunking}: {}", reasons.join("; ")),
        Event::RowsLeftOut { node, rows: 1 } => format!("{node}: 1 row refuses the change and is left out"),
        Event::RowsLeftOut { node, rows } => format!("{node}: {rows} rows refuse the change and are left out"),
        Event::Throttled { node, reason } => format!("{node}: stands still: {reason}"),
        Event::Paused { node, reason } => format!("{node}: {reason}"),
        Event::GoesOn { node, stood } => format!("{node}: goes on; stood still for {} so far", span(*stood)),
        Event::Repaced { node, pace, by } => format!("{node}: goes at {pace}, asked by {by}"),
        Event::AtFloor { node, rows, took } => {
            format!("{node}: a chunk of {rows} rows takes {}, and cannot become smaller: each row is slow", precise(*took))
        }
        Event::ScriptFinished { node } => format!("{node}: done"),
        Event::Held { gate } => format!("{}: contract is held", gate.migration),
        Event::Stopping => "stopping at this safe point".to_owned(),
    };
    Some(line)
}

/// The first line of a statement that is no comment, cut to what a line can show.
pub fn first_line(sql: &str) -> String {
    let line = sql.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("--")).unwrap_or_default();
    let is_cut = sql.trim().lines().count() > 1 || line.chars().count() > 60;
    let mut text: String = line.chars().take(60).collect();
    if is_cut {
        text.push_str(" …");
    }
    text
}

/// `1.2 s`, `40 ms`; from a minute on without fractions.
pub fn precise(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => span(time),
    }
}

fn steps_of(steps: usize) -> String {
    format!("{steps} step{}", if steps == 1 { "" } else { "s" })
}

fn held_by(blockers: &[Blocker]) -> String {
    if blockers.is_empty() {
        return String::new();
    }
    let named = blockers.iter().map(|blocker| {
        let since = blocker.since.map(|since| format!(", transaction open since {}", since.strftime("%H:%M:%S UTC")));
        format!("\n    held by pid {} ({}{}): {}", blocker.pid, blocker.who, since.unwrap_or_default(), blocker.query)
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_by_its_first_line_of_sql() {
        assert_eq!(first_line("\n-- why\nALTER TABLE a\n  ADD b int"), "ALTER TABLE a …");
        assert_eq!(first_line("SELECT 1"), "SELECT 1");
        assert_eq!(first_line(""), "");
    }

    #[test]
    fn a_wait_names_who_stands_in_the_way() {
        let blocker = Blocker { pid: 7, who: "app@web-1".to_owned(), query: "UPDATE a SET b = 1".to_owned(), since: None };
        assert_eq!(held_by(&[blocker]), "\n    held by pid 7 (app@web-1): UPDATE a SET b = 1");
    }

    #[test]
    fn short_times_are_told_precisely() {
        assert_eq!(precise(Duration::from_millis(40)), "40 ms");
        assert_eq!(precise(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(precise(Duration::from_secs(125)), "2 min");
    }
}
