//! The ledger as one JSON document, asked for in one round trip.

use super::session::{self, value};
use super::{PostgresBackend, lease, script};
use crate::backend::{BackendError, snapshot};
use crate::ledger::Ledger;

/// The whole ledger as one JSON document.
const LEDGER_QUERY: &str = include_str!("ledger.sql");

impl PostgresBackend {
    pub(super) async fn read_ledger(&mut self) -> Result<Ledger, BackendError> {
        self.main.roll_back().await?;
        match self.main.row(LEDGER_QUERY).await {
            Ok(row) => snapshot::current(&value(&row, "document")?),
            Err(BackendError::Statement { code, message, .. }) if script::is_absent(&code) => self.without_ledger(message).await,
            Err(error) => Err(error),
        }
    }

    /// No tables, or tables of another format.
    async fn without_ledger(&mut self, message: String) -> Result<Ledger, BackendError> {
        let row = self
            .main
            .row(
                "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS now, \
                 (to_regclass('concertina.ledger') IS NOT NULL)::text AS tables",
            )
            .await?;
        if value(&row, "tables")? != "true" {
            return Ok(Ledger::empty(session::number(&row, "now")?));
        }
        lease::check_format(&mut self.main).await?;
        // Between the two questions somebody else may have made the tables: they are made in one transaction.
        let query = match lease::format(&mut self.main).await? {
            1 => snapshot::older(LEDGER_QUERY),
            _ => LEDGER_QUERY.to_owned(),
        };
        match self.main.row(query).await {
            Ok(row) => snapshot::current(&value(&row, "document")?),
            Err(BackendError::Statement { .. }) => Err(snapshot::damaged(message)),
            Err(error) => Err(error),
        }
    }
}
