//! Every event against the published schema.

use std::time::Duration;

use super::*;
use crate::backend::BuildUnit;
use crate::backfill::eta::Rates;
use crate::migration::MigrationId;
use crate::run::event::PaceShown;
use crate::schema::Phase;

fn node() -> NodeRef {
    NodeRef { migration: MigrationId::new("1_users"), phase: Phase::Backfill }
}

fn all() -> Vec<Event> {
    let blockers = vec![Blocker { pid: 7, who: "app@web".to_owned(), query: "UPDATE a".to_owned(), since: Some(Timestamp::UNIX_EPOCH) }];
    let pause = Duration::from_millis(40);
    let took = Duration::from_millis(98);
    let pulse = PaceShown {
        duty: 0.35,
        rates: Rates { recent: Some(4_000.0), whole: None },
        left: Some((took, pause)),
        held: Some("replica-lag 4.3 s of 5 s (standby)".to_owned()),
        lag: None,
    };
    vec![
        Event::Leased,
        Event::WaitingForLease { holder: "ada".to_owned() },
        Event::ScriptStarted { node: node(), steps: 2, finished: 1 },
        Event::StepStarted { node: node(), step: 0, place: "a.sql:1".to_owned(), sql: "UPDATE a".to_owned() },
        Event::Retrying { node: node(), attempt: 1, pause, blockers: blockers.clone() },
        Event::HoldingBack { node: node(), at_most: pause, blockers: blockers.clone() },
        Event::WaitingForLock { node: node(), blockers },
        Event::Building {
            node: node(),
            build: Build { stage: "building index".to_owned(), done: 1, total: 2, unit: BuildUnit::Blocks, waits_for: Some(7) },
        },
        Event::Reconnecting { reason: "gone".to_owned(), pause },
        Event::WalkingAgain { node: node(), round: 2 },
        Event::StepFinished { node: node(), step: 0, already: false, took },
        Event::ChunkFinished { node: node(), step: 0, changed: 9, walked: 10, estimated: Some(20), rows: 10, took, pulse },
        Event::JobBegun { node: node(), chunking: "keys".to_owned(), reasons: vec!["because".to_owned()], ranges: 1 },
        Event::RowsLeftOut { node: node(), rows: 3 },
        Event::JobFinished { node: node(), changed: 9, walked: 10, estimated: None },
        Event::Throttled { node: node(), reason: "horizon".to_owned() },
        Event::Paused { node: node(), reason: "paused by ada".to_owned() },
        Event::GoesOn { node: node(), stood: took },
        Event::Repaced { node: node(), pace: "gentle".to_owned(), by: "ada".to_owned() },
        Event::AtFloor { node: node(), rows: 10, took },
        Event::ScriptFinished { node: node() },
        Event::Stopping,
    ]
}

#[test]
fn every_line_is_what_the_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../docs/events.schema.json")).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    for event in all() {
        let line = line(&event, Timestamp::UNIX_EPOCH);
        let faults: Vec<String> = validator.iter_errors(&line).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{line}: {faults:?}");
    }
    let named: Vec<&str> =
        schema["oneOf"].as_array().expect("a list").iter().filter_map(|kind| kind["properties"]["event"]["const"].as_str()).collect();
    // The gate of a held contract is the only event that the list above leaves out.
    assert_eq!(named.len(), all().len() + 1);
    assert!(!validator.is_valid(&serde_json::json!({"format": 1, "at": "1970-01-01T00:00:00Z", "event": "slept"})));
}

#[test]
fn a_line_is_one_line() {
    assert_eq!(
        line(&Event::GoesOn { node: node(), stood: Duration::from_secs(2) }, Timestamp::UNIX_EPOCH).to_string(),
        r#"{"format":1,"at":"1970-01-01T00:00:00Z","event":"goes-on","migration":"1_users","phase":"backfill","stood_ms":2000}"#
    );
}
