//! Steps in a transaction: the statements, the journal's line and the fence commit together or not at all.

use super::PostgresBackend;
use super::cut::Cutter;
use super::script::{self, Known};
use crate::backend::{Attempt, BackendError, Limits, Notice, Notices};
use crate::ledger::{JournalState, Lease};
use crate::migration::NodeRef;
use crate::plan::Step;

use super::quote::literal;
use super::session::LEDGER;

impl PostgresBackend {
    /// One attempt at a step in a transaction.
    pub(super) async fn execute_group(
        &mut self,
        lease: &Lease,
        step: &Step,
        statements: &[String],
        limits: &Limits,
        notices: &Notices,
    ) -> Result<Attempt, BackendError> {
        let rows = self.main.begin(limits, &script::question(step)).await?;
        let standing = script::standing(&rows, lease, step);
        let outcome = match standing {
            Ok(standing) if standing.known == Known::Done => {
                self.main.roll_back().await?;
                return Ok(Attempt::AlreadyDone);
            }
            Ok(standing) => self.group(lease, step, statements, standing.pid, limits, notices).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => Ok(Attempt::Ran),
            Err(error) => Err(self.undo(lease, step, error).await),
        }
    }

    async fn group(
        &mut self,
        lease: &Lease,
        step: &Step,
        statements: &[String],
        pid: i32,
        limits: &Limits,
        notices: &Notices,
    ) -> Result<(), BackendError> {
        for statement in statements {
            self.watched(&step.place, statement, Some(pid), limits, notices)
                .await
                .map_err(|error| name_statement(error, statement, statements.len()))?;
        }
        self.come_home(&step.place).await?;
        script::record(&mut self.main, lease, step, &JournalState::Done).await?;
        self.main.commit(&step.place).await
    }

    /// A script may have changed the role for the rest of the transaction; our tables are written as who we came as.
    async fn come_home(&mut self, place: &str) -> Result<(), BackendError> {
        let role = match self.role.as_str() {
            "none" => "NONE".to_owned(),
            role => literal(role),
        };
        // Deferred constraints speak up here, where the error can still be told from one of ours.
        self.main.run(place, format!("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ROLE {role}")).await.map(|_| ())
    }

    /// Rolls back, records a failure of the user's own statement, and hands the error on.
    pub(super) async fn undo(&mut self, lease: &Lease, step: &Step, error: BackendError) -> BackendError {
        if let Err(worse) = self.main.roll_back().await {
            tracing::debug!(%worse, "rolling back failed; the server does it by itself");
            return error;
        }
        if let BackendError::Statement { code, message, .. } = &error {
            let failed = JournalState::Failed { code: code.clone(), message: message.clone() };
            if let Err(worse) = script::record(&mut self.main, lease, step, &failed).await {
                tracing::warn!(%worse, "the failure could not be recorded");
            }
        }
        error
    }

    /// Runs one statement while the second connection looks who blocks it and cuts it off when asked, and stops waiting when
    /// the lease is lost.
    pub(super) async fn watched(
        &mut self,
        place: &str,
        sql: &str,
        pid: Option<i32>,
        limits: &Limits,
        notices: &Notices,
    ) -> Result<u64, BackendError> {
        let Some(keeper) = &self.keeper else {
            return Err(BackendError::LeaseLost);
        };
        if notices.cut().is_asked() {
            return Err(BackendError::CutOff { place: place.to_owned() });
        }
        if pid.is_none() {
            notices.send(Notice::Unwatched);
        }
        let watch = pid.map(|pid| keeper.lookout().watch(pid, limits.lock_timeout, notices));
        let cutter = pid.map(|pid| Cutter::beside(keeper.lookout(), pid, notices.cut()));
        let result = tokio::select! {
            result = self.main.run(place, sql) => result,
            // The answer to the statement is still under way: this connection cannot be used again.
            () = keeper.lost() => Err(BackendError::LeaseLost),
        };
        let result = match cutter {
            Some(cutter) => cutter.finish(place, result).await,
            None => result,
        };
        let seen = watch.map(super::keeper::Watch::finish).unwrap_or_default();
        match result {
            Err(BackendError::Blocked { reason, attempts, waited, .. }) => {
                Err(BackendError::Blocked { reason, attempts, waited, blockers: seen })
            }
            result => result,
        }
    }

    /// Undoes an expand in one transaction.
    pub(super) async fn undo_script(
        &mut self,
        lease: &Lease,
        node: &NodeRef,
        statements: &[String],
        limits: &Limits,
    ) -> Result<(), BackendError> {
        self.main.begin(limits, "").await?;
        let outcome = self.undo_statements(lease, node, statements, limits).await;
        if outcome.is_err() {
            self.main.roll_back().await?;
        }
        outcome
    }

    async fn undo_statements(&mut self, lease: &Lease, node: &NodeRef, statements: &[String], limits: &Limits) -> Result<(), BackendError> {
        let place = format!("rollback of {node}");
        let (notices, _reader) = Notices::channel();
        let row = self.main.row("SELECT pg_backend_pid()::text AS pid").await?;
        let pid = super::session::number(&row, "pid")?;
        for statement in statements {
            self.watched(&place, statement, Some(pid), limits, &notices)
                .await
                .map_err(|error| name_statement(error, statement, statements.len()))?;
        }
        self.come_home(&place).await?;
        let migration = literal(node.migration.as_str());
        let node = script::of_node(node);
        let sql = format!(
            "{}, pruned AS (DELETE FROM concertina.journal WHERE {node} AND EXISTS (SELECT FROM held)), \
             jobs AS (DELETE FROM concertina.job WHERE migration = {migration} AND EXISTS (SELECT FROM held)), \
             backfills AS (DELETE FROM concertina.backfill WHERE migration = {migration} AND EXISTS (SELECT FROM held)), \
             ranges AS (DELETE FROM concertina.backfill_range WHERE migration = {migration} AND EXISTS (SELECT FROM held)), \
             poison AS (DELETE FROM concertina.poison WHERE migration = {migration} AND EXISTS (SELECT FROM held)), \
             pulses AS (DELETE FROM concertina.backfill_pulse WHERE migration = {migration} AND EXISTS (SELECT FROM held)), \
             controls AS (DELETE FROM concertina.backfill_control WHERE migration = {migration} AND EXISTS (SELECT FROM held)) \
             UPDATE concertina.script SET status = 'rolled-back', finished_at = clock_timestamp() FROM held \
             WHERE migration = {migration} AND status <> 'rolled-back'",
            super::lease::fence(lease.token()),
        );
        super::lease::held(self.main.run(LEDGER, sql).await?)?;
        self.main.commit(&place).await
    }
}

/// In a group of several, says which statement it was.
fn name_statement(error: BackendError, statement: &str, of: usize) -> BackendError {
    match error {
        BackendError::Statement { place, code, message } if of > 1 => {
            BackendError::Statement { place, code, message: format!("{message}\nin: {}", first_line(statement)) }
        }
        error => error,
    }
}

/// The first line of a statement that holds something, cut to fit one line of a terminal.
pub(super) fn first_line(statement: &str) -> String {
    let line = statement.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("--")).unwrap_or_default();
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
