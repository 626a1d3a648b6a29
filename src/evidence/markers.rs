//! Every declared service has a live release, and every live release is ready.

use serde_json::json;

use super::fleet::{Fleet, Live, Who};
use super::readiness::{Readiness, readiness};
use super::words::{at, list};
use super::{closed, open};
use crate::ledger::{Ledger, Release};
use crate::plan::{Condition, ConditionKind, GateSpec};

const KIND: ConditionKind = ConditionKind::Markers;

pub(super) fn judge(spec: &GateSpec, ledger: &Ledger, fleet: &Fleet) -> Condition {
    let mut holding: Vec<String> = Vec::new();
    let mut ready: Vec<String> = Vec::new();
    let mut evidence = Vec::new();
    let mut next: Option<String> = None;
    if spec.services.is_empty() && fleet.services.is_empty() {
        return closed(
            KIND,
            "nothing tells which releases use this database: migrate.toml declares no services and no marker was written",
            json!([]),
            "list the services in migrate.toml (`services = [\"api\"]`), then `migrate mark deployed <service>@<release>` at each deploy",
        );
    }
    for service in &spec.services {
        let known: Vec<_> = fleet.of_service(service).collect();
        if known.is_empty() || known.iter().any(|(_, known)| known.live.is_empty()) {
            let gone = !known.is_empty();
            let why = if gone {
                "has no live release any more; if it is gone for good, remove it from `services` in migrate.toml"
            } else {
                "has no marker, so nobody knows what runs"
            };
            holding.push(format!("service {service} {why}"));
            evidence.push(json!({ "service": service, "live": [] }));
            next.get_or_insert_with(|| format!("migrate mark deployed {service}@<release>"));
        }
    }
    for (label, known) in &fleet.services {
        let service = &known.name;
        for live in &known.live {
            let (name, found) = told(spec, ledger, service, live);
            let name = if known.environment.is_some() { format!("{name} ({label})") } else { name };
            let since = live.since.map(|since| since.to_string());
            match found {
                Readiness::Ready(why) => {
                    evidence.push(json!({ "release": name, "since": since, "ready": true, "why": why }));
                    ready.push(name);
                }
                Readiness::NotReady(why) => {
                    evidence.push(json!({ "release": name, "since": since, "ready": false, "why": why }));
                    let when =
                        live.since.map_or_else(|| "from before the first marker".to_owned(), |since| format!("live since {}", at(since)));
                    holding.push(format!("{name} is not ready ({when}): {why}"));
                    next.get_or_insert_with(|| command(known.live.len(), service));
                }
            }
        }
    }
    match next {
        None => open(KIND, format!("all live releases are ready: {}", list(&ready)), json!(evidence)),
        Some(next) => closed(KIND, holding.join("; "), json!(evidence), next),
    }
}

fn told(spec: &GateSpec, ledger: &Ledger, service: &str, live: &Live) -> (String, Readiness) {
    match &live.who {
        Who::Unknown => (format!("{service}@?"), Readiness::NotReady("nobody knows what ran before")),
        Who::Release(version) => {
            let release = Release { service: service.to_owned(), version: version.clone() };
            (release.to_string(), readiness(spec, ledger, &release))
        }
    }
}

/// What to do about a release that is not ready: finish the roll-out that replaces it, or deploy one that does.
fn command(live: usize, service: &str) -> String {
    if live > 1 {
        format!("finish the roll-out, then `migrate mark deployed {service}@<release>`")
    } else {
        format!(
            "deploy a release of {service} that contains the contract, then `migrate mark deployed {service}@<release>` from its checkout"
        )
    }
}
