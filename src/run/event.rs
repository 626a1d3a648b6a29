//! What an observer of a run may see. Rendered by `report`, streamed by the library.

use std::time::Duration;

use crate::backend::{Blocker, Build};
use crate::backfill::eta::Rates;
use crate::migration::NodeRef;
use crate::plan::Gate;

/// Something that happened while a plan was executed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The lease was obtained.
    Leased,
    /// Somebody else holds the lease; the run waits.
    WaitingForLease {
        /// Who.
        holder: String,
    },
    /// A script starts or goes on where an earlier run stopped.
    ScriptStarted {
        /// Which.
        node: NodeRef,
        /// How many steps it has.
        steps: usize,
        /// How many of them an earlier run finished.
        finished: usize,
    },
    /// A step is about to run.
    StepStarted {
        /// The script.
        node: NodeRef,
        /// The step's number, from zero.
        step: u32,
        /// `path:line`.
        place: String,
        /// Its statements.
        sql: String,
    },
    /// Sessions have held for long what the next step will ask for: it is not asked for yet.
    HoldingBack {
        /// The script.
        node: NodeRef,
        /// How much longer they are waited for at most; then the lock is asked for all the same.
        at_most: Duration,
        /// Who holds it.
        blockers: Vec<Blocker>,
    },
    /// A lock was not obtained; the step will be tried again.
    Retrying {
        /// The script.
        node: NodeRef,
        /// Which attempt failed, from one.
        attempt: u32,
        /// How long until the next.
        pause: Duration,
        /// Who stands in the way.
        blockers: Vec<Blocker>,
    },
    /// The running statement waits for a lock that these sessions hold.
    WaitingForLock {
        /// The script.
        node: NodeRef,
        /// Who stands in the way.
        blockers: Vec<Blocker>,
    },
    /// An index build tells how far it is.
    Building {
        /// The script.
        node: NodeRef,
        /// How far.
        build: Build,
    },
    /// The connection broke; it is opened again.
    Reconnecting {
        /// What broke it.
        reason: String,
        /// How long until the next attempt.
        pause: Duration,
    },
    /// A backfill reached its end but rows are left that appeared behind it: it walks once more.
    WalkingAgain {
        /// The script.
        node: NodeRef,
        /// Which walk begins, from two.
        round: u32,
    },
    /// A step ran, or had run before.
    StepFinished {
        /// The script.
        node: NodeRef,
        /// The step's number.
        step: u32,
        /// Whether an earlier run had done it.
        already: bool,
        /// How long it took.
        took: Duration,
    },
    /// A chunk of a backfill was committed.
    ChunkFinished {
        /// The script.
        node: NodeRef,
        /// The step's number.
        step: u32,
        /// Rows changed so far.
        changed: u64,
        /// Rows walked so far.
        walked: u64,
        /// Rows estimated in all.
        estimated: Option<u64>,
        /// Rows in this chunk.
        rows: u64,
        /// How long it took.
        took: Duration,
        /// How fast it goes and what holds it back.
        pulse: PaceShown,
    },
    /// A signal or an abort condition is at its limit: the run stands still.
    Throttled {
        /// The script.
        node: NodeRef,
        /// The signal with value and limit.
        reason: String,
    },
    /// Somebody paused the backfill.
    Paused {
        /// The script.
        node: NodeRef,
        /// Who, and why.
        reason: String,
    },
    /// The backfill works again.
    GoesOn {
        /// The script.
        node: NodeRef,
        /// How long it stood still so far.
        stood: Duration,
    },
    /// Somebody asked for another pace.
    Repaced {
        /// The script.
        node: NodeRef,
        /// The pace.
        pace: String,
        /// Who.
        by: String,
    },
    /// A chunk cannot become smaller and still takes much longer than it should.
    AtFloor {
        /// The script.
        node: NodeRef,
        /// Its rows.
        rows: u64,
        /// How long it took.
        took: Duration,
    },
    /// How a backfill's table is cut, when it begins.
    JobBegun {
        /// The script.
        node: NodeRef,
        /// How.
        chunking: String,
        /// Why, the strongest reason first.
        reasons: Vec<String>,
        /// Into how many ranges.
        ranges: u32,
    },
    /// Rows refuse the change: they are recorded and left out.
    RowsLeftOut {
        /// The script.
        node: NodeRef,
        /// How many so far.
        rows: u64,
    },
    /// A backfill's statement came to its end and its proof holds.
    JobFinished {
        /// The script.
        node: NodeRef,
        /// Rows changed in all.
        changed: u64,
        /// Rows walked in all.
        walked: u64,
        /// Rows estimated in all.
        estimated: Option<u64>,
    },
    /// A script ran to its end.
    ScriptFinished {
        /// Which.
        node: NodeRef,
    },
    /// A contract is held by its gate.
    Held {
        /// The gate, with what is missing.
        gate: Gate,
    },
    /// The run was asked to stop and does so at this safe point.
    Stopping,
}

/// How fast a backfill goes and what holds it back.
#[derive(Clone, Debug, PartialEq)]
pub struct PaceShown {
    /// The share of the time in which it works.
    pub duty: f64,
    /// Rows a second, pauses left out.
    pub rates: Rates,
    /// The shortest and the longest time that the rest takes.
    pub left: Option<(Duration, Duration)>,
    /// The signal that slows it down, with value and limit.
    pub held: Option<String>,
    /// How far the slowest replica is behind, where there is one.
    pub lag: Option<String>,
}

/// Someone who watches a run.
pub trait Observer: Send {
    /// Called for each event, in order, from the task that runs the plan: return quickly.
    fn see(&mut self, event: &Event);
}

impl<F: FnMut(&Event) + Send> Observer for F {
    fn see(&mut self, event: &Event) {
        self(event);
    }
}
