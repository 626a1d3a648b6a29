//! Releases and instances of the ledger as parts of a report.

use std::time::Duration;

use crate::evidence::{Fleet, Readiness, Service, Who, readiness};
use crate::ledger::{Ledger, Marker, MarkerKind, Release};
use crate::plan::GateSpec;

use super::view::{InstanceView, ReadyView, ReleaseView};

/// Releases of one service that are shown: the live ones and what they replaced.
const RELEASES: usize = 5;

/// The newest releases of each service, with what their last marker says.
pub fn releases(ledger: &Ledger) -> Vec<ReleaseView> {
    let mut newest: Vec<&Marker> = Vec::new();
    for marker in ledger.markers.iter().rev() {
        let is_known = newest.iter().any(|seen| seen.release == marker.release && seen.environment == marker.environment);
        let same = |seen: &&&Marker| seen.release.service == marker.release.service && seen.environment == marker.environment;
        let of_service = newest.iter().filter(same).count();
        if !is_known && of_service < RELEASES {
            newest.push(marker);
        }
    }
    newest.sort_by(|a, b| (&a.release.service, &a.environment).cmp(&(&b.release.service, &b.environment)).then(b.at.cmp(&a.at)));
    let fleet = Fleet::of(&ledger.markers);
    newest.into_iter().map(|marker| release(marker, &fleet, ledger)).collect()
}

/// The same, each with the contracts that are left to run.
pub fn releases_for<'a>(ledger: &Ledger, contracts: impl Iterator<Item = &'a GateSpec> + Clone) -> Vec<ReleaseView> {
    let mut views = releases(ledger);
    for view in &mut views {
        let release = Release { service: view.service.clone(), version: view.release.clone() };
        let ready = |spec: &GateSpec| {
            let (ready, why) = match readiness(spec, ledger, &release) {
                Readiness::Ready(why) => (true, why),
                Readiness::NotReady(why) => (false, why),
            };
            ReadyView { migration: spec.migration.to_string(), ready, why: why.to_owned() }
        };
        view.contracts = contracts.clone().map(ready).collect();
    }
    views
}

fn release(marker: &Marker, fleet: &Fleet, ledger: &Ledger) -> ReleaseView {
    let who = Who::Release(marker.release.version.clone());
    let here = |service: &Service| service.environment.is_none() || service.environment == marker.environment;
    let mut services = fleet.of_service(&marker.release.service).filter(|(_, service)| here(service));
    // What a later marker leaves out, an earlier one of the same release may have said.
    let said = |part: fn(&Marker) -> Option<String>| {
        ledger.markers.iter().filter(|other| other.release == marker.release).filter_map(part).next_back()
    };
    let state = match marker.kind {
        MarkerKind::Started => "started",
        MarkerKind::Deployed => "deployed",
        MarkerKind::RolledBack => "rolled-back",
        MarkerKind::Retired => "retired",
    };
    ReleaseView {
        service: marker.release.service.clone(),
        release: marker.release.version.clone(),
        state: state.to_owned(),
        live: services.any(|(_, service)| service.live.iter().any(|live| live.who == who)),
        since: marker.at,
        actor: marker.actor.clone(),
        environment: marker.environment.clone(),
        commit: said(|marker| marker.commit.clone()),
        url: said(|marker| marker.url.clone()),
        order: ledger.markers.iter().filter(|other| other.release == marker.release).filter_map(|marker| marker.order).next_back(),
        contracts: Vec::new(),
    }
}

/// Every instance that is registered; one whose heartbeat is older than it promised counts as gone.
pub fn instances(ledger: &Ledger) -> Vec<InstanceView> {
    let view = |instance: &crate::ledger::Instance| InstanceView {
        service: instance.release.service.clone(),
        release: instance.release.version.clone(),
        id: instance.id.clone(),
        last_seen: instance.last_seen,
        live: ledger.now.duration_since(instance.last_seen).unsigned_abs() <= Duration::from_secs(u64::from(instance.ttl_seconds)),
    };
    ledger.instances.iter().map(view).collect()
}
