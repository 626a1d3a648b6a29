//! How long work on the rows of a table took here: what later plans tell times by.

use std::time::Duration;

use crate::dialect::Work;
use crate::dialect::speed::{Measure, Measured};

/// Work that took less says more about the round trips than about the rows.
pub const WORTH_KEEPING: Duration = Duration::from_millis(100);

/// The last statement that did such work to this table, while nobody stood in its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// What was done, and to which table.
    pub work: Work,
    /// The bytes that it went through.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

impl Timing {
    /// As a speed; `None` where it is too short to tell.
    pub fn measured(&self) -> Option<Measured> {
        let millis = u64::try_from(self.took.as_millis()).ok().filter(|millis| *millis > 0)?;
        let rate = self.bytes / millis;
        (rate > 0).then(|| Measured { work: self.work.clone(), rate, by: Measure::Run })
    }
}
