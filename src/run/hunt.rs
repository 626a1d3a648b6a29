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

/// What became of a chunk.
pub(super) enum Ran {
    /// Its rows were changed.
    Whole(Chunk),
    /// Those that can be were changed one by one, the others are recorded.
    RowByRow(Chunk),
    /// A row refused: the next one is smaller.
    Narrowed,
}

impl<B: Backend> Worker<'_, B> {
    /// Runs a chunk of `rows` rows; where a row refuses, narrows the next one or tries the rows one by one.
    pub(super) async fn chunk(&mut self, claim: &mut Claim, rows: u32, limits: &Limits) -> Result<Ran, BackendError> {
        let crew = self.crew;
        let error = match self.backend.chunk(crew.step, crew.job, claim, rows, limits).await {
            Ok(chunk) => {
                self.hunt = self.hunt.and_then(|hunt| hunt.passed(chunk.size));
                return Ok(Ran::Whole(chunk));
            }
            Err(error) => error,
        };
        let dialect = self.backend.server().dialect;
        if !matches!(&error, BackendError::Statement { code, .. } if poison::speaks_of_a_row(dialect, code)) {
            return Err(error);
        }
        if rows > poison::ONE_BY_ONE {
            let left = self.hunt.map_or(u64::from(rows), |hunt| hunt.left);
            self.hunt = Some(Hunt { rows: rows / 2, left });
            return Ok(Ran::Narrowed);
        }
        // The error itself may tell values of the row.
        tracing::debug!("a row cannot be changed; its chunk is tried row by row");
        let chunk = self.backend.row_by_row(crew.step, crew.job, claim, rows, limits).await?;
        self.hunt = self.hunt.and_then(|hunt| hunt.passed(chunk.size));
        self.left_out = true;
        Ok(Ran::RowByRow(chunk))
    }

    /// Tells how many rows are left out, and stops where they are too many.
    pub(super) async fn count_left_out(&mut self) -> Result<(), Halt> {
        if !std::mem::take(&mut self.left_out) {
            return Ok(());
        }
        let crew = self.crew;
        let rows = loop {
            match self.backend.poisoned(crew.step).await {
                Err(error @ BackendError::Unreachable { .. }) => self.reconnect(error).await?,
                result => break result.map_err(Halt::Failed)?,
            }
        };
        crew.see(&Event::RowsLeftOut { node: crew.step.node.clone(), rows });
        let most = poison::limit(crew.estimated());
        if rows > most {
            let (node, place) = (crew.step.node.clone(), crew.step.place.clone());
            return Err(Halt::Incomplete { node, place, rows, most: Some(most) });
        }
        Ok(())
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
