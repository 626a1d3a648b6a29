//! The proof: whether the statement's own condition still finds a row. A large table is asked part by part along its key,
//! each part a transaction of its own, so that no snapshot grows old; what was asked before the connection broke is not
//! asked again.

use super::PostgresBackend;
use super::job::{key, walk};
use super::session::value;
use crate::backend::BackendError;
use crate::backfill::{Job, KeyValue};

/// Rows that are asked for at a time: well below a second.
const ROWS_OF_PART: u64 = 500_000;

/// A table of fewer rows than this is asked as a whole.
const SMALL: u64 = 2 * ROWS_OF_PART;

/// More parts than this are only more round trips.
const PARTS: u64 = 4096;

/// How far a proof has come.
pub(super) struct Proved {
    statement: String,
    /// Where the parts end; behind the last one lies the rest of the table.
    ends: Vec<KeyValue>,
    /// Parts in which nothing was found.
    done: usize,
}

impl PostgresBackend {
    /// Whether the job's own predicate still finds a row.
    pub(super) async fn finds_row(&mut self, job: &Job) -> Result<bool, BackendError> {
        self.main.roll_back().await?;
        let mut proved = match self.proved.take() {
            Some(proved) if proved.statement == job.sql => proved,
            Some(_) | None => Proved { statement: job.sql.clone(), ends: self.parts(job).await?, done: 0 },
        };
        loop {
            let asked = self.ask_part(job, &proved).await;
            match asked {
                Ok(true) => return Ok(true),
                Ok(false) if proved.done == proved.ends.len() => return Ok(false),
                Ok(false) => proved.done += 1,
                Err(error) => {
                    if matches!(error, BackendError::Unreachable { .. }) {
                        self.proved = Some(proved);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Where the parts of a large table end; nowhere for a small one.
    async fn parts(&mut self, job: &Job) -> Result<Vec<KeyValue>, BackendError> {
        if job.key.is_empty() || job.proof_between("true").is_none() {
            return Ok(Vec::new());
        }
        let facts = self.table_facts(job).await?;
        if facts.rows < SMALL || facts.pages == 0 {
            return Ok(Vec::new());
        }
        self.learn_key(job).await?;
        let last = self.main.rows(walk(job).last_sql()).await?;
        let Some(upper) = last.first().map(|row| key(row, job)).transpose()? else { return Ok(Vec::new()) };
        self.quantiles(&walk(job), job, &upper, ((facts.rows / ROWS_OF_PART).min(PARTS), facts.pages)).await
    }

    async fn ask_part(&mut self, job: &Job, proved: &Proved) -> Result<bool, BackendError> {
        let bound = |index: Option<usize>| index.and_then(|index| proved.ends.get(index)).map(|key| self.casts(key)).transpose();
        let after = bound(proved.done.checked_sub(1))?;
        let upper = bound(Some(proved.done))?;
        let part = walk(job).between(&job.point.reference, after.as_deref(), upper.as_deref());
        let question = part.and_then(|part| job.proof_between(&part)).unwrap_or_else(|| job.proof());
        // In a transaction of its own, so that no time-out of the role ends a long look at a large table.
        self.main.begin(&super::LEDGER_LIMITS, "").await?;
        let found = self.main.row(format!("SELECT (EXISTS ({question}))::text AS rows_left")).await;
        self.main.roll_back().await?;
        Ok(value(&found?, "rows_left")? == "true")
    }
}
