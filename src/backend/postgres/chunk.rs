//! Chunks: lock the range, find the bound, run the statement between the bounds, move the position; one transaction, so
//! exactly once.

use std::time::Instant;

use super::PostgresBackend;
use super::claim::RANGE_TTL;
use super::job::{BY_INDEX, key, walk_in};
use super::quote::literal;
use super::script::of_step;
use super::session::{number, text};
use crate::backend::{BackendError, Chunk, ChunkEnd as End, Limits, Notices, snapshot};
use crate::backfill::{Claim, Job, KeyValue, Place};
use crate::plan::Step;

/// Bytes of write-ahead log so far.
pub(super) const WRITTEN: &str = "pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text";

impl PostgresBackend {
    /// Runs the next chunk of a range; rolls back on any error. The claim moves with it.
    pub(super) async fn run_chunk(
        &mut self,
        step: &Step,
        job: &Job,
        claim: &mut Claim,
        rows: u32,
        limits: &Limits,
    ) -> Result<Chunk, BackendError> {
        let began = Instant::now();
        self.hold_lease()?;
        self.learn_key(job).await?;
        let outcome = match &claim.range.hi {
            Place::Key(_) => self.chunk_between(step, job, claim, rows, limits).await,
            Place::Page(_) => self.pass_over(step, job, claim, rows, limits).await,
        };
        self.chunk_end(claim, began, outcome).await
    }

    /// Moves the claim to where the chunk ended, or rolls back.
    pub(super) async fn chunk_end(
        &mut self,
        claim: &mut Claim,
        began: Instant,
        outcome: Result<Done, BackendError>,
    ) -> Result<Chunk, BackendError> {
        match outcome {
            Ok(Done { changed, walked, size, end, position, log }) => {
                claim.range.position = Some(position);
                Ok(Chunk { changed, walked, size, end, took: began.elapsed(), log })
            }
            Err(error) => {
                if let Err(worse) = self.main.roll_back().await {
                    tracing::debug!(%worse, "rolling back failed; the server does it by itself");
                }
                Err(error)
            }
        }
    }

    /// Three round trips: open, lock the range and find the bound; the statement; move the position and commit.
    async fn chunk_between(&mut self, step: &Step, job: &Job, claim: &mut Claim, rows: u32, limits: &Limits) -> Result<Done, BackendError> {
        let range = of_range(step, claim);
        let question = format!(
            "WITH mine AS MATERIALIZED (SELECT position FROM concertina.backfill_range WHERE {range} AND state = 'open' FOR UPDATE) \
             SELECT pg_backend_pid()::text AS pid, (SELECT count(*) FROM mine)::text AS mine, (SELECT position FROM mine) AS position, {WRITTEN} AS log"
        );
        // Where the range is, the ledger decides; where we think it is saves a round trip when we are right.
        let guess = self.bound(job, claim, rows)?;
        let answer = self.main.begin(limits, &format!("{BY_INDEX}{question}; {guess}")).await?;
        let row = answer.first().ok_or_else(|| snapshot::damaged("no answer about the range"))?;
        if number::<u32>(row, "mine")? == 0 {
            return Err(BackendError::RangeLost);
        }
        self.log_begun = number(row, "log")?;
        let pid = number(row, "pid")?;
        let position = text(row, "position")?.map(|place| snapshot::unpack(&place)).transpose()?;
        let found = match claim.range.position == position {
            true => answer.get(1).map(|row| key(row, job)).transpose()?,
            false => {
                claim.range.position = position;
                let bound = self.bound(job, claim, rows)?;
                self.main.rows(bound).await?.first().map(|row| key(row, job)).transpose()?
            }
        };
        let (after, upper) = self.ends(claim)?;
        let Place::Key(last) = &claim.range.hi else { return Err(wrong_kind()) };
        let (bound, walked, end) = match found {
            Some(bound) => (bound, u64::from(rows), End::More),
            None => {
                let count = walk_in(job, claim.range.relation.as_deref()).count_sql(after.as_deref(), &upper);
                (last.clone(), number::<u64>(&self.main.row(count).await?, "rows")?, End::Range)
            }
        };
        let mut changed = 0;
        if walked > 0 {
            let partition = claim.range.relation.as_deref();
            let between = walk_in(job, partition).range(Some(&job.point.reference), after.as_deref(), &self.casts(&bound)?);
            changed = self.looked_after(&step.place, &job.statement(partition, &between), pid, limits).await?;
        }
        let position = Place::Key(bound);
        let sql = moved(&range, &position, &Counts { changed, walked }, end);
        let log = self.end_chunk(&step.place, &sql).await?;
        Ok(Done { changed, walked, size: walked, end, position, log })
    }

    /// Moves the position and commits; what was written to the log since the chunk began.
    pub(super) async fn end_chunk(&mut self, place: &str, moved: &str) -> Result<Option<u64>, BackendError> {
        let answer = self.main.finish_asking(place, &format!("{moved} RETURNING {WRITTEN} AS log")).await?;
        let written: Option<f64> = answer.first().map(|row| number(row, "log")).transpose()?;
        Ok(written.map(|written| (written - self.log_begun).max(0.0) as u64))
    }

    /// Runs one statement of a chunk while another connection looks who blocks it.
    pub(super) async fn looked_after(&mut self, place: &str, sql: &str, pid: i32, limits: &Limits) -> Result<u64, BackendError> {
        let (notices, _reader) = Notices::channel();
        let watch = self.lookout().map(|lookout| lookout.watch(pid, limits.lock_timeout, &notices));
        let result = self.main.run(place, sql).await;
        let seen = watch.map(super::keeper::Watch::finish).unwrap_or_default();
        match result {
            Err(BackendError::Blocked { reason, attempts, waited, .. }) => {
                Err(BackendError::Blocked { reason, attempts, waited, blockers: seen })
            }
            result => result,
        }
    }

    fn bound(&self, job: &Job, claim: &Claim, rows: u32) -> Result<String, BackendError> {
        let (after, upper) = self.ends(claim)?;
        Ok(walk_in(job, claim.range.relation.as_deref()).bound_sql(after.as_deref(), &upper, rows))
    }

    /// Where the next chunk begins and where the range ends, as literals.
    pub(super) fn ends(&self, claim: &Claim) -> Result<(Option<Vec<String>>, Vec<String>), BackendError> {
        let after = claim.range.after().map(|place| self.casts(by_key(place)?)).transpose()?;
        Ok((after, self.casts(by_key(&claim.range.hi)?)?))
    }
}

/// What a chunk came to, before it is told.
pub(super) struct Done {
    pub(super) changed: u64,
    pub(super) walked: u64,
    pub(super) size: u64,
    pub(super) end: End,
    pub(super) position: Place,
    pub(super) log: Option<u64>,
}

/// Rows of one chunk.
pub(super) struct Counts {
    pub(super) changed: u64,
    pub(super) walked: u64,
}

fn by_key(place: &Place) -> Result<&KeyValue, BackendError> {
    match place {
        Place::Key(key) => Ok(key),
        Place::Page(_) => Err(wrong_kind()),
    }
}

fn wrong_kind() -> BackendError {
    snapshot::damaged("a range of this job is cut in another way than the job")
}

/// `migration = … AND … AND token = …`: the range as long as it is ours.
pub(super) fn of_range(step: &Step, claim: &Claim) -> String {
    format!("{} AND number = {} AND token = {}", of_step(step), claim.range.number, claim.token)
}

/// Moves the position. The row is locked since the chunk began: nobody took it meanwhile.
pub(super) fn moved(range: &str, position: &Place, counts: &Counts, end: End) -> String {
    let lease = match end {
        End::More => format!("lease_until = clock_timestamp() + {RANGE_TTL}"),
        End::Range => "state = 'done', owner = NULL, lease_until = NULL, session_pid = NULL, session_start = NULL".to_owned(),
    };
    format!(
        "UPDATE concertina.backfill_range SET position = {}, rows_changed = rows_changed + {}, rows_walked = rows_walked + {}, \
         chunks = chunks + 1, {lease}, at = clock_timestamp() WHERE {range}",
        literal(&snapshot::pack(position)),
        counts.changed,
        counts.walked,
    )
}
