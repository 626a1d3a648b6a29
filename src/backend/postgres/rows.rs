//! Row by row: what is done with a small chunk that a row's values make fail. Each row is a savepoint of its own; the
//! rows that fail are recorded, without their values, in the transaction that moves the position over them.

use std::time::Instant;

use super::PostgresBackend;
use super::chunk::{Counts, Done, moved, of_range};
use super::job::{BY_INDEX, key, walk, walk_in};
use super::lease::{fence, held};
use super::pages::{condition, pass};
use super::quote::{literal, optional};
use super::script::of_step;
use super::session::{LEDGER, number, value};
use crate::backend::{BackendError, Chunk, ChunkEnd as End, Limits, snapshot};
use crate::backfill::{Claim, Job, Place, poison};
use crate::ledger::Lease;
use crate::plan::Step;
use crate::schema::Dialect;

/// One row of a chunk: what it is recorded as, and the condition that finds it.
struct One {
    key: String,
    condition: String,
}

impl PostgresBackend {
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
        self.hold_lease()?;
        self.learn_key(job).await?;
        let outcome = self.each_row(step, job, claim, rows, limits).await;
        self.chunk_end(claim, began, outcome).await
    }

    async fn each_row(&mut self, step: &Step, job: &Job, claim: &mut Claim, rows: u32, limits: &Limits) -> Result<Done, BackendError> {
        let range = of_range(step, claim);
        // A constraint that is deferred to the commit must speak up where the row is known.
        self.lock_range(&range, claim, limits, &format!("{BY_INDEX}SET CONSTRAINTS ALL IMMEDIATE; ")).await?;
        let (found, walked, position, end) = match &claim.range.hi {
            Place::Key(_) => self.rows_by_key(job, claim, rows).await?,
            Place::Page(_) => self.rows_of_pass(job, claim, rows).await?,
        };
        let mut changed = 0;
        for one in found {
            match self.one_row(step, job, claim.range.relation.as_deref(), &one).await {
                Ok(rows) => changed += rows,
                Err(BackendError::Statement { code, message, .. }) if poison::speaks_of_a_row(Dialect::Postgres, &code) => {
                    self.main.run(LEDGER, "ROLLBACK TO SAVEPOINT one_row").await?;
                    let failed = recorded(step, &one.key, &code, &message);
                    self.main.run(LEDGER, format!("{INTO_POISON} VALUES ({failed}) {ANEW}")).await?;
                }
                Err(error) => return Err(error),
            }
        }
        let sql = moved(&range, &position, &Counts { changed, walked }, end);
        self.main.finish(&step.place, &sql).await?;
        Ok(Done { changed, walked, size: u64::from(rows), end, position, log: None })
    }

    async fn one_row(&mut self, step: &Step, job: &Job, partition: Option<&str>, one: &One) -> Result<u64, BackendError> {
        self.main.run(LEDGER, "SAVEPOINT one_row").await?;
        let changed = self.main.run(&step.place, job.statement(partition, &one.condition)).await?;
        self.main.run(LEDGER, "RELEASE SAVEPOINT one_row").await?;
        Ok(changed)
    }

    async fn rows_by_key(&mut self, job: &Job, claim: &Claim, rows: u32) -> Result<(Vec<One>, u64, Place, End), BackendError> {
        let (after, upper) = self.ends(claim)?;
        let sql = walk_in(job, claim.range.relation.as_deref()).keys_sql(after.as_deref(), &upper, rows);
        let keys = self.main.rows(sql).await?.iter().map(|row| key(row, job)).collect::<Result<Vec<_>, _>>()?;
        let walked = keys.len() as u64;
        let full = walked == u64::from(rows);
        let position = match keys.last() {
            Some(last) if full => Place::Key(last.clone()),
            Some(_) | None => claim.range.hi.clone(),
        };
        let one = |key| {
            let condition = walk(job).row(&job.point.reference, &self.casts(&key)?);
            Ok(One { key: snapshot::pack(&Place::Key(key)), condition })
        };
        let found = keys.into_iter().map(one).collect::<Result<Vec<_>, BackendError>>()?;
        Ok((found, walked, position, if full { End::More } else { End::Range }))
    }

    async fn rows_of_pass(&mut self, job: &Job, claim: &Claim, rows: u32) -> Result<(Vec<One>, u64, Place, End), BackendError> {
        let pass = pass(claim, rows)?;
        let table = claim.range.relation.clone().unwrap_or_else(|| job.table.quoted(Dialect::Postgres));
        let shown = match job.key.is_empty() {
            true => String::new(),
            false => format!(", {}", walk(job).shown()),
        };
        let sql = format!("SELECT ctid::text AS row{shown} FROM {table} AS part WHERE {} ORDER BY ctid", condition("part", &pass, claim)?);
        let mut found = Vec::new();
        for row in self.main.rows(sql).await? {
            let ctid = value(&row, "row")?;
            let condition = format!("{}.ctid = '{ctid}'::tid", job.point.reference);
            let key = match job.key.is_empty() {
                // Without a key the row is named by where it lay.
                true => serde_json::Value::from(ctid).to_string(),
                false => snapshot::pack(&Place::Key(key(&row, job)?)),
            };
            found.push(One { key, condition });
        }
        let end = if pass.is_last { End::Range } else { End::More };
        Ok((found, pass.walked, Place::Page(pass.after), end))
    }

    /// How many rows of a job could not be changed so far.
    pub(super) async fn count_poison(&mut self, step: &Step) -> Result<u64, BackendError> {
        self.main.roll_back().await?;
        let sql = format!("SELECT count(*)::text AS rows FROM concertina.poison WHERE {}", of_step(step));
        number(&self.main.row(sql).await?, "rows")
    }

    /// Takes up the rows that could not be changed, each in a transaction of its own; how many still cannot.
    pub(super) async fn take_up_poison(&mut self, lease: &Lease, step: &Step, job: &Job, limits: &Limits) -> Result<u64, BackendError> {
        self.main.roll_back().await?;
        self.learn_key(job).await?;
        let of_step = of_step(step);
        let rows = self.main.rows(format!("SELECT key FROM concertina.poison WHERE {of_step} ORDER BY key")).await?;
        let keys = rows.iter().map(|row| value(row, "key")).collect::<Result<Vec<_>, _>>()?;
        for packed in keys {
            let Ok(Place::Key(key)) = snapshot::unpack(&packed) else {
                // A row without a key is found by the next walk, wherever it lies now.
                self.forget_poison(lease, step, &packed, limits).await?;
                continue;
            };
            let one = One { condition: walk(job).row(&job.point.reference, &self.casts(&key)?), key: packed };
            match self.try_again(lease, step, job, &one, limits).await {
                Ok(()) => {}
                Err(BackendError::Statement { code, message, .. }) if poison::speaks_of_a_row(Dialect::Postgres, &code) => {
                    self.main.roll_back().await?;
                    let failed = recorded(step, &one.key, &code, &message);
                    // Its transaction is over: the lease may be somebody else's by now.
                    let sql = format!("{} {INTO_POISON} SELECT {failed} FROM held {ANEW}", fence(lease.token()));
                    held(self.main.run(LEDGER, sql).await?)?;
                }
                Err(error) => {
                    self.main.roll_back().await?;
                    return Err(error);
                }
            }
        }
        self.count_poison(step).await
    }

    async fn try_again(&mut self, lease: &Lease, step: &Step, job: &Job, one: &One, limits: &Limits) -> Result<(), BackendError> {
        self.main.begin(limits, "").await?;
        self.drop_poison(lease, step, &one.key).await?;
        let changed = self.main.run(&step.place, job.with_range(&one.condition)).await?;
        let of_step = of_step(step);
        self.main.run(LEDGER, format!("UPDATE concertina.job SET rows_changed = rows_changed + {changed} WHERE {of_step}")).await?;
        self.main.commit(&step.place).await
    }

    async fn forget_poison(&mut self, lease: &Lease, step: &Step, key: &str, limits: &Limits) -> Result<(), BackendError> {
        self.main.begin(limits, "").await?;
        self.drop_poison(lease, step, key).await?;
        self.main.commit(LEDGER).await
    }

    async fn drop_poison(&mut self, lease: &Lease, step: &Step, key: &str) -> Result<(), BackendError> {
        let sql =
            format!("{} DELETE FROM concertina.poison USING held WHERE {} AND key = {}", fence(lease.token()), of_step(step), literal(key));
        held(self.main.run(LEDGER, sql).await?)
    }
}

/// Where a row that failed is recorded; what is known of it already is written anew.
const INTO_POISON: &str = "INSERT INTO concertina.poison (migration, phase, step, key, relation, code, message)";
const ANEW: &str =
    "ON CONFLICT (migration, phase, step, key) DO UPDATE SET code = excluded.code, message = excluded.message, at = clock_timestamp()";

/// What is recorded of a row that failed, column by column.
fn recorded(step: &Step, key: &str, code: &str, message: &str) -> String {
    format!(
        "{}, {}, {}, {}, {}, {}, {}",
        literal(step.node.migration.as_str()),
        literal(step.node.phase.as_str()),
        step.number,
        literal(key),
        optional(None),
        literal(code),
        literal(&poison::without_values(Dialect::Postgres, code, message)),
    )
}
