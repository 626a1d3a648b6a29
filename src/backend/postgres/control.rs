//! What other shells ask of a backfill, and what its workers say of themselves.

use super::PostgresBackend;
use super::quote::{literal, optional};
use super::session::{LEDGER, value};
use crate::backend::{BackendError, snapshot};
use crate::ledger::{ControlRecord, Pulse};
use crate::migration::{MigrationId, NodeRef};

impl PostgresBackend {
    pub(super) async fn read_control(&mut self, migration: &MigrationId) -> Result<Option<ControlRecord>, BackendError> {
        self.main.roll_back().await?;
        let sql = format!(
            "SELECT json_build_object('migration', migration, 'wish', wish, 'pace', pace, 'reason', reason, 'actor', actor, \
             'at', at)::text AS control FROM concertina.backfill_control WHERE migration = {}",
            literal(migration.as_str())
        );
        let rows = self.main.rows(sql).await?;
        rows.first().map(|row| snapshot::read_control(&value(row, "control")?)).transpose()
    }

    pub(super) async fn write_control(&mut self, control: &ControlRecord) -> Result<(), BackendError> {
        self.main.roll_back().await?;
        let sql = format!(
            "INSERT INTO concertina.backfill_control (migration, wish, pace, reason, actor) VALUES ({}, {}, {}, {}, {}) \
             ON CONFLICT (migration) DO UPDATE SET wish = excluded.wish, pace = excluded.pace, reason = excluded.reason, \
             actor = excluded.actor, at = clock_timestamp()",
            literal(control.migration.as_str()),
            literal(control.wish.as_str()),
            optional(control.pace.as_deref()),
            optional(control.reason.as_deref()),
            literal(&control.actor),
        );
        self.main.run(LEDGER, sql).await.map(|_| ())
    }

    pub(super) async fn write_pulse(&mut self, node: &NodeRef, step: u32, worker: &str, pulse: &Pulse) -> Result<(), BackendError> {
        self.main.roll_back().await?;
        let sql = format!(
            "INSERT INTO concertina.backfill_pulse (migration, phase, step, worker, document) VALUES ({}, {}, {step}, {}, {}) \
             ON CONFLICT (migration, phase, step, worker) DO UPDATE SET document = excluded.document, at = clock_timestamp()",
            literal(node.migration.as_str()),
            literal(node.phase.as_str()),
            literal(worker),
            literal(&snapshot::pack_pulse(pulse)),
        );
        self.main.run(LEDGER, sql).await.map(|_| ())
    }
}
