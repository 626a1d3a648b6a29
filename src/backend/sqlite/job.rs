//! Jobs: registered with their range, claimed, sent back to the start, ended. One writer at a time: whoever holds the
//! run's lease takes a range from whoever had it.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, TypeInfo, ValueRef};

use super::SqliteBackend;
use super::lease;
use super::session::{LEDGER, Session, Value, integer, text};
use crate::backend::{BackendError, Limits, snapshot};
use crate::backfill::chunk::Walk;
use crate::backfill::{Chunking, Claim, Claimed, Job, KeyPart, KeyValue, Place, Range};
use crate::ledger::{JobRecord, Lease};
use crate::plan::Step;
use crate::schema::Dialect;

const JOB: &str = "SELECT json_object('job', json_object('migration', migration, 'phase', phase, 'step', step, 'digest', digest, \
    'rows_changed', rows_changed, 'rows_walked', rows_walked, 'rows_estimated', rows_estimated, 'chunks', chunks, \
    'done', done, 'at', at), 'round', coalesce((SELECT round FROM concertina_backfill \
      WHERE migration = ?1 AND phase = ?2 AND step = ?3), 0), \
    'ranges', (SELECT json_object('migration', migration, 'phase', phase, 'step', step, 'ranges', count(*), \
      'done', sum(state = 'done'), 'held', 0, 'rows_changed', sum(rows_changed), 'rows_walked', sum(rows_walked), \
      'chunks', sum(chunks), 'at', max(at)) FROM concertina_backfill_range \
      WHERE migration = ?1 AND phase = ?2 AND step = ?3 GROUP BY migration, phase, step)) AS job \
    FROM concertina_job WHERE migration = ?1 AND phase = ?2 AND step = ?3";

impl SqliteBackend {
    pub(super) async fn register_job(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<JobRecord, BackendError> {
        let session = self.session()?;
        session.calm().await?;
        let Some(record) = find_job(session, step).await? else { return self.place_job(lease, step, job, limits).await };
        if record.digest != step.digest {
            return Err(snapshot::damaged(format!("the backfill of {} began with another text than it has now", step.node)));
        }
        if record.round > 0 || record.done {
            return Ok(record);
        }
        session.begin(limits).await?;
        let taken = take_over_cursor(session, lease, step).await;
        self.settle(LEDGER, taken).await?;
        self.known_job(step).await
    }

    /// Makes one range of the table up to the last row that there is now; the counts go on.
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
        self.known_job(step).await
    }

    async fn known_job(&mut self, step: &Step) -> Result<JobRecord, BackendError> {
        let found = find_job(self.session()?, step).await?;
        found.ok_or_else(|| snapshot::damaged("the job that was just written is missing"))
    }

    /// Takes the first open range.
    pub(super) async fn claim_range(&mut self, step: &Step, owner: &str, limits: &Limits) -> Result<Claimed, BackendError> {
        let token = self.token;
        let session = self.session()?;
        session.begin(limits).await?;
        let claimed = claim(session, token, step, owner).await;
        self.settle(LEDGER, claimed).await
    }

    pub(super) async fn yield_range(&mut self, step: &Step, claim: &Claim, limits: &Limits) -> Result<(), BackendError> {
        let session = self.session()?;
        session.begin(limits).await?;
        let sql = "UPDATE concertina_backfill_range SET owner = NULL \
            WHERE migration = ?1 AND phase = ?2 AND step = ?3 AND number = ?4 AND token = ?5";
        let [migration, phase, number] = of_step(step);
        let values = [migration, phase, number, Value::Integer(i64::from(claim.range.number)), Value::Integer(claim.token)];
        let given = session.bound(LEDGER, sql, &values).await.map(|_| ());
        self.settle(LEDGER, given).await
    }

    pub(super) async fn end_job(&mut self, lease: &Lease, step: &Step, limits: &Limits) -> Result<(), BackendError> {
        let session = self.session()?;
        session.begin(limits).await?;
        let done = close(session, lease, step).await;
        self.settle(LEDGER, done).await
    }
}

async fn claim(session: &mut Session, token: Option<i64>, step: &Step, owner: &str) -> Result<Claimed, BackendError> {
    if let Some(token) = token {
        lease::fence(session, token).await?;
    }
    let [migration, phase, number] = of_step(step);
    let sql = "UPDATE concertina_backfill_range SET owner = ?4, token = token + 1 WHERE migration = ?1 AND phase = ?2 AND step = ?3 \
        AND number = (SELECT min(number) FROM concertina_backfill_range \
          WHERE migration = ?1 AND phase = ?2 AND step = ?3 AND state = 'open') \
        RETURNING number, relation, lo, hi, position, token";
    let rows = session.rows(sql, &[migration, phase, number, Value::Text(owner)]).await?;
    let Some(row) = rows.first() else { return Ok(Claimed::Nothing) };
    let place = |column: &str| text(row, column)?.map(|place| snapshot::unpack(&place)).transpose();
    let range = Range {
        number: u32::try_from(integer(row, "number")?).map_err(|_| snapshot::damaged("the number of a range"))?,
        relation: text(row, "relation")?,
        lo: place("lo")?,
        hi: snapshot::unpack(&text(row, "hi")?.unwrap_or_default())?,
        position: place("position")?,
    };
    Ok(Claimed::Range(Claim { range, chunking: Chunking::Keys, token: integer(row, "token")? }))
}

async fn close(session: &mut Session, lease: &Lease, step: &Step) -> Result<(), BackendError> {
    lease::fence(session, lease.token()).await?;
    fold_ranges(session, step).await?;
    let sql = "UPDATE concertina_job SET done = 1, at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') \
        WHERE migration = ?1 AND phase = ?2 AND step = ?3";
    session.bound(LEDGER, sql, &of_step(step)).await.map(|_| ())
}

/// Deletes the ranges of a job and adds their counts to its own.
async fn fold_ranges(session: &mut Session, step: &Step) -> Result<(), BackendError> {
    let sum = |column: &str| {
        format!(
            "{column} = {column} + coalesce((SELECT sum({column}) FROM concertina_backfill_range \
             WHERE migration = ?1 AND phase = ?2 AND step = ?3), 0)"
        )
    };
    let sums = ["rows_changed", "rows_walked", "chunks"].map(sum).join(", ");
    let sql = format!("UPDATE concertina_job SET {sums} WHERE migration = ?1 AND phase = ?2 AND step = ?3");
    session.bound(LEDGER, &sql, &of_step(step)).await?;
    let sql = "DELETE FROM concertina_backfill_range WHERE migration = ?1 AND phase = ?2 AND step = ?3";
    session.bound(LEDGER, sql, &of_step(step)).await.map(|_| ())
}

/// A job of format 1 has one cursor: what is left behind it becomes a range.
async fn take_over_cursor(session: &mut Session, lease: &Lease, step: &Step) -> Result<(), BackendError> {
    lease::fence(session, lease.token()).await?;
    let sql = "SELECT cursor, upper FROM concertina_job WHERE migration = ?1 AND phase = ?2 AND step = ?3";
    let row = session.row(sql, &of_step(step)).await?;
    let unpacked = |column: &str| text(&row, column)?.map(|place| snapshot::unpack(&place)).transpose();
    let (lo, hi): (Option<Place>, Option<Place>) = (unpacked("cursor")?, unpacked("upper")?);
    write_range(session, step, lo.as_ref(), hi.as_ref()).await
}

async fn write_job(session: &mut Session, lease: &Lease, step: &Step, job: &Job, count: i64) -> Result<(), BackendError> {
    lease::fence(session, lease.token()).await?;
    let upper = session.rows(&walk(job).last_sql(), &[]).await?.first().map(|row| key(row, job)).transpose()?;
    let digest = step.digest.to_string();
    let [migration, phase, number] = of_step(step);
    let sql = "INSERT INTO concertina_job (migration, phase, step, digest, rows_estimated) \
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (migration, phase, step) DO UPDATE SET cursor = NULL, \
        upper = NULL, done = 0, at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    session.bound(LEDGER, sql, &[migration, phase, number, Value::Text(&digest), Value::Integer(count)]).await?;
    write_range(session, step, None, upper.map(Place::Key).as_ref()).await
}

/// Puts a range in the place of those of an earlier walk; none for an empty table.
async fn write_range(session: &mut Session, step: &Step, lo: Option<&Place>, hi: Option<&Place>) -> Result<(), BackendError> {
    fold_ranges(session, step).await?;
    let [migration, phase, number] = of_step(step);
    let sql = "INSERT INTO concertina_backfill (migration, phase, step, round, next_range, chunking) VALUES (?1, ?2, ?3, 1, 1, '\"keys\"') \
        ON CONFLICT (migration, phase, step) DO UPDATE SET round = round + 1, next_range = next_range + 1, \
        at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    session.bound(LEDGER, sql, &[migration, phase, number]).await?;
    let Some(hi) = hi else { return Ok(()) };
    let (lo, hi) = (lo.map(snapshot::pack), snapshot::pack(hi));
    let sql = "INSERT INTO concertina_backfill_range (migration, phase, step, number, lo, hi) \
        SELECT ?1, ?2, ?3, next_range - 1, ?4, ?5 FROM concertina_backfill WHERE migration = ?1 AND phase = ?2 AND step = ?3";
    session.bound(LEDGER, sql, &[migration, phase, number, Value::Perhaps(lo.as_deref()), Value::Text(&hi)]).await.map(|_| ())
}

async fn find_job(session: &mut Session, step: &Step) -> Result<Option<JobRecord>, BackendError> {
    let rows = session.rows(JOB, &of_step(step)).await?;
    rows.first().map(|row| snapshot::read_job(&text(row, "job")?.unwrap_or_default())).transpose()
}

pub(super) fn of_step(step: &Step) -> [Value<'_>; 3] {
    [Value::Text(step.node.migration.as_str()), Value::Text(step.node.phase.as_str()), Value::Integer(i64::from(step.number))]
}

pub(super) fn walk(job: &Job) -> Walk<'_> {
    Walk { dialect: Dialect::Sqlite, table: job.table.quoted(Dialect::Sqlite).into(), key: &job.key }
}

pub(super) fn values<'a>(key: &'a KeyValue, job: &Job) -> Result<Vec<Value<'a>>, BackendError> {
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
pub(super) fn key(row: &SqliteRow, job: &Job) -> Result<KeyValue, BackendError> {
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
