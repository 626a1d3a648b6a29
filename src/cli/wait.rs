//! `migrate wait`: blocks until a phase is done, for init containers and start-up scripts.

use std::time::{Duration, Instant};

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::site::Site;
use super::{PhaseArg, duration, signal};
use crate::backend::Backend;
use crate::ledger::Ledger;
use crate::migration::{MigrationId, NodeRef};
use crate::report::planned;
use crate::report::text::precise;
use crate::report::view::PhaseState;
use crate::report::{CommandName, Outcome, Report};
use crate::schema::Phase;

/// How often the ledger is read: one read a second is nothing to a database, and a pod starts no faster.
const EVERY: Duration = Duration::from_secs(1);

/// How often a line says what it waits for.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Arguments of `migrate wait`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Which phase
    #[arg(long, value_enum)]
    pub phase: PhaseArg,

    /// Give up after so long
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,

    /// Nothing behind this migration
    #[arg(long, value_name = "MIGRATION")]
    pub to: Option<String>,
}

/// Reads the ledger until the phase is done. A database that cannot be reached yet is waited for as well.
///
/// # Errors
/// When nobody names a database, or its ledger is damaged or of a newer version.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let site = Site::find(session)?;
    if site.url.is_none() {
        site.connect().await?;
    }
    let phase = Phase::from(args.phase);
    let wanted = wanted(&site, phase, site.last(args.to.as_deref())?.as_ref());
    let stop = signal::listen();
    let began = Instant::now();
    let mut told = Instant::now();
    loop {
        let missing = match missing(&site, &wanted).await {
            Ok(missing) if missing.is_empty() => return Ok(done(phase)),
            Ok(missing) => Ok(missing),
            Err(failure) if failure.exit == Exit::Temporary => Err(failure),
            Err(failure) => return Err(failure),
        };
        if stop.is_asked() {
            return gave_up(&site, phase, missing, "it was asked to stop");
        }
        if began.elapsed() >= args.timeout {
            return gave_up(&site, phase, missing, &format!("it waited {}", precise(args.timeout)));
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            session.say(&match &missing {
                Ok(missing) => format!("waiting for {} of phase {phase}", names(missing)),
                Err(failure) => format!("waiting for the database: {}", failure.message),
            });
        }
        stop.sleep(EVERY.min(args.timeout.saturating_sub(began.elapsed()))).await;
    }
}

fn wanted(site: &Site, phase: Phase, last: Option<&MigrationId>) -> Vec<NodeRef> {
    let end = last.and_then(|last| site.migrations.position(last)).map_or(site.migrations.len(), |position| position + 1);
    site.migrations.iter().take(end).flat_map(|migration| migration.nodes()).filter(|node| node.phase == phase).collect()
}

async fn missing(site: &Site, wanted: &[NodeRef]) -> Result<Vec<NodeRef>, Failure> {
    let mut backend = site.connect().await?;
    let ledger: Ledger = backend.ledger().await?;
    backend.close().await;
    Ok(wanted.iter().filter(|node| !ledger.is_done(node)).cloned().collect())
}

fn done(phase: Phase) -> Report {
    let mut report = Report::new(CommandName::Wait);
    report.phase = Some(phase);
    report.notes.push(format!("phase {phase} is done"));
    report
}

fn gave_up(site: &Site, phase: Phase, missing: Result<Vec<NodeRef>, Failure>, why: &str) -> Result<Report, Failure> {
    let missing = missing?;
    let is = if missing.len() == 1 { "is" } else { "are" };
    let message = format!("phase {phase} is not done, and {why}: {} {is} missing", names(&missing));
    let mut report = Report::new(CommandName::Wait);
    report.phase = Some(phase);
    report.outcome = Outcome::Failed;
    let file = |node: &NodeRef| site.migrations.script(node).map(|script| script.path.to_string()).unwrap_or_default();
    report.migrations = missing.iter().map(|node| planned::bare(node, PhaseState::Pending, file(node))).collect();
    Failure::new(Exit::Temporary, message).next(format!("migrate apply --phase {phase}")).enter(&mut report);
    Ok(report)
}

fn names(nodes: &[NodeRef]) -> String {
    match nodes {
        [] => "nothing".to_owned(),
        [one] => one.migration.to_string(),
        [first, ..] => format!("{} migrations from {} on", nodes.len(), first.migration),
    }
}
