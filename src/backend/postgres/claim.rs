//! Claims: a worker takes a range that nobody holds, by the database's clock, and gives it back.

use super::PostgresBackend;
use super::lease::Route;
use super::quote::literal;
use super::script::of_step;
use super::session::{LEDGER, number, text, value};
use crate::backend::{BackendError, snapshot};
use crate::backfill::{Claim, Claimed, Job, Range};
use crate::plan::Step;

/// How long a range stays a worker's without a chunk. While a chunk runs, its row is locked and nobody takes it.
pub(super) const RANGE_TTL: &str = "interval '15 seconds'";

impl PostgresBackend {
    /// Takes the first range that is free: not held, or its time ran out, or its worker's session is gone.
    pub(super) async fn claim_range(&mut self, step: &Step, job: &Job, owner: &str) -> Result<Claimed, BackendError> {
        self.main.roll_back().await?;
        self.hold_lease()?;
        self.learn_key(job).await?;
        let of_step = of_step(step);
        let session = match self.route {
            Route::Direct => {
                "session_pid = pg_backend_pid(), session_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())"
            }
            Route::Pooled => "session_pid = NULL, session_start = NULL",
        };
        let owner = literal(owner);
        let sql = format!(
            "WITH free AS (SELECT number AS free FROM concertina.backfill_range r WHERE {of_step} AND state = 'open' \
               AND (owner IS NULL OR owner = {owner} OR lease_until < clock_timestamp() \
                 OR (session_pid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = r.session_pid \
                     AND coalesce(a.backend_start = r.session_start, true)))) \
               ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) \
             UPDATE concertina.backfill_range SET owner = {owner}, token = token + 1, \
               lease_until = clock_timestamp() + {RANGE_TTL}, {session} FROM free WHERE {of_step} AND number = free \
             RETURNING number::text, relation, lo, hi, position, token::text, \
               (SELECT chunking FROM concertina.backfill WHERE {of_step}) AS chunking"
        );
        if let Some(row) = self.main.rows(sql).await?.first() {
            let chunking = snapshot::unpack_chunking(&value(row, "chunking")?)?;
            return Ok(Claimed::Range(Claim { range: read(row)?, chunking, token: number(row, "token")? }));
        }
        let sql = format!("SELECT count(*)::text AS open FROM concertina.backfill_range WHERE {of_step} AND state = 'open'");
        Ok(match number(&self.main.row(sql).await?, "open")? {
            0 => Claimed::Nothing,
            held => Claimed::Elsewhere(held),
        })
    }

    /// Gives a range back before its end.
    pub(super) async fn yield_range(&mut self, step: &Step, claim: &Claim) -> Result<(), BackendError> {
        self.main.roll_back().await?;
        let sql = format!(
            "UPDATE concertina.backfill_range SET owner = NULL, lease_until = NULL, session_pid = NULL, session_start = NULL \
             WHERE {} AND number = {} AND token = {}",
            of_step(step),
            claim.range.number,
            claim.token,
        );
        self.main.run(LEDGER, sql).await.map(|_| ())
    }

    /// Whoever holds the run's lease stops when it is lost; a worker that never had it goes on by its ranges alone.
    pub(super) fn hold_lease(&self) -> Result<(), BackendError> {
        match &self.keeper {
            Some(keeper) if keeper.is_lost() => Err(BackendError::LeaseLost),
            Some(_) | None => Ok(()),
        }
    }
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Range, BackendError> {
    let place = |column: &str| text(row, column)?.map(|place| snapshot::unpack(&place)).transpose();
    Ok(Range {
        number: number(row, "number")?,
        relation: text(row, "relation")?,
        lo: place("lo")?,
        hi: snapshot::unpack(&value(row, "hi")?)?,
        position: place("position")?,
    })
}
