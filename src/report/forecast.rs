//! What pending backfills are expected to take, told beside their statements.

use std::sync::Arc;
use std::time::Duration;

use crate::backfill::forecast::{Basis, Measured, forecast};
use crate::dialect::duration::{bytes, range};
use crate::ledger::{Ledger, Pulse};
use crate::migration::{Numbers, Share};
use crate::report::Report;
use crate::report::view::{LogView, PhaseState, SecondsView, WorkKind, WorkView};
use crate::schema::{Dialect, Phase};

/// What is over sooner needs no forecast.
const WORTH_TELLING: Duration = Duration::from_secs(10);

/// At which pace a backfill will go, and what earlier ones measured.
#[derive(Clone, Debug)]
pub struct Outlook {
    dialect: Dialect,
    numbers: Numbers,
    measured: Arc<[Measured]>,
}

/// Tells it for every backfill of the report that did not run and whose table is of known size.
pub fn enter(report: &mut Report, ledger: Option<&Ledger>, dialect: Dialect, numbers: impl Fn(&str) -> Numbers) {
    let measured = measured(ledger);
    for migration in &mut report.migrations {
        let is_ahead = |state: PhaseState| !matches!(state, PhaseState::Done | PhaseState::Unchanged | PhaseState::RolledBack);
        for phase in migration.phases.iter_mut().filter(|phase| phase.phase == Phase::Backfill && is_ahead(phase.state)) {
            let outlook = Outlook { dialect, numbers: numbers(&migration.id), measured: Arc::clone(&measured) };
            phase.statements.foresee(outlook);
        }
    }
}

impl Outlook {
    /// Adds it to work on rows whose number is known.
    pub(super) fn add(&self, mut work: WorkView) -> WorkView {
        let (WorkKind::Rows, Some(rows @ 1..)) = (work.kind, work.rows) else { return work };
        let expected = forecast(rows, self.numbers, self.dialect, &self.measured);
        if expected.most < WORTH_TELLING {
            return work;
        }
        let basis = match expected.basis {
            Basis::Measured => "as earlier backfills here",
            Basis::Assumed => "nothing was measured here yet",
        };
        let percent = |share: Share| format!("{:.0}", share.get() * 100.0);
        let share = match (self.numbers.duty, self.numbers.beside) {
            (all, None) if all.get() >= 1.0 => String::new(),
            (share, None) => format!(", {} % of the time", percent(share)),
            (alone, Some(beside)) => format!(", {} % of the time ({} % beside an application)", percent(alone), percent(beside)),
        };
        let log = expected.log.map(|(least, most)| format!("; {} to {} of log", bytes(least), bytes(most))).unwrap_or_default();
        let (slow, fast) = expected.rates;
        let told = format!("{} at {slow:.0}-{fast:.0} rows/s{share}, {basis}{log}", range(expected.least, expected.most));
        work.seconds = Some(SecondsView { least: expected.least.as_secs_f64(), most: expected.most.as_secs_f64(), told });
        work.log = expected.log.map(|(least, most)| LogView { least, most });
        work
    }
}

/// What the workers of earlier backfills said last.
fn measured(ledger: Option<&Ledger>) -> Arc<[Measured]> {
    let pulses = ledger.map(|ledger| ledger.pulses.as_slice()).unwrap_or_default();
    let of = |pulse: &Pulse| Some(Measured { rate: pulse.work_rate.filter(|rate| *rate > 0.0)?, weight: pulse.log_per_row });
    pulses.iter().filter_map(|record| of(&record.pulse)).collect()
}
