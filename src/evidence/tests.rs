//! Truth tables of the gate: what opens it, what holds it, and that a roll-back closes it again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::backfill::Job;
use crate::ledger::{Instance, JournalEntry, JournalState, Marker, MarkerKind, Release, ScriptRecord, ScriptStatus};
use crate::migration::{Manifest, MigrationId, NodeRef, Requirement};
use crate::plan::{Clash, ProofJob, Question, Side};
use crate::schema::{Dialect, Ident, ObjectName, Phase, Server};
use crate::sql::{Digest, Span};
use MarkerKind::{Deployed, Retired, RolledBack, Started};

const CONTRACT: Digest = Digest([7; 32]);
const HOUR: i64 = 3600;

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn migration() -> MigrationId {
    MigrationId::new("1_a")
}

fn manifest(contract: Option<Digest>) -> Manifest {
    let scripts = contract.map(|digest| (NodeRef::new(&migration(), Phase::Contract), digest));
    Manifest { scripts: BTreeMap::from_iter(scripts) }
}

/// A contract with an expand behind it, the service `api`, and a soak of two hours.
pub(super) fn spec() -> GateSpec {
    GateSpec {
        migration: migration(),
        contract: CONTRACT,
        before: vec![(NodeRef::new(&migration(), Phase::Expand), Digest([1; 32]))],
        services: vec!["api".into()],
        requires: Vec::new(),
        soak: Duration::from_hours(2),
        proofs: Vec::new(),
        clashes: Vec::new(),
        vetoes: Vec::new(),
        removes: Vec::new(),
    }
}

/// A ledger ten hours in, whose expand ran.
fn ledger(markers: Vec<Marker>) -> Ledger {
    let mut ledger = Ledger::empty(second(10 * HOUR));
    ledger.scripts.push(record(Phase::Expand, 1, ScriptStatus::Done));
    ledger.markers = markers;
    ledger
}

pub(super) fn record(phase: Phase, byte: u8, status: ScriptStatus) -> ScriptRecord {
    ScriptRecord {
        node: NodeRef::new(&migration(), phase),
        digest: Digest([byte; 32]),
        status,
        started_at: second(0),
        finished_at: Some(second(1)),
        actor: "ci".into(),
        evidence: None,
    }
}

/// `old` was built without the contract, `new` with it, `other` with another text of it; `bare` said nothing.
fn built(version: &str) -> Option<Manifest> {
    match version {
        "old" => Some(manifest(None)),
        "new" | "newer" => Some(manifest(Some(CONTRACT))),
        "other" => Some(manifest(Some(Digest([8; 32])))),
        _ => None,
    }
}

fn mark(hour: i64, kind: MarkerKind, version: &str) -> Marker {
    Marker {
        release: Release { service: "api".into(), version: version.into() },
        kind,
        manifest: built(version),
        ready_for: Vec::new(),
        actor: "ci".into(),
        at: second(hour * HOUR),
        commit: None,
        url: None,
        environment: None,
        order: None,
    }
}

fn instance(version: &str, last_seen: i64, ttl_seconds: u32) -> Instance {
    Instance {
        release: Release { service: "api".into(), version: version.into() },
        id: format!("{version}-1"),
        manifest: built(version).unwrap_or_default(),
        started_at: second(0),
        last_seen: second(last_seen),
        ttl_seconds,
    }
}

fn judge(spec: &GateSpec, ledger: &Ledger, kind: ConditionKind) -> Condition {
    let gate = gate(spec, ledger, &Answers::default());
    gate.conditions.into_iter().find(|condition| condition.kind == kind).expect("every condition is judged")
}

fn is_open(markers: Vec<Marker>) -> bool {
    gate(&spec(), &ledger(markers), &Answers::default()).is_open()
}

#[test]
fn opens_when_everything_holds() {
    assert!(is_open(vec![mark(1, Deployed, "old"), mark(5, Started, "new"), mark(6, Deployed, "new")]));
    assert!(is_open(vec![mark(6, Deployed, "new")]));
}

#[test]
fn every_condition_is_judged_once_and_in_order() {
    let kinds: Vec<_> = gate(&spec(), &ledger(Vec::new()), &Answers::default()).conditions.iter().map(|condition| condition.kind).collect();
    assert_eq!(kinds, ConditionKind::ALL);
}

#[test]
fn a_roll_back_closes_the_gate_again() {
    let mut markers = vec![mark(1, Deployed, "old"), mark(3, Started, "new"), mark(4, Deployed, "new")];
    assert!(is_open(markers.clone()));
    markers.push(mark(7, RolledBack, "new"));
    let rolled_back = ledger(markers.clone());
    let condition = judge(&spec(), &rolled_back, ConditionKind::Markers);
    assert_eq!(condition.state, GateState::Closed);
    assert!(condition.reason.contains("api@old is not ready (live since 1970-01-01 07:00:00 UTC)"), "{}", condition.reason);
    // Forward again: the soak begins anew.
    markers.extend([mark(8, Started, "new"), mark(9, Deployed, "new")]);
    let forward = ledger(markers);
    assert_eq!(judge(&spec(), &forward, ConditionKind::Markers).state, GateState::Open);
    let soak = judge(&spec(), &forward, ConditionKind::Soak);
    assert_eq!((soak.state, soak.opens_at), (GateState::Closed, Some(second(11 * HOUR))));
}

#[test]
fn markers_truth_table() {
    let state = |markers: Vec<Marker>| judge(&spec(), &ledger(markers), ConditionKind::Markers).state;
    assert_eq!(state(vec![]), GateState::Closed);
    assert_eq!(state(vec![mark(1, Deployed, "new")]), GateState::Open);
    assert_eq!(state(vec![mark(1, Deployed, "old")]), GateState::Closed);
    assert_eq!(state(vec![mark(1, Deployed, "other")]), GateState::Closed);
    assert_eq!(state(vec![mark(1, Deployed, "bare")]), GateState::Closed);
    // A roll-out: the predecessor is live, known or not.
    assert_eq!(state(vec![mark(1, Started, "new")]), GateState::Closed);
    assert_eq!(state(vec![mark(1, Deployed, "old"), mark(2, Started, "new")]), GateState::Closed);
    assert_eq!(state(vec![mark(1, Deployed, "new"), mark(2, Started, "old")]), GateState::Closed);
    assert_eq!(state(vec![mark(1, Deployed, "new"), mark(2, Started, "newer")]), GateState::Open);
    assert_eq!(state(vec![mark(1, Deployed, "new"), mark(2, Retired, "new")]), GateState::Closed);
    assert_eq!(state(vec![mark(1, Deployed, "new"), mark(2, RolledBack, "new")]), GateState::Closed);
}

#[test]
fn every_declared_service_needs_evidence_and_every_other_may_veto() {
    let two = GateSpec { services: vec!["api".into(), "worker".into()], ..spec() };
    let condition = judge(&two, &ledger(vec![mark(1, Deployed, "new")]), ConditionKind::Markers);
    assert_eq!(condition.state, GateState::Closed);
    assert!(condition.reason.contains("service worker has no marker"), "{}", condition.reason);
    assert_eq!(condition.next.as_deref(), Some("migrate mark deployed worker@<release>"));

    let mut stranger = mark(1, Deployed, "old");
    stranger.release.service = "cron".into();
    assert_eq!(judge(&spec(), &ledger(vec![mark(1, Deployed, "new"), stranger]), ConditionKind::Markers).state, GateState::Closed);

    let nobody = GateSpec { services: Vec::new(), ..spec() };
    assert_eq!(judge(&nobody, &ledger(Vec::new()), ConditionKind::Markers).state, GateState::Closed);
    assert_eq!(judge(&nobody, &ledger(vec![mark(1, Deployed, "new")]), ConditionKind::Markers).state, GateState::Open);
    // Instances alone open nothing.
    let mut instances = ledger(Vec::new());
    instances.instances.push(instance("new", 10 * HOUR, 60));
    assert!(!gate(&nobody, &instances, &Answers::default()).is_open());
}

#[test]
fn readiness_comes_from_trees_heartbeats_and_statements() {
    let state = |ledger: &Ledger| judge(&spec(), ledger, ConditionKind::Markers).state;
    let mut declared = mark(1, Deployed, "bare");
    declared.ready_for.push(migration());
    assert_eq!(state(&ledger(vec![declared])), GateState::Open);

    let mut announced = ledger(vec![mark(1, Deployed, "bare")]);
    announced.instances.push(Instance { manifest: manifest(Some(CONTRACT)), ..instance("bare", 10 * HOUR, 60) });
    assert_eq!(state(&announced), GateState::Open);
    announced.instances.push(Instance { id: "b".into(), ..instance("bare", 10 * HOUR, 60) });
    assert_eq!(state(&announced), GateState::Closed);
    // What an instance announces does not make up for a tree that is known not to be ready.
    let mut contradicted = ledger(vec![mark(1, Deployed, "old")]);
    contradicted.instances.push(Instance { manifest: manifest(Some(CONTRACT)), ..instance("old", 10 * HOUR, 60) });
    assert_eq!(state(&contradicted), GateState::Closed);
}

#[test]
fn instances_veto_while_their_heartbeat_counts() {
    let condition = |instances: Vec<Instance>| {
        let mut ledger = ledger(vec![mark(1, Deployed, "new")]);
        ledger.instances = instances;
        judge(&spec(), &ledger, ConditionKind::Instances)
    };
    let now = 10 * HOUR;
    assert_eq!(condition(vec![]).state, GateState::Open);
    assert_eq!(condition(vec![instance("new", now, 60)]).state, GateState::Open);
    let old = condition(vec![instance("new", now, 60), instance("old", now - 30, 60)]);
    assert_eq!((old.state, old.opens_at), (GateState::Closed, Some(second(now + 30))));
    assert!(old.reason.contains("api@old (instance old-1"), "{}", old.reason);
    // Exactly at its end a heartbeat no longer counts.
    assert_eq!(condition(vec![instance("old", now - 60, 60)]).state, GateState::Open);
    assert_eq!(condition(vec![instance("old", now - 59, 60)]).state, GateState::Closed);
}

#[test]
fn soak_counts_from_the_last_that_was_not_ready() {
    let soak = |ledger: &Ledger| {
        let condition = judge(&spec(), ledger, ConditionKind::Soak);
        (condition.state, condition.opens_at.map(|at| at.as_second() / HOUR))
    };
    // Not from the first deploy of a ready release, but from the end of the last that was not.
    let roll_out = vec![mark(1, Deployed, "old"), mark(2, Started, "new"), mark(9, Deployed, "new")];
    assert_eq!(soak(&ledger(roll_out)), (GateState::Closed, Some(11)));
    assert_eq!(soak(&ledger(vec![mark(1, Deployed, "old"), mark(8, Deployed, "new")])), (GateState::Open, None));
    // Before the first marker anything may have run.
    assert_eq!(soak(&ledger(vec![mark(9, Deployed, "new")])), (GateState::Closed, Some(11)));
    assert_eq!(soak(&ledger(vec![])), (GateState::Closed, None));
    // A later ready release does not restart it.
    assert_eq!(
        soak(&ledger(vec![mark(5, Deployed, "new"), mark(9, Started, "newer"), mark(10, Deployed, "newer")])),
        (GateState::Open, None)
    );
    // Still there: nobody can say when it ends.
    assert_eq!(soak(&ledger(vec![mark(1, Deployed, "new"), mark(9, Started, "old")])), (GateState::Closed, None));
    // An instance that fell silent an hour ago.
    let mut silent = ledger(vec![mark(1, Deployed, "new")]);
    silent.instances.push(instance("old", 9 * HOUR, 60));
    assert_eq!(soak(&silent), (GateState::Closed, Some(11)));
}

#[test]
fn requires_compares_live_releases() {
    let requires = |at_least: &str, markers: Vec<Marker>| {
        let spec = GateSpec { requires: vec![Requirement { service: "api".into(), at_least: at_least.into() }], ..spec() };
        let ledger = ledger(markers);
        (judge(&spec, &ledger, ConditionKind::Requires).state, judge(&spec, &ledger, ConditionKind::Markers).state)
    };
    use GateState::{Closed, Open, Unknown};
    assert_eq!(requires("2.3", vec![mark(1, Deployed, "2.3.0")]), (Open, Open));
    assert_eq!(requires("2.3", vec![mark(1, Deployed, "2.10.0")]), (Open, Open));
    assert_eq!(requires("2.3", vec![mark(1, Deployed, "2.2.9")]), (Closed, Closed));
    assert_eq!(requires("2.3", vec![mark(1, Deployed, "2.2.9"), mark(2, Started, "2.3.0")]), (Closed, Closed));
    assert_eq!(requires("2.3", vec![mark(1, Deployed, "f3a9c1e")]), (Unknown, Closed));
    assert_eq!(requires("f3a9c1e", vec![mark(1, Deployed, "f3a9c1e")]), (Open, Open));
    assert_eq!(requires("2.3", vec![]), (Closed, Closed));
    // A tree with the contract does not make up for a release that is required to be later.
    assert_eq!(requires("2.3", vec![mark(1, Deployed, "new")]).0, Unknown);
}

#[test]
fn phases_must_be_done_with_the_digests_of_their_files() {
    let state = |records: Vec<ScriptRecord>| {
        let mut ledger = ledger(Vec::new());
        ledger.scripts = records;
        judge(&spec(), &ledger, ConditionKind::Phases)
    };
    assert_eq!(state(vec![record(Phase::Expand, 1, ScriptStatus::Done)]).state, GateState::Open);
    for (records, why) in [
        (vec![], "1_a:expand did not run"),
        (vec![record(Phase::Expand, 2, ScriptStatus::Done)], "1_a:expand was edited after it ran"),
        (vec![record(Phase::Expand, 1, ScriptStatus::Running)], "1_a:expand is not finished"),
        (vec![record(Phase::Expand, 1, ScriptStatus::RolledBack)], "1_a:expand did not run"),
    ] {
        let condition = state(records);
        assert_eq!((condition.state, condition.reason.as_str()), (GateState::Closed, why));
        assert_eq!(condition.next.as_deref(), Some("migrate apply --phase expand"));
    }
}

#[test]
fn a_proof_that_is_not_given_holds() {
    let job = Job {
        sql: "UPDATE a SET b = 1 WHERE b IS NULL".into(),
        point: crate::sql::batch_point("UPDATE a SET b = 1 WHERE b IS NULL", Span::new(0, 34), Server::oldest(Dialect::Postgres))
            .expect("can be cut"),
        table: ObjectName::bare(Ident::stored("a")),
        key: vec![Ident::stored("id")],
        assigned: vec![Ident::stored("b")],
        exclusion: crate::sql::Exclusion::Proven { by: "b IS NULL".into() },
        cutting: crate::migration::Cutting::default(),
    };
    let mut with = spec();
    with.before.push((NodeRef::new(&migration(), Phase::Backfill), Digest([2; 32])));
    with.proofs = vec![ProofJob { place: "1_a/backfill.sql:1".into(), question: Ok(Question::RowsLeft(Box::new(job))) }];
    let judge = |spec: &GateSpec, ledger: &Ledger, answers: &[ProofAnswer]| proof::judge(spec, ledger, answers);
    let plain = ledger(Vec::new());
    assert_eq!(judge(&spec(), &plain, &[]).state, GateState::Open);
    assert_eq!(judge(&with, &plain, &[]).state, GateState::Unknown);
    assert_eq!(judge(&with, &plain, &[ProofAnswer::NothingLeft]).state, GateState::Open);
    let left = judge(&with, &plain, &[ProofAnswer::RowsLeft]);
    assert_eq!(left.state, GateState::Closed);
    assert_eq!(left.next.as_deref(), Some("migrate apply --phase backfill --again 1_a"));
    assert_eq!(judge(&with, &plain, &[ProofAnswer::Unanswered { reason: "gone".into() }]).state, GateState::Unknown);
    let uncut = GateSpec { proofs: vec![ProofJob { place: "1_a/backfill.sql:1".into(), question: Err("no key".into()) }], ..with.clone() };
    assert_eq!(judge(&uncut, &plain, &[ProofAnswer::NothingLeft]).state, GateState::Unknown);
    assert_eq!(judge(&GateSpec { proofs: Vec::new(), ..with.clone() }, &plain, &[]).state, GateState::Unknown);

    // A contract that was interrupted may have dropped what the proof reads.
    let mut started = ledger(Vec::new());
    started.scripts.push(record(Phase::Contract, 7, ScriptStatus::Running));
    assert_eq!(judge(&with, &started, &[]).state, GateState::Unknown);
    started.journal.push(JournalEntry {
        node: NodeRef::new(&migration(), Phase::Contract),
        step: 0,
        digest: Digest([0; 32]),
        state: JournalState::Done,
        at: second(1),
    });
    assert_eq!(judge(&with, &started, &[]).state, GateState::Open);
}

#[test]
fn a_conflict_holds_and_names_the_other_side() {
    let side = |node: &str, does| Side { node: node.parse().expect("valid"), place: "x.sql:3".into(), does, span: Span::new(0, 1) };
    let clash =
        Clash { first: side("1_a:contract", "drops"), second: side("2_b:expand", "relies on"), object: "column `users.name`".into() };
    let condition = judge(&GateSpec { clashes: vec![clash], ..spec() }, &ledger(Vec::new()), ConditionKind::Conflicts);
    assert_eq!(condition.state, GateState::Closed);
    assert!(condition.reason.contains("it drops column `users.name`, and 2_b:expand (x.sql:3) relies on it"), "{}", condition.reason);
}
