//! How a backfill is doing, in a few lines below its phase.

use std::time::Duration;

use jiff::Timestamp;

use super::{ago, precise, span};
use crate::report::view::{BackfillState, BackfillView, WishView};

/// The lines, without indentation.
pub fn lines(view: &BackfillView, now: Option<Timestamp>) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(view.wish.as_ref().and_then(|wish| wished(wish, view.state, now)));
    if view.workers > 0 {
        lines.push(speed(view));
    } else {
        lines.push("no worker is there".to_owned());
    }
    match (view.state, &view.held) {
        (BackfillState::Throttled, Some(held)) => lines.push(format!("stands still: {held}")),
        (BackfillState::Working, Some(held)) => lines.push(format!("slowed by {held}")),
        (
            BackfillState::Working | BackfillState::Throttled | BackfillState::NotAtWork | BackfillState::Paused | BackfillState::Cancelled,
            _,
        ) => {}
    }
    if view.stood_seconds > 0 {
        lines.push(format!("stood still for {} in this run", span(Duration::from_secs(view.stood_seconds))));
    }
    if let Some(error) = &view.error {
        let first = error.lines().next().unwrap_or_default();
        let by = view.blocker.as_ref().map(|blocker| format!(", held by {blocker}")).unwrap_or_default();
        lines.push(format!("last gave way: {first}{by}"));
    }
    lines
}

fn wished(wish: &WishView, state: BackfillState, now: Option<Timestamp>) -> Option<String> {
    let by = format!("by {} {}", wish.actor, ago(wish.at, now));
    let reason = wish.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let pace = wish.pace.as_ref().map(|pace| format!("asked to go at {pace} {by}{reason}"));
    match state {
        BackfillState::Paused => Some(format!("paused {by}{reason}")),
        BackfillState::Cancelled => Some(format!("cancelled {by}{reason}")),
        BackfillState::Working | BackfillState::Throttled | BackfillState::NotAtWork => pace,
    }
}

fn speed(view: &BackfillView) -> String {
    let mut facts = Vec::new();
    facts.extend(view.rows_per_second.map(|rate| format!("{rate:.0} rows/s")));
    if let (Some(least), Some(most)) = (view.left_least_seconds, view.left_most_seconds) {
        let (least, most) = (span(Duration::from_secs(least)), span(Duration::from_secs(most)));
        facts.push(if least == most { format!("about {least} left") } else { format!("{least} to {most} left") });
    }
    facts.extend(view.chunk_ms.map(|millis| format!("chunks of {}", precise(Duration::from_millis(millis)))));
    facts.extend(view.duty.filter(|duty| *duty < 1.0).map(|duty| format!("works {:.0} % of the time", duty * 100.0)));
    facts.extend(view.pace.as_ref().map(|pace| format!("pace {pace}")));
    if view.workers > 1 {
        facts.push(format!("{} workers", view.workers));
    }
    facts.join(", ")
}
