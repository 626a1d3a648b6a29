//! How long nothing that is not ready was live or seen.

use jiff::Timestamp;
use serde_json::json;

use super::fleet::{Fleet, Who};
use super::readiness::readiness;
use super::words::{at, later, length, list};
use super::{closed, instances, open};
use crate::ledger::{Ledger, Release};
use crate::plan::{Condition, ConditionKind, GateSpec};

const KIND: ConditionKind = ConditionKind::Soak;

/// What was not ready, and until when it was there.
struct Last {
    name: String,
    /// `None` while it still is.
    until: Option<Timestamp>,
}

pub(super) fn judge(spec: &GateSpec, ledger: &Ledger, fleet: &Fleet) -> Condition {
    let wanted = length(spec.soak);
    let seen: Vec<Last> = by_markers(spec, ledger, fleet).chain(by_instances(spec, ledger)).collect();
    let present: Vec<String> = seen.iter().filter(|last| last.until.is_none()).map(|last| last.name.clone()).collect();
    if !present.is_empty() {
        return closed(
            KIND,
            format!("the soak of {wanted} begins when {} {} gone", list(&present), if present.len() == 1 { "is" } else { "are" }),
            json!({ "soak_seconds": spec.soak.as_secs(), "present": present }),
            "replace what is not ready; see the conditions above",
        );
    }
    let Some((until, name)) = seen.into_iter().filter_map(|last| Some((last.until?, last.name))).max() else {
        // Without a marker nothing is known of the time before: the soak has not begun.
        return closed(
            KIND,
            format!("the soak of {wanted} begins with the first marker"),
            json!({ "soak_seconds": spec.soak.as_secs() }),
            "migrate mark deployed <service>@<release>",
        );
    };
    let opens_at = later(until, spec.soak);
    let evidence =
        json!({ "soak_seconds": spec.soak.as_secs(), "last": name, "until": until.to_string(), "opens_at": opens_at.to_string() });
    if opens_at <= ledger.now {
        return open(KIND, format!("{name} was there last until {}, more than {wanted} ago", at(until)), evidence);
    }
    let reason = format!("{name} was there until {}: the soak of {wanted} ends at {}", at(until), at(opens_at));
    let mut condition = closed(KIND, reason, evidence, format!("come back at {}: `migrate apply --phase contract`", at(opens_at)));
    condition.opens_at = Some(opens_at);
    condition
}

fn by_markers<'a>(spec: &'a GateSpec, ledger: &'a Ledger, fleet: &'a Fleet) -> impl Iterator<Item = Last> + 'a {
    fleet.services.iter().flat_map(move |(label, known)| {
        let live = known.live.iter().map(|live| (&live.who, None));
        let gone = known.gone.iter().map(|(who, until)| (who, Some(*until)));
        live.chain(gone).filter_map(move |(who, until)| match who {
            Who::Unknown => Some(Last { name: format!("what ran before the markers of {label}"), until }),
            Who::Release(version) => {
                let release = Release { service: known.name.clone(), version: version.clone() };
                (!readiness(spec, ledger, &release).is_ready()).then(|| Last { name: release.to_string(), until })
            }
        })
    })
}

fn by_instances<'a>(spec: &'a GateSpec, ledger: &'a Ledger) -> impl Iterator<Item = Last> + 'a {
    let unready = ledger.instances.iter().filter(|instance| !instances::ready(spec, ledger, instance).is_ready());
    unready.map(|instance| Last {
        name: format!("{} (instance {})", instance.release, instance.id),
        until: (!instances::is_live(instance, ledger)).then_some(instance.last_seen),
    })
}
