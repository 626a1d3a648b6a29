//! The ledger as one JSON document, asked for at once.

use super::session::{self, Create, Session, integer, text};
use super::{SqliteBackend, lease};
use crate::backend::{BackendError, snapshot};
use crate::ledger::Ledger;

/// The whole ledger as one JSON document.
const LEDGER_QUERY: &str = include_str!("ledger.sql");

impl SqliteBackend {
    pub(super) async fn read_ledger(&mut self) -> Result<Ledger, BackendError> {
        // Missing when we looked last; somebody else may have made it since.
        if self.session.is_none() && session::file(&self.target)?.is_some_and(|path| path.exists()) {
            self.session = Some(Session::open(&self.target, Create::Never).await?);
        }
        let Some(session) = self.session.as_mut() else {
            return Ok(Ledger::empty(jiff::Timestamp::now()));
        };
        session.calm().await?;
        let message = match session.row(LEDGER_QUERY, &[]).await {
            Ok(row) => return document(&row),
            Err(BackendError::Statement { message, .. }) => message,
            Err(error) => return Err(error),
        };
        if !self.has_tables().await? {
            let row = self.session()?.row("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now", &[]).await?;
            let now = text(&row, "now")?.unwrap_or_default();
            return Ok(Ledger::empty(now.parse().map_err(|_| snapshot::damaged(format!("clock `{now}`")))?));
        }
        lease::check_format(self.session()?).await?;
        // Between the two questions somebody else may have made the tables: they are made in one transaction.
        let format = integer(&self.session()?.row("SELECT format FROM concertina_ledger", &[]).await?, "format")?;
        let query = if format == 1 { snapshot::older(LEDGER_QUERY) } else { LEDGER_QUERY.to_owned() };
        match self.session()?.row(&query, &[]).await {
            Ok(row) => document(&row),
            Err(BackendError::Statement { .. }) => Err(snapshot::damaged(message)),
            Err(error) => Err(error),
        }
    }
}

fn document(row: &sqlx::sqlite::SqliteRow) -> Result<Ledger, BackendError> {
    snapshot::current(&text(row, "document")?.unwrap_or_default())
}
