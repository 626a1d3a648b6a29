//! A backfill on its way: a bar with rows, rate and what is left.

use super::moment::{length, number};
use super::row::share;
use crate::ledger::{JobRecord, Ledger};
use crate::serve::rate::Rates;

/// Without a chunk for so long a walk stands, whatever holds it: chunks take a tenth of a second and pauses a few.
const STANDING: std::time::Duration = std::time::Duration::from_secs(30);

/// A backfill.
pub(super) struct Walk {
    /// The migration, and which of its statements where there are several.
    pub(super) id: String,
    /// Class.
    pub(super) look: &'static str,
    /// Of a hundred; `None` where nobody estimated.
    pub(super) percent: Option<u8>,
    /// Rows, in words.
    pub(super) rows: String,
    /// Rate and what is left, or that it stands.
    pub(super) pace: String,
}

impl Walk {
    pub(super) fn of(job: &JobRecord, ledger: &Ledger, rates: &Rates) -> Walk {
        let several = ledger.jobs.iter().filter(|other| other.node == job.node).count() > 1;
        let id = if several { format!("{}, statement {}", job.node.migration, job.step + 1) } else { job.node.migration.to_string() };
        let rows = match job.rows_estimated {
            Some(estimated) => format!("{} of about {} rows walked, {} changed", number(job.rows_walked), number(estimated), number(job.rows_changed)),
            None => format!("{} rows walked, {} changed", number(job.rows_walked), number(job.rows_changed)),
        };
        let lag = ledger.now.duration_since(job.at).unsigned_abs();
        let stands = lag > STANDING || ledger.lease.is_none();
        let pace = match (stands, rates.of(job), rates.left(job)) {
            (true, _, _) => format!("stands: its last chunk was {} ago", length(lag)),
            (false, Some(rate), Some(left)) => format!("{} rows/s, about {} left", number(rate as u64), length(left)),
            (false, Some(rate), None) => format!("{} rows/s", number(rate as u64)),
            (false, None, _) => "walking".to_owned(),
        };
        let percent = job.rows_estimated.and_then(|estimated| share(job.rows_walked, estimated));
        Walk { id, look: if stands { "stands" } else { "walks" }, percent, rows, pace }
    }
}
