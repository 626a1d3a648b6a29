//! Statements that SQLite refuses inside a transaction: VACUUM, some pragmas. Intent, statement, result.

use super::script::{self, Known};
use super::{LEDGER_LIMITS, SqliteBackend};
use crate::backend::{Attempt, BackendError, Cut, Limits};
use crate::ledger::{JournalState, Lease};
use crate::plan::{Resume, Step};

impl SqliteBackend {
    /// One attempt at a statement outside a transaction.
    pub(super) async fn execute_alone(
        &mut self,
        lease: &Lease,
        step: &Step,
        sql: &str,
        resume: &Resume,
        limits: &Limits,
        cut: &Cut,
    ) -> Result<Attempt, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        let known = script::standing(session, lease, step).await?;
        match (known, resume) {
            (_, Resume::Session) | (Known::Untouched, _) => {}
            (Known::Done, _) => return Ok(Attempt::AlreadyDone),
            (Known::Intended, Resume::Repeatable) => {}
            // The concurrent builds of PostgreSQL do not exist here; whatever it is, nobody can tell.
            (
                Known::Intended,
                Resume::Ask
                | Resume::IndexBuilt { .. }
                | Resume::IndexGone { .. }
                | Resume::PartitionDetached { .. }
                | Resume::Reindexed { .. },
            ) => return Err(BackendError::Undecided { place: step.place.clone(), sql: sql.trim().to_owned() }),
        }
        self.journal(lease, step, &JournalState::Intended).await?;
        let session = self.session()?;
        session.wait_at_most(limits.lock_timeout).await?;
        let ran = session.run_until(&step.place, sql, cut).await.map(|_| Attempt::Ran);
        session.wait_at_most(LEDGER_LIMITS.lock_timeout).await?;
        match ran {
            Ok(attempt) => {
                if *resume == Resume::Session {
                    self.settings.push(sql.to_owned());
                }
                self.journal(lease, step, &JournalState::Done).await?;
                Ok(attempt)
            }
            outcome => {
                self.note_failure(lease, step, &outcome).await;
                outcome
            }
        }
    }
}
