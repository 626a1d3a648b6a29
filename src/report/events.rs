//! `--events`: what happens during a run as JSON, an object a line; docs/events.schema.json is its schema.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::backend::{Blocker, Build};
use crate::migration::NodeRef;
use crate::run::Event;

/// The version of the lines. Grows when something is taken away or changes its meaning; what is added needs no new one.
pub const EVENTS_FORMAT: u32 = 1;

/// One line, as a document.
pub fn line(event: &Event, at: Timestamp) -> Value {
    let line = Line { format: EVENTS_FORMAT, at, what: what(event) };
    serde_json::to_value(&line).expect("numbers and strings are always JSON")
}

#[derive(Serialize)]
struct Line<'e> {
    format: u32,
    at: Timestamp,
    #[serde(flatten)]
    what: What<'e>,
}

/// What a line tells. Durations are milliseconds.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum What<'e> {
    Leased,
    WaitingForLease {
        holder: &'e str,
    },
    ScriptStarted {
        #[serde(flatten)]
        node: Node<'e>,
        steps: usize,
        finished: usize,
    },
    StepStarted {
        #[serde(flatten)]
        node: Node<'e>,
        step: u32,
        place: &'e str,
        sql: &'e str,
    },
    HoldingBack {
        #[serde(flatten)]
        node: Node<'e>,
        at_most_ms: u64,
        blockers: Vec<Session<'e>>,
    },
    Retrying {
        #[serde(flatten)]
        node: Node<'e>,
        attempt: u32,
        pause_ms: u64,
        blockers: Vec<Session<'e>>,
    },
    WaitingForLock {
        #[serde(flatten)]
        node: Node<'e>,
        blockers: Vec<Session<'e>>,
    },
    Building {
        #[serde(flatten)]
        node: Node<'e>,
        stage: &'e str,
        done: u64,
        total: u64,
        unit: &'static str,
        waits_for: Option<i64>,
    },
    Reconnecting {
        reason: &'e str,
        pause_ms: u64,
    },
    WalkingAgain {
        #[serde(flatten)]
        node: Node<'e>,
        round: u32,
    },
    StepFinished {
        #[serde(flatten)]
        node: Node<'e>,
        step: u32,
        already: bool,
        took_ms: u64,
    },
    ChunkFinished {
        #[serde(flatten)]
        node: Node<'e>,
        #[serde(flatten)]
        chunk: Chunk<'e>,
    },
    JobBegun {
        #[serde(flatten)]
        node: Node<'e>,
        chunking: &'e str,
        reasons: &'e [String],
        ranges: u32,
    },
    RowsLeftOut {
        #[serde(flatten)]
        node: Node<'e>,
        rows: u64,
    },
    JobFinished {
        #[serde(flatten)]
        node: Node<'e>,
        changed: u64,
        walked: u64,
        estimated: Option<u64>,
    },
    Throttled {
        #[serde(flatten)]
        node: Node<'e>,
        reason: &'e str,
    },
    Paused {
        #[serde(flatten)]
        node: Node<'e>,
        reason: &'e str,
    },
    GoesOn {
        #[serde(flatten)]
        node: Node<'e>,
        stood_ms: u64,
    },
    Repaced {
        #[serde(flatten)]
        node: Node<'e>,
        pace: &'e str,
        by: &'e str,
    },
    AtFloor {
        #[serde(flatten)]
        node: Node<'e>,
        rows: u64,
        took_ms: u64,
    },
    ScriptFinished {
        #[serde(flatten)]
        node: Node<'e>,
    },
    Held {
        migration: &'e str,
    },
    Stopping,
}

#[derive(Serialize)]
struct Chunk<'e> {
    step: u32,
    rows: u64,
    took_ms: u64,
    changed: u64,
    walked: u64,
    estimated: Option<u64>,
    duty: f64,
    rows_per_second: Option<f64>,
    left_least_ms: Option<u64>,
    left_most_ms: Option<u64>,
    held: Option<&'e str>,
}

#[derive(Serialize)]
struct Node<'e> {
    migration: &'e str,
    phase: &'static str,
}

#[derive(Serialize)]
struct Session<'e> {
    pid: i64,
    who: &'e str,
    query: &'e str,
    since: Option<Timestamp>,
}

fn what(event: &Event) -> What<'_> {
    match event {
        Event::Leased => What::Leased,
        Event::WaitingForLease { holder } => What::WaitingForLease { holder },
        Event::ScriptStarted { node, steps, finished } => What::ScriptStarted { node: of(node), steps: *steps, finished: *finished },
        Event::StepStarted { node, step, place, sql } => What::StepStarted { node: of(node), step: *step, place, sql },
        Event::Retrying { node, attempt, pause, blockers } => {
            What::Retrying { node: of(node), attempt: *attempt, pause_ms: millis(*pause), blockers: sessions(blockers) }
        }
        Event::HoldingBack { node, at_most, blockers } => {
            What::HoldingBack { node: of(node), at_most_ms: millis(*at_most), blockers: sessions(blockers) }
        }
        Event::WaitingForLock { node, blockers } => What::WaitingForLock { node: of(node), blockers: sessions(blockers) },
        Event::Building { node, build: Build { stage, done, total, unit, waits_for } } => {
            What::Building { node: of(node), stage, done: *done, total: *total, unit: unit.as_str(), waits_for: *waits_for }
        }
        Event::Reconnecting { reason, pause } => What::Reconnecting { reason, pause_ms: millis(*pause) },
        Event::WalkingAgain { node, round } => What::WalkingAgain { node: of(node), round: *round },
        Event::StepFinished { node, step, already, took } => {
            What::StepFinished { node: of(node), step: *step, already: *already, took_ms: millis(*took) }
        }
        Event::ChunkFinished { node, step, changed, walked, estimated, rows, took, pulse } => What::ChunkFinished {
            node: of(node),
            chunk: Chunk {
                step: *step,
                rows: *rows,
                took_ms: millis(*took),
                changed: *changed,
                walked: *walked,
                estimated: *estimated,
                duty: pulse.duty,
                rows_per_second: pulse.rates.recent.or(pulse.rates.whole),
                left_least_ms: pulse.left.map(|(least, _)| millis(least)),
                left_most_ms: pulse.left.map(|(_, most)| millis(most)),
                held: pulse.held.as_deref(),
            },
        },
        Event::JobBegun { node, chunking, reasons, ranges } => What::JobBegun { node: of(node), chunking, reasons, ranges: *ranges },
        Event::RowsLeftOut { node, rows } => What::RowsLeftOut { node: of(node), rows: *rows },
        Event::JobFinished { node, changed, walked, estimated } => {
            What::JobFinished { node: of(node), changed: *changed, walked: *walked, estimated: *estimated }
        }
        Event::Throttled { node, reason } => What::Throttled { node: of(node), reason },
        Event::Paused { node, reason } => What::Paused { node: of(node), reason },
        Event::GoesOn { node, stood } => What::GoesOn { node: of(node), stood_ms: millis(*stood) },
        Event::Repaced { node, pace, by } => What::Repaced { node: of(node), pace, by },
        Event::AtFloor { node, rows, took } => What::AtFloor { node: of(node), rows: *rows, took_ms: millis(*took) },
        Event::ScriptFinished { node } => What::ScriptFinished { node: of(node) },
        Event::Held { gate } => What::Held { migration: gate.migration.as_str() },
        Event::Stopping => What::Stopping,
    }
}

fn of(node: &NodeRef) -> Node<'_> {
    Node { migration: node.migration.as_str(), phase: node.phase.as_str() }
}

fn sessions(blockers: &[Blocker]) -> Vec<Session<'_>> {
    blockers.iter().map(|blocker| Session { pid: blocker.pid, who: &blocker.who, query: &blocker.query, since: blocker.since }).collect()
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
