//! Undoes an expand under the lease: in one transaction, again and again until its locks are to be had, never waiting
//! for one longer than the application can wait behind it.

use std::time::Duration;

use super::patience::Patience;
use super::{Event, Observer, Options};
use crate::backend::{Backend, BackendError, Limits};
use crate::ledger::Lease;
use crate::migration::NodeRef;

/// Runs the statements and records the script as rolled back.
///
/// # Errors
/// What the database said; `Blocked` when the locks were not to be had within `options.give_up_after`.
pub async fn roll_back<B: Backend>(
    backend: &mut B,
    lease: &Lease,
    node: &NodeRef,
    statements: &[String],
    observer: &mut dyn Observer,
    options: &Options,
) -> Result<(), BackendError> {
    let limits = Limits { lock_timeout: options.lock_timeout, statement_timeout: None };
    let mut patience = Patience::new(options.give_up_after, Duration::from_millis(200), Duration::from_secs(5));
    loop {
        match backend.roll_back(lease, node, statements, &limits).await {
            Err(BackendError::Blocked { reason, blockers, .. }) => match patience.pause() {
                Some(pause) => {
                    observer.see(&Event::Retrying { node: node.clone(), attempt: patience.attempts(), pause, blockers });
                    tokio::time::sleep(pause).await;
                }
                None => {
                    return Err(BackendError::Blocked { reason, attempts: patience.attempts(), waited: patience.waited(), blockers });
                }
            },
            done => return done,
        }
    }
}
