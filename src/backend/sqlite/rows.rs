//! Row by row: what is done with a small chunk that a row's values make fail. Each row is a savepoint of its own; the
//! rows that fail are recorded, without their values, in the transaction that moves the position over them.

use std::time::Instant;

use super::SqliteBackend;
use super::chunk::{Done, by_key, names, position, write_position};
use super::job::{key, of_step, values, walk};
use super::lease;
use super::session::{LEDGER, Session, Value, integer, text};
use crate::backend::{BackendError, Chunk, ChunkEnd, Limits, snapshot};
use crate::backfill::{Claim, Job, KeyValue, Place, poison};
use crate::ledger::Lease;
use crate::plan::Step;
use crate::schema::Dialect;

impl SqliteBackend {
    /// Runs the next chunk of at most `rows` rows one row at a time.
    pub(super) async fn chunk_of_rows(
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
        let done = each_row(session, token, step, job, claim, rows).await;
        self.chunk_end(&step.place, claim, began, done).await
    }

    /// How many rows of a job could not be changed so far.
    pub(super) async fn count_poison(&mut self, step: &Step) -> Result<u64, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        let sql = "SELECT count(*) AS rows FROM concertina_poison WHERE migration = ?1 AND phase = ?2 AND step = ?3";
        let rows = integer(&session.row(sql, &of_step(step)).await?, "rows")?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// Takes up the rows that could not be changed, each in a transaction of its own; how many still cannot.
    pub(super) async fn take_up_poison(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<u64, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        let sql = "SELECT key FROM concertina_poison WHERE migration = ?1 AND phase = ?2 AND step = ?3 ORDER BY key";
        let mut keys = Vec::new();
        for row in session.rows(sql, &of_step(step)).await? {
            keys.push(text(&row, "key")?.unwrap_or_default());
        }
        for packed in keys {
            let session = self.session()?;
            session.begin(limits).await?;
            let tried = try_again(session, lease, step, job, &packed).await;
            match self.settle(&step.place, tried).await {
                Ok(()) => {}
                Err(BackendError::Statement { code, message, .. }) if poison::speaks_of_a_row(Dialect::Sqlite, &code) => {
                    let session = self.session()?;
                    session.begin(limits).await?;
                    let written = record_again(session, lease, step, &packed, (&code, &message)).await;
                    self.settle(LEDGER, written).await?;
                }
                Err(error) => return Err(error),
            }
        }
        self.count_poison(step).await
    }
}

async fn each_row(
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
    let width = job.key.len();
    let after_names = after.map(|_| names(width, width));
    let mut parameters = values(by_key(&claim.range.hi)?, job)?;
    if let Some(after) = after {
        parameters.extend(values(after, job)?);
    }
    let sql = walk(job).keys_sql(after_names.as_deref(), &names(0, width), rows);
    let keys = session.rows(&sql, &parameters).await?.iter().map(|row| key(row, job)).collect::<Result<Vec<_>, _>>()?;
    let walked = keys.len() as u64;
    let (bound, end) = match keys.last() {
        Some(last) if walked == u64::from(rows) => (Place::Key(last.clone()), ChunkEnd::More),
        Some(_) | None => (claim.range.hi.clone(), ChunkEnd::Range),
    };
    let mut changed = 0;
    for key in keys {
        session.run(LEDGER, "SAVEPOINT one_row").await?;
        match one_row(session, step, job, &key).await {
            Ok(rows) => changed += rows,
            Err(BackendError::Statement { code, message, .. }) if poison::speaks_of_a_row(Dialect::Sqlite, &code) => {
                session.run(LEDGER, "ROLLBACK TO one_row").await?;
                record(session, step, &snapshot::pack(&Place::Key(key)), &code, &message).await?;
            }
            Err(error) => return Err(error),
        }
        session.run(LEDGER, "RELEASE one_row").await?;
    }
    write_position(session, step, claim, &bound, (changed, walked), end).await?;
    Ok(Done { changed, walked, end, position: bound })
}

async fn one_row(session: &mut Session, step: &Step, job: &Job, key: &KeyValue) -> Result<u64, BackendError> {
    let condition = walk(job).row(&job.point.reference, &names(0, job.key.len()));
    session.bound(&step.place, &job.with_range(&condition), &values(key, job)?).await
}

async fn try_again(session: &mut Session, lease: &Lease, step: &Step, job: &Job, packed: &str) -> Result<(), BackendError> {
    lease::fence(session, lease.token()).await?;
    let [migration, phase, number] = of_step(step);
    let sql = "DELETE FROM concertina_poison WHERE migration = ?1 AND phase = ?2 AND step = ?3 AND key = ?4";
    session.bound(LEDGER, sql, &[migration, phase, number, Value::Text(packed)]).await?;
    let place = snapshot::unpack(packed)?;
    let changed = one_row(session, step, job, by_key(&place)?).await?;
    let sql = "UPDATE concertina_job SET rows_changed = rows_changed + ?4 WHERE migration = ?1 AND phase = ?2 AND step = ?3";
    session.bound(LEDGER, sql, &[migration, phase, number, Value::Integer(i64::try_from(changed).unwrap_or(i64::MAX))]).await.map(|_| ())
}

/// Records a row that failed once more. The transaction that tried it is over: the lease may be somebody else's by now.
async fn record_again(
    session: &mut Session,
    lease: &Lease,
    step: &Step,
    key: &str,
    (code, message): (&str, &str),
) -> Result<(), BackendError> {
    lease::fence(session, lease.token()).await?;
    record(session, step, key, code, message).await
}

/// Records a row that failed; what is known of it already is written anew.
async fn record(session: &mut Session, step: &Step, key: &str, code: &str, message: &str) -> Result<(), BackendError> {
    let [migration, phase, number] = of_step(step);
    let kept = poison::without_values(Dialect::Sqlite, code, message);
    let sql = "INSERT INTO concertina_poison (migration, phase, step, key, code, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
        ON CONFLICT (migration, phase, step, key) DO UPDATE SET code = excluded.code, message = excluded.message, \
        at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let values = [migration, phase, number, Value::Text(key), Value::Text(code), Value::Text(&kept)];
    session.bound(LEDGER, sql, &values).await.map(|_| ())
}
