//! Chunks of pages: one pass over a window, every n-th of its rows; later passes find the space that pruning freed.

use super::PostgresBackend;
use super::chunk::{Counts, Done, WRITTEN, moved, of_range};
use super::session::{number, text};
use crate::backend::{BackendError, ChunkEnd as End, Limits, snapshot};
use crate::backfill::window::{Pass, next_pass};
use crate::backfill::{Chunking, Claim, Job, Place, RowClass};
use crate::plan::Step;

impl PostgresBackend {
    /// Three round trips: open and lock the range; the statement; move the position and commit.
    pub(super) async fn pass_over(
        &mut self,
        step: &Step,
        job: &Job,
        claim: &mut Claim,
        rows: u32,
        limits: &Limits,
    ) -> Result<Done, BackendError> {
        let range = of_range(step, claim);
        let pid = self.lock_range(&range, claim, limits, "SET LOCAL jit = off; ").await?;
        let pass = pass(claim, rows)?;
        let changed = match pass.pages.is_empty() {
            true => 0,
            false => {
                let sql = job.statement(claim.range.relation.as_deref(), &condition(&job.point.reference, &pass, claim)?);
                self.looked_after(&step.place, &sql, pid, limits).await?
            }
        };
        let (walked, position) = (pass.walked, Place::Page(pass.after));
        let end = if pass.is_last { End::Range } else { End::More };
        let log = self.end_chunk(&step.place, &moved(&range, &position, &Counts { changed, walked }, end)).await?;
        Ok(Done { changed, walked, size: pass.rows, end, position, log })
    }

    /// Opens the transaction and locks the range; where it is, the ledger decides. The session that does it.
    pub(super) async fn lock_range(
        &mut self,
        range: &str,
        claim: &mut Claim,
        limits: &Limits,
        settings: &str,
    ) -> Result<i32, BackendError> {
        let question = format!(
            "{settings}SELECT pg_backend_pid()::text AS pid, position, {WRITTEN} AS log FROM concertina.backfill_range \
             WHERE {range} AND state = 'open' FOR UPDATE"
        );
        let answer = self.main.begin(limits, &question).await?;
        let row = answer.first().ok_or(BackendError::RangeLost)?;
        claim.range.position = text(row, "position")?.map(|place| snapshot::unpack(&place)).transpose()?;
        self.log_begun = number(row, "log")?;
        number(row, "pid")
    }
}

/// The next pass of a claim, of about this many rows.
pub(super) fn pass(claim: &Claim, rows: u32) -> Result<Pass, BackendError> {
    let Chunking::Pages { window, passes, density, .. } = &claim.chunking else { return Err(mixed()) };
    let (Some(Place::Page(at)), Place::Page(end)) = (claim.range.after(), &claim.range.hi) else { return Err(mixed()) };
    Ok(next_pass(*at, end.page, rows, *window, *passes, *density))
}

fn mixed() -> BackendError {
    snapshot::damaged("a range of this job is cut in another way than the job")
}

/// The rows of a pass. `reference` is how the statement calls its table.
pub(super) fn condition(reference: &str, pass: &Pass, claim: &Claim) -> Result<String, BackendError> {
    let Chunking::Pages { passes, class, .. } = &claim.chunking else { return Err(mixed()) };
    let pages = format!("{reference}.ctid >= '({},0)'::tid AND {reference}.ctid < '({},0)'::tid", pass.pages.start, pass.pages.end);
    let number = match class {
        _ if *passes == 1 => return Ok(pages),
        RowClass::Column(column) => format!("{reference}.{column}"),
        RowClass::Offset => format!("((({reference}.ctid::text)::point)[1])::integer"),
    };
    let wanted = pass.pass;
    Ok(match passes.is_power_of_two() {
        true => format!("{pages} AND ({number} & {}) = {wanted}", passes - 1),
        false => format!("{pages} AND (({number} % {passes}) + {passes}) % {passes} = {wanted}"),
    })
}
