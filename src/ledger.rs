//! What ran, how far, and what is deployed: a snapshot of the tool's tables as a value. No connection, no clock.

pub mod fleet;
pub mod journal;
pub mod lease;
pub mod marking;
pub mod pulse;
pub mod readiness;
pub mod timing;

pub use fleet::{Instance, Marker, MarkerKind, Release};
pub use journal::{ControlRecord, JobRecord, JournalEntry, JournalState, PoisonRecord, ScriptRecord, ScriptStatus, Wish};
pub use lease::{Holder, Lease, LeaseRecord};
pub use marking::{Marking, Misplaced, judge};
pub use pulse::{Pulse, PulseRecord, PulseState};
pub use readiness::Readiness;
pub use timing::Timing;

use jiff::Timestamp;

use crate::migration::{MigrationId, NodeRef};
use crate::schema::Phase;
use crate::sql::Digest;

/// The format of the tables that this build writes. An older build never writes a newer one.
pub const FORMAT: u32 = 2;

/// Everything that the tool's tables hold, read in one round trip.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The format found; zero when the tables do not exist yet.
    pub format: u32,
    /// The database's clock at the moment of reading: every comparison of times uses it.
    pub now: Timestamp,
    /// One record per script that was ever started.
    pub scripts: Vec<ScriptRecord>,
    /// Statement by statement, for scripts that are not finished.
    pub journal: Vec<JournalEntry>,
    /// Backfill jobs.
    pub jobs: Vec<JobRecord>,
    /// Rows that backfills could not change.
    pub poison: Vec<PoisonRecord>,
    /// What was asked of running backfills.
    pub controls: Vec<ControlRecord>,
    /// What workers of backfills said of themselves last.
    pub pulses: Vec<PulseRecord>,
    /// How long work on the rows of tables took, the last of each kind for each table.
    pub timings: Vec<Timing>,
    /// Deploy markers, oldest first.
    pub markers: Vec<Marker>,
    /// The number of the newest marker: a marker that is judged by this ledger is written only behind it.
    pub last_marker: u64,
    /// Running applications that said so.
    pub instances: Vec<Instance>,
    /// Gates that were overridden, oldest first.
    pub overrides: Vec<OverrideRecord>,
    /// Contracts that people approved, oldest first.
    pub approvals: Vec<ApprovalRecord>,
    /// Who holds the run lock, if anybody.
    pub lease: Option<LeaseRecord>,
}

/// `--override-gate`, kept for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideRecord {
    /// Whose contract.
    pub migration: MigrationId,
    /// Which condition: `soak`, `markers`, …
    pub condition: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When, by the database's clock.
    pub at: Timestamp,
}

/// `migrate approve`, kept for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRecord {
    /// Whose contract.
    pub migration: MigrationId,
    /// Over what the contract was when it was approved.
    pub digest: Digest,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When, by the database's clock.
    pub at: Timestamp,
}

impl Ledger {
    /// The ledger of a database that has none.
    pub fn empty(now: Timestamp) -> Ledger {
        Ledger {
            format: 0,
            now,
            scripts: Vec::new(),
            journal: Vec::new(),
            jobs: Vec::new(),
            poison: Vec::new(),
            controls: Vec::new(),
            pulses: Vec::new(),
            timings: Vec::new(),
            markers: Vec::new(),
            last_marker: 0,
            instances: Vec::new(),
            overrides: Vec::new(),
            approvals: Vec::new(),
            lease: None,
        }
    }

    /// The record of a script that was started and not rolled back.
    pub fn script(&self, migration: &MigrationId, phase: Phase) -> Option<&ScriptRecord> {
        self.scripts
            .iter()
            .find(|record| record.node.phase == phase && &record.node.migration == migration && record.status != ScriptStatus::RolledBack)
    }

    /// What was asked of a migration's backfill.
    pub fn control(&self, migration: &MigrationId) -> Option<&ControlRecord> {
        self.controls.iter().find(|control| &control.migration == migration)
    }

    /// Whether a script ran to its end.
    pub fn is_done(&self, node: &NodeRef) -> bool {
        self.script(&node.migration, node.phase).is_some_and(|record| record.status == ScriptStatus::Done)
    }
}
