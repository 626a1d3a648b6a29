//! Expand and backfill ran to their end, with the digests that their files have now.

use serde_json::json;

use super::{closed, open};
use crate::ledger::{Ledger, ScriptStatus};
use crate::migration::NodeRef;
use crate::plan::{Condition, ConditionKind, GateSpec};

const KIND: ConditionKind = ConditionKind::Phases;

pub(super) fn judge(spec: &GateSpec, ledger: &Ledger) -> Condition {
    let mut missing: Vec<(&NodeRef, &'static str)> = Vec::new();
    for (node, digest) in &spec.before {
        match ledger.script(&node.migration, node.phase) {
            None => missing.push((node, "did not run")),
            Some(record) if record.digest != *digest => missing.push((node, "was edited after it ran")),
            Some(record) => match record.status {
                ScriptStatus::Done => {}
                ScriptStatus::Running => missing.push((node, "is not finished")),
                ScriptStatus::RolledBack => missing.push((node, "was rolled back")),
            },
        }
    }
    let scripts: Vec<String> = spec.before.iter().map(|(node, _)| node.to_string()).collect();
    let evidence = json!({ "scripts": scripts });
    let Some((first, _)) = missing.first() else {
        let reason = if scripts.is_empty() {
            "nothing has to run before".to_owned()
        } else {
            format!("{} ran to the end", super::words::list(&scripts))
        };
        return open(KIND, reason, evidence);
    };
    let told: Vec<String> = missing.iter().map(|(node, why)| format!("{node} {why}")).collect();
    closed(KIND, super::words::list(&told), evidence, format!("migrate apply --phase {}", first.phase))
}
