//! What happens before and after each chunk: somebody pauses, cancels or paces the backfill from another shell, signals slow it
//! down, abort conditions stop it, and it says how it is.

use std::time::{Duration, Instant};

use super::heed::Concern;
use super::worker::Crew;
use super::{Event, Halt};
use crate::backend::{Backend, BackendError, Chunk};
use crate::backfill::Pace;
use crate::backfill::eta::Progress;
use crate::backfill::pace::Verdict;
use crate::ledger::{ControlRecord, Pulse, PulseState, Wish};
use crate::migration::Pacing;
use crate::migration::pacing::throttle::Signal;
use crate::schema::Dialect;

/// How often the wishes of other shells are read: a chunk of a gentle pace is not much longer.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// How often it says how it is while it works, and while it stands still. SQLite's lease is kept by the latter.
const SAY_EVERY: Duration = Duration::from_secs(2);
const STAND_EVERY: Duration = Duration::from_secs(5);

/// How often it looks whether it may go on.
const STAND: Duration = Duration::from_millis(250);

/// No rest is longer: the claim on the range, which a chunk renews, holds for half as long again.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// How long the first chunk waits for the first reading of every signal.
const SETTLE: Duration = Duration::from_secs(2);

/// One worker of a backfill, held by its rein.
pub(super) struct Rein {
    worker: String,
    dialect: Dialect,
    /// What the project, the migration and the command line say; a wish from another shell lies over it.
    stated: Pacing,
    pacing: Pacing,
    pub(super) pace: Pace,
    /// What this worker alone does; the crew counts what all of them do.
    progress: Progress,
    walked: u64,
    wish: Option<ControlRecord>,
    asked: Option<Instant>,
    said: Option<Instant>,
    /// Since when an abort condition keeps it from going on.
    alarmed: Option<Instant>,
    state: PulseState,
    held: Option<String>,
    error: Option<String>,
    blocker: Option<String>,
    took: Duration,
    told_floor: bool,
    is_settled: bool,
}

impl Rein {
    /// The rein of a worker.
    pub(super) fn new(crew: &Crew<'_>, dialect: Dialect, worker: String) -> Rein {
        let stated = crew.options.pacing_for(&crew.step.node.migration).clone();
        Rein {
            worker,
            dialect,
            pace: Pace::new(stated.numbers(dialect)).among(crew.workers),
            pacing: stated.clone(),
            stated,
            progress: Progress::new(crew.gauge.now(), 0),
            walked: 0,
            wish: None,
            asked: None,
            said: None,
            alarmed: None,
            state: PulseState::Working,
            held: None,
            error: None,
            blocker: None,
            took: Duration::ZERO,
            told_floor: false,
            is_settled: false,
        }
    }

    /// What holds the pace back now, and the share of the time that is left to it.
    pub(super) fn held(&self) -> (Option<String>, f64) {
        (self.held.clone(), self.pace.duty())
    }

    /// Comes back when the next chunk may run.
    pub(super) async fn before<B: Backend>(&mut self, backend: &mut B, crew: &Crew<'_>) -> Result<(), Halt> {
        if !std::mem::replace(&mut self.is_settled, true) {
            crew.gauge.settle(SETTLE).await;
        }
        loop {
            if crew.must_stop() {
                return Err(Halt::Stopped);
            }
            self.listen(backend, crew).await;
            let (state, reason) = match &self.wish {
                Some(control) if control.wish == Wish::Cancel => {
                    let (by, reason) = (control.actor.clone(), control.reason.clone());
                    return Err(Halt::Cancelled { node: crew.step.node.clone(), by, reason });
                }
                Some(control) if control.wish == Wish::Pause => {
                    // Who asked for it may take longer than we wait for a condition.
                    self.alarmed = None;
                    (PulseState::Paused, Some(said_by("paused", control)))
                }
                Some(_) | None => match self.heed(crew)?.map_or_else(|| self.look(crew), Verdict::Wait) {
                    Verdict::Go(held) => (PulseState::Working, held),
                    Verdict::Wait(reason) => (PulseState::Throttled, Some(reason)),
                },
            };
            self.enter(crew, state, reason);
            if state == PulseState::Working {
                return self.say(backend, crew, SAY_EVERY).await;
            }
            self.say(backend, crew, STAND_EVERY).await?;
            let began = Instant::now();
            crew.stop.sleep(STAND).await;
            self.progress.stood_still(began.elapsed());
            crew.stood_still(&self.worker, began.elapsed());
        }
    }

    /// A chunk was committed; comes back when its rest is over.
    pub(super) async fn after<B: Backend>(&mut self, backend: &mut B, crew: &Crew<'_>, chunk: &Chunk) {
        let (rows, took) = (chunk.size, chunk.took);
        self.pace.finished(rows, took, chunk.log);
        self.took = took;
        self.walked += rows;
        self.progress.add(crew.gauge.now(), self.walked);
        if self.pace.is_at_floor() && took > self.pace.target() * 2 && !self.told_floor {
            self.told_floor = true;
            crew.see(&Event::AtFloor { node: crew.step.node.clone(), rows, took });
        }
        self.rest(backend, crew).await;
    }

    /// Leaves the database alone for a while, and goes on hearing what others wish: another wish ends the rest, and so do signals
    /// that allow more than they did when it was measured out.
    async fn rest<B: Backend>(&mut self, backend: &mut B, crew: &Crew<'_>) {
        let (began, rest) = (Instant::now(), self.pace.rest().min(LONGEST_REST));
        let (wish, ceiling) = (self.wish.clone(), self.pace.ceiling());
        loop {
            let left = rest.saturating_sub(began.elapsed());
            crew.stop.sleep(left.min(STAND)).await;
            if left <= STAND || crew.must_stop() {
                return;
            }
            self.listen(backend, crew).await;
            self.look(crew);
            if self.wish != wish || self.pace.ceiling() > ceiling {
                return;
            }
            if self.say(backend, crew, SAY_EVERY).await.is_err() {
                // Asked before the next chunk once more, where it can be told.
                self.said = None;
                return;
            }
        }
    }

    /// A chunk was rolled back.
    pub(super) fn obstructed(&mut self, error: &BackendError) {
        self.pace.obstructed();
        self.error = Some(error.to_string());
        self.blocker = match error {
            BackendError::Blocked { blockers, .. } => {
                blockers.first().map(|blocker| format!("pid {} ({}): {}", blocker.pid, blocker.who, blocker.query))
            }
            _ => None,
        };
    }

    /// The worker ends, for whatever reason.
    pub(super) async fn leave<B: Backend>(&mut self, backend: &mut B, crew: &Crew<'_>) {
        self.state = PulseState::Ended;
        self.said = None;
        // It ends all the same; its silence says so as well.
        if let Err(Halt::Failed(error)) = self.say(backend, crew, SAY_EVERY).await {
            tracing::debug!(%error, "the last word of a backfill could not be written");
        }
    }

    /// Why an abort condition lets nobody go on; the end, once that was waited for long enough.
    fn heed(&mut self, crew: &Crew<'_>) -> Result<Option<String>, Halt> {
        let node = &crew.step.node;
        let Some(concern) = Concern::of(&crew.options.watch, node.phase) else {
            self.alarmed = None;
            return Ok(None);
        };
        if self.alarmed.is_none() && self.state == PulseState::Throttled {
            // A signal had stopped it before: that it is another reason now is news.
            crew.see(&Event::Throttled { node: node.clone(), reason: concern.reason() });
            self.said = None;
        }
        let since = *self.alarmed.get_or_insert_with(Instant::now);
        match since.elapsed() > crew.options.give_up_after {
            true => Err(concern.halt(node)),
            false => Ok(Some(concern.reason())),
        }
    }

    fn look(&mut self, crew: &Crew<'_>) -> Verdict {
        for throttle in &self.stated.throttles {
            if let Signal::Hours(hours) = &throttle.signal {
                let clock = jiff::Timestamp::now();
                let (value, detail) = match hours.is_open(clock) {
                    true => (0.0, None),
                    false => (1.0, Some(format!("only {hours}"))),
                };
                crew.gauge.dials().show(&throttle.name(), value, detail);
            }
        }
        self.pace.look(crew.gauge.now(), &crew.gauge.read())
    }

    /// Reads what other shells wish.
    async fn listen<B: Backend>(&mut self, backend: &mut B, crew: &Crew<'_>) {
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK_EVERY) {
            return;
        }
        self.asked = Some(Instant::now());
        let wish = match backend.control(&crew.step.node.migration).await {
            Ok(wish) => wish,
            // The chunk that comes next meets the same and is made for it.
            Err(error) => {
                tracing::debug!(%error, "the wishes of other shells could not be read");
                return;
            }
        };
        if wish == self.wish {
            return;
        }
        let asked = wish.as_ref().and_then(|wish| wish.pace.clone());
        if asked != self.wish.as_ref().and_then(|wish| wish.pace.clone()) {
            match asked.as_deref().map(str::parse::<Pacing>).transpose() {
                Ok(over) => {
                    self.pacing = over.unwrap_or_default().over(&self.stated);
                    self.pace.change(self.pacing.numbers(self.dialect));
                    let by = wish.as_ref().map(|wish| wish.actor.clone()).unwrap_or_default();
                    crew.see(&Event::Repaced { node: crew.step.node.clone(), pace: self.pacing.to_string(), by });
                }
                Err(reason) => tracing::warn!(%reason, "the pace that was asked for is not understood; the old one holds"),
            }
        }
        self.wish = wish;
        // Whoever asked looks for an answer.
        self.said = None;
    }

    /// Notes what it does now, and tells it where that is news.
    fn enter(&mut self, crew: &Crew<'_>, state: PulseState, reason: Option<String>) {
        if state != self.state {
            let node = crew.step.node.clone();
            let told = reason.clone().unwrap_or_default();
            crew.see(&match state {
                PulseState::Paused => Event::Paused { node, reason: told },
                PulseState::Throttled => Event::Throttled { node, reason: told },
                PulseState::Working | PulseState::Ended => Event::GoesOn { node, stood: self.progress.stood() },
            });
            self.said = None;
        }
        self.state = state;
        self.held = reason;
    }

    /// Says how it is, every so often.
    async fn say<B: Backend>(&mut self, backend: &mut B, crew: &Crew<'_>, every: Duration) -> Result<(), Halt> {
        if self.said.is_some_and(|said| said.elapsed() < every) {
            return Ok(());
        }
        self.said = Some(Instant::now());
        let rates = self.progress.rates();
        let pulse = Pulse {
            state: self.state,
            pace: self.pacing.to_string(),
            duty: self.pace.duty(),
            chunk_rows: self.pace.rows(),
            chunk_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            recent_rate: rates.recent,
            whole_rate: rates.whole,
            work_rate: self.pace.rate(),
            log_per_row: self.pace.weight(),
            stood_seconds: self.progress.stood().as_secs(),
            held: self.held.clone(),
            error: self.error.clone(),
            blocker: self.blocker.clone(),
        };
        match backend.pulse(&crew.step.node, crew.step.number, &self.worker, &pulse).await {
            Ok(()) => Ok(()),
            Err(error @ BackendError::LeaseLost) => Err(Halt::Failed(error)),
            // The chunk that comes next meets the same and is made for it.
            Err(error) => {
                tracing::debug!(%error, "the state of the backfill could not be written");
                Ok(())
            }
        }
    }
}

/// `paused by ada@laptop: replica is being rebuilt`.
fn said_by(verb: &str, control: &ControlRecord) -> String {
    let reason = control.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{verb} by {}{reason}", control.actor)
}
