//! The ledger as one JSON document, which every engine's single read returns, and back into values.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::BackendError;
use crate::backfill::KeyValue;
use crate::ledger::{
    FORMAT, Instance, JobRecord, JournalEntry, JournalState, LeaseRecord, Ledger, Marker, MarkerKind, OverrideRecord, Release,
    ScriptRecord, ScriptStatus,
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

/// Reads a row of the table of jobs, as JSON.
pub(super) fn read_job(document: &str) -> Result<JobRecord, BackendError> {
    serde_json::from_str::<JobRow>(document).map_err(|error| damaged(error.to_string()))?.record()
}

/// What a manifest is stored under, and its text: equal manifests are stored once.
pub(super) fn pack_manifest(manifest: &Manifest) -> (String, String) {
    let scripts: BTreeMap<String, String> = manifest.scripts.iter().map(|(node, digest)| (node.to_string(), digest.to_string())).collect();
    let text = serde_json::to_string(&scripts).expect("a map of strings is always JSON");
    let id: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    (Digest(id).to_string(), text)
}

/// A key as it is stored.
pub(super) fn pack_key(key: &KeyValue) -> String {
    serde_json::to_string(key).expect("a list of scalars is always JSON")
}

/// A key as it was stored.
pub(super) fn unpack_key(text: &str) -> Result<KeyValue, BackendError> {
    serde_json::from_str(text).map_err(|error| damaged(format!("key {text}: {error}")))
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
    manifests: Vec<ManifestRow>,
    markers: Vec<MarkerRow>,
    instances: Vec<InstanceRow>,
    overrides: Vec<OverrideRow>,
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
    cursor: Option<String>,
    upper: Option<String>,
    rows_changed: u64,
    rows_walked: u64,
    rows_estimated: Option<u64>,
    chunks: u64,
    done: Flag,
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
struct MarkerRow {
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
            jobs: self.jobs.into_iter().map(JobRow::record).collect::<Result<_, _>>()?,
            markers: self.markers.into_iter().map(|row| row.marker(&manifests)).collect::<Result<_, _>>()?,
            instances: self.instances.into_iter().map(|row| row.instance(&manifests)).collect::<Result<_, _>>()?,
            overrides: self.overrides.into_iter().map(OverrideRow::record).collect(),
            lease: self.lease.map(|row| LeaseRecord { holder: row.holder, since: row.since, expires_at: row.expires_at }),
        })
    }
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
    fn record(self) -> Result<JobRecord, BackendError> {
        Ok(JobRecord {
            node: node(&self.migration, &self.phase)?,
            step: self.step,
            digest: digest(&self.digest)?,
            cursor: self.cursor.as_deref().map(unpack_key).transpose()?,
            upper: self.upper.as_deref().map(unpack_key).transpose()?,
            rows_changed: self.rows_changed,
            rows_walked: self.rows_walked,
            rows_estimated: self.rows_estimated,
            chunks: self.chunks,
            done: match self.done {
                Flag::Bool(done) => done,
                Flag::Number(done) => done != 0,
            },
            at: self.at,
        })
    }
}

impl MarkerRow {
    fn marker(self, manifests: &HashMap<String, Manifest>) -> Result<Marker, BackendError> {
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
