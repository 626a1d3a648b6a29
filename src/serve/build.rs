//! Is the schema ready for a build? The build is a release whose manifest the ledger knows, or the files beside the server.

use std::borrow::Cow;

use super::State;
use super::reading::Reading;
use crate::ledger::{Ledger, Readiness, Release};
use crate::migration::{Manifest, NodeRef};
use crate::report::Report;
use crate::schema::Phase;

/// What can be said of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It can serve.
    Ready {
        /// Whether the schema is newer than the build.
        ahead: bool,
        /// When that was found out.
        found: Found,
    },
    /// These expand scripts did not run.
    Behind(Vec<NodeRef>),
    /// These contracts took away what it uses.
    Contracted(Vec<NodeRef>),
    /// Nobody can tell; why.
    Unknown(String),
}

/// When something was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Just now.
    Now,
    /// Before; it cannot be asked now.
    Earlier,
}

/// Why the database cannot be asked.
pub(super) fn unasked(report: &Report) -> String {
    report.error.as_ref().map_or_else(|| "the database cannot be asked".to_owned(), |error| error.message.clone())
}

/// Judges a release, or with `None` the files that the server sees.
pub(super) fn judge(state: &State, reading: &Reading, release: Option<&Release>) -> Verdict {
    let snapshot = match &reading.now {
        Ok(snapshot) => snapshot,
        Err(report) => {
            return match state.latches.ahead(release) {
                Some(ahead) => Verdict::Ready { ahead, found: Found::Earlier },
                None => Verdict::Unknown(unasked(report)),
            };
        }
    };
    let build = match release {
        None => Cow::Borrowed(&snapshot.build),
        Some(release) => match manifest(&snapshot.ledger, release) {
            Some(manifest) => Cow::Owned(manifest),
            None => {
                return Verdict::Unknown(format!(
                    "nobody said what {release} was built from: run `migrate mark started {release}` from its checkout before its roll-out"
                ));
            }
        },
    };
    match Readiness::of(&build, &snapshot.ledger) {
        Readiness::Ready { ahead } => {
            state.latches.set(release, ahead);
            Verdict::Ready { ahead, found: Found::Now }
        }
        Readiness::Behind { missing } => Verdict::Behind(missing),
        Readiness::Contracted { removed } => Verdict::Contracted(removed),
    }
}

/// What a release was built from, as its newest marker or an instance of it says.
pub(super) fn manifest(ledger: &Ledger, release: &Release) -> Option<Manifest> {
    let marked = ledger.markers.iter().rev().filter(|marker| &marker.release == release).find_map(|marker| marker.manifest.clone());
    marked.or_else(|| ledger.instances.iter().rev().find(|instance| &instance.release == release).map(|instance| instance.manifest.clone()))
}

/// Backfills of a build that are not done.
pub(super) fn unfilled(build: &Manifest, ledger: &Ledger) -> Vec<NodeRef> {
    build.scripts.keys().filter(|node| node.phase == Phase::Backfill && !ledger.is_done(node)).cloned().collect()
}

/// The names of a few scripts, and how many more there are.
pub(super) fn names(nodes: &[NodeRef]) -> String {
    const NAMED: usize = 5;
    let named: Vec<String> = nodes.iter().take(NAMED).map(ToString::to_string).collect();
    match nodes.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
