//! Heeds abort conditions at every safe point: a backfill pauses until they are calm, an expand stops.

use std::time::{Duration, Instant};

use super::{Event, Halt, Run};
use crate::backend::Backend;
use crate::evidence::{Alarm, Sight, Watch};
use crate::migration::NodeRef;
use crate::schema::Phase;

/// How often it is said that a run still pauses.
const REMIND: Duration = Duration::from_secs(30);

impl<B: Backend> Run<'_, B> {
    /// Goes on when nothing that is watched is wrong. The workers of a backfill do so by their reins.
    pub(super) async fn heed(&mut self, node: &NodeRef) -> Result<(), Halt> {
        let mut watch = self.options.watch.clone();
        let began = Instant::now();
        let mut told: Option<Instant> = None;
        while let Some(concern) = Concern::of(&watch, node.phase) {
            let is_final = match (&concern, node.phase) {
                // What an expand has begun can be undone; waiting in the middle of it helps nobody.
                (Concern::Breached(_), Phase::Expand) => true,
                (Concern::Breached(_) | Concern::Unanswered(_), _) => false,
            };
            if is_final {
                return Err(concern.halt(node));
            }
            if self.stop.is_asked() {
                return Err(Halt::Stopped);
            }
            if began.elapsed() > self.options.give_up_after {
                return Err(concern.halt(node));
            }
            if told.is_none_or(|at| at.elapsed() > REMIND) {
                self.observer.see(&Event::Throttled { node: node.clone(), reason: concern.reason() });
                told = Some(Instant::now());
            }
            // The stop is looked at as often as a person who pressed Ctrl-C expects.
            watch.changed(Duration::from_millis(200)).await;
        }
        if told.is_some() {
            self.observer.see(&Event::GoesOn { node: node.clone(), stood: began.elapsed() });
        }
        Ok(())
    }
}

/// What keeps a run from going on.
pub(super) enum Concern {
    /// An abort condition is breached.
    Breached(Alarm),
    /// An abort condition does not answer.
    Unanswered(Alarm),
}

impl Concern {
    /// What is seen now, where the phase is watched: a contract is not.
    pub(super) fn of(watch: &Watch, phase: Phase) -> Option<Concern> {
        match (watch.sight(), phase) {
            (Sight::Calm, _) | (_, Phase::Contract) => None,
            (Sight::Breach(alarm), Phase::Expand | Phase::Backfill) => Some(Concern::Breached(alarm)),
            (Sight::Unknown(alarm), Phase::Expand | Phase::Backfill) => Some(Concern::Unanswered(alarm)),
        }
    }

    /// Why nothing goes on.
    pub(super) fn reason(&self) -> String {
        match self {
            Concern::Breached(alarm) => format!("paused by abort condition `{}`: {}", alarm.name, alarm.reason),
            Concern::Unanswered(alarm) => format!("paused by abort condition `{}`, which cannot be asked: {}", alarm.name, alarm.reason),
        }
    }

    /// The end of a run that waits no longer. Nobody takes back what ran because monitoring is away.
    pub(super) fn halt(self, node: &NodeRef) -> Halt {
        let node = node.clone();
        match self {
            Concern::Breached(alarm) => Halt::Breached { node, cut: None, condition: alarm.name, reason: alarm.reason },
            Concern::Unanswered(alarm) => Halt::Unanswered { node, condition: alarm.name, reason: alarm.reason },
        }
    }
}
