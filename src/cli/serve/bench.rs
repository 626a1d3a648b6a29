//! Judges gates for the server, on a connection of its own: a proof may read a whole table, and nobody who asks for
//! anything else waits for that, nor is the table read again before twenty times that long has passed. Sources outside of the
//! database are asked again sooner, and everything is judged anew when time alone opens a gate.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::backend::AnyBackend;
use crate::cli::failure::Failure;
use crate::cli::gates;
use crate::evidence::{Programs, ProofAnswer};
use crate::ledger::Ledger;
use crate::migration::DatabaseUrl;
use crate::plan::{Condition, ConditionKind, Gate, GateState, Plan};
use crate::sql::Digest;

/// A judgement is as good as new for this long, as long as nothing that it was made from changed.
const FRESH: Duration = Duration::from_secs(5);

/// The part of its time for which a proof may keep the database busy: one in so many.
const SHARE: u32 = 20;

/// However long they took to answer, sources outside of the database are asked again after this long: they may have changed their mind.
const LONGEST: Duration = Duration::from_secs(10);

/// How long one who asks waits for a judgement: most take milliseconds.
const WAIT: Duration = Duration::from_millis(1500);

/// An older judgement is shown while a new one is made, at least up to this age.
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
    proofs: Option<Proofs>,
    /// The database's time.
    now: Timestamp,
    at: Instant,
    took: Duration,
}

/// What the database said to the proofs of each gate.
#[derive(Clone)]
struct Proofs {
    answers: Arc<Vec<Vec<ProofAnswer>>>,
    at: Instant,
    took: Duration,
}

impl Judgement {
    fn good_for(&self) -> Duration {
        FRESH.max(LONGEST.min(self.took * SHARE))
    }

    /// For how long it is shown while a new one is made, which may ask for the proofs again.
    fn shown_for(&self) -> Duration {
        STALE.max(self.good_for() * 2) + self.proofs.as_ref().map_or(Duration::ZERO, |proofs| proofs.took * 2)
    }

    /// Whether nothing opened by itself since.
    fn holds(&self, now: Timestamp) -> bool {
        let mut opens = self.gates.iter().flat_map(|gate| &gate.conditions).filter_map(|condition| condition.opens_at);
        !opens.any(|at| self.now < at && at <= now)
    }
}

impl Proofs {
    async fn ask(plan: &Plan, ledger: &Ledger, backend: &mut AnyBackend) -> Result<Proofs, Failure> {
        let began = Instant::now();
        let answers = Arc::new(gates::proofs(plan, ledger, backend).await?);
        Ok(Proofs { answers, at: Instant::now(), took: began.elapsed() })
    }

    fn are_good(&self) -> bool {
        self.at.elapsed() < FRESH.max(self.took * SHARE)
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
        let now = ledger.now;
        if let Some(gates) = self.known(key, |judgement| judgement.at.elapsed() < judgement.good_for() && judgement.holds(now)) {
            return gates;
        }
        let (bench, plan_too, ledger) = (Arc::clone(self), Arc::clone(plan), Arc::clone(ledger));
        // Goes on when nobody waits any longer: the next who asks finds what came of it.
        let judging = tokio::spawn(async move { bench.judge(key, &plan_too, &ledger).await });
        if let Ok(Ok(Some(gates))) = tokio::time::timeout(WAIT, judging).await {
            return gates;
        }
        let stale = self.known(key, |judgement| judgement.at.elapsed() < judgement.shown_for() && judgement.holds(now));
        stale.unwrap_or_else(|| unknown(plan, "it is still being judged: ask again"))
    }

    fn known(&self, key: Digest, is_good: impl Fn(&Judgement) -> bool) -> Option<Vec<Gate>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|judgement| judgement.key == key && is_good(judgement)).map(|judgement| judgement.gates.clone())
    }

    /// The proofs that need not be asked for again.
    fn proved(&self, key: Digest) -> Option<Proofs> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|judgement| judgement.key == key)?.proofs.clone().filter(Proofs::are_good)
    }

    /// Judges, unless somebody is at it.
    async fn judge(&self, key: Digest, plan: &Plan, ledger: &Ledger) -> Option<Vec<Gate>> {
        let mut line = self.line.try_lock().ok()?;
        let began = Instant::now();
        let (proofs, gates) = match self.ask(&mut line, plan, ledger, self.proved(key)).await {
            Ok((proofs, gates)) => (Some(proofs), gates),
            Err(failure) => {
                *line = None;
                (None, unknown(plan, &failure.message))
            }
        };
        let judgement = Judgement { key, gates: gates.clone(), proofs, now: ledger.now, at: Instant::now(), took: began.elapsed() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(judgement);
        Some(gates)
    }

    async fn ask(
        &self,
        line: &mut Option<AnyBackend>,
        plan: &Plan,
        ledger: &Ledger,
        proofs: Option<Proofs>,
    ) -> Result<(Proofs, Vec<Gate>), Failure> {
        if let Some(backend) = line
            && let Ok(judged) = judged(plan, ledger, backend, proofs.clone(), self.programs).await
        {
            return Ok(judged);
        }
        let backend = line.insert(AnyBackend::connect(self.url.expose()).await?);
        judged(plan, ledger, backend, proofs, self.programs).await
    }
}

async fn judged(
    plan: &Plan,
    ledger: &Ledger,
    backend: &mut AnyBackend,
    known: Option<Proofs>,
    programs: Programs,
) -> Result<(Proofs, Vec<Gate>), Failure> {
    let proofs = match known {
        Some(proofs) => proofs,
        None => Proofs::ask(plan, ledger, backend).await?,
    };
    let gates = gates::with_proofs(plan, ledger, backend, &proofs.answers, programs).await?;
    Ok((proofs, gates))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::MigrationId;

    fn judgement(took: Duration, opens_at: Option<Timestamp>) -> Judgement {
        let kind = ConditionKind::Soak;
        let condition = Condition {
            kind,
            name: kind.to_string(),
            state: GateState::Closed,
            reason: "too early".to_owned(),
            evidence: Value::Null,
            opens_at,
            next: None,
        };
        let gates = vec![Gate { migration: MigrationId::new("1_a"), conditions: vec![condition] }];
        Judgement { key: Digest::of_bytes(b"plan"), gates, proofs: None, now: second(10), at: Instant::now(), took }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_slow_source_is_asked_again_after_seconds_and_a_slow_proof_is_not() {
        assert_eq!(judgement(Duration::from_millis(1), None).good_for(), FRESH);
        assert_eq!(judgement(Duration::from_millis(400), None).good_for(), Duration::from_secs(8));
        assert_eq!(judgement(Duration::from_secs(30), None).good_for(), LONGEST);
        let Some(at) = Instant::now().checked_sub(Duration::from_secs(60)) else { return };
        let proofs = |took| Proofs { answers: Arc::new(Vec::new()), at, took };
        assert!(proofs(Duration::from_secs(30)).are_good());
        assert!(!proofs(Duration::from_secs(2)).are_good());
    }

    #[test]
    fn nothing_is_shown_beyond_the_moment_at_which_it_opens() {
        let judgement = judgement(Duration::ZERO, Some(second(20)));
        assert!(judgement.holds(second(19)));
        assert!(!judgement.holds(second(20)));
    }
}
