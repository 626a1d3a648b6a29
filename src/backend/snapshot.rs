//! The ledger as one JSON document, which every engine's single read returns, and back into values.

mod approval;
mod pulse;
pub(super) mod timing;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use self::approval::ApprovalRow;
use self::pulse::PulseRow;
use self::timing::TimingRow;
use super::BackendError;
use crate::backfill::{Chunking, KeyPart, KeyValue, Place};
use crate::ledger::{
    ControlRecord, FORMAT, Instance, JobRecord, JournalEntry, JournalState, LeaseRecord, Ledger, Marker, MarkerKind, OverrideRecord,
    PoisonRecord, Pulse, Release, ScriptRecord, ScriptStatus, Wish,
};
use crate::migration::{Manifest, MigrationId, NodeRef};
use crate::schema::Phase;
use crate::sql::Digest;

/// Reads a document that this build may go on from.
pub(super) fn current(document: &str) -> Result<Ledger, BackendError> {
    let ledger = read(document)?;
    match ledger.format > FORMAT {
        true => Err(BackendError::NewerLedger { found: ledger.format, known: FORMAT }),
        false => Ok(ledger),
    }
}

/// Reads the document that `ledger.sql` returns.
fn read(document: &str) -> Result<Ledger, BackendError> {
    let rows: Rows = serde_json::from_str(document).map_err(|error| damaged(error.to_string()))?;
    rows.into_ledger()
}

/// The query for a ledger whose tables were made by format 1: without what format 2 added.
pub(super) fn older(query: &str) -> String {
    let parts = query.split("-- since format 2\n");
    parts.step_by(2).collect()
}

/// Reads a row of the table of jobs and the sums over its ranges, as JSON.
pub(super) fn read_job(document: &str) -> Result<JobRecord, BackendError> {
    let row: JobDocument = serde_json::from_str(document).map_err(|error| damaged(error.to_string()))?;
    row.job.record(row.round, row.ranges.as_ref())
}

/// What a manifest is stored under, and its text: equal manifests are stored once.
pub(super) fn pack_manifest(manifest: &Manifest) -> (String, String) {
    let scripts: BTreeMap<String, String> = manifest.scripts.iter().map(|(node, digest)| (node.to_string(), digest.to_string())).collect();
    let text = serde_json::to_string(&scripts).expect("a map of strings is always JSON");
    let id: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    (Digest(id).to_string(), text)
}

/// A place as it is stored.
pub(super) fn pack(place: &Place) -> String {
    serde_json::to_string(place).expect("a list of scalars is always JSON")
}

/// A place as it was stored.
pub(super) fn unpack(text: &str) -> Result<Place, BackendError> {
    serde_json::from_str(text).map_err(|error| damaged(format!("place {text}: {error}")))
}

/// The word that a marker's kind is stored as.
pub(super) fn marker_word(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Started => "started",
        MarkerKind::Deployed => "deployed",
        MarkerKind::RolledBack => "rolled-back",
        MarkerKind::Retired => "retired",
    }
}

/// How a job is cut, as it is stored.
pub(super) fn pack_chunking(chunking: &Chunking) -> String {
    serde_json::to_string(chunking).expect("names and numbers are always JSON")
}

/// How a job is cut, as it was stored.
pub(super) fn unpack_chunking(text: &str) -> Result<Chunking, BackendError> {
    serde_json::from_str(text).map_err(|error| damaged(format!("chunking {text}: {error}")))
}

pub(super) fn damaged(reason: impl Into<String>) -> BackendError {
    BackendError::Damaged { reason: reason.into() }
}

#[derive(Deserialize)]
struct Rows {
    format: u32,
    now: Timestamp,
    scripts: Vec<ScriptRow>,
    journal: Vec<JournalRow>,
    jobs: Vec<JobRow>,
    #[serde(default)]
    backfills: Vec<BackfillRow>,
    #[serde(default)]
    ranges: Vec<RangesRow>,
    #[serde(default)]
    poison: Vec<PoisonRow>,
    #[serde(default)]
    controls: Vec<ControlRow>,
    #[serde(default)]
    pulses: Vec<PulseRow>,
    #[serde(default)]
    timings: Vec<TimingRow>,
    manifests: Vec<ManifestRow>,
    markers: Vec<MarkerRow>,
    #[serde(default)]
    marker_details: Vec<MarkerDetailRow>,
    last_marker: u64,
    instances: Vec<InstanceRow>,
    overrides: Vec<OverrideRow>,
    #[serde(default)]
    approvals: Vec<ApprovalRow>,
    lease: Option<LeaseRow>,
}

#[derive(Deserialize)]
struct ScriptRow {
    migration: String,
    phase: String,
    digest: String,
    status: String,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
    actor: String,
    evidence: Option<String>,
}

#[derive(Deserialize)]
struct JournalRow {
    migration: String,
    phase: String,
    step: u32,
    digest: String,
    state: String,
    code: Option<String>,
    message: Option<String>,
    at: Timestamp,
}

#[derive(Deserialize)]
struct JobRow {
    migration: String,
    phase: String,
    step: u32,
    digest: String,
    rows_changed: u64,
    rows_walked: u64,
    rows_estimated: Option<u64>,
    chunks: u64,
    done: Flag,
    at: Timestamp,
}

/// A job with what is known of its ranges.
#[derive(Deserialize)]
struct JobDocument {
    job: JobRow,
    round: u32,
    ranges: Option<RangesRow>,
}

#[derive(Deserialize)]
struct BackfillRow {
    migration: String,
    phase: String,
    step: u32,
    round: u32,
}

#[derive(Deserialize)]
struct RangesRow {
    migration: String,
    phase: String,
    step: u32,
    ranges: u32,
    done: u32,
    held: u32,
    rows_changed: u64,
    rows_walked: u64,
    chunks: u64,
    at: Timestamp,
}

#[derive(Deserialize)]
struct PoisonRow {
    migration: String,
    phase: String,
    step: u32,
    key: String,
    code: String,
    message: String,
    at: Timestamp,
}

#[derive(Deserialize)]
struct ControlRow {
    migration: String,
    wish: String,
    pace: Option<String>,
    reason: Option<String>,
    actor: String,
    at: Timestamp,
}

/// A boolean, or SQLite's number for one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Number(u8),
}

#[derive(Deserialize)]
struct ManifestRow {
    id: String,
    scripts: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct MarkerDetailRow {
    number: u64,
    environment: Option<String>,
    position: Option<u64>,
}

#[derive(Deserialize)]
struct MarkerRow {
    number: u64,
    service: String,
    version: String,
    kind: String,
    manifest: Option<String>,
    ready_for: Vec<String>,
    actor: String,
    at: Timestamp,
    #[serde(rename = "commit")]
    revision: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct InstanceRow {
    service: String,
    version: String,
    id: String,
    manifest: String,
    started_at: Timestamp,
    last_seen: Timestamp,
    ttl_seconds: u32,
}

#[derive(Deserialize)]
struct OverrideRow {
    migration: String,
    condition: String,
    reason: String,
    actor: String,
    at: Timestamp,
}

#[derive(Deserialize)]
struct LeaseRow {
    holder: String,
    since: Timestamp,
    expires_at: Timestamp,
}

fn node(migration: &str, phase: &str) -> Result<NodeRef, BackendError> {
    let phase = Phase::from_name(phase).ok_or_else(|| damaged(format!("phase `{phase}`")))?;
    Ok(NodeRef { migration: MigrationId::new(migration), phase })
}

fn digest(text: &str) -> Result<Digest, BackendError> {
    Digest::from_hex(text).ok_or_else(|| damaged(format!("digest `{text}`")))
}

impl Rows {
    fn into_ledger(self) -> Result<Ledger, BackendError> {
        let manifests =
            self.manifests.into_iter().map(|row| Ok((row.id, manifest(&row.scripts)?))).collect::<Result<HashMap<_, _>, BackendError>>()?;
        Ok(Ledger {
            format: self.format,
            now: self.now,
            scripts: self.scripts.into_iter().map(ScriptRow::record).collect::<Result<_, _>>()?,
            journal: self.journal.into_iter().map(JournalRow::entry).collect::<Result<_, _>>()?,
            jobs: jobs(self.jobs, &self.backfills, &self.ranges)?,
            poison: self.poison.into_iter().map(PoisonRow::record).collect::<Result<_, _>>()?,
            controls: self.controls.into_iter().map(ControlRow::record).collect::<Result<_, _>>()?,
            pulses: self.pulses.into_iter().map(PulseRow::record).collect::<Result<_, _>>()?,
            timings: self.timings.into_iter().map(TimingRow::timing).collect::<Result<_, _>>()?,
            markers: self.markers.into_iter().map(|row| row.marker(&manifests, &self.marker_details)).collect::<Result<_, _>>()?,
            last_marker: self.last_marker,
            instances: self.instances.into_iter().map(|row| row.instance(&manifests)).collect::<Result<_, _>>()?,
            overrides: self.overrides.into_iter().map(OverrideRow::record).collect(),
            approvals: self.approvals.into_iter().map(ApprovalRow::record).collect::<Result<_, _>>()?,
            lease: self.lease.map(|row| LeaseRecord { holder: row.holder, since: row.since, expires_at: row.expires_at }),
        })
    }
}

fn jobs(rows: Vec<JobRow>, backfills: &[BackfillRow], ranges: &[RangesRow]) -> Result<Vec<JobRecord>, BackendError> {
    let record = |job: JobRow| {
        let backfill = backfills.iter().find(|row| row.migration == job.migration && row.phase == job.phase && row.step == job.step);
        let ranges = ranges.iter().find(|row| row.migration == job.migration && row.phase == job.phase && row.step == job.step);
        job.record(backfill.map_or(0, |row| row.round), ranges)
    };
    rows.into_iter().map(record).collect()
}

fn manifest(scripts: &BTreeMap<String, String>) -> Result<Manifest, BackendError> {
    let scripts = scripts
        .iter()
        .map(|(name, hex)| {
            let (migration, phase) = name.rsplit_once(':').ok_or_else(|| damaged(format!("script `{name}` in a manifest")))?;
            Ok((node(migration, phase)?, digest(hex)?))
        })
        .collect::<Result<_, BackendError>>()?;
    Ok(Manifest { scripts })
}

impl ScriptRow {
    fn record(self) -> Result<ScriptRecord, BackendError> {
        let status = match self.status.as_str() {
            "running" => ScriptStatus::Running,
            "done" => ScriptStatus::Done,
            "rolled-back" => ScriptStatus::RolledBack,
            other => return Err(damaged(format!("script status `{other}`"))),
        };
        Ok(ScriptRecord {
            node: node(&self.migration, &self.phase)?,
            digest: digest(&self.digest)?,
            status,
            started_at: self.started_at,
            finished_at: self.finished_at,
            actor: self.actor,
            evidence: self.evidence,
        })
    }
}

impl JournalRow {
    fn entry(self) -> Result<JournalEntry, BackendError> {
        let state = match self.state.as_str() {
            "intended" => JournalState::Intended,
            "done" => JournalState::Done,
            "failed" => JournalState::Failed { code: self.code.unwrap_or_default(), message: self.message.unwrap_or_default() },
            other => return Err(damaged(format!("journal state `{other}`"))),
        };
        Ok(JournalEntry { node: node(&self.migration, &self.phase)?, step: self.step, digest: digest(&self.digest)?, state, at: self.at })
    }
}

impl JobRow {
    /// The job's own counts are those of walks that ended; those of the one under way stand with its ranges.
    fn record(self, round: u32, ranges: Option<&RangesRow>) -> Result<JobRecord, BackendError> {
        let of_ranges = |count: fn(&RangesRow) -> u64| ranges.map_or(0, count);
        Ok(JobRecord {
            node: node(&self.migration, &self.phase)?,
            step: self.step,
            digest: digest(&self.digest)?,
            round,
            ranges: ranges.map_or(0, |ranges| ranges.ranges),
            ranges_done: ranges.map_or(0, |ranges| ranges.done),
            ranges_held: ranges.map_or(0, |ranges| ranges.held),
            rows_changed: self.rows_changed + of_ranges(|ranges| ranges.rows_changed),
            rows_walked: self.rows_walked + of_ranges(|ranges| ranges.rows_walked),
            rows_estimated: self.rows_estimated,
            chunks: self.chunks + of_ranges(|ranges| ranges.chunks),
            done: match self.done {
                Flag::Bool(done) => done,
                Flag::Number(done) => done != 0,
            },
            at: ranges.map_or(self.at, |ranges| ranges.at.max(self.at)),
        })
    }
}

impl PoisonRow {
    fn record(self) -> Result<PoisonRecord, BackendError> {
        let node = node(&self.migration, &self.phase)?;
        let key = shown(&self.key);
        Ok(PoisonRecord { node, step: self.step, key, code: self.code, message: self.message, at: self.at })
    }
}

/// A key as people read it; a row without one is named by its place in the table.
fn shown(packed: &str) -> String {
    match serde_json::from_str::<Place>(packed) {
        Ok(Place::Key(KeyValue(parts))) => parts.iter().map(part).collect::<Vec<_>>().join(", "),
        Ok(Place::Page(_)) => packed.to_owned(),
        Err(_) => serde_json::from_str(packed).unwrap_or_else(|_| packed.to_owned()),
    }
}

fn part(part: &KeyPart) -> String {
    match part {
        KeyPart::Text(text) => text.clone(),
        KeyPart::Integer(number) => number.to_string(),
        KeyPart::Real(bits) => f64::from_bits(*bits).to_string(),
        KeyPart::Blob(bytes) => bytes.iter().fold("x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}

/// Reads a row of the table of wishes, as JSON.
pub(super) fn read_control(document: &str) -> Result<ControlRecord, BackendError> {
    serde_json::from_str::<ControlRow>(document).map_err(|error| damaged(error.to_string()))?.record()
}

/// What a worker says of itself, as it is stored.
pub(super) fn pack_pulse(pulse: &Pulse) -> String {
    serde_json::to_string(pulse).expect("finite numbers and strings are always JSON")
}

impl ControlRow {
    fn record(self) -> Result<ControlRecord, BackendError> {
        let wish = Wish::from_name(&self.wish).ok_or_else(|| damaged(format!("wish `{}`", self.wish)))?;
        Ok(ControlRecord {
            migration: MigrationId::new(&self.migration),
            wish,
            pace: self.pace,
            reason: self.reason,
            actor: self.actor,
            at: self.at,
        })
    }
}

impl MarkerRow {
    fn marker(self, manifests: &HashMap<String, Manifest>, details: &[MarkerDetailRow]) -> Result<Marker, BackendError> {
        let detail = details.iter().find(|detail| detail.number == self.number);
        let kind = [MarkerKind::Started, MarkerKind::Deployed, MarkerKind::RolledBack, MarkerKind::Retired]
            .into_iter()
            .find(|kind| marker_word(*kind) == self.kind)
            .ok_or_else(|| damaged(format!("marker `{}`", self.kind)))?;
        let manifest = match self.manifest {
            Some(id) => Some(manifests.get(&id).cloned().ok_or_else(|| damaged(format!("no manifest {id}")))?),
            None => None,
        };
        Ok(Marker {
            release: Release { service: self.service, version: self.version },
            kind,
            manifest,
            ready_for: self.ready_for.iter().map(|id| MigrationId::new(id)).collect(),
            actor: self.actor,
            at: self.at,
            commit: self.revision,
            url: self.url,
            environment: detail.and_then(|detail| detail.environment.clone()),
            order: detail.and_then(|detail| detail.position),
        })
    }
}

impl InstanceRow {
    fn instance(self, manifests: &HashMap<String, Manifest>) -> Result<Instance, BackendError> {
        Ok(Instance {
            release: Release { service: self.service, version: self.version },
            manifest: manifests.get(&self.manifest).cloned().ok_or_else(|| damaged(format!("no manifest {}", self.manifest)))?,
            id: self.id,
            started_at: self.started_at,
            last_seen: self.last_seen,
            ttl_seconds: self.ttl_seconds,
        })
    }
}

impl OverrideRow {
    fn record(self) -> OverrideRecord {
        OverrideRecord {
            migration: MigrationId::new(&self.migration),
            condition: self.condition,
            reason: self.reason,
            actor: self.actor,
            at: self.at,
        }
    }
}
