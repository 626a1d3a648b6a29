//! People who approved this very contract: what it does, and what it comes after.

use serde_json::json;

use super::verdict::Verdict;
use super::words::list;
use crate::ledger::Ledger;
use crate::migration::veto::ApprovalAsk;
use crate::plan::GateSpec;

/// Judges `kind = "approval"`. Approvals of an earlier text of the script do not count any more.
pub(super) fn judge(asked: &ApprovalAsk, spec: &GateSpec, ledger: &Ledger) -> Verdict {
    let digest = spec.digest();
    let of_this = ledger.approvals.iter().filter(|one| one.migration == spec.migration);
    let (current, older): (Vec<_>, Vec<_>) = of_this.partition(|one| one.digest == digest);
    let mut people: Vec<String> = current.iter().map(|one| one.actor.clone()).collect();
    people.sort();
    people.dedup();
    let told: Vec<_> = current.iter().map(|one| json!({ "by": one.actor, "reason": one.reason, "at": one.at.to_string() })).collect();
    let evidence = json!({ "digest": digest.to_string(), "approvals": told });
    let found = u64::try_from(people.len()).unwrap_or(u64::MAX);
    if found >= asked.approvals {
        return Verdict::open(format!("approved by {}", list(&people)), evidence);
    }
    let outdated = if older.is_empty() { "" } else { "; earlier approvals were of another text" };
    let by = if people.is_empty() { "nobody".to_owned() } else { list(&people) };
    let wanted = if asked.approvals == 1 { String::new() } else { format!(", {} are wanted", asked.approvals) };
    let reason = format!("approved by {by}{wanted}{outdated}: migrate approve {} --reason …", spec.migration);
    Verdict::closed(reason, evidence)
}
