//! Asks every source of a gate, all at the same time. Nothing that goes wrong here opens anything.

use futures::future::join_all;
use serde_json::Value;

use super::command::{self, Programs};
use super::verdict::Verdict;
use super::words::{at, earlier};
use super::{approval, aws, database, flagsmith, kubernetes, launchdarkly, ofrep, prometheus, trend, unleash, value};
use crate::ledger::Ledger;
use crate::migration::{Ask, Veto};
use crate::plan::inquiry::inquiry;
use crate::plan::{GateSpec, Inquiry, Testimony};

/// What the database told for a source, or why it did not; `None` for sources elsewhere.
pub type Told = Option<Result<Testimony, String>>;

/// What the database must be asked before the sources are, in the order of `spec.vetoes`. Before what the contract
/// follows has run nobody is asked: the answer would be of no use by then.
pub fn inquiries(spec: &GateSpec, ledger: &Ledger) -> Vec<Option<Inquiry>> {
    let is_time = is_time(spec, ledger);
    spec.vetoes.iter().map(|veto| if is_time { inquiry(veto, &spec.removes) } else { None }).collect()
}

/// What the sources of a gate say, in the order of `spec.vetoes`. `told` is what the database said, in that order.
pub async fn consult(spec: &GateSpec, ledger: &Ledger, told: &[Told], programs: Programs) -> Vec<Verdict> {
    if !is_time(spec, ledger) {
        let early = |_: &Veto| Verdict::unknown("is asked when expand and backfill have run", Value::Null);
        return spec.vetoes.iter().map(early).collect();
    }
    let told = told.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    join_all(spec.vetoes.iter().zip(told).map(|(veto, told)| one(veto, spec, ledger, told, programs))).await
}

fn is_time(spec: &GateSpec, ledger: &Ledger) -> bool {
    spec.before.iter().all(|(node, _)| ledger.is_done(node))
}

async fn one(veto: &Veto, spec: &GateSpec, ledger: &Ledger, told: Option<&Result<Testimony, String>>, programs: Programs) -> Verdict {
    match &veto.ask {
        Ask::Prometheus(asked) => prometheus::judge(asked).await,
        Ask::ErrorRate(asked) => trend::error_rate(asked, ledger).await,
        Ask::Latency(asked) => trend::latency(asked, ledger).await,
        Ask::Http(asked) => value::judge(asked).await,
        Ask::Command(asked) => command::judge(asked, &spec.migration, programs).await,
        Ask::Unleash(asked) => unleash::ask(asked, spec.soak, ledger.now).await,
        Ask::LaunchDarkly(asked) => launchdarkly::ask(asked, spec.soak, ledger.now).await,
        Ask::Flagsmith(asked) => flagsmith::ask(asked, spec.soak, ledger.now).await,
        Ask::Ofrep(asked) => ofrep::ask(asked, spec.soak, ledger.now).await,
        Ask::Kubernetes(asked) => kubernetes::judge(asked, spec, ledger).await,
        Ask::Ecs(asked) => aws::ecs(asked).await,
        Ask::TargetGroup(asked) => aws::target_group(asked).await,
        Ask::ApplicationNames | Ask::Statements(_) | Ask::Use(_) => of_database(veto, spec, ledger, told),
        Ask::Approval(asked) => approval::judge(asked, spec, ledger),
    }
}

fn of_database(veto: &Veto, spec: &GateSpec, ledger: &Ledger, told: Option<&Result<Testimony, String>>) -> Verdict {
    match (&veto.ask, told) {
        (Ask::ApplicationNames, Some(Ok(Testimony::Sessions(seen)))) => database::sessions(seen, spec, ledger),
        (Ask::Statements(_), Some(Ok(Testimony::Statements(seen)))) => {
            database::statements(seen, &spec.removes, earlier(ledger.now, spec.soak))
        }
        (Ask::Use(asked), Some(Ok(Testimony::Use(seen)))) => database::reads(seen, asked, spec, ledger),
        (_, Some(Err(reason))) => Verdict::unknown(reason.clone(), Value::Null),
        (_, _) => Verdict::unknown(format!("the database was not asked at {}", at(ledger.now)), Value::Null),
    }
}
