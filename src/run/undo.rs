//! Undoes an expand under the lease: in one transaction, again and again until its locks are to be had, never waiting
//! for one longer than the application can wait behind it.

use std::time::Duration;

use super::patience::Patience;
use super::{Event, Observer, Options, Stop};
use crate::backend::{Backend, BackendError, Limits};
use crate::ledger::Lease;
use crate::migration::NodeRef;

/// However patient a run may be: whoever rolls back waits for it, and wants to be through in two minutes.
const LONGEST: Duration = Duration::from_secs(100);

/// Runs the statements and records the script as rolled back. Asked to stop, it does not try again.
///
/// # Errors
/// What the database said; `Blocked` when the locks were not to be had within `options.give_up_after`, 100 s at most.
pub async fn roll_back<B: Backend>(
    backend: &mut B,
    lease: &Lease,
    node: &NodeRef,
    statements: &[String],
    observer: &mut dyn Observer,
    options: &Options,
    stop: &Stop,
) -> Result<(), BackendError> {
    let limits = Limits { lock_timeout: options.lock_timeout, statement_timeout: None };
    let mut patience = Patience::new(options.give_up_after.min(LONGEST), Duration::from_millis(200), Duration::from_secs(5));
    loop {
        let (reason, blockers) = match backend.roll_back(lease, node, statements, &limits).await {
            Err(BackendError::Blocked { reason, blockers, .. }) => (reason, blockers),
            done => return done,
        };
        let pause = patience.pause();
        if let Some(pause) = pause.filter(|_| !stop.is_asked()) {
            observer.see(&Event::Retrying { node: node.clone(), attempt: patience.attempts(), pause, blockers: blockers.clone() });
            stop.sleep(pause).await;
        }
        if pause.is_none() || stop.is_asked() {
            return Err(BackendError::Blocked { reason, attempts: patience.attempts(), waited: patience.waited(), blockers });
        }
    }
}
