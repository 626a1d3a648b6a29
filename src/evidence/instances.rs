//! Every running instance that reports is ready. Seeing none proves nothing and holds nothing: markers do that.

use serde_json::json;

use super::readiness::{Readiness, by_manifest, stated};
use super::words::{at, later};
use super::{closed, open};
use crate::ledger::{Instance, Ledger};
use crate::plan::{Condition, ConditionKind, GateSpec};

const KIND: ConditionKind = ConditionKind::Instances;

/// Whether a heartbeat still counts, by the database's clock.
pub(super) fn is_live(instance: &Instance, ledger: &Ledger) -> bool {
    expires_at(instance) > ledger.now
}

fn expires_at(instance: &Instance) -> jiff::Timestamp {
    later(instance.last_seen, std::time::Duration::from_secs(u64::from(instance.ttl_seconds)))
}

/// Whether this very process is ready: what it was compiled from decides, unless somebody stated it.
pub(super) fn ready(spec: &GateSpec, ledger: &Ledger, instance: &Instance) -> Readiness {
    stated(spec, ledger, &instance.release).unwrap_or_else(|| by_manifest(spec, &instance.manifest))
}

pub(super) fn judge(spec: &GateSpec, ledger: &Ledger) -> Condition {
    let live: Vec<&Instance> = ledger.instances.iter().filter(|instance| is_live(instance, ledger)).collect();
    let mut holding = Vec::new();
    let mut evidence = Vec::new();
    for instance in &live {
        let found = ready(spec, ledger, instance);
        let (is_ready, why) = match found {
            Readiness::Ready(why) => (true, why),
            Readiness::NotReady(why) => (false, why),
        };
        evidence.push(json!({
            "instance": instance.id, "release": instance.release.to_string(), "last_seen": instance.last_seen.to_string(),
            "ready": is_ready, "why": why,
        }));
        if !is_ready {
            holding.push((*instance, why));
        }
    }
    let expiry = holding.iter().map(|(instance, _)| expires_at(instance)).max();
    let Some(expiry) = expiry else {
        let reason =
            if live.is_empty() { "no instance reports".to_owned() } else { format!("all {} reporting instances are ready", live.len()) };
        return open(KIND, reason, json!(evidence));
    };
    let told = holding.iter().map(|(instance, why)| {
        format!(
            "{} (instance {}, started {}, last seen {}) is not ready: {why}",
            instance.release,
            instance.id,
            at(instance.started_at),
            at(instance.last_seen)
        )
    });
    let mut condition = closed(
        KIND,
        told.collect::<Vec<_>>().join("; "),
        json!(evidence),
        "stop them or roll them forward; one that ended without saying so is forgotten when its heartbeat expires",
    );
    condition.opens_at = Some(expiry);
    condition
}
