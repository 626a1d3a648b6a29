//! A backfill on its way: a bar with rows, rate and what is left.

use super::moment::{length, number};
use super::row::share;
use crate::ledger::{ControlRecord, JobRecord, Ledger, Wish};
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
    /// Rows that could not be changed, in words.
    pub(super) poison: Option<String>,
}

impl Walk {
    pub(super) fn of(job: &JobRecord, ledger: &Ledger, rates: &Rates) -> Walk {
        let several = ledger.jobs.iter().filter(|other| other.node == job.node).count() > 1;
        let id = if several { format!("{}, statement {}", job.node.migration, job.step + 1) } else { job.node.migration.to_string() };
        let rows = match job.rows_estimated {
            Some(estimated) => {
                format!("{} of about {} rows walked, {} changed", number(job.rows_walked), number(estimated), number(job.rows_changed))
            }
            None => format!("{} rows walked, {} changed", number(job.rows_walked), number(job.rows_changed)),
        };
        let lag = ledger.now.duration_since(job.at).unsigned_abs();
        let asked = ledger.controls.iter().rev().find(|control| control.migration == job.node.migration).and_then(told);
        let stands = lag > STANDING || ledger.lease.is_none() || asked.is_some();
        let pace = match (asked, stands, rates.of(job), rates.left(job)) {
            (Some(asked), _, _, _) => asked,
            (None, true, _, _) => format!("stands: its last chunk was {} ago", length(lag)),
            (None, false, Some(rate), Some(left)) => format!("{} rows/s, about {} left", number(rate as u64), length(left)),
            (None, false, Some(rate), None) => format!("{} rows/s", number(rate as u64)),
            (None, false, None, _) => "walking".to_owned(),
        };
        let poison: Vec<_> = ledger.poison.iter().filter(|row| row.node == job.node && row.step == job.step).collect();
        let poison = match poison.as_slice() {
            [] => None,
            [one] => Some(format!("1 row could not be changed: {} ({})", one.message, one.code)),
            [first, ..] => Some(format!("{} rows could not be changed, the first: {} ({})", poison.len(), first.message, first.code)),
        };
        let percent = job.rows_estimated.and_then(|estimated| share(job.rows_walked, estimated));
        Walk { id, look: if stands { "stands" } else { "walks" }, percent, rows, pace, poison }
    }
}

/// What somebody asked of it, where it rests for that.
fn told(control: &ControlRecord) -> Option<String> {
    let what = match control.wish {
        Wish::Run => return None,
        Wish::Pause => "paused",
        Wish::Cancel => "cancelled",
    };
    let why = control.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(format!("{what} by {}{why}", control.actor))
}
