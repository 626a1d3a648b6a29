//! `requires` of migration.toml: live releases must be at least these.

use std::cmp::Ordering;

use serde_json::json;

use super::fleet::{Fleet, Live, Who};
use super::words::list;
use super::{closed, open};
use crate::migration::Requirement;
use crate::plan::{Condition, ConditionKind, GateSpec, GateState};

const KIND: ConditionKind = ConditionKind::Requires;

pub(super) fn judge(spec: &GateSpec, fleet: &Fleet) -> Condition {
    if spec.requires.is_empty() {
        return open(KIND, "migration.toml requires no release by name", json!([]));
    }
    let mut told = Vec::new();
    let mut evidence = Vec::new();
    let mut state = GateState::Open;
    for requirement in &spec.requires {
        let (found, why, live) = one(requirement, fleet);
        evidence.push(json!({ "requires": requirement.to_string(), "live": live }));
        if !found.lets_through() {
            told.push(why);
        }
        state = match (state, found) {
            (GateState::Closed, _) | (_, GateState::Closed) => GateState::Closed,
            (GateState::Unknown, _) | (_, GateState::Unknown) => GateState::Unknown,
            (GateState::Open | GateState::Overridden, found) => found,
        };
    }
    if state.lets_through() {
        let all: Vec<String> = spec.requires.iter().map(Requirement::to_string).collect();
        return open(KIND, format!("satisfied: {}", list(&all)), json!(evidence));
    }
    let next = match state {
        GateState::Unknown => format!("state it by hand: `migrate mark deployed <service>@<release> --ready-for {}`", spec.migration),
        GateState::Open | GateState::Closed | GateState::Overridden => {
            "deploy such a release, then `migrate mark deployed <service>@<release>`".to_owned()
        }
    };
    Condition { state, ..closed(KIND, told.join("; "), json!(evidence), next) }
}

fn one(requirement: &Requirement, fleet: &Fleet) -> (GateState, String, Vec<String>) {
    let service = &requirement.service;
    let live: Vec<&Live> = fleet.of_service(service).flat_map(|(_, known)| &known.live).collect();
    let mut names = Vec::new();
    let mut state = GateState::Open;
    let mut why = String::new();
    for one in &live {
        let (found, reason) = match &one.who {
            Who::Unknown => {
                (GateState::Closed, format!("{requirement} is required, and what ran before the first marker of {service} is still live"))
            }
            Who::Release(version) => {
                names.push(version.clone());
                match fleet.compare(service, version, &requirement.at_least) {
                    Some(Ordering::Equal | Ordering::Greater) => continue,
                    Some(Ordering::Less) => (GateState::Closed, format!("{requirement} is required, {service}@{version} is live")),
                    None => (
                        GateState::Unknown,
                        format!(
                            "{requirement} is required, and whether {service}@{version} is later cannot be told from its name; `migrate mark … --order <number>` tells"
                        ),
                    ),
                }
            }
        };
        if state != GateState::Closed {
            (state, why) = (found, reason);
        }
    }
    if live.is_empty() {
        (state, why) = (GateState::Closed, format!("{requirement} is required, and {service} has no live release"));
    }
    (state, why, names)
}
