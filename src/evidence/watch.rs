//! Watches abort conditions while a run is at work: a task of its own asks them, the run looks at what it last heard.

use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;

use super::http::{Call, Client};
use super::prometheus::Prometheus;
use super::value;
use crate::migration::abort::{Abort, AbortAsk, OnUnknown};

/// After a breach a run goes on when this many questions in a row found nothing.
const CALM: u32 = 3;

/// What was heard last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Nothing is wrong.
    Calm,
    /// A condition is breached.
    Breach(Alarm),
    /// A condition does not answer.
    Unknown(Alarm),
}

/// Which condition, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// What was seen.
    pub reason: String,
}

/// What a run looks at. Nobody asks any more when every copy of it is gone.
#[derive(Clone, Debug)]
pub struct Watch(Option<watch::Receiver<Sight>>);

impl Watch {
    /// Nothing is watched.
    pub fn nothing() -> Watch {
        Watch(None)
    }

    /// Asks every condition once, then again and again.
    pub async fn begin(aborts: Vec<Abort>) -> Watch {
        let Some(interval) = aborts.iter().map(|abort| abort.interval).min() else { return Watch::nothing() };
        let (sender, receiver) = watch::channel(look(&aborts).await);
        tokio::spawn(async move {
            let mut calm = CALM;
            let mut tick = tokio::time::interval(interval);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            tick.tick().await;
            loop {
                tokio::select! {
                    () = sender.closed() => return,
                    _ = tick.tick() => {}
                }
                let sight = look(&aborts).await;
                calm = if sight == Sight::Calm { calm.saturating_add(1) } else { 0 };
                // A value that swings about its limit would start and stop the run each time.
                let settled = calm >= CALM || !matches!(*sender.borrow(), Sight::Breach(_));
                if sight != Sight::Calm || settled {
                    sender.send_replace(sight);
                }
            }
        });
        Watch(Some(receiver))
    }

    /// What was heard last.
    pub fn sight(&self) -> Sight {
        self.0.as_ref().map_or(Sight::Calm, |receiver| receiver.borrow().clone())
    }

    /// Waits until something else is heard, or for this long.
    pub async fn changed(&mut self, longest: Duration) {
        match &mut self.0 {
            Some(receiver) => {
                receiver.mark_unchanged();
                let _ = tokio::time::timeout(longest, receiver.changed()).await;
            }
            None => tokio::time::sleep(longest).await,
        }
    }
}

/// Asks every condition once; a breach counts more than what is not known.
async fn look(aborts: &[Abort]) -> Sight {
    let mut sight = Sight::Calm;
    for (abort, found) in aborts.iter().zip(join_all(aborts.iter().map(|abort| breach(&abort.ask))).await) {
        let alarm = |reason: String| Alarm { name: abort.name.clone(), reason };
        match (found, abort.unknown) {
            (Ok(Some(reason)), _) => return Sight::Breach(alarm(reason)),
            (Err(reason), OnUnknown::Pause) => sight = Sight::Unknown(alarm(reason)),
            (Err(reason), OnUnknown::GoOn) => tracing::warn!(condition = abort.name, reason, "an abort condition does not answer"),
            (Ok(None), _) => {}
        }
    }
    sight
}

/// What is wrong, if anything is.
async fn breach(ask: &AbortAsk) -> Result<Option<String>, String> {
    match ask {
        AbortAsk::Prometheus { endpoint, query, breach_when } => {
            let number = Prometheus::open(endpoint)?.number(query, None).await?;
            Ok(breach_when.holds(number).then(|| format!("`{query}` is {number}, and the limit is {breach_when}")))
        }
        AbortAsk::Http { endpoint, pointer, breach } => {
            let client = Client::open(endpoint).map_err(|error| error.to_string())?;
            let document = client.json(Call::get("")).await.map_err(|error| error.to_string())?;
            let found = value::compare(&client, &document, pointer, breach)?;
            Ok(found.agrees.then(|| format!("`{pointer}` is `{}`, and the limit is {}", found.told, found.wanted)))
        }
    }
}
