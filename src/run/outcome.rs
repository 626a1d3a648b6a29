//! How a run ended.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::backend::BackendError;
use crate::evidence::Watch;
use crate::ledger::Holder;
use crate::migration::{MigrationId, Migrations, NodeRef, Pacing, Project};
use crate::plan::Gate;

/// What a run may take and how long.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who runs.
    pub holder: Holder,
    /// `lock_timeout` of one attempt.
    pub lock_timeout: Duration,
    /// How long attempts at one lock may take in all.
    pub give_up_after: Duration,
    /// How long to wait for another run.
    pub lease_wait: Duration,
    /// How long a lost connection is tried to be opened again.
    pub reconnect_for: Duration,
    /// What is watched meanwhile.
    pub watch: Watch,
    /// How many workers share a backfill, each on a connection of its own.
    pub workers: u32,
    /// How fast backfills go, and what they yield to.
    pub pacing: Pacing,
    /// The same for backfills that say it themselves, complete.
    pub pacing_of: BTreeMap<MigrationId, Pacing>,
    /// What is done while another run holds the lease.
    pub hand: Hand,
}

/// What a run does while another one holds the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// It waits.
    Wait,
    /// It works on the ranges of the backfill that the other one leads, and goes on with the plan once the lease is free.
    Join,
}

impl Options {
    /// The defaults of migrate.toml.
    pub fn new(holder: Holder) -> Options {
        Options {
            holder,
            lock_timeout: Duration::from_secs(2),
            give_up_after: Duration::from_secs(300),
            lease_wait: Duration::from_secs(300),
            reconnect_for: Duration::from_secs(60),
            watch: Watch::nothing(),
            workers: 1,
            hand: Hand::Wait,
            pacing: Pacing::default(),
            pacing_of: BTreeMap::new(),
        }
    }
}

impl Options {
    /// The pace of a migration's backfill.
    pub fn pacing_for(&self, migration: &MigrationId) -> &Pacing {
        self.pacing_of.get(migration).unwrap_or(&self.pacing)
    }

    /// Sets the pace from its layers: what this run says, over what a migration says, over what the project says.
    pub fn pace(&mut self, run: &Pacing, migrations: &Migrations, project: &Project) {
        let rooted = |pacing: Pacing| pacing.rooted(&project.root);
        self.pacing = rooted(run.over(&project.pacing));
        let stated = migrations.iter().filter(|migration| migration.settings.pacing != Pacing::default());
        let layered = |pacing: &Pacing| rooted(run.over(&pacing.over(&project.pacing)));
        self.pacing_of = stated.map(|migration| (migration.id.clone(), layered(&migration.settings.pacing))).collect();
    }
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Scripts that it ran to their end, in order.
    pub applied: Vec<NodeRef>,
    /// Contracts that their gates hold.
    pub held: Vec<Gate>,
    /// Whether it came to its end.
    pub end: End,
}

/// How far a run came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything that may run ran.
    Complete,
    /// It was asked to stop and did so at a safe point; the next run goes on there.
    Interrupted,
    /// Somebody cancelled its backfill from another shell; what is done stays done.
    Cancelled {
        /// Whose backfill.
        node: NodeRef,
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
}

/// Why a run stopped, and what it had done by then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The database did not do what it should.
    #[error("{source}")]
    Backend {
        /// Scripts that ran to their end before.
        applied: Vec<NodeRef>,
        /// The script that was at work.
        node: Option<NodeRef>,
        /// What happened.
        source: BackendError,
    },
    /// A backfill came to its end again and again, and its own predicate still finds rows.
    #[error(
        "{place}: rows are left after the whole table was walked {}: either something still writes rows that the statement is about, or the statement leaves them as they are",
        times(*rounds)
    )]
    RowsRemain {
        /// Scripts that ran to their end before.
        applied: Vec<NodeRef>,
        /// The script.
        node: NodeRef,
        /// `path:line`.
        place: String,
        /// How often the table was walked.
        rounds: u32,
    },
    /// Rows of a backfill could not be changed: they are recorded with their keys, all others are done, or it stopped
    /// because they were too many.
    #[error("{}", incomplete(place, *rows, *most))]
    Incomplete {
        /// Scripts that ran to their end before.
        applied: Vec<NodeRef>,
        /// The script.
        node: NodeRef,
        /// `path:line`.
        place: String,
        /// How many rows are recorded.
        rows: u64,
        /// The most that are put up with, where that stopped it.
        most: Option<u64>,
    },
    /// An abort condition of migrate.toml is breached; what ran stays, and the next run goes on there.
    #[error("{}: abort condition `{condition}`: {reason}", stopped(node, cut.as_deref()))]
    Breached {
        /// Scripts that ran to their end before.
        applied: Vec<NodeRef>,
        /// The script that was at work, or next.
        node: NodeRef,
        /// `path:line` of the statement that was cut off; none when it stopped before one.
        cut: Option<String>,
        /// Which condition.
        condition: String,
        /// What was seen.
        reason: String,
    },
    /// An abort condition of migrate.toml did not answer for as long as was waited; what ran stays, and the next run goes on there.
    #[error("{}: abort condition `{condition}` cannot be asked: {reason}", stopped(node, None))]
    Unanswered {
        /// Scripts that ran to their end before.
        applied: Vec<NodeRef>,
        /// The script that was at work, or next.
        node: NodeRef,
        /// Which condition.
        condition: String,
        /// Why not.
        reason: String,
    },
    /// The script was started, by this or another run, with another text than the plan has.
    #[error("{node} ran with another text than this plan has; plan again")]
    Overtaken {
        /// Scripts that ran to their end before.
        applied: Vec<NodeRef>,
        /// The script.
        node: NodeRef,
    },
}

impl RunError {
    /// Scripts that ran to their end before.
    pub fn applied(&self) -> &[NodeRef] {
        match self {
            RunError::Backend { applied, .. }
            | RunError::RowsRemain { applied, .. }
            | RunError::Incomplete { applied, .. }
            | RunError::Breached { applied, .. }
            | RunError::Unanswered { applied, .. }
            | RunError::Overtaken { applied, .. } => applied,
        }
    }

    /// Whether the same command may well succeed later without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            RunError::Backend { source, .. } => source.is_temporary(),
            RunError::Breached { .. } | RunError::Unanswered { .. } => true,
            RunError::RowsRemain { .. } | RunError::Incomplete { .. } | RunError::Overtaken { .. } => false,
        }
    }
}

fn stopped(node: &NodeRef, cut: Option<&str>) -> String {
    match cut {
        Some(place) => format!("{place}: the statement was cut off"),
        None => format!("stopped before the next statement of {node}"),
    }
}

fn incomplete(place: &str, rows: u64, most: Option<u64>) -> String {
    let refused = match rows {
        1 => "1 row refused the change".to_owned(),
        rows => format!("{rows} rows refused the change"),
    };
    match most {
        None if rows == 1 => format!("{place}: incomplete: {refused} and is left out; all others are done"),
        None => format!("{place}: incomplete: {refused} and are left out; all others are done"),
        Some(most) => {
            format!("{place}: stopped: {refused}, more than the {most} that are left out: it is rather the statement that is wrong")
        }
    }
}

/// `once`, `3 times`.
fn times(number: u32) -> String {
    match number {
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}
