//! Markers and heartbeats. They need no lease; the tables are made when they are missing.

use super::lease::create_tables;
use super::quote::{literal, optional};
use super::script::is_absent;
use super::session::LEDGER;
use super::{LEDGER_LIMITS, PostgresBackend};
use crate::backend::{BackendError, Marked, snapshot};
use crate::ledger::{ApprovalRecord, Instance, Marker};
use crate::migration::Manifest;

impl PostgresBackend {
    /// Appends a marker behind that one. Whoever else appends waits for this transaction; readers do not.
    pub(super) async fn add_marker(&mut self, marker: &Marker, behind: u64) -> Result<Marked, BackendError> {
        match self.try_marker(marker, behind).await {
            Err(BackendError::Statement { code, .. }) if is_absent(&code) => {
                self.main.roll_back().await?;
                create_tables(&mut self.main).await?;
                self.try_marker(marker, behind).await
            }
            result => result,
        }
    }

    async fn try_marker(&mut self, marker: &Marker, behind: u64) -> Result<Marked, BackendError> {
        let ready_for: Vec<&str> = marker.ready_for.iter().map(|id| id.as_str()).collect();
        let ready_for = serde_json::Value::from(ready_for).to_string();
        let packed = marker.manifest.as_ref().map(snapshot::pack_manifest);
        let manifest = packed.as_ref().map(|(id, scripts)| {
            let (id, scripts) = (literal(id), literal(scripts));
            format!("INSERT INTO concertina.manifest (id, scripts) VALUES ({id}, {scripts}) ON CONFLICT DO NOTHING; ")
        });
        let sql = format!(
            "{}LOCK TABLE concertina.marker IN SHARE ROW EXCLUSIVE MODE; \
             WITH written AS (INSERT INTO concertina.marker (service, version, kind, manifest, ready_for, actor, commit, url) \
             SELECT {}, {}, {}, {}, {}, {}, {}, {} WHERE (SELECT coalesce(max(number), 0) FROM concertina.marker) = {behind} \
             RETURNING number), \
             detail AS (INSERT INTO concertina.marker_detail (number, environment, position) SELECT number, {}, {} FROM written) \
             SELECT number::text AS number FROM written",
            manifest.unwrap_or_default(),
            literal(&marker.release.service),
            literal(&marker.release.version),
            literal(snapshot::marker_word(marker.kind)),
            optional(packed.as_ref().map(|(id, _)| id.as_str())),
            literal(&ready_for),
            literal(&marker.actor),
            optional(marker.commit.as_deref()),
            optional(marker.url.as_deref()),
            optional(marker.environment.as_deref()),
            marker.order.map_or_else(|| "NULL::bigint".to_owned(), |order| order.to_string()),
        );
        let written = self.main.begin(&LEDGER_LIMITS, &sql).await?;
        if written.is_empty() {
            self.main.roll_back().await?;
            return Ok(Marked::Overtaken);
        }
        self.main.commit(LEDGER).await?;
        Ok(Marked::Written)
    }

    pub(super) async fn add_approval(&mut self, record: &ApprovalRecord) -> Result<(), BackendError> {
        let insert = |_: Option<&str>| {
            format!(
                "INSERT INTO concertina.approval (migration, digest, reason, actor) VALUES ({}, {}, {}, {})",
                literal(record.migration.as_str()),
                literal(&record.digest.to_string()),
                literal(&record.reason),
                literal(&record.actor),
            )
        };
        self.with_manifest(None, insert).await
    }

    pub(super) async fn beat(&mut self, instance: &Instance) -> Result<(), BackendError> {
        let upsert = |manifest: Option<&str>| {
            format!(
                "INSERT INTO concertina.instance (id, service, version, manifest, ttl_seconds) VALUES ({}, {}, {}, {}, {}) \
                 ON CONFLICT (id) DO UPDATE SET service = excluded.service, version = excluded.version, \
                 manifest = excluded.manifest, ttl_seconds = excluded.ttl_seconds, last_seen = clock_timestamp(); \
                 DELETE FROM concertina.instance WHERE last_seen < clock_timestamp() - interval '30 days'",
                literal(&instance.id),
                literal(&instance.release.service),
                literal(&instance.release.version),
                optional(manifest),
                instance.ttl_seconds,
            )
        };
        self.with_manifest(Some(&instance.manifest), upsert).await
    }

    pub(super) async fn forget(&mut self, instance: &str) -> Result<(), BackendError> {
        let sql = format!("DELETE FROM concertina.instance WHERE id = {}", literal(instance));
        match self.main.run(LEDGER, sql).await {
            Err(BackendError::Statement { code, .. }) if is_absent(&code) => Ok(()),
            result => result.map(|_| ()),
        }
    }

    /// Writes a row that refers to a manifest: one round trip, which is one transaction of its own.
    async fn with_manifest(&mut self, manifest: Option<&Manifest>, row: impl Fn(Option<&str>) -> String) -> Result<(), BackendError> {
        self.main.roll_back().await?;
        let packed = manifest.map(snapshot::pack_manifest);
        let sql = match &packed {
            Some((id, scripts)) => format!(
                "INSERT INTO concertina.manifest (id, scripts) VALUES ({}, {}) ON CONFLICT DO NOTHING; {}",
                literal(id),
                literal(scripts),
                row(Some(id))
            ),
            None => row(None),
        };
        match self.main.run(LEDGER, sql.clone()).await {
            Err(BackendError::Statement { code, .. }) if is_absent(&code) => {
                create_tables(&mut self.main).await?;
                self.main.run(LEDGER, sql).await.map(|_| ())
            }
            result => result.map(|_| ()),
        }
    }
}
