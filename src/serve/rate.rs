//! How fast a backfill walks, from what its job recorded at the times at which it was read. By the database's clock.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::ledger::{JobRecord, Ledger};
use crate::migration::NodeRef;

/// A rate is taken over the last minute: longer than the pauses of a throttled walk, short enough to see a change.
const WINDOW: Duration = Duration::from_secs(60);

/// What was seen of jobs that are not done.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    seen: HashMap<(NodeRef, u32), VecDeque<(Timestamp, u64)>>,
}

impl Rates {
    /// Takes note of every job; forgets those that ended.
    pub(super) fn see(&mut self, ledger: &Ledger) {
        let open = |job: &&JobRecord| !job.done;
        self.seen.retain(|(node, step), _| ledger.jobs.iter().filter(open).any(|job| &job.node == node && job.step == *step));
        for job in ledger.jobs.iter().filter(open) {
            let seen = self.seen.entry((job.node.clone(), job.step)).or_default();
            if seen.back().is_some_and(|(_, walked)| *walked > job.rows_walked) {
                // It was sent back to its start.
                seen.clear();
            }
            if seen.back().is_none_or(|(at, _)| *at < job.at) {
                seen.push_back((job.at, job.rows_walked));
            }
            // One older than the window stays, so that a walk with long pauses has a rate as well.
            while seen.get(1).is_some_and(|(at, _)| ledger.now.duration_since(*at).unsigned_abs() > WINDOW) {
                seen.pop_front();
            }
        }
    }

    /// Rows walked per second; `None` before two chunks were seen.
    pub(super) fn of(&self, job: &JobRecord) -> Option<f64> {
        let seen = self.seen.get(&(job.node.clone(), job.step))?;
        let ((first, from), (last, to)) = (seen.front()?, seen.back()?);
        let seconds = last.duration_since(*first).as_secs_f64();
        (seconds > 0.0).then(|| (to - from) as f64 / seconds)
    }

    /// How long it takes to the end at this rate.
    pub(super) fn left(&self, job: &JobRecord) -> Option<Duration> {
        let rows = job.rows_estimated?.saturating_sub(job.rows_walked);
        let rate = self.of(job).filter(|rate| *rate > 0.0)?;
        Duration::try_from_secs_f64(rows as f64 / rate).ok()
    }
}
