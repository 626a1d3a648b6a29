//! A backfill on its way: a bar with its rows, and how it is doing in the words of `migrate status`.

use jiff::Timestamp;

use super::moment::{length, number};
use super::row::share;
use crate::ledger::Ledger;
use crate::report::text::pace;
use crate::report::view::{BackfillState, MigrationView, PhaseState, PhaseView};
use crate::schema::Phase;

/// A backfill.
pub(super) struct Walk {
    /// The migration.
    pub(super) id: String,
    /// Class.
    pub(super) look: &'static str,
    /// Of a hundred; `None` where nobody estimated.
    pub(super) percent: Option<u8>,
    /// Rows, in words.
    pub(super) rows: String,
    /// How it is doing, the most telling first.
    pub(super) lines: Vec<String>,
    /// What leads on, or stops it.
    pub(super) command: Option<String>,
    /// Rows that could not be changed, in words.
    pub(super) poison: Option<String>,
}

impl Walk {
    /// Every backfill that was begun and is not done.
    pub(super) fn all<'a>(migrations: &'a [MigrationView], ledger: &'a Ledger) -> impl Iterator<Item = Walk> + 'a {
        let phases = migrations.iter().flat_map(|migration| migration.phases.iter().map(move |phase| (migration, phase)));
        let under_way = phases.filter(|(_, phase)| phase.phase == Phase::Backfill && phase.state == PhaseState::Running);
        under_way.map(|(migration, phase)| Walk::of(&migration.id, phase, ledger))
    }

    fn of(id: &str, phase: &PhaseView, ledger: &Ledger) -> Walk {
        let progress = phase.progress.as_ref();
        let rows = progress.and_then(|progress| progress.rows);
        let told = match rows.map(|rows| (rows.walked, rows.changed, rows.estimated)) {
            Some((walked, changed, Some(estimated))) => {
                format!("{} of about {} rows walked, {} changed", number(walked), number(estimated), number(changed))
            }
            Some((walked, changed, None)) => format!("{} rows walked, {} changed", number(walked), number(changed)),
            None => "nothing walked yet".to_owned(),
        };
        let percent = rows.and_then(|rows| share(rows.walked, rows.estimated?));
        let command = progress.and_then(|progress| progress.backfill.as_ref()).and_then(|view| match view.state {
            BackfillState::Working | BackfillState::Throttled => Some(format!("migrate backfill pause {id}")),
            BackfillState::Paused | BackfillState::Cancelled => Some(format!("migrate backfill resume {id}")),
            BackfillState::NotAtWork => None,
        });
        let (look, lines) = match progress.and_then(|progress| progress.backfill.as_ref()) {
            Some(view) => {
                let look = match view.state {
                    BackfillState::Working => "walks",
                    BackfillState::Throttled | BackfillState::Paused | BackfillState::Cancelled | BackfillState::NotAtWork => "stands",
                };
                (look, pace::lines(view, Some(ledger.now)))
            }
            None if ledger.lease.is_some() => ("walks", Vec::new()),
            None => ("stands", vec![stands(id, ledger)]),
        };
        Walk { id: id.to_owned(), look, percent, rows: told, lines, command, poison: poison(id, ledger) }
    }
}

/// When the last chunk of a backfill was committed.
pub(in crate::serve) fn last_chunk(id: &str, ledger: &Ledger) -> Option<Timestamp> {
    ledger.jobs.iter().filter(|job| job.node.migration.as_str() == id && job.chunks > 0).map(|job| job.at).max()
}

fn stands(id: &str, ledger: &Ledger) -> String {
    match last_chunk(id, ledger) {
        Some(at) => format!("no worker is there; its last chunk was {} ago", length(ledger.now.duration_since(at).unsigned_abs())),
        None => "no worker is there".to_owned(),
    }
}

fn poison(id: &str, ledger: &Ledger) -> Option<String> {
    let mut rows = ledger.poison.iter().filter(|row| row.node.migration.as_str() == id);
    let first = rows.next()?;
    let why = format!("{} ({})", first.message, first.code);
    Some(match rows.count() {
        0 => format!("1 row could not be changed: {why}"),
        more => format!("{} rows could not be changed, the first: {why}", more + 1),
    })
}
