//! Whether a release is ready for a contract: whether its own source tree held contract.sql, with this very content.

use std::cmp::Ordering;

use super::fleet::Fleet;
use crate::ledger::{Ledger, Marker, Release};
use crate::migration::Manifest;
use crate::plan::GateSpec;
use crate::schema::Phase;

/// Whether a release can live without what a contract removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can; why, as a clause.
    Ready(&'static str),
    /// Nothing shows that it can; why, as a clause.
    NotReady(&'static str),
}

impl Readiness {
    /// Whether it can.
    pub fn is_ready(&self) -> bool {
        match self {
            Readiness::Ready(_) => true,
            Readiness::NotReady(_) => false,
        }
    }
}

/// Judges a release by its markers, by what its instances announce, and by `requires`.
pub fn readiness(spec: &GateSpec, ledger: &Ledger, release: &Release) -> Readiness {
    let markers = || ledger.markers.iter().filter(|marker| &marker.release == release);
    if let Some(stated) = stated(spec, ledger, release) {
        return stated;
    }
    // A later marker of the same release was written by the later build.
    if let Some(manifest) = markers().filter_map(|marker| marker.manifest.as_ref()).next_back() {
        return by_manifest(spec, manifest);
    }
    let mut announced = ledger.instances.iter().filter(|instance| &instance.release == release).peekable();
    if announced.peek().is_some() {
        return if announced.all(|instance| by_manifest(spec, &instance.manifest).is_ready()) {
            Readiness::Ready("all its instances announce the contract")
        } else {
            Readiness::NotReady("an instance of it does not announce the contract")
        };
    }
    Readiness::NotReady("its marker holds no manifest")
}

/// What was said by hand: `--ready-for`, or a release that `requires` accepts.
pub(super) fn stated(spec: &GateSpec, ledger: &Ledger, release: &Release) -> Option<Readiness> {
    let declared = |marker: &Marker| &marker.release == release && marker.ready_for.contains(&spec.migration);
    if ledger.markers.iter().any(declared) {
        return Some(Readiness::Ready("it was declared ready by hand"));
    }
    if spec.requires.is_empty() {
        return None;
    }
    let fleet = Fleet::of(&ledger.markers);
    let satisfied = spec.requires.iter().any(|requirement| {
        requirement.service == release.service
            && matches!(fleet.compare(&release.service, &release.version, &requirement.at_least), Some(Ordering::Equal | Ordering::Greater))
    });
    satisfied.then_some(Readiness::Ready("migration.toml requires no later one"))
}

/// What a source tree shows.
pub(super) fn by_manifest(spec: &GateSpec, manifest: &Manifest) -> Readiness {
    match manifest.digest(&spec.migration, Phase::Contract) {
        Some(digest) if digest == spec.contract => Readiness::Ready("it was built with the contract"),
        Some(_) => Readiness::NotReady("it was built with another contract.sql"),
        None => Readiness::NotReady("it was built without the contract"),
    }
}
