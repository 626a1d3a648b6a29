//! Watches abort conditions while a run is at work: each is asked by a task of its own, the run looks at what was last heard.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::watch::{Receiver, Sender, channel};

use super::http::{Call, Client};
use super::prometheus::Prometheus;
use super::value;
use crate::migration::Project;
use crate::migration::abort::{Abort, AbortAsk, AtWork, OnUnknown};
use crate::schema::Phase;

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
pub struct Watch(Option<Receiver<Vec<Heard>>>);

/// One condition and what it said last.
#[derive(Clone, Debug)]
struct Heard {
    sight: Sight,
    /// When it began to say something of this kind.
    since: Instant,
    at_work: AtWork,
    watch_for: Duration,
}

impl Watch {
    /// Nothing is watched.
    pub fn nothing() -> Watch {
        Watch(None)
    }

    /// Begins to watch what a project wants to be watched in a phase.
    pub async fn over(project: &Project, phase: Phase) -> Watch {
        let aborts = project.aborts.iter().filter(|abort| abort.phases.contains(&phase));
        Watch::begin(aborts.map(|abort| abort.clone().rooted(&project.root)).collect()).await
    }

    /// Asks every condition once, then each again and again, as often as it says itself: a slow answer of one keeps no other
    /// from being asked.
    pub async fn begin(aborts: Vec<Abort>) -> Watch {
        if aborts.is_empty() {
            return Watch::nothing();
        }
        let sights = join_all(aborts.iter().map(look)).await;
        let since = Instant::now();
        let heard = aborts.iter().zip(sights);
        let heard = heard.map(|(abort, sight)| Heard { sight, since, at_work: abort.at_work, watch_for: abort.watch_for });
        let (sender, receiver) = channel(heard.collect());
        let sender = Arc::new(sender);
        for (place, abort) in aborts.into_iter().enumerate() {
            tokio::spawn(Asker { abort, place, sender: Arc::clone(&sender) }.ask_again());
        }
        Watch(Some(receiver))
    }

    /// What was heard last; a breach counts more than what is not known.
    pub fn sight(&self) -> Sight {
        self.worst(|_| true)
    }

    /// What was heard last of conditions that are still watched after the last statement, or were when it was heard; and of a
    /// breach that began before it.
    pub fn sight_after(&self, last: Instant) -> Sight {
        self.worst(|heard| last.checked_add(heard.watch_for).is_none_or(|end| heard.since <= end))
    }

    /// For how long the most patient condition is watched after the last statement.
    pub fn watch_for(&self) -> Duration {
        let longest = self.0.as_ref().and_then(|receiver| receiver.borrow().iter().map(|heard| heard.watch_for).max());
        longest.unwrap_or_default()
    }

    /// Waits until something else is heard, or for this long.
    pub async fn changed(&mut self, longest: Duration) {
        match &mut self.0 {
            Some(receiver) => {
                receiver.mark_unchanged();
                let heard = async {
                    if receiver.changed().await.is_err() {
                        // Nobody asks any more, so nothing else will be heard.
                        std::future::pending::<()>().await;
                    }
                };
                let _ = tokio::time::timeout(longest, heard).await;
            }
            None => tokio::time::sleep(longest).await,
        }
    }

    /// Comes back with a breach that cuts off the statement at work; never, where there is none.
    pub async fn cut_off(&self) -> Alarm {
        if let Some(receiver) = &self.0 {
            let mut receiver = receiver.clone();
            loop {
                let cutting = worst(receiver.borrow_and_update().iter().filter(|heard| heard.at_work == AtWork::CutOff));
                if let Sight::Breach(alarm) = cutting {
                    return alarm;
                }
                if receiver.changed().await.is_err() {
                    break;
                }
            }
        }
        std::future::pending().await
    }

    fn worst(&self, counts: impl Fn(&Heard) -> bool) -> Sight {
        self.0.as_ref().map_or(Sight::Calm, |receiver| worst(receiver.borrow().iter().filter(|heard| counts(heard))))
    }
}

fn worst<'a>(heard: impl Iterator<Item = &'a Heard>) -> Sight {
    let mut found = Sight::Calm;
    for one in heard {
        match (&one.sight, &found) {
            (Sight::Breach(_), _) => return one.sight.clone(),
            (Sight::Unknown(_), Sight::Calm) => found = one.sight.clone(),
            (Sight::Unknown(_) | Sight::Calm, _) => {}
        }
    }
    found
}

/// Who asks one condition.
struct Asker {
    abort: Abort,
    place: usize,
    sender: Arc<Sender<Vec<Heard>>>,
}

impl Asker {
    /// Asks until nobody looks any more.
    async fn ask_again(self) {
        let mut calm = CALM;
        let mut tick = tokio::time::interval(self.abort.interval);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tick.tick().await;
        loop {
            tokio::select! {
                () = self.sender.closed() => return,
                _ = tick.tick() => {}
            }
            let sight = look(&self.abort).await;
            calm = if sight == Sight::Calm { calm.saturating_add(1) } else { 0 };
            self.tell(sight, calm);
        }
    }

    fn tell(&self, sight: Sight, calm: u32) {
        self.sender.send_if_modified(|all| all.get_mut(self.place).is_some_and(|heard| heard.hear(sight, calm)));
    }
}

/// However it came that nobody asks any more: what was heard last is no longer what is.
impl Drop for Asker {
    fn drop(&mut self) {
        if !self.sender.is_closed() {
            self.tell(unknown(&self.abort, "whoever asked it has ended".to_owned()), CALM);
        }
    }
}

impl Heard {
    /// Takes in what was said; whether that is news.
    fn hear(&mut self, sight: Sight, calm: u32) -> bool {
        // A value that swings about its limit would start and stop the run each time.
        let is_settling = sight == Sight::Calm && calm < CALM && matches!(self.sight, Sight::Breach(_));
        if is_settling || sight == self.sight {
            return false;
        }
        if std::mem::discriminant(&sight) != std::mem::discriminant(&self.sight) {
            self.since = Instant::now();
        }
        self.sight = sight;
        true
    }
}

/// Asks a condition once.
async fn look(abort: &Abort) -> Sight {
    match breach(&abort.ask).await {
        Ok(Some(reason)) => Sight::Breach(Alarm { name: abort.name.clone(), reason }),
        Ok(None) => Sight::Calm,
        Err(reason) => unknown(abort, reason),
    }
}

/// What is made of a condition that does not answer.
fn unknown(abort: &Abort, reason: String) -> Sight {
    match abort.unknown {
        OnUnknown::Pause => Sight::Unknown(Alarm { name: abort.name.clone(), reason }),
        OnUnknown::GoOn => {
            tracing::warn!(condition = abort.name, reason, "an abort condition does not answer");
            Sight::Calm
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::{Bound, Comparison, Endpoint};

    fn alarm(name: &str) -> Alarm {
        Alarm { name: name.to_owned(), reason: "7 > 5".to_owned() }
    }

    fn heard(sight: Sight, since: Instant, watch_for: u64) -> Heard {
        Heard { sight, since, at_work: AtWork::CutOff, watch_for: Duration::from_secs(watch_for) }
    }

    fn watch(heard: Vec<Heard>) -> Watch {
        Watch(Some(channel(heard).1))
    }

    #[test]
    fn a_breach_counts_more_than_what_is_not_known() {
        let now = Instant::now();
        let all = [Sight::Calm, Sight::Unknown(alarm("a")), Sight::Breach(alarm("b")), Sight::Unknown(alarm("c"))];
        let all = all.map(|sight| heard(sight, now, 0));
        assert_eq!(watch(all.to_vec()).sight(), Sight::Breach(alarm("b")));
        assert_eq!(watch(all[..2].to_vec()).sight(), Sight::Unknown(alarm("a")));
        assert_eq!(watch(all[..1].to_vec()).sight(), Sight::Calm);
    }

    #[test]
    fn each_condition_is_watched_for_its_own_time() {
        let last = Instant::now();
        let later = last + Duration::from_secs(60);
        let breach = |name: &str, since, watch_for| heard(Sight::Breach(alarm(name)), since, watch_for);
        let seen = |heard: Heard| watch(vec![heard]).sight_after(last);
        assert_eq!(seen(breach("patient", later, 120)), Sight::Breach(alarm("patient")));
        assert_eq!(seen(breach("hasty", later, 30)), Sight::Calm);
        assert_eq!(seen(breach("not at all", later, 0)), Sight::Calm);
        // It began while a statement was at work.
        assert_eq!(seen(breach("before", last, 0)), Sight::Breach(alarm("before")));
        assert_eq!(watch(vec![breach("a", last, 30), breach("b", last, 120)]).watch_for(), Duration::from_secs(120));
    }

    #[tokio::test]
    async fn a_condition_that_nobody_asks_any_more_is_not_known() {
        let endpoint = Endpoint {
            url: "http://127.0.0.1:1".parse().expect("valid"),
            credential: None,
            headers: Vec::new(),
            ca_file: None,
            timeout: Duration::from_secs(1),
        };
        let breach_when = Bound { comparison: Comparison::Above, value: 5.0 };
        let abort = Abort {
            name: "slo".to_owned(),
            ask: AbortAsk::Prometheus { endpoint, query: "errors".to_owned(), breach_when },
            phases: vec![Phase::Backfill],
            interval: Duration::from_hours(1),
            unknown: OnUnknown::Pause,
            at_work: AtWork::CutOff,
            watch_for: Duration::ZERO,
        };
        let (sender, receiver) = channel(vec![heard(Sight::Calm, Instant::now(), 0)]);
        let mut watch = Watch(Some(receiver));
        let asks = tokio::spawn(Asker { abort, place: 0, sender: Arc::new(sender) }.ask_again());
        assert_eq!(watch.sight(), Sight::Calm);
        asks.abort();
        assert!(asks.await.is_err());
        let reason = "whoever asked it has ended".to_owned();
        assert_eq!(watch.sight(), Sight::Unknown(Alarm { reason, ..alarm("slo") }));
        // Nothing comes any more, and that takes as long as it was waited for.
        let (began, wait) = (Instant::now(), Duration::from_millis(50));
        watch.changed(wait).await;
        assert!(began.elapsed() >= wait);
    }

    #[test]
    fn a_breach_is_over_after_several_calm_answers_and_keeps_its_beginning() {
        let began = Instant::now();
        let mut one = heard(Sight::Calm, began, 0);
        assert!(one.hear(Sight::Breach(alarm("a")), 0));
        let since = one.since;
        assert!(since > began);
        assert!(one.hear(Sight::Breach(Alarm { reason: "8 > 5".to_owned(), ..alarm("a") }), 0), "what is said is new");
        assert_eq!(one.since, since, "when it began is not");
        assert!(!one.hear(Sight::Calm, 1) && !one.hear(Sight::Calm, 2));
        assert!(matches!(one.sight, Sight::Breach(_)));
        assert!(one.hear(Sight::Calm, 3));
        assert_eq!(one.sight, Sight::Calm);
    }
}
