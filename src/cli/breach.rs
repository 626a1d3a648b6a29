//! Abort conditions of `migrate apply`: what is watched, and what is done about a breach.

use std::time::{Duration, Instant};

use super::exit::Exit;
use super::failure::Failure;
use super::rollback;
use super::session::Session;
use super::site::Site;
use crate::evidence::{Alarm, Sight, Watch};
use crate::migration::NodeRef;
use crate::report::text::span;
use crate::run::{RunError, Stop};
use crate::schema::Phase;

/// What is done about a breach during an expand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnBreach {
    /// What ran stays; the report says how it is undone.
    Stay,
    /// What this run did is undone.
    RollBack,
}

/// The argument of `migrate apply` about breaches.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct BreachArgs {
    /// Undo what this run expanded when an abort condition of migrate.toml is breached
    #[arg(long)]
    pub rollback_on_breach: bool,
}

impl From<BreachArgs> for OnBreach {
    fn from(args: BreachArgs) -> OnBreach {
        if args.rollback_on_breach { OnBreach::RollBack } else { OnBreach::Stay }
    }
}

/// Goes on watching after the last statement of an expand, each condition as long as its `watch_for` says: what a trigger
/// costs shows when the application writes. A breach that began while the last statement was at work counts as well.
///
/// Asked to stop, it ends at once: the expand ran.
pub(super) async fn linger(phase: Phase, watch: &mut Watch, stop: &Stop, session: &Session) -> Option<Alarm> {
    if phase != Phase::Expand {
        return None;
    }
    let (last, longest) = (Instant::now(), watch.watch_for());
    if !longest.is_zero() {
        session.say(&format!("watching for {}", span(longest)));
    }
    loop {
        if let Sight::Breach(alarm) = watch.sight_after(last) {
            return Some(alarm);
        }
        let left = longest.checked_sub(last.elapsed()).filter(|left| !left.is_zero() && !stop.is_asked());
        let Some(left) = left else {
            if !longest.is_zero()
                && let Sight::Unknown(alarm) = watch.sight_after(last)
            {
                session.say(&format!("abort condition `{}` could not be asked: {}", alarm.name, alarm.reason));
            }
            return None;
        };
        watch.changed(left.min(Duration::from_millis(500))).await;
    }
}

/// The failure that a run ended with; a breach during an expand is answered as was asked for.
pub(super) async fn answered(error: RunError, on_breach: OnBreach, actor: &str, site: &Site, by: (&Session, &Stop)) -> Failure {
    let RunError::Breached { applied, node, condition, reason, .. } = &error else { return error.into() };
    if on_breach == OnBreach::Stay || node.phase != Phase::Expand {
        return error.into();
    }
    let alarm = Alarm { name: condition.clone(), reason: reason.clone() };
    let nodes: Vec<NodeRef> = applied.iter().chain(std::iter::once(node)).cloned().collect();
    undone(&alarm, &nodes, actor, site, by).await
}

/// A breach that was seen after the last statement.
pub(super) async fn late(
    alarm: &Alarm,
    applied: &[NodeRef],
    on_breach: OnBreach,
    actor: &str,
    site: &Site,
    by: (&Session, &Stop),
) -> Failure {
    match on_breach {
        OnBreach::RollBack => undone(alarm, applied, actor, site, by).await,
        OnBreach::Stay => {
            let mut failure = Failure::new(Exit::Failure, format!("expand ran, and {}", told(alarm)));
            failure.next = applied.iter().rev().map(|node| format!("migrate rollback {}", node.migration)).collect();
            failure
        }
    }
}

/// Undoes what a run did, last first.
async fn undone(alarm: &Alarm, nodes: &[NodeRef], actor: &str, site: &Site, (session, stop): (&Session, &Stop)) -> Failure {
    let began = Instant::now();
    let mut taken_back = Vec::new();
    for (reached, node) in nodes.iter().rev().enumerate() {
        match rollback::take_back(site, &node.migration, actor, session, stop).await {
            Ok(true) => taken_back.push(node.migration.to_string()),
            Ok(false) => {}
            Err(stuck) => {
                // What a lock or a connection prevented, the same command may do a little later.
                let exit = if stuck.exit == Exit::Temporary { Exit::Temporary } else { Exit::Failure };
                let mut failure = Failure::new(exit, format!("{}; {} could not be undone: {}", told(alarm), node.migration, stuck.message));
                failure.causes = stuck.causes;
                failure.details = stuck.details;
                failure.causes.extend(undone_so_far(&taken_back));
                failure.next =
                    nodes[..nodes.len() - reached].iter().rev().map(|node| format!("migrate rollback {}", node.migration)).collect();
                return failure;
            }
        }
    }
    let mut failure = Failure::new(Exit::Failure, told(alarm));
    failure.causes.extend(undone_so_far(&taken_back));
    failure.causes.push(format!("that took {}", crate::report::text::precise(began.elapsed())));
    failure.next("migrate status")
}

fn told(alarm: &Alarm) -> String {
    format!("abort condition `{}` is breached: {}", alarm.name, alarm.reason)
}

fn undone_so_far(taken_back: &[String]) -> Option<String> {
    (!taken_back.is_empty()).then(|| format!("undone: {}", taken_back.join(", ")))
}
