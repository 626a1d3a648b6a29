//! A running build says so, again and again, and takes it back when it drains.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::AppError;
use crate::backend::{AnyBackend, Backend, BackendError};
use crate::ledger::{Instance, Release};
use crate::migration::{DatabaseUrl, Manifest};

/// How long one heartbeat counts: a process that died without a word holds contract for this long.
const TTL_SECONDS: u32 = 30;

/// Between two heartbeats: two may be lost before the instance counts as gone.
const PERIOD: Duration = Duration::from_secs(10);

/// Keeps an instance registered. Dropped, it deregisters in the background; [`Heartbeat::drain`] waits for that.
#[derive(Debug)]
pub struct Heartbeat {
    id: String,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), AppError>>>,
}

impl Heartbeat {
    pub(super) async fn start(url: DatabaseUrl, release: Release, manifest: Manifest) -> Result<Heartbeat, AppError> {
        // The database writes its own clock; these times are never read.
        let instance = Instance {
            id: identity(&release),
            release,
            manifest,
            started_at: Timestamp::UNIX_EPOCH,
            last_seen: Timestamp::UNIX_EPOCH,
            ttl_seconds: TTL_SECONDS,
        };
        let mut backend = AnyBackend::connect(url.expose()).await?;
        backend.heartbeat(&instance).await?;
        let (stop, stopped) = oneshot::channel();
        let id = instance.id.clone();
        let task = tokio::spawn(beat(url, backend, instance, stopped));
        Ok(Heartbeat { id, stop: Some(stop), task: Some(task) })
    }

    /// The id under which this process is registered.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Deregisters and waits until that is written, ten seconds at most. Call it when the last request is done.
    ///
    /// # Errors
    /// When the database cannot be reached; the registration then runs out by itself.
    pub async fn drain(mut self) -> Result<(), AppError> {
        drop(self.stop.take());
        match self.task.take() {
            // A task that panicked or was cancelled with its runtime has nothing more to deregister with.
            Some(task) => task.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        // The sender goes: the task wakes up, deregisters and ends.
        drop(self.stop.take());
    }
}

async fn beat(url: DatabaseUrl, backend: AnyBackend, instance: Instance, mut stopped: oneshot::Receiver<()>) -> Result<(), AppError> {
    let mut backend = Some(backend);
    let mut clock = tokio::time::interval(PERIOD);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    clock.tick().await;
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            _ = clock.tick() => {}
        }
        // A connection that hangs goes, and what it wrote all the same runs out by itself.
        let written = tokio::time::timeout(PERIOD, write(&url, backend.take(), &instance));
        backend = tokio::select! {
            _ = &mut stopped => break,
            written = written => match written {
                Ok(Ok(open)) => Some(open),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the heartbeat was not written; it is tried again");
                    None
                }
                Err(_) => {
                    tracing::warn!("the heartbeat was not written within {} s; it is tried again", PERIOD.as_secs());
                    None
                }
            },
        };
    }
    let done = tokio::time::timeout(PERIOD, Box::pin(deregister(&url, backend, &instance.id))).await;
    done.unwrap_or_else(|_| {
        let reason = format!("no answer within {} s", PERIOD.as_secs());
        Err(BackendError::Unreachable { target: url.to_string(), reason }.into())
    })
}

/// Writes over the connection at hand or a new one, which comes back where that went well.
async fn write(url: &DatabaseUrl, backend: Option<AnyBackend>, instance: &Instance) -> Result<AnyBackend, AppError> {
    let mut open = match backend {
        Some(open) => open,
        None => AnyBackend::connect(url.expose()).await?,
    };
    open.heartbeat(instance).await?;
    Ok(open)
}

/// Takes it back over the connection at hand, and over a new one where that does not answer.
async fn deregister(url: &DatabaseUrl, backend: Option<AnyBackend>, id: &str) -> Result<(), AppError> {
    if let Some(mut open) = backend
        && let Ok(Ok(())) = tokio::time::timeout(PERIOD / 2, open.deregister(id)).await
    {
        return Ok(());
    }
    Ok(AnyBackend::connect(url.expose()).await?.deregister(id).await?)
}

/// Unique per process and start: host, process and a random part, since containers share process numbers.
fn identity(release: &Release) -> String {
    let host = gethostname::gethostname();
    format!("{release} {} {} {:08x}", host.to_string_lossy(), std::process::id(), fastrand::u32(..))
}
