//! Chunks: find the bound, run the statement between the bounds, move the cursor; one transaction, so exactly once.

use std::time::Instant;

use super::PostgresBackend;
use super::lease::{fence, held};
use super::quote::{literal, optional};
use super::script::{of_step, question, standing};
use super::session::{LEDGER, number, text, value};
use super::{catalogue, size};
use crate::backend::{BackendError, Chunk, Limits, Notices, snapshot};
use crate::backfill::chunk::Walk;
use crate::backfill::{Job, KeyPart, KeyValue};
use crate::ledger::{JobRecord, Lease};
use crate::plan::Step;
use crate::schema::Dialect;

const JOB: &str = "SELECT json_build_object('migration', migration, 'phase', phase, 'step', step, 'digest', digest, \
    'cursor', cursor, 'upper', upper, 'rows_changed', rows_changed, 'rows_walked', rows_walked, \
    'rows_estimated', rows_estimated, 'chunks', chunks, 'done', done, 'at', at)::text AS job FROM concertina.job";

/// Every chunk goes along the key's index, whatever stale statistics say; and a plan that cannot avoid another scan
/// is not compiled for it (`jit` starts at the price that a forbidden scan has).
const BY_INDEX: &str = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; ";

/// Where a walk is: behind `cursor`, on its way to `upper`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    cursor: Option<KeyValue>,
    upper: KeyValue,
}

impl PostgresBackend {
    pub(super) async fn register_job(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<JobRecord, BackendError> {
        self.position = None;
        self.key_types = catalogue::column_types(&mut self.main, &job.table, &job.key).await?;
        if let Some(record) = self.find_job(step).await? {
            return match record.digest == step.digest {
                true => Ok(record),
                false => Err(snapshot::damaged(format!("the backfill of {} began with another text than it has now", step.node))),
            };
        }
        self.place_job(lease, step, job, limits).await
    }

    /// Fixes the upper bound, now, and puts the cursor before the first row; the counts go on.
    pub(super) async fn place_job(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<JobRecord, BackendError> {
        let estimate = size::of(&mut self.main, &job.table).await?.map(|size| size.rows);
        self.main.begin(limits, BY_INDEX).await?;
        let last = self.main.rows(walk(job).last_sql()).await?;
        let upper = last.first().map(|row| key(row, job)).transpose()?;
        let upper = upper.as_ref().map(snapshot::pack_key);
        let sql = format!(
            "{} INSERT INTO concertina.job (migration, phase, step, digest, upper, rows_estimated) \
             SELECT {}, {}, {}, {}, {}, {} FROM held ON CONFLICT (migration, phase, step) DO UPDATE SET \
             cursor = NULL, upper = excluded.upper, done = false, at = clock_timestamp()",
            fence(lease.token()),
            literal(step.node.migration.as_str()),
            literal(step.node.phase.as_str()),
            step.number,
            literal(&step.digest.to_string()),
            optional(upper.as_deref()),
            estimate.map_or_else(|| "NULL::bigint".to_owned(), |rows| rows.to_string()),
        );
        held(self.main.run(LEDGER, sql).await?)?;
        self.main.commit(LEDGER).await?;
        self.find_job(step).await?.ok_or_else(|| snapshot::damaged("the job that was just written is missing"))
    }

    async fn find_job(&mut self, step: &Step) -> Result<Option<JobRecord>, BackendError> {
        let rows = self.main.rows(format!("{JOB} WHERE {}", of_step(step))).await?;
        rows.first().map(|row| snapshot::read_job(&value(row, "job")?)).transpose()
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
        let expected = self.position.take();
        let outcome = self.chunk_between(lease, step, job, rows, limits, expected).await;
        match outcome {
            Ok(Some((changed, walked, position))) => {
                let cursor = position.cursor.clone();
                self.position = Some(position);
                Ok(Chunk { changed, walked, cursor, took: began.elapsed() })
            }
            Ok(None) => {
                self.main.roll_back().await?;
                Ok(Chunk { changed: 0, walked: 0, cursor: None, took: began.elapsed() })
            }
            Err(error) => {
                if let Err(worse) = self.main.roll_back().await {
                    tracing::debug!(%worse, "rolling back failed; the server does it by itself");
                }
                Err(error)
            }
        }
    }

    /// Three round trips: open, ask and find the bound; the statement; move the cursor and commit. `None` when nothing
    /// is left.
    async fn chunk_between(
        &mut self,
        lease: &Lease,
        step: &Step,
        job: &Job,
        rows: u32,
        limits: &Limits,
        expected: Option<Position>,
    ) -> Result<Option<(u64, u64, Position)>, BackendError> {
        let walk = walk(job);
        let of_step = of_step(step);
        let question = question(step).replacen(
            "SELECT ",
            &format!(
                "SELECT (SELECT cursor FROM concertina.job WHERE {of_step}) AS cursor, \
                 (SELECT upper FROM concertina.job WHERE {of_step}) AS upper, "
            ),
            1,
        );
        // Where the walk is, the ledger decides; where we think it is saves a round trip when we are right.
        let guess = match &expected {
            Some(position) => format!("; {}", self.bound(&walk, position, rows)?),
            None => String::new(),
        };
        let answer = self.main.begin(limits, &format!("{BY_INDEX}{question}{guess}")).await?;
        let row = answer.first().ok_or_else(|| snapshot::damaged("no answer about the job"))?;
        let pid = standing(&answer[..1], lease, step)?.pid;
        let unpack = |column: &str| text(row, column)?.map(|key| snapshot::unpack_key(&key)).transpose();
        let Some(upper) = unpack("upper")? else { return Ok(None) };
        let position = Position { cursor: unpack("cursor")?, upper };
        let found = match expected.as_ref() == Some(&position) {
            true => answer.get(1).map(|row| key(row, job)).transpose()?,
            false => {
                let bound = self.bound(&walk, &position, rows)?;
                self.main.rows(bound).await?.first().map(|row| key(row, job)).transpose()?
            }
        };
        let after = position.cursor.as_ref().map(|cursor| self.casts(cursor)).transpose()?;
        let (bound, walked) = match found {
            Some(bound) => (bound, u64::from(rows)),
            None => {
                let count = walk.count_sql(after.as_deref(), &self.casts(&position.upper)?);
                (position.upper.clone(), number::<u64>(&self.main.row(count).await?, "rows")?)
            }
        };
        if walked == 0 {
            return Ok(None);
        }
        let range = walk.range(Some(&job.point.reference), after.as_deref(), &self.casts(&bound)?);
        let (notices, _reader) = Notices::channel();
        let changed = self.watched(&step.place, &job.with_range(&range), Some(pid), limits, &notices).await?;
        self.move_cursor(lease, step, &bound, changed, walked).await?;
        Ok(Some((changed, walked, Position { cursor: Some(bound), upper: position.upper })))
    }

    /// Writes the cursor and commits in one round trip: without the lease the division fails, and the commit behind it
    /// is never reached.
    async fn move_cursor(&mut self, lease: &Lease, step: &Step, bound: &KeyValue, changed: u64, walked: u64) -> Result<(), BackendError> {
        let sql = format!(
            "{} UPDATE concertina.job SET cursor = {}, rows_changed = rows_changed + {changed}, \
             rows_walked = rows_walked + {walked}, chunks = chunks + 1 / (SELECT count(*) FROM held), \
             at = clock_timestamp() WHERE {}",
            fence(lease.token()),
            literal(&snapshot::pack_key(bound)),
            of_step(step),
        );
        match self.main.finish(&step.place, &sql).await {
            Err(BackendError::Statement { code, .. }) if code == "22012" => Err(BackendError::LeaseLost),
            result => result,
        }
    }

    fn bound(&self, walk: &Walk<'_>, position: &Position, rows: u32) -> Result<String, BackendError> {
        let after = position.cursor.as_ref().map(|cursor| self.casts(cursor)).transpose()?;
        Ok(walk.bound_sql(after.as_deref(), &self.casts(&position.upper)?, rows))
    }

    /// Whether the job's own predicate still finds a row.
    pub(super) async fn finds_row(&mut self, job: &Job) -> Result<bool, BackendError> {
        // In a transaction of its own, so that no time-out of the role ends a long look at a large table.
        self.main.begin(&super::LEDGER_LIMITS, "").await?;
        let found = self.main.row(format!("SELECT (EXISTS ({}))::text AS rows_left", job.proof())).await;
        self.main.roll_back().await?;
        Ok(value(&found?, "rows_left")? == "true")
    }

    pub(super) async fn end_job(&mut self, lease: &Lease, step: &Step) -> Result<(), BackendError> {
        self.main.roll_back().await?;
        let sql = format!(
            "{} UPDATE concertina.job SET done = true, at = clock_timestamp() FROM held WHERE {}",
            fence(lease.token()),
            of_step(step)
        );
        held(self.main.run(LEDGER, sql).await?)
    }

    /// A key as literals of its columns' own types.
    fn casts(&self, key: &KeyValue) -> Result<Vec<String>, BackendError> {
        let cast = |(part, type_name): (&KeyPart, &String)| match part {
            KeyPart::Text(text) => Ok(format!("CAST({} AS {type_name})", literal(text))),
            KeyPart::Integer(_) | KeyPart::Real(_) | KeyPart::Blob(_) => {
                Err(snapshot::damaged("a key of this job was written by another engine"))
            }
        };
        if key.0.len() != self.key_types.len() {
            return Err(snapshot::damaged("a key of this job has another number of columns than the table's key"));
        }
        key.0.iter().zip(&self.key_types).map(cast).collect()
    }
}

fn walk(job: &Job) -> Walk<'_> {
    Walk { dialect: Dialect::Postgres, table: &job.table, key: &job.key }
}

fn key(row: &sqlx::postgres::PgRow, job: &Job) -> Result<KeyValue, BackendError> {
    (0..job.key.len()).map(|index| Ok(KeyPart::Text(value(row, &format!("k{index}"))?))).collect::<Result<_, _>>().map(KeyValue)
}
