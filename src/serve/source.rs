//! Where answers come from: a snapshot of a database and of the files beside it, and where markers go.

use std::pin::Pin;

use crate::ledger::{Ledger, Marker};
use crate::migration::Manifest;
use crate::plan::Gate;
use crate::report::Report;

/// What a call to a source yields.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A project over its database.
pub trait Source: Send + Sync {
    /// What it is about, as far as that is known without asking.
    fn place(&self) -> Place;

    /// What is applied, running and held now; the report of the failure where that cannot be found out.
    fn read(&self) -> Answer<'_, Result<Snapshot, Box<Report>>>;

    /// Appends a marker; both ways the report of `migrate mark`.
    fn mark(&self, marker: Marker) -> Answer<'_, Result<Report, Box<Report>>>;
}

/// What was read at one moment. Holds no password anywhere.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What it is about.
    pub place: Place,
    /// What `migrate status` tells.
    pub report: Report,
    /// What that was told from.
    pub ledger: Ledger,
    /// Who waits for whose lock while a run is at work.
    pub waits: Vec<Waiting>,
    /// The gate of every contract that did not run.
    pub gates: Vec<Gate>,
    /// Findings for which what is pending would be refused.
    pub refusals: Vec<Refused>,
    /// The scripts of the files that the server sees.
    pub build: Manifest,
}

/// A finding at level deny.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The script: `id:phase`.
    pub node: String,
    /// The lint.
    pub lint: String,
    /// What breaks, and whom.
    pub message: String,
}

/// A session that waits for a lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Whether the run waits, or somebody waits for it.
    pub side: Side,
    /// Who waits.
    pub who: String,
    /// For how long, in seconds.
    pub seconds: f64,
    /// Who holds what it waits for.
    pub blockers: String,
}

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The run, for others.
    Run,
    /// Others, for the run.
    Application,
}

/// Names of what is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The project.
    pub project: String,
    /// The database, without any password.
    pub database: String,
    /// The server: `PostgreSQL 17.4`; empty where nobody asked it yet.
    pub server: String,
}
