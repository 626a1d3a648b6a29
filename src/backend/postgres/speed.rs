//! How fast this server is: what a statement took, kept for later plans, and some pages of a table read to find out.

use std::time::{Duration, Instant};

use super::PostgresBackend;
use super::catalogue::regclass;
use super::lease::{fence, held};
use super::quote::literal;
use super::session::{LEDGER, number, value};
use crate::backend::snapshot::timing::work_word;
use crate::backend::{BackendError, Limits, snapshot};
use crate::dialect::speed::Rate;
use crate::ledger::{Lease, Timing};
use crate::schema::{Ident, ObjectName};

/// How long one question may wait and run: nobody queues behind it for longer.
pub(super) const PATIENCE: Limits = Limits { lock_timeout: Duration::from_millis(50), statement_timeout: Some(Duration::from_millis(100)) };

/// How long a table is read in all.
const BUDGET: Duration = Duration::from_millis(100);

/// Pages of one question: half a megabyte, and where those take too long, a quarter of that. Such a scan goes through the cache like any
/// other read, not through a ring beside it.
const SLICES: [u64; 2] = [64, 16];

/// So many questions are enough, however fast the answers come.
const QUESTIONS: u64 = 16;

/// Pages of a table that are read at most, 8 MB: nobody's pages are pushed out of the cache for them.
const MOST: u64 = 16 * 64;

impl PostgresBackend {
    /// Reads slices of a table, spread over its file, each in a transaction of its own: how fast each was.
    pub(super) async fn read_slices(&mut self, table: &ObjectName) -> Result<Vec<Rate>, BackendError> {
        match self.slices(table).await {
            // Not ours to read, gone, locked by somebody else: then it is not known.
            Err(BackendError::Statement { .. } | BackendError::Blocked { .. }) => {
                self.main.roll_back().await?;
                Ok(Vec::new())
            }
            read => read,
        }
    }

    async fn slices(&mut self, table: &ObjectName) -> Result<Vec<Rate>, BackendError> {
        self.main.roll_back().await?;
        // Of a partitioned table the largest partition is read.
        let sql = format!(
            "SELECT format('%I.%I', n.nspname, c.relname) AS name, current_setting('block_size') AS page, \
               (pg_relation_size(c.oid) / current_setting('block_size')::bigint)::text AS pages \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'm') AND c.oid IN (SELECT relid FROM pg_partition_tree({table}) UNION SELECT {table}) \
             ORDER BY pg_relation_size(c.oid) DESC LIMIT 1",
            table = regclass(table)
        );
        // The size of a file is asked for under a lock, which somebody else may hold.
        let rows = self.main.begin_reading(&PATIENCE, &sql).await?;
        self.main.roll_back().await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let (name, page, pages) = (value(row, "name")?, number::<u64>(row, "page")?, number::<u64>(row, "pages")?);
        let mut found = Vec::new();
        let mut read = 0;
        for slice in SLICES {
            let (began, mut is_cut) = (Instant::now(), false);
            for question in 0..QUESTIONS {
                // A place of its own in each part of the file.
                let part = pages.saturating_sub(slice) / QUESTIONS;
                let from = part * question + fastrand::u64(0..=part);
                if began.elapsed() >= BUDGET || from + slice > pages || read + slice > MOST {
                    break;
                }
                read += slice;
                match self.slice(&name, from, from + slice).await {
                    Ok(took) => found.extend(rate(slice * page, took)),
                    // The statement took longer than it may: it is no faster than this, and those that were may have been cached.
                    Err(BackendError::Statement { code, .. }) if code == "57014" => {
                        found.extend(PATIENCE.statement_timeout.and_then(|took| rate(slice * page, took)));
                        is_cut = true;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            self.main.roll_back().await?;
            if !is_cut && !found.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// How long the server took to read these pages.
    async fn slice(&mut self, table: &str, from: u64, to: u64) -> Result<Duration, BackendError> {
        let sql = format!(
            "EXPLAIN (ANALYZE, TIMING OFF) SELECT count(*) FROM ONLY {table} AS part \
             WHERE part.ctid >= '({from},0)'::tid AND part.ctid < '({to},0)'::tid"
        );
        let rows = self.main.begin_reading(&PATIENCE, &sql).await?;
        self.main.roll_back().await?;
        for row in &rows {
            let line = value(row, "QUERY PLAN")?;
            let millis = line.strip_prefix("Execution Time: ").and_then(|told| told.strip_suffix(" ms")).map(str::parse::<f64>);
            if let Some(Ok(millis)) = millis {
                return Ok(Duration::from_secs_f64(millis.max(0.0) / 1e3));
            }
        }
        Err(snapshot::damaged("EXPLAIN tells no time"))
    }

    /// Keeps how long work took, in the place of what was known of it.
    pub(super) async fn keep_timing(&mut self, lease: &Lease, timing: &Timing) -> Result<(), BackendError> {
        let Some(work) = work_word(&timing.work) else { return Ok(()) };
        let table = timing.work.table();
        let sql = format!(
            "{} INSERT INTO concertina.timing (work, schema, relation, bytes, millis) SELECT {}, {}, {}, {}, {} FROM held \
             ON CONFLICT (work, schema, relation) DO UPDATE SET bytes = excluded.bytes, millis = excluded.millis, at = clock_timestamp()",
            fence(lease.token()),
            literal(work),
            literal(table.schema.as_ref().map_or("", Ident::as_str)),
            literal(table.name.as_str()),
            timing.bytes,
            timing.took.as_millis(),
        );
        held(self.main.run(LEDGER, sql).await?)
    }
}

fn rate(bytes: u64, took: Duration) -> Option<Rate> {
    let micros = u64::try_from(took.as_micros()).ok().filter(|micros| *micros > 0)?;
    Some(bytes * 1_000 / micros)
}
