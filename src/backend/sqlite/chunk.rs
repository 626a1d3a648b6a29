//! Chunks: find the bound, run the statement between the bounds, move the position; one transaction, so exactly once.

use std::time::Instant;

use super::SqliteBackend;
use super::job::{key, of_step, values, walk};
use super::lease;
use super::session::{LEDGER, Session, Value, integer, text};
use crate::backend::{BackendError, Chunk, ChunkEnd, Limits, snapshot};
use crate::backfill::{Claim, Job, KeyValue, Place};
use crate::plan::Step;

impl SqliteBackend {
    /// Runs the next chunk of a range; rolls back on any error.
    pub(super) async fn run_chunk(
        &mut self,
        step: &Step,
        job: &Job,
        claim: &mut Claim,
        rows: u32,
        limits: &Limits,
    ) -> Result<Chunk, BackendError> {
        let began = Instant::now();
        let token = self.token;
        let session = self.session()?;
        session.begin(limits).await?;
        let done = chunk_between(session, token, step, job, claim, rows).await;
        self.chunk_end(&step.place, claim, began, done).await
    }

    /// Commits and moves the claim to where the chunk ended, or rolls back.
    pub(super) async fn chunk_end(
        &mut self,
        place: &str,
        claim: &mut Claim,
        began: Instant,
        done: Result<Done, BackendError>,
    ) -> Result<Chunk, BackendError> {
        let Done { changed, walked, end, position } = self.settle(place, done).await?;
        claim.range.position = Some(position);
        Ok(Chunk { changed, walked, size: walked, end, took: began.elapsed(), log: None })
    }
}

/// What a chunk came to, before it is committed.
pub(super) struct Done {
    pub(super) changed: u64,
    pub(super) walked: u64,
    pub(super) end: ChunkEnd,
    pub(super) position: Place,
}

async fn chunk_between(
    session: &mut Session,
    token: Option<i64>,
    step: &Step,
    job: &Job,
    claim: &Claim,
    rows: u32,
) -> Result<Done, BackendError> {
    if let Some(token) = token {
        lease::fence(session, token).await?;
    }
    let after = position(session, step, claim).await?;
    let after = after.as_ref().or(claim.range.lo.as_ref()).map(by_key).transpose()?;
    let upper = by_key(&claim.range.hi)?;
    let walk = walk(job);
    // The statement is the user's and has no parameters of its own: ours are numbered from one.
    let width = job.key.len();
    let upper_names = names(0, width);
    let after_names = after.map(|_| names(width, width));
    let behind = after_names.as_deref();
    let parameters = |bound| -> Result<Vec<Value<'_>>, BackendError> {
        let mut parameters = values(bound, job)?;
        if let Some(after) = after {
            parameters.extend(values(after, job)?);
        }
        Ok(parameters)
    };
    let found = session.rows(&walk.bound_sql(behind, &upper_names, rows), &parameters(upper)?).await?;
    let (bound, walked, end) = match found.first() {
        Some(row) => (key(row, job)?, u64::from(rows), ChunkEnd::More),
        None => {
            let rest = session.row(&walk.count_sql(behind, &upper_names), &parameters(upper)?).await?;
            (upper.clone(), u64::try_from(integer(&rest, "rows")?).unwrap_or_default(), ChunkEnd::Range)
        }
    };
    let mut changed = 0;
    if walked > 0 {
        let range = walk.range(Some(&job.point.reference), behind, &upper_names);
        changed = session.bound(&step.place, &job.with_range(&range), &parameters(&bound)?).await?;
    }
    let position = Place::Key(bound);
    write_position(session, step, claim, &position, (changed, walked), end).await?;
    Ok(Done { changed, walked, end, position })
}

/// Where the range is, if it is still ours.
pub(super) async fn position(session: &mut Session, step: &Step, claim: &Claim) -> Result<Option<Place>, BackendError> {
    let [migration, phase, number] = of_step(step);
    let sql = "SELECT position FROM concertina_backfill_range WHERE migration = ?1 AND phase = ?2 AND step = ?3 \
        AND number = ?4 AND token = ?5 AND state = 'open'";
    let values = [migration, phase, number, Value::Integer(i64::from(claim.range.number)), Value::Integer(claim.token)];
    let rows = session.rows(sql, &values).await?;
    let row = rows.first().ok_or(BackendError::RangeLost)?;
    text(row, "position")?.map(|place| snapshot::unpack(&place)).transpose()
}

pub(super) async fn write_position(
    session: &mut Session,
    step: &Step,
    claim: &Claim,
    position: &Place,
    (changed, walked): (u64, u64),
    end: ChunkEnd,
) -> Result<(), BackendError> {
    let state = match end {
        ChunkEnd::More => "open",
        ChunkEnd::Range => "done",
    };
    let packed = snapshot::pack(position);
    let [migration, phase, number] = of_step(step);
    let sql = "UPDATE concertina_backfill_range SET position = ?5, rows_changed = rows_changed + ?6, \
        rows_walked = rows_walked + ?7, chunks = chunks + 1, state = ?8, at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') \
        WHERE migration = ?1 AND phase = ?2 AND step = ?3 AND number = ?4";
    let moved = [
        migration,
        phase,
        number,
        Value::Integer(i64::from(claim.range.number)),
        Value::Text(&packed),
        Value::Integer(i64::try_from(changed).unwrap_or(i64::MAX)),
        Value::Integer(i64::try_from(walked).unwrap_or(i64::MAX)),
        Value::Text(state),
    ];
    session.bound(LEDGER, sql, &moved).await.map(|_| ())
}

pub(super) fn by_key(place: &Place) -> Result<&KeyValue, BackendError> {
    match place {
        Place::Key(key) => Ok(key),
        Place::Page(_) => Err(snapshot::damaged("a range of this job is cut in another way than the job")),
    }
}

pub(super) fn names(before: usize, count: usize) -> Vec<String> {
    (1..=count).map(|index| format!("?{}", before + index)).collect()
}
