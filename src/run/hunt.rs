//! A chunk that a row's values make fail: halved until few rows are left, those tried one by one, the rest gone on with.

use super::worker::Worker;
use super::{Event, Halt};
use crate::backend::{Backend, BackendError, Chunk, Limits};
use crate::backfill::{Claim, poison};

/// What is left of a chunk that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hunt {
    /// Rows of the next chunk.
    rows: u32,
    /// Rows up to where it failed.
    left: u64,
}

impl Hunt {
    /// How many rows the next chunk takes, where it would take `rows`.
    pub(super) fn narrows(hunt: Option<Hunt>, rows: u32) -> u32 {
        hunt.map_or(rows, |hunt| hunt.rows.min(rows))
    }

    /// What is left of it after a chunk that went well.
    pub(super) fn passed(self, walked: u64) -> Option<Hunt> {
        let left = self.left.saturating_sub(walked);
        (left > 0).then_some(Hunt { left, ..self })
    }
}

impl<B: Backend> Worker<'_, B> {
    /// A chunk of `rows` rows failed. Narrows the next one, or tries its rows one by one.
    pub(super) async fn hunt(
        &mut self,
        claim: &mut Claim,
        rows: u32,
        limits: &Limits,
        error: &BackendError,
    ) -> Result<Option<Chunk>, Halt> {
        if rows > poison::ONE_BY_ONE {
            let left = self.hunt.map_or(u64::from(rows), |hunt| hunt.left);
            self.hunt = Some(Hunt { rows: rows / 2, left });
            return Ok(None);
        }
        tracing::debug!(%error, "a row cannot be changed; its chunk is tried row by row");
        let crew = self.crew;
        let chunk = self.backend.row_by_row(crew.step, crew.job, claim, rows, limits).await.map_err(Halt::Failed)?;
        let left_out = self.backend.poisoned(crew.step).await.map_err(Halt::Failed)?;
        crew.see(&Event::RowsLeftOut { node: crew.step.node.clone(), rows: left_out });
        let most = poison::limit(crew.estimated());
        if left_out > most {
            let (node, place) = (crew.step.node.clone(), crew.step.place.clone());
            return Err(Halt::Incomplete { node, place, rows: left_out, most: Some(most) });
        }
        self.hunt = self.hunt.and_then(|hunt| hunt.passed(chunk.walked));
        Ok(Some(chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hunt_ends_where_the_chunk_that_failed_would_have_ended() {
        let hunt = Hunt { rows: 250, left: 1000 };
        assert_eq!(Hunt::narrows(Some(hunt), 20_000), 250);
        assert_eq!(Hunt::narrows(Some(hunt), 10), 10);
        assert_eq!(Hunt::narrows(None, 20_000), 20_000);
        let hunt = hunt.passed(250).expect("more is left");
        assert_eq!((hunt.rows, hunt.left), (250, 750));
        assert!(hunt.passed(750).is_none());
    }
}
