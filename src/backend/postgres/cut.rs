//! Cuts off the statement at work, over the second connection: the first one is busy with it.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::keeper::Lookout;
use crate::backend::BackendError;
use crate::backend::cut::Cut;

/// What the server says of a statement that was cut off: `query_canceled`.
const CANCELED: &str = "57014";

/// How long one attempt to ask for it may take, and the pause before the next.
const PATIENCE: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_secs(1);

/// Stands beside one statement.
pub(super) struct Cutter {
    over: oneshot::Sender<()>,
    task: JoinHandle<bool>,
}

impl Cutter {
    /// Stands beside the statement that this session runs.
    pub(super) fn beside(lookout: &Lookout, pid: i32, cut: &Cut) -> Cutter {
        let (over, is_over) = oneshot::channel();
        Cutter { over, task: tokio::spawn(cut_when_asked(lookout.clone(), pid, cut.clone(), is_over)) }
    }

    /// The statement ended, so; it was cut off if that was asked for and the server says so. A question that is under way is waited
    /// for: sent later, it would hit what the session does next.
    pub(super) async fn finish<T>(self, place: &str, ended: Result<T, BackendError>) -> Result<T, BackendError> {
        // The task may have ended before us.
        let _ = self.over.send(());
        let was_asked = self.task.await.unwrap_or_default();
        match ended {
            Err(BackendError::Statement { code, .. }) if was_asked && code == CANCELED => {
                Err(BackendError::CutOff { place: place.to_owned() })
            }
            ended => ended,
        }
    }
}

/// Whether the server was asked to cut the statement off.
async fn cut_when_asked(lookout: Lookout, pid: i32, cut: Cut, mut is_over: oneshot::Receiver<()>) -> bool {
    tokio::select! {
        () = cut.asked() => {}
        _ = &mut is_over => return false,
    }
    let mut was_asked = false;
    loop {
        match tokio::time::timeout(PATIENCE, lookout.cancel(pid)).await {
            // Asked again all the same: it may have come before the statement did.
            Ok(Ok(())) => was_asked = true,
            Ok(Err(error)) => tracing::warn!(%error, "the statement at work could not be cut off; trying again"),
            Err(_) => tracing::warn!("the statement at work could not be cut off: no answer; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            _ = &mut is_over => return was_asked,
        }
    }
}
