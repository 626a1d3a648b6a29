//! Waits for the lease, and for the connection when it breaks.

use std::time::Duration;

use super::join::Joined;
use super::patience::Patience;
use super::{Halt, Hand, Options, Run, Stop};
use crate::backend::{Backend, BackendError};
use crate::ledger::Lease;
use crate::plan::ApprovedPlan;
use crate::run::Event;

impl<B: Backend> Run<'_, B> {
    /// Takes the lease, waiting for whoever holds it.
    pub(super) async fn lease(&mut self, plan: &ApprovedPlan) -> Result<Lease, Halt> {
        let mut patience = Patience::new(self.options.lease_wait, Duration::from_millis(50), Duration::from_secs(2));
        let mut told = String::new();
        loop {
            if self.stop.is_asked() {
                return Err(Halt::Stopped);
            }
            let error = match self.backend.acquire(&self.options.holder).await {
                Ok(lease) => {
                    self.observer.see(&Event::Leased);
                    return Ok(lease);
                }
                Err(error) => error,
            };
            match &error {
                BackendError::LeaseBusy { holder } if told != holder.holder => {
                    told.clone_from(&holder.holder);
                    self.observer.see(&Event::WaitingForLease { holder: told.clone() });
                }
                // Another writer held the file or the row for a moment.
                BackendError::LeaseBusy { .. } | BackendError::Blocked { .. } => {}
                BackendError::Unreachable { .. } => {
                    self.reconnect(error).await?;
                    continue;
                }
                _ => return Err(Halt::Failed(error)),
            }
            if let (BackendError::LeaseBusy { .. }, Hand::Join) = (&error, self.options.hand)
                && self.join(plan).await? == Joined::Worked
            {
                patience = Patience::new(self.options.lease_wait, Duration::from_millis(50), Duration::from_secs(2));
                continue;
            }
            match patience.pause() {
                Some(pause) => self.stop.sleep(pause).await,
                None => return Err(Halt::Failed(error)),
            }
        }
    }

    /// Opens a broken connection again, within bounds; `broken` is handed back when that does not help.
    pub(super) async fn reconnect(&mut self, broken: BackendError) -> Result<(), Halt> {
        let observer = &mut *self.observer;
        reconnected(&mut *self.backend, broken, self.options, self.stop, |event| observer.see(event)).await
    }
}

/// Opens a broken connection again, within bounds; `broken` is handed back when that does not help.
pub(super) async fn reconnected<B: Backend>(
    backend: &mut B,
    broken: BackendError,
    options: &Options,
    stop: &Stop,
    mut see: impl FnMut(&Event) + Send,
) -> Result<(), Halt> {
    let mut patience = Patience::new(options.reconnect_for, Duration::from_millis(200), Duration::from_secs(10));
    let mut error = broken;
    loop {
        let Some(pause) = patience.pause() else { return Err(Halt::Failed(error)) };
        see(&Event::Reconnecting { reason: error.to_string(), pause });
        stop.sleep(pause).await;
        match backend.reconnect().await {
            Ok(()) => return Ok(()),
            Err(again @ BackendError::Unreachable { .. }) => error = again,
            // A standby before its promotion, or a server set read-only for a while: in the middle of a run it is
            // worth the same patience as a server that does not answer, and never a reason to write elsewhere.
            Err(BackendError::Unsuitable { reason }) => error = not_yet(error, reason),
            Err(other) => return Err(Halt::Failed(other)),
        }
        if stop.is_asked() {
            return Err(Halt::Stopped);
        }
    }
}

/// The connection is still broken, for this reason now.
fn not_yet(broken: BackendError, reason: String) -> BackendError {
    match broken {
        BackendError::Unreachable { target, .. } => BackendError::Unreachable { target, reason },
        other => other,
    }
}
