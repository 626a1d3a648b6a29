//! How a backfill that is at work, or that somebody steers, is doing: from what its workers said of themselves.

use crate::backfill::eta::Rates;
use crate::ledger::{Ledger, PulseRecord, PulseState, Wish};
use crate::migration::NodeRef;
use crate::report::view::{BackfillState, BackfillView, RowsView, WishView};

/// The state of a script's backfill; `None` where nobody works on it and nobody asked for anything.
pub fn backfill(ledger: &Ledger, node: &NodeRef, rows: Option<RowsView>) -> Option<BackfillView> {
    let said: Vec<&PulseRecord> = ledger.pulses.iter().filter(|record| &record.node == node).collect();
    let alive: Vec<&PulseRecord> = said.iter().copied().filter(|record| record.is_alive(ledger.now)).collect();
    let wish = ledger.control(&node.migration).map(|control| WishView {
        wish: control.wish.as_str().to_owned(),
        pace: control.pace.clone(),
        actor: control.actor.clone(),
        reason: control.reason.clone(),
        at: control.at,
    });
    // Nobody needs to know that an old wish to go on was granted.
    let is_wished = ledger.control(&node.migration).is_some_and(|control| control.wish != Wish::Run || control.pace.is_some());
    if alive.is_empty() && !is_wished {
        return None;
    }
    let sum = |rate: fn(&PulseRecord) -> Option<f64>| alive.iter().filter_map(|record| rate(record)).reduce(|a, b| a + b);
    let rates = Rates { recent: sum(|record| record.pulse.recent_rate), whole: sum(|record| record.pulse.whole_rate) };
    let rest = rows.and_then(|rows| rows.estimated?.checked_sub(rows.walked));
    let left = rest.and_then(|rest| rates.left(rest));
    let last = alive.iter().copied().max_by_key(|record| record.at);
    let latest = |what: fn(&PulseRecord) -> Option<&String>| last.and_then(what).cloned();
    Some(BackfillView {
        state: state(&alive, ledger.control(&node.migration).map(|control| control.wish)),
        workers: alive.len(),
        pace: last.map(|record| record.pulse.pace.clone()),
        duty: last.map(|record| record.pulse.duty),
        chunk_ms: last.map(|record| record.pulse.chunk_ms),
        rows_per_second: rates.recent.or(rates.whole),
        left_least_seconds: left.map(|(least, _)| least.as_secs()),
        left_most_seconds: left.map(|(_, most)| most.as_secs()),
        stood_seconds: alive.iter().map(|record| record.pulse.stood_seconds).max().unwrap_or_default(),
        held: latest(|record| record.pulse.held.as_ref()),
        error: latest(|record| record.pulse.error.as_ref()),
        blocker: latest(|record| record.pulse.blocker.as_ref()),
        wish,
    })
}

fn state(alive: &[&PulseRecord], wish: Option<Wish>) -> BackfillState {
    let any = |state: PulseState| alive.iter().any(|record| record.pulse.state == state);
    match wish {
        Some(Wish::Cancel) => BackfillState::Cancelled,
        Some(Wish::Pause) => BackfillState::Paused,
        Some(Wish::Run) | None if any(PulseState::Throttled) => BackfillState::Throttled,
        Some(Wish::Run) | None if alive.is_empty() => BackfillState::NotAtWork,
        Some(Wish::Run) | None => BackfillState::Working,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ledger::{ControlRecord, Pulse};
    use crate::migration::MigrationId;
    use crate::schema::Phase;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn ledger(pulses: &[(&str, i64, Pulse)]) -> Ledger {
        let node = node();
        let record = |(worker, second, pulse): &(&str, i64, Pulse)| PulseRecord {
            node: node.clone(),
            step: 0,
            worker: (*worker).to_owned(),
            pulse: pulse.clone(),
            at: at(*second),
        };
        Ledger { pulses: pulses.iter().map(record).collect(), ..Ledger::empty(at(1_000)) }
    }

    fn node() -> NodeRef {
        NodeRef { migration: MigrationId::new("1_a"), phase: Phase::Backfill }
    }

    #[test]
    fn living_workers_are_summed_and_silent_ones_are_not() {
        let pulse = |recent, whole| Pulse { recent_rate: Some(recent), whole_rate: Some(whole), ..Pulse::default() };
        let ledger = ledger(&[("a", 999, pulse(100.0, 50.0)), ("b", 998, pulse(100.0, 50.0)), ("c", 900, pulse(9_999.0, 9_999.0))]);
        let rows = RowsView { changed: 0, walked: 1_000, estimated: Some(21_000) };
        let view = backfill(&ledger, &node(), Some(rows)).expect("at work");
        assert_eq!((view.workers, view.rows_per_second), (2, Some(200.0)));
        assert_eq!((view.left_least_seconds, view.left_most_seconds), (Some(100), Some(200)));
        assert_eq!(view.state, BackfillState::Working);
    }

    #[test]
    fn a_wish_is_told_although_nobody_works() {
        let mut ledger = ledger(&[]);
        assert_eq!(backfill(&ledger, &node(), None), None);
        ledger.controls.push(ControlRecord {
            migration: MigrationId::new("1_a"),
            wish: Wish::Pause,
            pace: None,
            reason: Some("tea".to_owned()),
            actor: "ada".to_owned(),
            at: at(10),
        });
        let view = backfill(&ledger, &node(), None).expect("somebody asked");
        assert_eq!((view.state, view.workers), (BackfillState::Paused, 0));
        assert_eq!(view.wish.and_then(|wish| wish.reason).as_deref(), Some("tea"));
        ledger.controls[0].wish = Wish::Run;
        assert_eq!(backfill(&ledger, &node(), None), None);
    }
}
