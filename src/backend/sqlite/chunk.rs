//! Chunks: find the bound, run the statement between the bounds, move the cursor; one transaction, so exactly once.

use std::time::Instant;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, TypeInfo, ValueRef};

use super::SqliteBackend;
use super::lease;
use super::script::standing;
use super::session::{LEDGER, Session, Value, integer, text};
use crate::backend::{BackendError, Chunk, Limits, snapshot};
use crate::backfill::chunk::Walk;
use crate::backfill::{Job, KeyPart, KeyValue};
use crate::ledger::{JobRecord, Lease};
use crate::plan::Step;
use crate::schema::Dialect;

const JOB: &str = "SELECT json_object('migration', migration, 'phase', phase, 'step', step, 'digest', digest, \
    'cursor', cursor, 'upper', upper, 'rows_changed', rows_changed, 'rows_walked', rows_walked, \
    'rows_estimated', rows_estimated, 'chunks', chunks, 'done', done, 'at', at) AS job FROM concertina_job \
    WHERE migration = ?1 AND phase = ?2 AND step = ?3";

impl SqliteBackend {
    pub(super) async fn register_job(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<JobRecord, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        if let Some(record) = find_job(session, step).await? {
            return match record.digest == step.digest {
                true => Ok(record),
                false => Err(snapshot::damaged(format!("the backfill of {} began with another text than it has now", step.node))),
            };
        }
        self.place_job(lease, step, job, limits).await
    }

    /// Fixes the upper bound, now, and puts the cursor before the first row; the counts go on.
    pub(super) async fn place_job(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<JobRecord, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        // Counted before the transaction, which keeps all other writers out.
        let table = job.table.quoted(Dialect::Sqlite);
        let count = session.row(&format!("SELECT count(*) AS rows FROM {table}"), &[]).await?;
        let count = integer(&count, "rows")?;
        session.begin(limits).await?;
        let placed = write_job(session, lease, step, job, count).await;
        self.settle(LEDGER, placed).await?;
        let found = find_job(self.session()?, step).await?;
        found.ok_or_else(|| snapshot::damaged("the job that was just written is missing"))
    }

    /// Runs the next chunk; rolls back on any error.
    pub(super) async fn run_chunk(
        &mut self,
        lease: &Lease,
        step: &Step,
        job: &Job,
        rows: u32,
        limits: &Limits,
    ) -> Result<Chunk, BackendError> {
        let began = Instant::now();
        let session = self.session()?;
        session.begin(limits).await?;
        let done = chunk_between(session, lease, step, job, rows).await;
        let (changed, walked, cursor) = self.settle(&step.place, done).await?;
        Ok(Chunk { changed, walked, cursor, took: began.elapsed() })
    }

    pub(super) async fn end_job(&mut self, lease: &Lease, step: &Step, limits: &Limits) -> Result<(), BackendError> {
        let session = self.session()?;
        session.begin(limits).await?;
        let done = close(session, lease, step).await;
        self.settle(LEDGER, done).await
    }
}

async fn close(session: &mut Session, lease: &Lease, step: &Step) -> Result<(), BackendError> {
    lease::fence(session, lease.token()).await?;
    let sql = "UPDATE concertina_job SET done = 1, at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') \
        WHERE migration = ?1 AND phase = ?2 AND step = ?3";
    session.bound(LEDGER, sql, &of_step(step)).await.map(|_| ())
}

async fn write_job(session: &mut Session, lease: &Lease, step: &Step, job: &Job, count: i64) -> Result<(), BackendError> {
    lease::fence(session, lease.token()).await?;
    let walk = walk(job);
    let upper = session.rows(&walk.last_sql(), &[]).await?.first().map(|row| key(row, job)).transpose()?;
    let upper = upper.as_ref().map(snapshot::pack_key);
    let digest = step.digest.to_string();
    let [migration, phase, number] = of_step(step);
    let sql = "INSERT INTO concertina_job (migration, phase, step, digest, upper, rows_estimated) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (migration, phase, step) DO UPDATE SET cursor = NULL, \
        upper = excluded.upper, done = 0, at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    let values = [migration, phase, number, Value::Text(&digest), Value::Perhaps(upper.as_deref()), Value::Integer(count)];
    session.bound(LEDGER, sql, &values).await.map(|_| ())
}

async fn find_job(session: &mut Session, step: &Step) -> Result<Option<JobRecord>, BackendError> {
    let rows = session.rows(JOB, &of_step(step)).await?;
    rows.first().map(|row| snapshot::read_job(&text(row, "job")?.unwrap_or_default())).transpose()
}

async fn chunk_between(
    session: &mut Session,
    lease: &Lease,
    step: &Step,
    job: &Job,
    rows: u32,
) -> Result<(u64, u64, Option<KeyValue>), BackendError> {
    standing(session, lease, step).await?;
    let walk = walk(job);
    let row =
        session.row("SELECT cursor, upper FROM concertina_job WHERE migration = ?1 AND phase = ?2 AND step = ?3", &of_step(step)).await?;
    let cursor = text(&row, "cursor")?.map(|cursor| snapshot::unpack_key(&cursor)).transpose()?;
    let Some(upper) = text(&row, "upper")?.map(|upper| snapshot::unpack_key(&upper)).transpose()? else {
        return Ok((0, 0, None));
    };
    // The statement is the user's and has no parameters of its own: ours are numbered from one.
    let width = job.key.len();
    let upper_names = names(0, width);
    let after_names = cursor.as_ref().map(|_| names(width, width));
    let after = after_names.as_deref();
    let mut values = values(&upper, job)?;
    if let Some(cursor) = &cursor {
        values.extend(self::values(cursor, job)?);
    }
    let found = session.rows(&walk.bound_sql(after, &upper_names, rows), &values).await?;
    let (bound, walked) = match found.first() {
        Some(row) => (key(row, job)?, u64::from(rows)),
        None => {
            let rest = session.row(&walk.count_sql(after, &upper_names), &values).await?;
            (upper.clone(), u64::try_from(integer(&rest, "rows")?).unwrap_or_default())
        }
    };
    if walked == 0 {
        return Ok((0, 0, None));
    }
    let mut values = self::values(&bound, job)?;
    if let Some(cursor) = &cursor {
        values.extend(self::values(cursor, job)?);
    }
    let range = walk.range(Some(&job.point.reference), after, &upper_names);
    let changed = session.bound(&step.place, &job.with_range(&range), &values).await?;
    lease::fence(session, lease.token()).await?;
    let packed = snapshot::pack_key(&bound);
    let [migration, phase, number] = of_step(step);
    let sql = "UPDATE concertina_job SET cursor = ?4, rows_changed = rows_changed + ?5, rows_walked = rows_walked + ?6, \
        chunks = chunks + 1, at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE migration = ?1 AND phase = ?2 AND step = ?3";
    let moved = [
        migration,
        phase,
        number,
        Value::Text(&packed),
        Value::Integer(i64::try_from(changed).unwrap_or(i64::MAX)),
        Value::Integer(i64::try_from(walked).unwrap_or(i64::MAX)),
    ];
    session.bound(LEDGER, sql, &moved).await?;
    Ok((changed, walked, Some(bound)))
}

fn of_step(step: &Step) -> [Value<'_>; 3] {
    [Value::Text(step.node.migration.as_str()), Value::Text(step.node.phase.as_str()), Value::Integer(i64::from(step.number))]
}

fn walk(job: &Job) -> Walk<'_> {
    Walk { dialect: Dialect::Sqlite, table: &job.table, key: &job.key }
}

fn names(before: usize, count: usize) -> Vec<String> {
    (1..=count).map(|index| format!("?{}", before + index)).collect()
}

fn values<'a>(key: &'a KeyValue, job: &Job) -> Result<Vec<Value<'a>>, BackendError> {
    if key.0.len() != job.key.len() {
        return Err(snapshot::damaged("a key of this job has another number of columns than the table's key"));
    }
    let value = |part: &'a KeyPart| match part {
        KeyPart::Text(text) => Value::Text(text),
        KeyPart::Integer(number) => Value::Integer(*number),
        KeyPart::Real(bits) => Value::Real(f64::from_bits(*bits)),
        KeyPart::Blob(bytes) => Value::Blob(bytes),
    };
    Ok(key.0.iter().map(value).collect())
}

/// The key in a row, each column in the storage class that this very value has.
fn key(row: &SqliteRow, job: &Job) -> Result<KeyValue, BackendError> {
    let wrong = |error: sqlx::Error| snapshot::damaged(error.to_string());
    let part = |index: usize| {
        let class = row.try_get_raw(index).map_err(wrong)?.type_info().name().to_owned();
        match class.as_str() {
            "INTEGER" => Ok(KeyPart::Integer(row.try_get_unchecked(index).map_err(wrong)?)),
            "REAL" => Ok(KeyPart::Real(row.try_get_unchecked::<f64, _>(index).map_err(wrong)?.to_bits())),
            "BLOB" => Ok(KeyPart::Blob(row.try_get_unchecked(index).map_err(wrong)?)),
            "NULL" => Err(BackendError::Unsuitable {
                reason: format!("{} holds a NULL in key column {}, which no walk can pass", job.table, job.key[index]),
            }),
            _ => Ok(KeyPart::Text(row.try_get_unchecked(index).map_err(wrong)?)),
        }
    };
    (0..job.key.len()).map(part).collect::<Result<_, _>>().map(KeyValue)
}
