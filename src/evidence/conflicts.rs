//! No open script that is not ordered against the contract conflicts with it.

use serde_json::json;

use super::{closed, open};
use crate::migration::NodeRef;
use crate::plan::{Condition, ConditionKind, GateSpec};
use crate::schema::Phase;

const KIND: ConditionKind = ConditionKind::Conflicts;

pub(super) fn judge(spec: &GateSpec) -> Condition {
    let contract = NodeRef::new(&spec.migration, Phase::Contract);
    let told = spec.clashes.iter().map(|clash| {
        let (own, other) = if clash.first.node == contract { (&clash.first, &clash.second) } else { (&clash.second, &clash.first) };
        format!("it {} {}, and {} ({}) {} it in no stated order", own.does, clash.object, other.node, other.place, other.does)
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return open(KIND, "no open migration conflicts with it", json!([]));
    }
    closed(
        KIND,
        told.join("; "),
        json!(spec.clashes),
        "say with `after` in migration.toml which comes first; `migrate explain unordered-conflict`",
    )
}
