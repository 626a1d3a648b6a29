//! The backfill's own condition finds no row any more.

use serde_json::json;

use super::words::list;
use super::{closed, open};
use crate::ledger::Ledger;
use crate::migration::NodeRef;
use crate::plan::{Condition, ConditionKind, GateSpec, GateState, Question};
use crate::schema::Phase;

const KIND: ConditionKind = ConditionKind::Proof;

/// What the database said when it was asked for rows that are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofAnswer {
    /// There is none; the trigger works.
    NothingLeft,
    /// There is at least one.
    RowsLeft,
    /// The trigger is not there, or switched off.
    TriggerMissing,
    /// It could not be asked, or failed.
    Unanswered {
        /// Why.
        reason: String,
    },
}

pub(super) fn judge(spec: &GateSpec, ledger: &Ledger, answers: &[ProofAnswer]) -> Condition {
    if !spec.before.iter().any(|(node, _)| node.phase == Phase::Backfill && node.migration == spec.migration) {
        return open(KIND, "there is no backfill to prove", json!([]));
    }
    let contract = NodeRef::new(&spec.migration, Phase::Contract);
    if ledger.script(&spec.migration, Phase::Contract).is_some() && ledger.journal.iter().any(|entry| entry.node == contract) {
        // The first statements may have removed what the proof would ask for.
        return open(KIND, "was proven before the contract started, which goes on now", json!([]));
    }
    let (mut left, mut missing, mut unknown, mut evidence) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, proof) in spec.proofs.iter().enumerate() {
        let place = &proof.place;
        let answer = match (&proof.question, answers.get(index)) {
            (Err(reason), _) => &ProofAnswer::Unanswered { reason: reason.clone() },
            (Ok(_), None) => &ProofAnswer::Unanswered { reason: "the database was not asked".to_owned() },
            (Ok(_), Some(answer)) => answer,
        };
        let trigger = match &proof.question {
            Ok(Question::Trigger { table, trigger }) => Some(format!("{trigger} on {table}")),
            Ok(Question::RowsLeft(_) | Question::Nothing) | Err(_) => None,
        };
        evidence.push(match answer {
            ProofAnswer::NothingLeft => match trigger {
                Some(trigger) => json!({ "trigger": trigger, "works": true }),
                None => json!({ "statement": place, "rows_left": false }),
            },
            ProofAnswer::TriggerMissing => {
                missing.extend(trigger.clone());
                json!({ "trigger": trigger, "works": false })
            }
            ProofAnswer::RowsLeft => {
                left.push(place.clone());
                json!({ "statement": place, "rows_left": true })
            }
            ProofAnswer::Unanswered { reason } => {
                let told = format!("{place} could not be asked: {reason}");
                if !unknown.contains(&told) {
                    unknown.push(told);
                }
                json!({ "statement": place, "unanswered": reason })
            }
        });
    }
    if !left.is_empty() {
        let reason = format!("rows are left that the backfill should have changed: {}", list(&left));
        return closed(KIND, reason, json!(evidence), format!("migrate apply --phase backfill --again {}", spec.migration));
    }
    if !missing.is_empty() {
        let reason = format!("what keeps the columns equal is not there or switched off: trigger {}", list(&missing));
        let next = format!("make it again as `migrate plan` prints it, then migrate apply --phase backfill --again {}", spec.migration);
        return closed(KIND, reason, json!(evidence), next);
    }
    if !unknown.is_empty() || spec.proofs.is_empty() {
        let reason = if unknown.is_empty() { "the backfill has no statement to ask".to_owned() } else { unknown.join("; ") };
        let next = format!("migrate apply --phase contract --to {}", spec.migration);
        return Condition { state: GateState::Unknown, ..closed(KIND, reason, json!(evidence), next) };
    }
    open(KIND, "the backfill finds no row any more", json!(evidence))
}
