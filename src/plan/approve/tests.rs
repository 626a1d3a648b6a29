//! What is approved, what is left out, and what refuses the whole.

use super::*;
use crate::ledger::Ledger;
use crate::migration::Migrations;
use crate::plan::testing::{ledger, migrations, plan, plan_of};
use crate::plan::{Condition, ConditionKind, GateState, Known};
use crate::schema::Dialect;

const FILES: [(&str, &str); 5] = [
    ("1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);"),
    ("2_full/expand.sql", "ALTER TABLE users ADD COLUMN full_name text;"),
    ("2_full/backfill.sql", "UPDATE users SET full_name = name WHERE full_name IS NULL;"),
    ("2_full/contract.sql", "ALTER TABLE users DROP COLUMN name;"),
    ("3_orders/expand.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);"),
];

fn with(migrations: &Migrations, ran: &[&str]) -> Plan {
    let ledger: Ledger = ledger(migrations, ran);
    plan_of(migrations, Known::Ledger(&ledger))
}

fn approved(plan: Plan, request: Request) -> Vec<String> {
    plan.approve(request).expect("approved").scripts().iter().map(|script| script.node().to_string()).collect()
}

fn gate(state: GateState) -> Gate {
    let condition = Condition {
        kind: ConditionKind::Soak,
        name: "soak".into(),
        state,
        reason: "r".into(),
        evidence: serde_json::Value::Null,
        opens_at: None,
        next: None,
    };
    Gate { migration: MigrationId::new("2_full"), conditions: vec![condition] }
}

#[test]
fn each_phase_runs_what_is_pending_in_it() {
    let migrations = migrations(&FILES, Dialect::Postgres);
    assert_eq!(approved(with(&migrations, &[]), Request::all(Phase::Expand)), ["1_users:expand", "2_full:expand", "3_orders:expand"]);
    let ran = ["1_users:expand", "2_full:expand", "3_orders:expand"];
    assert_eq!(approved(with(&migrations, &ran), Request::all(Phase::Expand)), Vec::<String>::new());
    assert_eq!(approved(with(&migrations, &ran), Request::all(Phase::Backfill)), ["2_full:backfill"]);
    let to = Request { to: Some(MigrationId::new("2_full")), ..Request::all(Phase::Expand) };
    assert_eq!(approved(with(&migrations, &[]), to), ["1_users:expand", "2_full:expand"]);
}

#[test]
fn without_a_database_nothing_is_approved() {
    assert!(matches!(plan(&FILES, Known::Nothing).approve(Request::all(Phase::Expand)), Err(Refusal::Offline)));
}

#[test]
fn a_contract_needs_an_open_gate() {
    let migrations = migrations(&FILES, Dialect::Postgres);
    let ran = ["1_users:expand", "2_full:expand", "2_full:backfill", "3_orders:expand"];
    let contract = || Request::all(Phase::Contract);
    let unjudged = with(&migrations, &ran).approve(contract()).expect("held, not refused");
    assert!(unjudged.is_empty());
    assert_eq!(unjudged.held().len(), 1);
    for (state, runs) in [(GateState::Open, 1), (GateState::Closed, 0), (GateState::Unknown, 0)] {
        let plan = with(&migrations, &ran).with_gates(vec![gate(state)]);
        let approved = plan.approve(contract()).expect("approved");
        assert_eq!((approved.scripts().len(), approved.held().len()), (runs, 1 - runs), "{state:?}");
        assert!(approved.scripts().iter().all(|script| script.gate().is_some()), "it is judged again inside the lease");
    }
    let soak = Override { condition: "soak".into(), reason: "urgent".into(), actor: "ann".into() };
    let plan = with(&migrations, &ran).with_gates(vec![gate(GateState::Closed)]);
    let overridden = plan.approve(Request { overrides: vec![soak], ..contract() }).expect("approved");
    assert_eq!((overridden.scripts().len(), overridden.overrides().len()), (1, 1));
    // An override cannot stand for a gate that was never judged.
    let every = ConditionKind::ALL.map(|kind| Override { condition: kind.to_string(), reason: "urgent".into(), actor: "ann".into() });
    let unjudged = with(&migrations, &ran).approve(Request { overrides: every.into(), ..contract() }).expect("held");
    assert!(unjudged.is_empty());
}

#[test]
fn findings_refuse_only_what_would_run() {
    let files = [
        FILES[0],
        ("2_bad/expand.sql", "CREATE INDEX users_name ON users (name);"),
        ("2_bad/contract.sql", "ALTER TABLE users DROP COLUMN name;"),
    ];
    let migrations_ = migrations(&files, Dialect::Postgres);
    match with(&migrations_, &["1_users:expand"]).approve(Request::all(Phase::Expand)) {
        Err(Refusal::Findings { findings }) => {
            assert!(findings.iter().all(|finding| finding.phase == Phase::Expand) && !findings.is_empty())
        }
        other => panic!("{other:?}"),
    }
    assert!(with(&migrations_, &["1_users:expand"]).approve(Request::all(Phase::Contract)).is_ok());
    let to = Request { to: Some(MigrationId::new("1_users")), ..Request::all(Phase::Expand) };
    assert_eq!(approved(with(&migrations_, &[]), to), ["1_users:expand"]);
}

#[test]
fn a_history_conflict_refuses_everything() {
    let migrations_ = migrations(&FILES, Dialect::Postgres);
    let mut edited = ledger(&migrations_, &["1_users:expand"]);
    edited.scripts[0].digest = Digest([9; 32]);
    let refusal = plan_of(&migrations_, Known::Ledger(&edited)).approve(Request::all(Phase::Expand)).expect_err("edited");
    assert!(matches!(&refusal, Refusal::History { conflicts } if conflicts.len() == 1), "{refusal}");
}

#[test]
fn what_waits_for_another_phase() {
    let after = ("3_orders/migration.toml", "after = [\"2_full:contract\"]");
    let migrations_ = migrations(&[FILES[0], FILES[1], FILES[2], FILES[3], FILES[4], after], Dialect::Postgres);
    let refusal = with(&migrations_, &["1_users:expand", "2_full:expand"]).approve(Request::all(Phase::Expand)).expect_err("blocked");
    assert_eq!(
        refusal.to_string(),
        "3_orders:expand comes after 2_full:contract, which did not run yet; run `migrate apply --phase contract` first"
    );
    // A backfill whose expand is not there yet is left out; asked for by name, it is refused.
    let plain = migrations(&FILES, Dialect::Postgres);
    let left_out = with(&plain, &["1_users:expand"]).approve(Request::all(Phase::Backfill)).expect("nothing to do");
    assert_eq!((left_out.scripts().len(), left_out.blocked().len()), (0, 1));
    let asked = Request { to: Some(MigrationId::new("2_full")), ..Request::all(Phase::Backfill) };
    assert!(matches!(with(&plain, &["1_users:expand"]).approve(asked), Err(Refusal::Blocked { .. })));
}

#[test]
fn a_backfill_that_is_done_runs_again_only_when_asked_for() {
    let migrations_ = migrations(&FILES, Dialect::Postgres);
    let ran = ["1_users:expand", "2_full:expand", "2_full:backfill", "3_orders:expand"];
    assert_eq!(approved(with(&migrations_, &ran), Request::all(Phase::Backfill)), Vec::<String>::new());
    let again = || Request { again: vec![MigrationId::new("2_full")], ..Request::all(Phase::Backfill) };
    let plan = with(&migrations_, &ran).approve(again()).expect("approved");
    assert_eq!(plan.scripts().iter().map(|script| (script.turn(), script.steps().len())).collect::<Vec<_>>(), [(Turn::Again, 1)]);
    let done = ["1_users:expand", "2_full:expand", "2_full:backfill", "3_orders:expand", "2_full:contract"];
    assert!(matches!(with(&migrations_, &done).approve(again()), Err(Refusal::Settled { .. })));
}
