//! Releases and instances of the ledger as parts of a report.

use std::time::Duration;

use crate::evidence::{Fleet, Who};
use crate::ledger::{Ledger, Marker, MarkerKind};

use super::view::{InstanceView, ReleaseView};

/// Releases of one service that are shown: the live ones and what they replaced.
const RELEASES: usize = 5;

/// The newest releases of each service, with what their last marker says.
pub fn releases(ledger: &Ledger) -> Vec<ReleaseView> {
    let mut newest: Vec<&Marker> = Vec::new();
    for marker in ledger.markers.iter().rev() {
        let is_known = newest.iter().any(|seen| seen.release == marker.release);
        let of_service = newest.iter().filter(|seen| seen.release.service == marker.release.service).count();
        if !is_known && of_service < RELEASES {
            newest.push(marker);
        }
    }
    newest.sort_by(|a, b| a.release.service.cmp(&b.release.service).then(b.at.cmp(&a.at)));
    let fleet = Fleet::of(&ledger.markers);
    newest.into_iter().map(|marker| release(marker, &fleet)).collect()
}

fn release(marker: &Marker, fleet: &Fleet) -> ReleaseView {
    let who = Who::Release(marker.release.version.clone());
    let service = fleet.services.get(&marker.release.service);
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
        live: service.is_some_and(|service| service.live.iter().any(|live| live.who == who)),
        since: marker.at,
        actor: marker.actor.clone(),
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
