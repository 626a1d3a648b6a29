//! Judges gates for the server, on a connection of its own: a proof may read a whole table, and nobody who asks for
//! anything else waits for that, nor is the table read again before twenty times that long has passed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::backend::AnyBackend;
use crate::cli::failure::Failure;
use crate::cli::gates;
use crate::evidence::Programs;
use crate::ledger::Ledger;
use crate::migration::DatabaseUrl;
use crate::plan::{Condition, ConditionKind, Gate, GateState, Plan};
use crate::sql::Digest;

/// A judgement is as good as new for this long, as long as nothing that it was made from changed.
const FRESH: Duration = Duration::from_secs(5);

/// The part of its time for which a proof may keep the database busy: one in so many.
const SHARE: u32 = 20;

/// How long one who asks waits for a judgement: most take milliseconds.
const WAIT: Duration = Duration::from_millis(1500);

/// An older judgement is shown while a new one is made, up to this age or twice the time that it is good for.
const STALE: Duration = Duration::from_secs(60);

/// Where gates are judged.
pub(super) struct Bench {
    url: DatabaseUrl,
    programs: Programs,
    line: tokio::sync::Mutex<Option<AnyBackend>>,
    last: Mutex<Option<Judgement>>,
}

/// What was found.
struct Judgement {
    key: Digest,
    gates: Vec<Gate>,
    at: Instant,
    took: Duration,
}

impl Judgement {
    fn good_for(&self) -> Duration {
        FRESH.max(self.took * SHARE)
    }
}

impl Bench {
    pub(super) fn new(url: DatabaseUrl, programs: Programs) -> Bench {
        Bench { url, programs, line: tokio::sync::Mutex::new(None), last: Mutex::new(None) }
    }

    /// The gate of every contract of the plan that did not run; unknown where judging takes longer than anybody waits.
    pub(super) async fn gates(self: &Arc<Bench>, plan_key: Digest, plan: &Arc<Plan>, ledger: &Arc<Ledger>) -> Vec<Gate> {
        if plan.gates().next().is_none() {
            return Vec::new();
        }
        let key = key(plan_key, ledger);
        if let Some(gates) = self.known(key, |judgement| judgement.at.elapsed() < judgement.good_for()) {
            return gates;
        }
        let (bench, plan_too, ledger) = (Arc::clone(self), Arc::clone(plan), Arc::clone(ledger));
        // Goes on when nobody waits any longer: the next who asks finds what came of it.
        let judging = tokio::spawn(async move { bench.judge(key, &plan_too, &ledger).await });
        if let Ok(Ok(Some(gates))) = tokio::time::timeout(WAIT, judging).await {
            return gates;
        }
        let stale = self.known(key, |judgement| judgement.at.elapsed() < STALE.max(judgement.good_for() * 2));
        stale.unwrap_or_else(|| unknown(plan, "it is still being judged: ask again"))
    }

    fn known(&self, key: Digest, is_good: impl Fn(&Judgement) -> bool) -> Option<Vec<Gate>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|judgement| judgement.key == key && is_good(judgement)).map(|judgement| judgement.gates.clone())
    }

    /// Judges, unless somebody is at it.
    async fn judge(&self, key: Digest, plan: &Plan, ledger: &Ledger) -> Option<Vec<Gate>> {
        let mut line = self.line.try_lock().ok()?;
        let began = Instant::now();
        let judged = match self.ask(&mut line, plan, ledger).await {
            Ok(gates) => gates,
            Err(failure) => {
                *line = None;
                unknown(plan, &failure.message)
            }
        };
        let judgement = Judgement { key, gates: judged.clone(), at: Instant::now(), took: began.elapsed() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(judgement);
        Some(judged)
    }

    async fn ask(&self, line: &mut Option<AnyBackend>, plan: &Plan, ledger: &Ledger) -> Result<Vec<Gate>, Failure> {
        if let Some(backend) = line
            && let Ok(gates) = gates::gates(plan, ledger, backend, self.programs).await
        {
            return Ok(gates);
        }
        let backend = line.insert(AnyBackend::connect(self.url.expose()).await?);
        gates::gates(plan, ledger, backend, self.programs).await
    }
}

/// Changes when anything changes that a gate depends on, but for the clock.
fn key(plan: Digest, ledger: &Ledger) -> Digest {
    let mut still = ledger.clone();
    still.now = Timestamp::UNIX_EPOCH;
    still.lease = None;
    // The plan's key holds what counts of them, and no gate looks at the rest.
    still.jobs.clear();
    still.pulses.clear();
    still.controls.clear();
    still.poison.clear();
    for instance in &mut still.instances {
        let age = ledger.now.duration_since(instance.last_seen).unsigned_abs();
        if age <= Duration::from_secs(u64::from(instance.ttl_seconds)) {
            instance.last_seen = Timestamp::UNIX_EPOCH;
        }
    }
    Digest::of_bytes(format!("{plan}{still:?}").as_bytes())
}

/// Gates of which nothing is known, which holds them.
fn unknown(plan: &Plan, reason: &str) -> Vec<Gate> {
    let condition = |migration: &str| Condition {
        kind: ConditionKind::Proof,
        name: ConditionKind::Proof.to_string(),
        state: GateState::Unknown,
        reason: reason.to_owned(),
        evidence: Value::Null,
        opens_at: None,
        next: Some(format!("migrate explain {migration}")),
    };
    plan.gates().map(|spec| Gate { migration: spec.migration.clone(), conditions: vec![condition(spec.migration.as_str())] }).collect()
}
