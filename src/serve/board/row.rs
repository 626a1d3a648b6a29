//! A migration on the board: a line with a stop for each phase.

use jiff::Timestamp;

use super::moment::{Moment, length, number};
use crate::migration::MigrationId;
use crate::report::view::{MigrationView, PhaseState, PhaseView};
use crate::schema::Phase;

/// A migration.
pub(super) struct Row {
    /// Its whole id.
    pub(super) id: String,
    /// What it is called, for people.
    pub(super) title: String,
    /// Its version, where it has one.
    pub(super) version: String,
    /// Its phases, in order.
    pub(super) stops: Vec<Stop>,
}

/// A phase.
pub(super) struct Stop {
    /// Which.
    pub(super) phase: &'static str,
    /// Class and icon.
    pub(super) look: &'static str,
    /// How far it is.
    pub(super) word: &'static str,
    /// What is to be known beside it.
    pub(super) detail: String,
    /// When it ended or began.
    pub(super) moment: Option<Moment>,
    /// How far it is, of a hundred.
    pub(super) percent: Option<u8>,
}

impl Row {
    pub(super) fn of(migration: &MigrationView, now: Timestamp) -> Row {
        let stop = |phase: Phase| {
            migration.phases.iter().find(|view| view.phase == phase).map_or_else(|| Stop::none(phase), |view| Stop::of(view, now))
        };
        let id = MigrationId::new(&migration.id);
        let version = id.version().unwrap_or_default().to_owned();
        let rest = migration.id.strip_prefix(version.as_str()).unwrap_or(&migration.id);
        let title = rest.trim_start_matches(['_', '-']).replace('_', " ");
        let title = if title.is_empty() { migration.id.clone() } else { title };
        Row { id: migration.id.clone(), title, version, stops: vec![stop(Phase::Expand), stop(Phase::Backfill), stop(Phase::Contract)] }
    }
}

impl Stop {
    fn none(phase: Phase) -> Stop {
        Stop { phase: phase.as_str(), look: "none", word: "no such phase", detail: String::new(), moment: None, percent: None }
    }

    fn of(view: &PhaseView, now: Timestamp) -> Stop {
        let (look, word) = match view.state {
            PhaseState::Done | PhaseState::Unchanged => ("done", "done"),
            PhaseState::Running => ("running", "running"),
            PhaseState::Pending => ("pending", "can run"),
            PhaseState::Blocked => ("blocked", "waits"),
            PhaseState::Held => ("held", "held"),
            PhaseState::RolledBack => ("back", "rolled back"),
            PhaseState::Unknown => ("blocked", "not known"),
        };
        let at = match view.state {
            PhaseState::Done | PhaseState::Unchanged | PhaseState::RolledBack => view.finished_at.or(view.started_at),
            PhaseState::Running | PhaseState::Pending | PhaseState::Blocked | PhaseState::Held | PhaseState::Unknown => None,
        };
        Stop {
            phase: view.phase.as_str(),
            look,
            word,
            detail: detail(view, now),
            moment: at.map(|at| Moment::of(at, now)),
            percent: percent(view),
        }
    }
}

fn detail(view: &PhaseView, now: Timestamp) -> String {
    match view.state {
        PhaseState::Blocked => {
            let own = |node: &String| node.rsplit_once(':').map_or_else(|| node.clone(), |(_, phase)| phase.to_owned());
            let waits: Vec<String> = view.waits_for.iter().map(own).collect();
            if waits.is_empty() { String::new() } else { format!("for {}", waits.join(", ")) }
        }
        PhaseState::Running => {
            let since = view.started_at.map(|at| format!("for {}", length(now.duration_since(at).unsigned_abs())));
            let rows = view.progress.as_ref().and_then(|progress| progress.rows).map(|rows| format!("{} rows", number(rows.walked)));
            [rows, since].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        PhaseState::Done | PhaseState::Unchanged | PhaseState::RolledBack => {
            let took = view.started_at.zip(view.finished_at).map(|(from, to)| to.duration_since(from).unsigned_abs());
            took.filter(|took| took.as_secs() > 0).map(|took| format!("took {}", length(took))).unwrap_or_default()
        }
        PhaseState::Pending | PhaseState::Held | PhaseState::Unknown => String::new(),
    }
}

fn percent(view: &PhaseView) -> Option<u8> {
    let progress = view.progress.as_ref()?;
    let (done, of) = match progress.rows {
        Some(rows) => (rows.walked, rows.estimated?),
        // One step is begun or done.
        None => (progress.steps_done as u64, progress.steps.filter(|steps| *steps > 1)? as u64),
    };
    share(done, of)
}

/// How much of a whole is done, of a hundred; estimates can be too small.
pub(super) fn share(done: u64, of: u64) -> Option<u8> {
    let percent = done.saturating_mul(100).checked_div(of)?;
    u8::try_from(percent.min(100)).ok()
}
