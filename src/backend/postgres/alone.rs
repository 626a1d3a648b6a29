//! Statements that PostgreSQL refuses inside a transaction: intent, statement, result; and what the catalogue tells
//! when an earlier run got no further than the intent.

use super::PostgresBackend;
use super::catalogue::{self, Index, Partition};
use super::lease::Route;
use super::script::{self, Known};
use super::session::{LEDGER, number};
use super::step::first_line;
use crate::backend::{Attempt, BackendError, Limits, Notices};
use crate::ledger::{JournalState, Lease};
use crate::plan::{Resume, Step};

/// What the catalogue says about a statement that an earlier run began.
enum Verdict {
    /// It took effect.
    Done,
    /// It did not; whatever it left is gone.
    Redo,
}

impl PostgresBackend {
    /// One attempt at a statement outside a transaction.
    pub(super) async fn execute_alone(
        &mut self,
        lease: &Lease,
        step: &Step,
        sql: &str,
        resume: &Resume,
        limits: &Limits,
        notices: &Notices,
    ) -> Result<Attempt, BackendError> {
        self.main.roll_back().await?;
        let rows = self.main.rows(script::question(step)).await?;
        let standing = script::standing(&rows, lease, step)?;
        self.check_session(standing.pid).await?;
        if *resume == Resume::Session {
            self.main.run(&step.place, sql).await?;
            self.settings.push(sql.to_owned());
            script::record(&mut self.main, lease, step, &JournalState::Done).await?;
            return Ok(Attempt::Ran);
        }
        let verdict = match standing.known {
            Known::Done => return Ok(Attempt::AlreadyDone),
            Known::Intended => self.look(step, sql, resume).await?,
            Known::Untouched => self.sweep(step, resume).await?,
        };
        if let Verdict::Done = verdict {
            script::record(&mut self.main, lease, step, &JournalState::Done).await?;
            return Ok(Attempt::AlreadyDone);
        }
        script::record(&mut self.main, lease, step, &JournalState::Intended).await?;
        match self.without_limits(step, sql, resume, standing.pid, limits, notices).await {
            Ok(()) => {
                script::record(&mut self.main, lease, step, &JournalState::Done).await?;
                Ok(Attempt::Ran)
            }
            Err(error) => Err(self.clean_up(lease, step, resume, limits, error).await),
        }
    }

    /// `lock_timeout` would end a concurrent build that only waits for old snapshots, and leave an INVALID index. So
    /// these run without; they take locks that no reader and no writer waits for.
    async fn without_limits(
        &mut self,
        step: &Step,
        sql: &str,
        resume: &Resume,
        pid: i32,
        limits: &Limits,
        notices: &Notices,
    ) -> Result<(), BackendError> {
        let lock_timeout = match resume {
            Resume::IndexBuilt { .. } | Resume::IndexGone { .. } | Resume::PartitionDetached { .. } | Resume::Reindexed { .. } => 0,
            Resume::Session | Resume::Repeatable | Resume::Ask => limits.lock_timeout.as_millis(),
        };
        let limits = Limits { lock_timeout: std::time::Duration::ZERO, statement_timeout: None };
        let ran = match self.route {
            Route::Direct => {
                let transaction_timeout = match self.main.version_number() >= 170_000 {
                    true => "; SET transaction_timeout = 0",
                    false => "",
                };
                let set = format!("SET lock_timeout = {lock_timeout}; SET statement_timeout = 0{transaction_timeout}");
                let row = self.main.row(format!("{set}; SELECT pg_backend_pid()::text AS pid")).await?;
                self.check_session(number(&row, "pid")?).await?;
                self.watched(&step.place, sql, Some(pid), &limits, notices).await
            }
            // Nothing can be set for one statement outside a transaction here; `preflight` made sure that the defaults do.
            Route::Pooled => self.watched(&step.place, sql, None, &limits, notices).await,
        };
        ran?;
        match resume {
            Resume::IndexBuilt { index, table } => match catalogue::index(&mut self.main, index, table).await? {
                // IF NOT EXISTS is content with an INVALID index of that name.
                Some(Index { valid: false, .. }) => Err(BackendError::Statement {
                    place: step.place.clone(),
                    code: "XX000".to_owned(),
                    message: format!("index {index} is INVALID after it was built"),
                }),
                Some(_) | None => Ok(()),
            },
            Resume::IndexGone { .. }
            | Resume::PartitionDetached { .. }
            | Resume::Reindexed { .. }
            | Resume::Session
            | Resume::Repeatable
            | Resume::Ask => Ok(()),
        }
    }

    /// After a failure: drops what a failed build left (a unique one would go on refusing writes), records the failure.
    async fn clean_up(&mut self, lease: &Lease, step: &Step, resume: &Resume, limits: &Limits, error: BackendError) -> BackendError {
        if matches!(error, BackendError::Unreachable { .. } | BackendError::LeaseLost) {
            return error;
        }
        // Whoever cut it off does not wait for old transactions: the intent is in the journal, what is left is found by it. Through a
        // pooler it would be set for whoever is given that session next.
        if matches!(error, BackendError::CutOff { .. })
            && self.route == Route::Direct
            && let Err(worse) = self.main.run(LEDGER, format!("SET lock_timeout = {}", limits.lock_timeout.as_millis())).await
        {
            tracing::debug!(%worse, "the time-out could not be set");
        }
        if let Err(worse) = self.sweep(step, resume).await {
            tracing::warn!(%worse, "what the statement left could not be removed; the next run tries again");
        }
        self.undo(lease, step, error).await
    }

    /// An earlier run recorded its intent and no result.
    async fn look(&mut self, step: &Step, sql: &str, resume: &Resume) -> Result<Verdict, BackendError> {
        match resume {
            Resume::IndexBuilt { index, table } => match catalogue::index(&mut self.main, index, table).await? {
                Some(found) if found.valid => Ok(Verdict::Done),
                Some(_) | None => self.sweep(step, resume).await,
            },
            Resume::IndexGone { index } => match catalogue::exists(&mut self.main, index).await? {
                true => Ok(Verdict::Redo),
                false => Ok(Verdict::Done),
            },
            Resume::PartitionDetached { parent, partition } => match catalogue::partition(&mut self.main, parent, partition).await? {
                Partition::Detached => Ok(Verdict::Done),
                Partition::Attached => Ok(Verdict::Redo),
                Partition::HalfDetached => {
                    catalogue::finish_detaching(&mut self.main, &step.place, parent, partition).await?;
                    Ok(Verdict::Done)
                }
            },
            Resume::Reindexed { .. } => self.sweep(step, resume).await,
            Resume::Session | Resume::Repeatable => Ok(Verdict::Redo),
            Resume::Ask => Err(BackendError::Undecided { place: step.place.clone(), sql: first_line(sql) }),
        }
    }

    /// Removes INVALID leftovers that stand in the statement's way, whoever left them.
    async fn sweep(&mut self, step: &Step, resume: &Resume) -> Result<Verdict, BackendError> {
        let leftovers = match resume {
            Resume::IndexBuilt { index, table } => {
                let found = catalogue::index(&mut self.main, index, table).await?;
                found.into_iter().filter(|index| !index.valid).collect()
            }
            Resume::Reindexed { target, index: _ } => catalogue::rebuild_leftovers(&mut self.main, target).await?,
            Resume::IndexGone { .. } | Resume::PartitionDetached { .. } | Resume::Session | Resume::Repeatable | Resume::Ask => Vec::new(),
        };
        for index in leftovers {
            catalogue::drop_leftover(&mut self.main, &step.place, &index).await?;
        }
        Ok(Verdict::Redo)
    }
}
