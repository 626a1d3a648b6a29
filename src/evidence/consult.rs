//! Asks every source of a gate, all at the same time. Nothing that goes wrong here opens anything.

use futures::future::join_all;
use serde_json::Value;

use super::command::{self, Programs};
use super::verdict::Verdict;
use super::{prometheus, trend, value};
use crate::ledger::Ledger;
use crate::migration::{Ask, Veto};
use crate::plan::GateSpec;

/// What the sources of a gate say, in the order of `spec.vetoes`. Before what the contract follows has run nobody is
/// asked: the answer would be of no use by then.
pub async fn consult(spec: &GateSpec, ledger: &Ledger, programs: Programs) -> Vec<Verdict> {
    if !spec.before.iter().all(|(node, _)| ledger.is_done(node)) {
        let early = |_: &Veto| Verdict::unknown("is asked when expand and backfill have run", Value::Null);
        return spec.vetoes.iter().map(early).collect();
    }
    join_all(spec.vetoes.iter().map(|veto| one(veto, spec, ledger, programs))).await
}

async fn one(veto: &Veto, spec: &GateSpec, ledger: &Ledger, programs: Programs) -> Verdict {
    match &veto.ask {
        Ask::Prometheus(asked) => prometheus::judge(asked).await,
        Ask::ErrorRate(asked) => trend::error_rate(asked, ledger).await,
        Ask::Latency(asked) => trend::latency(asked, ledger).await,
        Ask::Http(asked) => value::judge(asked).await,
        Ask::Command(asked) => command::judge(asked, &spec.migration, programs).await,
    }
}
