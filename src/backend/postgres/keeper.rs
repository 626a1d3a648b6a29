//! The second connection: keeps the lease alive while the first is busy, and looks who stands in its way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::lease::{self, TTL};
use super::session::{Session, number, text, value};
use crate::backend::{BackendError, Blocker, Build, BuildUnit, Notice, Notices};
use crate::migration::DatabaseUrl;

/// How long a query is in the message about a blocker.
pub(super) const QUERY_SHOWN: usize = 120;

/// The second connection, as far as it looks who stands in the way of a statement.
#[derive(Clone)]
pub(super) struct Lookout(Arc<Mutex<Session>>);

impl Lookout {
    /// Starts to look who blocks a session, until the watch is finished.
    pub(super) fn watch(&self, pid: i32, lock_timeout: Duration, notices: &Notices) -> Watch {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        tokio::spawn(look(Arc::clone(&self.0), pid, lock_timeout, notices.clone(), Arc::clone(&seen), Arc::clone(&stop)));
        Watch { seen, stop }
    }

    /// Asks the server to cut off what a session does.
    pub(super) async fn cancel(&self, pid: i32) -> Result<(), BackendError> {
        self.0.lock().await.row(format!("SELECT pg_cancel_backend({pid})::text AS told")).await.map(|_| ())
    }
}

/// The second connection and the task that renews the lease on it.
pub(super) struct Keeper {
    lookout: Lookout,
    lost: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Begins to renew the lease with this token.
    pub(super) fn start(second: Session, target: DatabaseUrl, token: i64) -> Keeper {
        let second = Arc::new(Mutex::new(second));
        let (tell, lost) = watch::channel(false);
        let task = tokio::spawn(renew(Arc::clone(&second), target, token, tell));
        Keeper { lookout: Lookout(second), lost, task }
    }

    /// Returns when the lease is known to be lost; never otherwise.
    pub(super) async fn lost(&self) {
        let mut lost = self.lost.clone();
        if lost.wait_for(|lost| *lost).await.is_err() {
            // The task ended without a word: it only does so when it is stopped.
            std::future::pending::<()>().await;
        }
    }

    /// What becomes true when the lease is lost.
    pub(super) fn signal(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }

    /// Whether the lease is known to be lost.
    pub(super) fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Who looks for blockers.
    pub(super) fn lookout(&self) -> &Lookout {
        &self.lookout
    }

    /// Stops renewing.
    pub(super) fn stop(self) {
        drop(self);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks who blocks a session, until it is dropped.
pub(super) struct Watch {
    seen: Arc<std::sync::Mutex<Vec<Blocker>>>,
    stop: Arc<AtomicBool>,
}

impl Watch {
    /// Stops and tells who was last seen.
    pub(super) fn finish(self) -> Vec<Blocker> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Watch {
    // The task is not aborted: it may be asking, and an answer that nobody reads would spoil the connection.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

async fn renew(second: Arc<Mutex<Session>>, target: DatabaseUrl, token: i64, tell: watch::Sender<bool>) {
    let mut confirmed = Instant::now();
    let mut pause = TTL / 3;
    let mut silent = false;
    loop {
        tokio::time::sleep(pause).await;
        let attempt = tokio::time::timeout(TTL / 3, async {
            let mut session = second.lock().await;
            // What does not answer now never will: packets of this connection are dropped, a new one may get through.
            if silent {
                *session = Session::connect(&target).await?;
            }
            match lease::renew(&mut session, token).await {
                Err(BackendError::Unreachable { .. }) => {
                    *session = Session::connect(&target).await?;
                    lease::renew(&mut session, token).await
                }
                result => result,
            }
        });
        match attempt.await {
            Ok(Ok(())) => {
                confirmed = Instant::now();
                pause = TTL / 3;
                silent = false;
            }
            Ok(Err(BackendError::LeaseLost)) => break,
            Ok(Err(_)) | Err(_) if confirmed.elapsed() > TTL => break,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease could not be renewed; trying again");
                pause = Duration::from_secs(1);
            }
            Err(_) => {
                silent = true;
                pause = Duration::from_secs(1);
            }
        }
    }
    tell.send_replace(true);
}

async fn look(
    second: Arc<Mutex<Session>>,
    pid: i32,
    lock_timeout: Duration,
    notices: Notices,
    seen: Arc<std::sync::Mutex<Vec<Blocker>>>,
    stop: Arc<AtomicBool>,
) {
    // Early enough to see who it was before the first time-out, seldom enough to cost nothing.
    let mut pause = match lock_timeout.is_zero() {
        true => Duration::from_millis(500),
        false => (lock_timeout * 3 / 4).clamp(Duration::from_millis(20), Duration::from_millis(500)),
    };
    loop {
        tokio::time::sleep(pause).await;
        if stop.load(Ordering::Acquire) {
            return;
        }
        let found = {
            let mut session = second.lock().await;
            tokio::time::timeout(Duration::from_secs(5), ask(&mut session, pid)).await
        };
        let Ok(Ok((blockers, building))) = found else {
            notices.send(Notice::Unwatched);
            return;
        };
        if let Some(notice) = building {
            notices.send(notice);
        }
        note(&seen, blockers, &notices);
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

fn note(seen: &std::sync::Mutex<Vec<Blocker>>, blockers: Vec<Blocker>, notices: &Notices) {
    let mut last = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if !blockers.is_empty() && *last != blockers {
        notices.send(Notice::Waiting(blockers.clone()));
        *last = blockers;
    }
}

async fn ask(session: &mut Session, pid: i32) -> Result<(Vec<Blocker>, Option<Notice>), BackendError> {
    let rows = session
        .rows(format!(
            "SELECT 'blocker' AS kind, a.pid::text AS pid, concat_ws(' ', a.usename, nullif(a.application_name, ''), \
             host(a.client_addr)) AS who, left(regexp_replace(a.query, '\\s+', ' ', 'g'), {QUERY_SHOWN}) AS query, \
             to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS since, \
             a.state AS state, NULL AS done, NULL AS total, NULL AS unit, NULL AS waits_for \
             FROM unnest(pg_blocking_pids({pid})) AS b (pid) JOIN pg_stat_activity a USING (pid) GROUP BY 1, 2, 3, 4, 5, 6 \
             UNION ALL \
             SELECT 'build', pid::text, NULL, NULL, NULL, phase, \
             CASE unit WHEN 'sessions' THEN lockers_done WHEN 'rows' THEN tuples_done ELSE blocks_done END::text, \
             CASE unit WHEN 'sessions' THEN lockers_total WHEN 'rows' THEN tuples_total ELSE blocks_total END::text, \
             unit, CASE unit WHEN 'sessions' THEN nullif(current_locker_pid, 0)::text END \
             FROM (SELECT *, CASE WHEN phase LIKE 'waiting for %' THEN 'sessions' WHEN tuples_total > 0 THEN 'rows' ELSE 'blocks' END AS unit \
               FROM pg_stat_progress_create_index WHERE pid = {pid}) AS build"
        ))
        .await?;
    let mut blockers = Vec::new();
    let mut building = None;
    for row in &rows {
        let state = text(row, "state")?.unwrap_or_default();
        if value(row, "kind")? == "build" {
            let unit = match value(row, "unit")?.as_str() {
                "sessions" => BuildUnit::Sessions,
                "rows" => BuildUnit::Rows,
                _ => BuildUnit::Blocks,
            };
            let waits_for = text(row, "waits_for")?.and_then(|pid| pid.parse().ok());
            building =
                Some(Notice::Building(Build { stage: state, done: number(row, "done")?, total: number(row, "total")?, unit, waits_for }));
            continue;
        }
        blockers.push(blocker(row)?);
    }
    blockers.sort_by_key(|blocker| blocker.pid);
    Ok((blockers, building))
}

/// A session that stands in the way, from its `pid`, `who`, `query`, `since` and `state`.
pub(super) fn blocker(row: &sqlx::postgres::PgRow) -> Result<Blocker, BackendError> {
    let (query, state) = (text(row, "query")?.unwrap_or_default(), text(row, "state")?.unwrap_or_default());
    Ok(Blocker {
        pid: number(row, "pid")?,
        who: text(row, "who")?.unwrap_or_default(),
        query: match state.as_str() {
            "active" | "" => query,
            idle => format!("{idle}, last: {query}"),
        },
        since: text(row, "since")?.and_then(|since| since.parse::<Timestamp>().ok()),
    })
}
