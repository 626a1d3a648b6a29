//! What the catalogue says about a table that is to be cut into chunks, and places to cut it at.

use std::time::Duration;

use super::PostgresBackend;
use super::catalogue::regclass;
use super::job::{key, walk_in};
use super::quote::literal;
use super::session::{number, text, value};
use crate::backend::{BackendError, snapshot};
use crate::backfill::chunk::Walk;
use crate::backfill::strategy::{Facts, Partition, Storage};
use crate::backfill::{Job, KeyValue, PagePlace, Place, Range};
use crate::schema::Ident;

/// Rows of a range along a key: seconds of work, so that workers share it evenly, and few enough ranges to list.
const ROWS_OF_RANGE: u64 = 200_000;

/// Windows of a range of pages.
const WINDOWS_OF_RANGE: u64 = 8;

/// More ranges than this are only more to keep.
const RANGES: u64 = 256;

/// Pages that are read to find places to cut at.
const SAMPLED_PAGES: u64 = 300;

impl PostgresBackend {
    /// Facts about the table of a job.
    pub(super) async fn table_facts(&mut self, job: &Job) -> Result<Facts, BackendError> {
        self.main.roll_back().await?;
        let names = |columns: &[Ident]| {
            let names: Vec<String> = columns.iter().map(|column| literal(column.as_str())).collect();
            format!("ARRAY[{}]::name[]", names.join(", "))
        };
        let (key, assigned) = (names(&job.key), names(&job.assigned));
        // BRIN does not end HOT since 16: https://www.postgresql.org/docs/16/release-16.html
        let brin = if self.main.version_number() >= 160_000 { "AND m.amname <> 'brin'" } else { "" };
        let sql = format!(
            "SELECT c.relkind::text AS kind, coalesce(am.amname, '') AS method, \
             (CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) / current_setting('block_size')::bigint ELSE 0 END)::text AS pages, \
             (CASE WHEN c.reltuples < 0 OR c.relpages = 0 THEN pg_relation_size(c.oid) / 100 \
               ELSE c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::bigint) END)::bigint::text AS rows, \
             (SELECT t.attname::text FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = ANY ({key}) \
                AND t.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) \
                ORDER BY array_position({key}, t.attname) DESC LIMIT 1) AS integer, \
             (SELECT min(x.relname::text) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam \
                WHERE i.indrelid IN (SELECT relid FROM pg_partition_tree(c.oid) UNION SELECT c.oid) {brin} \
                AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = i.indrelid \
                  AND t.attname = ANY ({assigned}) AND (t.attnum = ANY (i.indkey) OR EXISTS (SELECT FROM pg_depend d \
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass \
                    AND d.refobjid = i.indrelid AND d.refobjsubid = t.attnum)))) AS index, \
             coalesce((SELECT max(extract(epoch FROM clock_timestamp() - since)) FROM ( \
                SELECT xact_start AS since FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() \
                  AND backend_type <> 'autovacuum worker' AND (datname = current_database() OR datname IS NULL) \
                UNION ALL SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()) s), 0)::bigint::text AS horizon \
             FROM pg_class c LEFT JOIN pg_am am ON am.oid = c.relam WHERE c.oid = {}",
            regclass(&job.table),
        );
        let rows = self.main.rows(sql).await?;
        let Some(row) = rows.first() else {
            return Err(BackendError::Unsuitable { reason: format!("table {} of the backfill is not in the database", job.table) });
        };
        let method = value(row, "method")?;
        let storage = match (value(row, "kind")?.as_str(), method.as_str()) {
            ("r", "heap") => Storage::Heap,
            ("r", _) => Storage::Method(method),
            ("p", _) => Storage::Partitioned,
            _ => Storage::Elsewhere,
        };
        let mut facts = Facts {
            storage,
            integer: text(row, "integer")?.map(|name| Ident::stored(&name)),
            index: text(row, "index")?,
            pages: number(row, "pages")?,
            rows: number(row, "rows")?,
            partitions: Vec::new(),
            undone: None,
            horizon: Duration::from_secs(number::<i64>(row, "horizon")?.max(0).unsigned_abs()),
        };
        facts.undone = self.undoing(job, &assigned).await?;
        if facts.storage == Storage::Partitioned && job.point.takes_partitions(&job.sql) {
            self.add_partitions(job, &assigned, &mut facts).await?;
        }
        Ok(facts)
    }

    /// The partitions of the job's table, if each is a heap and none of the assigned columns decides where a row lies.
    async fn add_partitions(&mut self, job: &Job, assigned: &str, facts: &mut Facts) -> Result<(), BackendError> {
        let table = regclass(&job.table);
        let sql = format!(
            "SELECT format('%I.%I', n.nspname, c.relname) AS name, (c.relkind = 'r' AND am.amname = 'heap')::text AS heap, \
             (pg_relation_size(c.oid) / current_setting('block_size')::bigint)::text AS pages, \
             (CASE WHEN c.reltuples < 0 OR c.relpages = 0 THEN pg_relation_size(c.oid) / 100 \
               ELSE c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::bigint) END)::bigint::text AS rows, \
             (EXISTS (SELECT FROM pg_partitioned_table p JOIN pg_partition_tree({table}) k ON k.relid = p.partrelid \
               WHERE 0 = ANY (p.partattrs) OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = p.partrelid \
                 AND a.attnum = ANY (p.partattrs) AND a.attname = ANY ({assigned}))))::text AS moves \
             FROM pg_partition_tree({table}) t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_am am ON am.oid = c.relam WHERE t.isleaf AND c.relkind <> 'p' ORDER BY t.relid"
        );
        let mut found = Vec::new();
        for row in self.main.rows(sql).await? {
            if value(&row, "heap")? != "true" || value(&row, "moves")? == "true" {
                return Ok(());
            }
            found.push(Partition { name: value(&row, "name")?, rows: number(&row, "rows")?, pages: number(&row, "pages")? });
        }
        facts.storage = Storage::Heap;
        facts.rows = found.iter().map(|partition| partition.rows).sum();
        facts.pages = found.iter().map(|partition| partition.pages).sum();
        facts.partitions = found;
        Ok(())
    }

    /// Ranges along the key, up to the last row that there is now.
    pub(super) async fn key_ranges(
        &mut self,
        job: &Job,
        partition: Option<&str>,
        rows: u64,
        pages: u64,
    ) -> Result<Vec<Range>, BackendError> {
        let last = self.main.rows(walk_in(job, partition).last_sql()).await?;
        let Some(upper) = last.first().map(|row| key(row, job)).transpose()? else { return Ok(Vec::new()) };
        let count = (rows / ROWS_OF_RANGE).clamp(1, RANGES);
        let mut ends = match count {
            1 => Vec::new(),
            _ => self.quantiles(&walk_in(job, partition), job, &upper, (count, pages)).await?,
        };
        ends.retain(|end| *end != upper);
        ends.push(upper);
        let mut lo = None;
        let range = |(number, end): (u32, KeyValue)| {
            let hi = Place::Key(end);
            let range = Range { number, relation: partition.map(str::to_owned), lo: lo.take(), hi: hi.clone(), position: None };
            lo = Some(hi);
            range
        };
        Ok((0..).zip(ends).map(range).collect())
    }

    /// Keys that cut the table into so many parts of about the same size, from a sample of its pages.
    pub(super) async fn quantiles(
        &mut self,
        walk: &Walk<'_>,
        job: &Job,
        upper: &KeyValue,
        (count, pages): (u64, u64),
    ) -> Result<Vec<KeyValue>, BackendError> {
        let share = (SAMPLED_PAGES as f64 * 100.0 / pages.max(1) as f64).min(100.0);
        let sql = walk.quantiles_sql(&self.casts(upper)?, share, count);
        self.main.rows(sql).await?.iter().map(|row| key(row, job)).collect()
    }
}

/// What is walked, with its rows and pages: the table, or each of its partitions.
pub(super) fn parts(facts: &Facts) -> Vec<(Option<&str>, u64, u64)> {
    match facts.partitions.is_empty() {
        true => vec![(None, facts.rows, facts.pages)],
        false => facts.partitions.iter().map(|part| (Some(part.name.as_str()), part.rows, part.pages)).collect(),
    }
}

/// Ranges of pages, each of whole windows.
pub(super) fn page_ranges(partition: Option<&str>, pages: u64, window: u32) -> Result<Vec<Range>, BackendError> {
    let page = |page: u64| {
        let page = u32::try_from(page).map_err(|_| snapshot::damaged("a table of more pages than PostgreSQL has"))?;
        Ok::<Place, BackendError>(Place::Page(PagePlace { page, ..PagePlace::default() }))
    };
    let window = u64::from(window.max(1));
    let windows = pages.div_ceil(window);
    let count = (windows / WINDOWS_OF_RANGE).clamp(1, RANGES);
    let size = windows.div_ceil(count).max(1) * window;
    let starts = (0..pages).step_by(usize::try_from(size).unwrap_or(usize::MAX));
    (0..)
        .zip(starts)
        .map(|(number, start)| {
            Ok(Range {
                number,
                relation: partition.map(str::to_owned),
                lo: Some(page(start)?),
                hi: page((start + size).min(pages))?,
                position: None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_of_pages_tile_the_table(pages in 0u64..5_000_000, window in 1u32..2000) {
            let ranges = page_ranges(None, pages, window).expect("in range");
            let number = |place: &Place| match place {
                Place::Page(place) => u64::from(place.page),
                Place::Key(_) => panic!("a page"),
            };
            let mut at = 0;
            for range in &ranges {
                let (lo, hi) = (number(range.lo.as_ref().expect("begins")), number(&range.hi));
                prop_assert_eq!(lo, at);
                prop_assert!(hi > lo);
                prop_assert!(lo % u64::from(window) == 0);
                at = hi;
            }
            prop_assert_eq!(at, pages);
            prop_assert!(ranges.len() as u64 <= RANGES + 1);
        }
    }
}
