//! Heeds abort conditions at every safe point: a backfill pauses until they are calm, an expand stops.

use std::time::{Duration, Instant};

use super::{Event, Halt, Options, Run, Stop};
use crate::backend::Backend;
use crate::evidence::{Alarm, Sight};
use crate::migration::NodeRef;
use crate::schema::Phase;

/// How often it is said that a run still pauses.
const REMIND: Duration = Duration::from_secs(30);

impl<B: Backend> Run<'_, B> {
    /// Goes on when nothing that is watched is wrong.
    pub(super) async fn heed(&mut self, node: &NodeRef) -> Result<(), Halt> {
        let observer = &mut *self.observer;
        heeded(self.options, self.stop, node, |event| observer.see(event)).await
    }
}

/// As [`Run::heed`], for whoever has no run.
pub(super) async fn heeded(options: &Options, stop: &Stop, node: &NodeRef, mut see: impl FnMut(&Event) + Send) -> Result<(), Halt> {
    let mut watch = options.watch.clone();
    let began = Instant::now();
    let mut told: Option<Instant> = None;
    loop {
        let alarm = match (watch.sight(), node.phase) {
            (Sight::Calm, _) | (_, Phase::Contract) => {
                if told.is_some() {
                    see(&Event::GoesOn { node: node.clone(), stood: began.elapsed() });
                }
                return Ok(());
            }
            // What an expand has begun can be undone; waiting in the middle of it helps nobody.
            (Sight::Breach(alarm), Phase::Expand) => return Err(breached(node, alarm)),
            (Sight::Breach(alarm), Phase::Backfill) | (Sight::Unknown(alarm), Phase::Expand | Phase::Backfill) => alarm,
        };
        if stop.is_asked() {
            return Err(Halt::Stopped);
        }
        if began.elapsed() > options.give_up_after {
            return Err(breached(node, alarm));
        }
        if told.is_none_or(|at| at.elapsed() > REMIND) {
            let reason = format!("paused by abort condition `{}`: {}", alarm.name, alarm.reason);
            see(&Event::Throttled { node: node.clone(), reason });
            told = Some(Instant::now());
        }
        // The stop is looked at as often as a person who pressed Ctrl-C expects.
        watch.changed(Duration::from_millis(200)).await;
    }
}

fn breached(node: &NodeRef, alarm: Alarm) -> Halt {
    Halt::Breached { node: node.clone(), cut: None, condition: alarm.name, reason: alarm.reason }
}
