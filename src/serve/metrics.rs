//! `/metrics` in the OpenMetrics text format, made from one snapshot: what does not exist any more is not told any more.

use std::sync::atomic::AtomicU64;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::Shared;
use super::board::last_chunk;
use super::problem::Problem;
use super::reading::Reading;
use super::source::{Side, Snapshot};
use crate::plan::GateState;
use crate::report::view::{BackfillState, PhaseState, PhaseView};
use crate::schema::Phase;

/// A number that goes up and down.
type Number = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InState {
    phase: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OpenPhase {
    migration: String,
    phase: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfMigration {
    migration: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ConditionOf {
    migration: String,
    condition: String,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRelease {
    service: String,
    release: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WaitOf {
    waiter: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// Phases, backfills, gates, releases and the lease, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "state", operation_id = "metrics", responses(
    (status = 200, description = "OpenMetrics text; `concertina_database_up 0` while the database cannot be asked.", body = String,
        content_type = "application/openmetrics-text")))]
pub(super) async fn metrics(shared: Shared) -> Response {
    let registry = registry(&shared.readings.now().await);
    let mut body = String::new();
    match text::encode(&mut body, &registry) {
        Ok(()) => ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], body).into_response(),
        Err(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written").into_response(),
    }
}

/// Everything that is known, newly registered: states that ended leave no series behind.
pub(super) fn registry(reading: &Reading) -> Registry {
    let mut registry = Registry::with_prefix("concertina");
    let build: Family<Build, Number> = Family::default();
    build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1.0);
    registry.register("build_info", "The version of the server", build);
    number(&mut registry, "database_up", "Whether the database could be asked", f64::from(u8::from(reading.now.is_ok())));
    // Old numbers would hide an outage: what cannot be read is not told.
    if let Ok(snapshot) = &reading.now {
        seconds(&mut registry, "ledger_read_timestamp", "When the ledger was read, by the database's clock", second(snapshot.ledger.now));
        phases(&mut registry, snapshot);
        backfills(&mut registry, snapshot);
        gates(&mut registry, snapshot);
        fleet(&mut registry, snapshot);
        lease(&mut registry, snapshot);
    }
    registry
}

fn number(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Number::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Number::default();
    gauge.set(value);
    registry.register_with_unit(name, help, Unit::Seconds, gauge);
}

fn second(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

fn phases(registry: &mut Registry, snapshot: &Snapshot) {
    let (counts, open): (Family<InState, Number>, Family<OpenPhase, Number>) = Default::default();
    for migration in &snapshot.report.migrations {
        for phase in &migration.phases {
            let (name, state) = (phase.phase.as_str(), state_name(phase.state));
            counts.get_or_create(&InState { phase: name, state }).inc();
            if phase.state != PhaseState::Done {
                open.get_or_create(&OpenPhase { migration: migration.id.clone(), phase: name, state }).set(1.0);
            }
        }
    }
    registry.register("phases", "Phases of migrations by their state", counts);
    registry.register("open_phase", "A phase that is not done, with its state", open);
    number(registry, "refusals", "Findings for which what is pending would be refused", snapshot.refusals.len() as f64);
    number(
        registry,
        "history_conflict",
        "Whether the history and the files disagree",
        f64::from(u8::from(snapshot.report.error.is_some())),
    );
}

fn backfills(registry: &mut Registry, snapshot: &Snapshot) {
    let families: [Family<OfMigration, Number>; 8] = Default::default();
    let [changed, walked, estimated, rate, left, lag, workers, stands] = &families;
    for migration in &snapshot.report.migrations {
        let is_open = |phase: &&PhaseView| phase.phase == Phase::Backfill && phase.state == PhaseState::Running;
        let Some(progress) = migration.phases.iter().find(is_open).and_then(|phase| phase.progress.as_ref()) else { continue };
        let of = OfMigration { migration: migration.id.clone() };
        if let Some(rows) = progress.rows {
            changed.get_or_create(&of).set(rows.changed as f64);
            walked.get_or_create(&of).set(rows.walked as f64);
            if let Some(rows) = rows.estimated {
                estimated.get_or_create(&of).set(rows as f64);
            }
        }
        if let Some(at) = last_chunk(&migration.id, &snapshot.ledger) {
            lag.get_or_create(&of).set(snapshot.ledger.now.duration_since(at).as_secs_f64().max(0.0));
        }
        let view = progress.backfill.as_ref();
        workers.get_or_create(&of).set(view.map_or(0.0, |view| view.workers as f64));
        let works = view.is_some_and(|view| view.state == BackfillState::Working);
        stands.get_or_create(&of).set(f64::from(u8::from(!works)));
        if let Some(rows) = view.and_then(|view| view.rows_per_second) {
            rate.get_or_create(&of).set(rows);
        }
        if let Some(seconds) = view.and_then(|view| view.left_most_seconds) {
            left.get_or_create(&of).set(seconds as f64);
        }
    }
    let [changed, walked, estimated, rate, left, lag, workers, stands] = families;
    registry.register("backfill_rows_changed", "Rows that an open backfill changed so far", changed);
    registry.register("backfill_rows_walked", "Rows that an open backfill walked so far", walked);
    registry.register("backfill_rows_estimated", "Rows that an open backfill was estimated to walk", estimated);
    registry.register("backfill_rows_per_second", "Rows that all workers of an open backfill walk per second", rate);
    registry.register_with_unit("backfill_left", "How long an open backfill takes to its end at most", Unit::Seconds, left);
    registry.register_with_unit("backfill_lag", "How long ago an open backfill committed its last chunk", Unit::Seconds, lag);
    registry.register("backfill_workers", "Workers of an open backfill that are there", workers);
    registry.register("backfill_stands", "Whether an open backfill stands still: throttled, paused, cancelled or without a worker", stands);
}

fn gates(registry: &mut Registry, snapshot: &Snapshot) {
    let (open, conditions): (Family<OfMigration, Number>, Family<ConditionOf, Number>) = Default::default();
    let opens_at: Family<OfMigration, Number> = Family::default();
    for gate in &snapshot.gates {
        let contract = OfMigration { migration: gate.migration.to_string() };
        open.get_or_create(&contract).set(f64::from(u8::from(gate.is_open())));
        if let Some(at) = gate.opens_at() {
            opens_at.get_or_create(&contract).set(second(at));
        }
        for condition in &gate.conditions {
            let state = match condition.state {
                GateState::Open => "open",
                GateState::Closed => "closed",
                GateState::Unknown => "unknown",
                GateState::Overridden => "overridden",
            };
            let labels = ConditionOf { migration: gate.migration.to_string(), condition: condition.name.clone(), state };
            conditions.get_or_create(&labels).set(1.0);
        }
    }
    registry.register("gate_open", "Whether the gate of a contract that did not run is open", open);
    registry.register("gate_condition", "A condition of such a gate, with its state", conditions);
    registry.register_with_unit("gate_opens_timestamp", "When a closed gate opens if nothing else happens", Unit::Seconds, opens_at);
}

fn fleet(registry: &mut Registry, snapshot: &Snapshot) {
    let (releases, instances): (Family<OfRelease, Number>, Family<OfRelease, Number>) = Default::default();
    for release in snapshot.report.releases.iter().filter(|release| release.live) {
        releases.get_or_create(&OfRelease { service: release.service.clone(), release: release.release.clone() }).set(1.0);
    }
    for instance in snapshot.report.instances.iter().filter(|instance| instance.live) {
        instances.get_or_create(&OfRelease { service: instance.service.clone(), release: instance.release.clone() }).inc();
    }
    registry.register("release_live", "A release that is live, as its markers tell", releases);
    registry.register("instances_live", "Instances of a release whose heartbeat counts", instances);
}

fn lease(registry: &mut Registry, snapshot: &Snapshot) {
    let held = snapshot.ledger.lease.as_ref();
    number(registry, "lease_held", "Whether a run is at work", f64::from(u8::from(held.is_some())));
    if let Some(lease) = held {
        let age = snapshot.ledger.now.duration_since(lease.since).as_secs_f64().max(0.0);
        seconds(registry, "lease_age", "How long that run is at work", age);
        waits(registry, snapshot);
    }
}

fn waits(registry: &mut Registry, snapshot: &Snapshot) {
    let (sessions, longest): (Family<WaitOf, Number>, Family<WaitOf, Number>) = Default::default();
    for (side, waiter) in [(Side::Run, "run"), (Side::Application, "application")] {
        let of = || snapshot.waits.iter().filter(|wait| wait.side == side);
        sessions.get_or_create(&WaitOf { waiter }).set(of().count() as f64);
        longest.get_or_create(&WaitOf { waiter }).set(of().map(|wait| wait.seconds).fold(0.0, f64::max));
    }
    registry.register("lock_waits", "Sessions that wait for a lock: of the run, and of others that wait for the run", sessions);
    registry.register_with_unit("lock_wait_longest", "How long the longest of them waits", Unit::Seconds, longest);
}

/// The state as a label.
pub(super) fn state_name(state: PhaseState) -> &'static str {
    match state {
        PhaseState::Unknown => "unknown",
        PhaseState::Unchanged => "unchanged",
        PhaseState::Pending => "pending",
        PhaseState::Blocked => "blocked",
        PhaseState::Running => "running",
        PhaseState::Done => "done",
        PhaseState::Held => "held",
        PhaseState::RolledBack => "rolled-back",
    }
}
