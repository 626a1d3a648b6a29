//! Jobs: registered with their ranges, sent back to the start, ended.

use super::PostgresBackend;
use super::facts::{page_ranges, parts};
use super::lease::{fence, held};
use super::quote::{literal, optional};
use super::script::of_step;
use super::session::{LEDGER, value};
use super::{catalogue, size};
use crate::backend::{BackendError, Limits, snapshot};
use crate::backfill::chunk::Walk;
use crate::backfill::{Chunking, Job, KeyPart, KeyValue, Place, Range};
use crate::ledger::{JobRecord, Lease};
use crate::plan::Step;
use crate::schema::Dialect;

/// Every chunk goes along the key's index, whatever stale statistics say; and a plan that cannot avoid another scan
/// is not compiled for it (`jit` starts at the price that a forbidden scan has).
pub(super) const BY_INDEX: &str = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; ";

impl PostgresBackend {
    /// Finds a job again or registers it with its ranges.
    pub(super) async fn register_job(
        &mut self,
        lease: &Lease,
        step: &Step,
        job: &Job,
        chunking: &Chunking,
        limits: &Limits,
    ) -> Result<JobRecord, BackendError> {
        self.learn_key(job).await?;
        let Some(record) = self.find_job(step).await? else { return self.place_job(lease, step, job, chunking, limits).await };
        if record.digest != step.digest {
            return Err(snapshot::damaged(format!("the backfill of {} began with another text than it has now", step.node)));
        }
        // What lay in a partition that is gone is gone with it.
        let gone = format!(
            "UPDATE concertina.backfill_range SET state = 'done' WHERE {} AND state = 'open' AND relation IS NOT NULL \
             AND to_regclass(relation) IS NULL",
            of_step(step)
        );
        self.main.run(LEDGER, gone).await?;
        if record.round == 0 && !record.done {
            return self.take_over_cursor(lease, step, limits).await;
        }
        Ok(record)
    }

    /// What a cast to each column of the key names.
    pub(super) async fn learn_key(&mut self, job: &Job) -> Result<(), BackendError> {
        if self.walked.as_ref() != Some(&job.table) {
            self.key_types = catalogue::column_types(&mut self.main, &job.table, &job.key).await?;
            self.walked = Some(job.table.clone());
        }
        Ok(())
    }

    /// A job of format 1 has one cursor: what is left behind it becomes a range.
    async fn take_over_cursor(&mut self, lease: &Lease, step: &Step, limits: &Limits) -> Result<JobRecord, BackendError> {
        self.main.begin(limits, "").await?;
        let row = self.main.row(format!("SELECT cursor, upper FROM concertina.job WHERE {}", of_step(step))).await?;
        let unpacked = |column: &str| super::session::text(&row, column)?.map(|place| snapshot::unpack(&place)).transpose();
        let (lo, hi) = (unpacked("cursor")?, unpacked("upper")?);
        let range = hi.map(|hi| Range { number: 0, relation: None, lo, hi, position: None });
        self.write_ranges(lease, step, range.as_slice(), &Chunking::Keys).await?;
        self.main.commit(LEDGER).await?;
        self.known_job(step).await
    }

    /// Cuts the table into ranges up to the last row that there is now; the counts go on.
    pub(super) async fn place_job(
        &mut self,
        lease: &Lease,
        step: &Step,
        job: &Job,
        chunking: &Chunking,
        limits: &Limits,
    ) -> Result<JobRecord, BackendError> {
        self.main.roll_back().await?;
        self.learn_key(job).await?;
        let size = size::of(&mut self.main, &job.table).await?;
        let estimate = size.as_ref().map(|size| size.rows);
        let facts = self.table_facts(job).await?;
        self.main.begin(limits, BY_INDEX).await?;
        let mut ranges = Vec::new();
        for (partition, rows, pages) in parts(&facts) {
            ranges.extend(match chunking {
                Chunking::Keys => self.key_ranges(job, partition, rows, pages).await?,
                Chunking::Pages { window, .. } => page_ranges(partition, pages, *window)?,
            });
        }
        for (range, number) in ranges.iter_mut().zip(0..) {
            range.number = number;
        }
        let sql = format!(
            "{} INSERT INTO concertina.job (migration, phase, step, digest, rows_estimated) \
             SELECT {}, {}, {}, {}, {} FROM held ON CONFLICT (migration, phase, step) DO UPDATE SET \
             cursor = NULL, upper = NULL, done = false, at = clock_timestamp()",
            fence(lease.token()),
            literal(step.node.migration.as_str()),
            literal(step.node.phase.as_str()),
            step.number,
            literal(&step.digest.to_string()),
            estimate.map_or_else(|| "NULL::bigint".to_owned(), |rows| rows.to_string()),
        );
        held(self.main.run(LEDGER, sql).await?)?;
        self.write_ranges(lease, step, &ranges, chunking).await?;
        self.main.commit(LEDGER).await?;
        self.known_job(step).await
    }

    /// Puts these ranges in the place of those of an earlier walk, whose counts the job takes over.
    async fn write_ranges(&mut self, lease: &Lease, step: &Step, ranges: &[Range], chunking: &Chunking) -> Result<(), BackendError> {
        let of_step = of_step(step);
        let (migration, phase) = (literal(step.node.migration.as_str()), literal(step.node.phase.as_str()));
        self.main.run(LEDGER, fold_ranges(step)).await?;
        let count = ranges.len();
        let sql = format!(
            "{} INSERT INTO concertina.backfill AS b (migration, phase, step, round, next_range, chunking) \
             SELECT {migration}, {phase}, {}, 1, {count}, {} FROM held ON CONFLICT (migration, phase, step) \
             DO UPDATE SET round = b.round + 1, next_range = b.next_range + {count}, chunking = excluded.chunking, at = clock_timestamp()",
            fence(lease.token()),
            step.number,
            literal(&snapshot::pack_chunking(chunking)),
        );
        held(self.main.run(LEDGER, sql).await?)?;
        for range in ranges {
            let place = |place: &Option<Place>| optional(place.as_ref().map(snapshot::pack).as_deref());
            let sql = format!(
                "INSERT INTO concertina.backfill_range (migration, phase, step, number, relation, lo, hi) \
                 SELECT {migration}, {phase}, {}, next_range - {count} + {}, {}, {}, {} FROM concertina.backfill WHERE {of_step}",
                step.number,
                range.number,
                optional(range.relation.as_deref()),
                place(&range.lo),
                literal(&snapshot::pack(&range.hi)),
            );
            self.main.run(LEDGER, sql).await?;
        }
        Ok(())
    }

    async fn known_job(&mut self, step: &Step) -> Result<JobRecord, BackendError> {
        self.find_job(step).await?.ok_or_else(|| snapshot::damaged("the job that was just written is missing"))
    }

    pub(super) async fn find_job(&mut self, step: &Step) -> Result<Option<JobRecord>, BackendError> {
        let of_step = of_step(step);
        let sql = format!(
            "SELECT json_build_object('job', json_build_object('migration', migration, 'phase', phase, 'step', step, \
               'digest', digest, 'rows_changed', rows_changed, 'rows_walked', rows_walked, 'rows_estimated', rows_estimated, \
               'chunks', chunks, 'done', done, 'at', at), \
             'round', coalesce((SELECT round FROM concertina.backfill WHERE {of_step}), 0), \
             'ranges', (SELECT row_to_json(r) FROM (SELECT migration, phase, step, count(*) AS ranges, \
               count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE lease_until > clock_timestamp()) AS held, \
               sum(rows_changed)::bigint AS rows_changed, sum(rows_walked)::bigint AS rows_walked, sum(chunks)::bigint AS chunks, \
               max(at) AS at FROM concertina.backfill_range WHERE {of_step} GROUP BY migration, phase, step) r))::text AS job \
             FROM concertina.job WHERE {of_step}"
        );
        let rows = self.main.rows(sql).await?;
        rows.first().map(|row| snapshot::read_job(&value(row, "job")?)).transpose()
    }

    /// Ends a job: its ranges go, their counts stay.
    pub(super) async fn end_job(&mut self, lease: &Lease, step: &Step, limits: &Limits) -> Result<(), BackendError> {
        self.main.begin(limits, "").await?;
        self.main.run(LEDGER, fold_ranges(step)).await?;
        let sql = format!(
            "{} UPDATE concertina.job SET done = true, at = clock_timestamp() FROM held WHERE {}",
            fence(lease.token()),
            of_step(step)
        );
        held(self.main.run(LEDGER, sql).await?)?;
        self.main.commit(LEDGER).await
    }

    /// A key as literals of its columns' own types.
    pub(super) fn casts(&self, key: &KeyValue) -> Result<Vec<String>, BackendError> {
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

/// Deletes the ranges of a job and adds their counts to its own. A worker that still holds one writes nothing any more.
fn fold_ranges(step: &Step) -> String {
    let of_step = of_step(step);
    format!(
        "WITH gone AS (DELETE FROM concertina.backfill_range WHERE {of_step} RETURNING rows_changed, rows_walked, chunks), \
         sums AS (SELECT coalesce(sum(rows_changed), 0) AS changed, coalesce(sum(rows_walked), 0) AS walked, \
           coalesce(sum(chunks), 0) AS chunks FROM gone) \
         UPDATE concertina.job j SET rows_changed = j.rows_changed + sums.changed, rows_walked = j.rows_walked + sums.walked, \
           chunks = j.chunks + sums.chunks FROM sums WHERE {of_step}"
    )
}

/// Along the job's table.
pub(super) fn walk(job: &Job) -> Walk<'_> {
    walk_in(job, None)
}

/// Along a partition of it.
pub(super) fn walk_in<'a>(job: &'a Job, partition: Option<&'a str>) -> Walk<'a> {
    let table = partition.map_or_else(|| job.table.quoted(Dialect::Postgres).into(), Into::into);
    Walk { dialect: Dialect::Postgres, table, key: &job.key }
}

pub(super) fn key(row: &sqlx::postgres::PgRow, job: &Job) -> Result<KeyValue, BackendError> {
    (0..job.key.len()).map(|index| Ok(KeyPart::Text(value(row, &format!("k{index}"))?))).collect::<Result<_, _>>().map(KeyValue)
}
