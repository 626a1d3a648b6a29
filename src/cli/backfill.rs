//! `migrate backfill`: steers a backfill that runs elsewhere, through the database.

use std::time::{Duration, Instant};

use super::exit::Exit;
use super::failure::Failure;
use super::session::{Session, actor};
use super::site::{Site, ledger};
use super::status;
use crate::backend::{AnyBackend, Backend};
use crate::ledger::pulse::PulseState;
use crate::ledger::{ControlRecord, Ledger, Wish};
use crate::migration::{MigrationId, Pacing};
use crate::report::{CommandName, Outcome, Report};
use crate::schema::Phase;

/// How long the command waits to see that the backfill did what it was asked: two chunks and their rests, amply.
const PATIENCE: Duration = Duration::from_secs(5);

/// Arguments of `migrate backfill`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What to ask for
    #[command(subcommand)]
    pub wish: WishArgs,
}

/// What can be asked of a backfill.
#[derive(clap::Subcommand, Debug)]
pub enum WishArgs {
    /// Stand still before the next chunk; the run keeps its place and waits
    Pause(Target),
    /// Go on after a pause, or allow a cancelled backfill to be started again
    Resume(Target),
    /// End the run before its next chunk; what is done stays done
    Cancel(Target),
    /// Go at another pace from the next chunk on: gentle, default, fast, chunk=100ms, duty=50%, wal=20MB
    Pace(PaceArgs),
    /// Show how far it is, how fast it goes and what holds it back
    Status(StatusArgs),
}

/// Which backfill, who asks and why.
#[derive(clap::Args, Debug)]
pub struct Target {
    /// The migration, or a part of its name that no other has
    #[arg(value_name = "MIGRATION")]
    pub migration: String,

    /// Why: shown to whoever looks at the run
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Who asks (default: $MIGRATE_ACTOR, the CI user, user and host)
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
}

/// Arguments of `migrate backfill pace`.
#[derive(clap::Args, Debug)]
pub struct PaceArgs {
    /// Which backfill, who asks and why
    #[command(flatten)]
    pub target: Target,

    /// The pace; `stated` for what the files and the command line of the run say
    #[arg(value_name = "PACE")]
    pub pace: PaceArg,
}

/// A pace, or the one that is written down.
#[derive(Clone, Debug, PartialEq)]
pub enum PaceArg {
    /// This one.
    Given(Pacing),
    /// Nobody's wish any more.
    Stated,
}

impl std::str::FromStr for PaceArg {
    type Err = String;

    fn from_str(text: &str) -> Result<PaceArg, String> {
        match text {
            "stated" => Ok(PaceArg::Stated),
            text => text.parse().map(PaceArg::Given),
        }
    }
}

/// Arguments of `migrate backfill status`.
#[derive(clap::Args, Debug)]
pub struct StatusArgs {
    /// The migration, or a part of its name that no other has
    #[arg(value_name = "MIGRATION")]
    pub migration: String,
}

/// Writes the wish, and looks whether the run does it.
///
/// # Errors
/// When there is no such backfill, or the database cannot be asked.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let site = Site::find(session)?;
    let (target, change): (&Target, Change) = match &args.wish {
        WishArgs::Pause(target) => (target, Change::Wish(Wish::Pause)),
        WishArgs::Resume(target) => (target, Change::Wish(Wish::Run)),
        WishArgs::Cancel(target) => (target, Change::Wish(Wish::Cancel)),
        WishArgs::Pace(args) => (&args.target, Change::Pace(args.pace.clone())),
        WishArgs::Status(args) => {
            let id = backfill(&site, &args.migration)?;
            let mut report = Box::pin(status::survey(&site, Some(&id))).await?;
            report.command = CommandName::Backfill;
            report.phase = Some(Phase::Backfill);
            report.gates.clear();
            for migration in &mut report.migrations {
                migration.phases.retain(|phase| phase.phase == Phase::Backfill);
            }
            return Ok(report);
        }
    };
    let id = backfill(&site, &target.migration)?;
    let mut backend = site.connect().await?;
    let before = ledger(&mut backend).await?;
    let control = change.over(before.control(&id), &id, target);
    if before.format == 0 {
        let message = format!("nothing has run in this database yet: there is no backfill of {id} to ask");
        return Err(Failure::new(Exit::Failure, message).next("migrate status"));
    }
    backend.order(&control).await.map_err(Failure::from)?;
    let mut report = Report::new(CommandName::Backfill);
    report.phase = Some(Phase::Backfill);
    report.outcome = Outcome::Applied;
    report.now = Some(before.now);
    report.notes.push(answer(&mut backend, &control, &change).await?);
    report.next = vec![match control.wish {
        Wish::Pause | Wish::Cancel => format!("migrate backfill resume {id}"),
        Wish::Run => format!("migrate backfill status {id}"),
    }];
    backend.close().await;
    Ok(report)
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    Wish(Wish),
    Pace(PaceArg),
}

impl Change {
    /// The wish that stands then. A pace outlives a pause, a pause outlives another pace.
    fn over(&self, standing: Option<&ControlRecord>, id: &MigrationId, target: &Target) -> ControlRecord {
        let standing_wish = standing.map_or(Wish::Run, |control| control.wish);
        let standing_pace = standing.and_then(|control| control.pace.clone());
        let (wish, pace) = match self {
            Change::Wish(wish) => (*wish, standing_pace),
            Change::Pace(PaceArg::Given(pace)) => (standing_wish, Some(pace.to_string())),
            Change::Pace(PaceArg::Stated) => (standing_wish, None),
        };
        ControlRecord {
            migration: id.clone(),
            wish,
            pace,
            reason: target.reason.clone(),
            actor: actor(target.actor.as_deref()),
            // The database writes its own clock.
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    /// Whether the worker shows that it did it.
    fn is_done(&self, control: &ControlRecord, state: PulseState, pace: &str) -> bool {
        match (self, control.wish) {
            (Change::Pace(PaceArg::Given(given)), _) => pace.contains(&given.to_string()),
            (Change::Pace(PaceArg::Stated), _) => true,
            (Change::Wish(_), Wish::Pause) => state == PulseState::Paused,
            (Change::Wish(_), Wish::Cancel) => state == PulseState::Ended,
            (Change::Wish(_), Wish::Run) => state != PulseState::Paused,
        }
    }
}

/// What became of the wish within a few seconds, in a sentence.
async fn answer(backend: &mut AnyBackend, control: &ControlRecord, change: &Change) -> Result<String, Failure> {
    let id = &control.migration;
    let begin = Instant::now();
    let mut at_work = false;
    while begin.elapsed() < PATIENCE {
        let now = ledger(backend).await?;
        let ours: Vec<_> = now.pulses.iter().filter(|record| &record.node.migration == id).collect();
        let written = now.control(id).map_or(now.now, |control| control.at);
        let alive = ours.iter().filter(|record| record.is_alive(now.now)).count();
        at_work = at_work || alive > 0;
        if !at_work {
            return Ok(match control.wish {
                Wish::Run if matches!(change, Change::Pace(_)) => format!("no backfill of {id} is at work: the next one goes at this pace"),
                Wish::Run => format!("no backfill of {id} is at work: the next `migrate apply --phase backfill` goes on with it"),
                Wish::Pause => format!("no backfill of {id} is at work: the next one waits until it is resumed"),
                Wish::Cancel => format!("no backfill of {id} is at work: none starts until it is resumed"),
            });
        }
        let answered = ours.iter().filter(|record| record.at >= written);
        if ours.iter().all(|record| record.at >= written || !record.is_alive(now.now))
            && answered.clone().all(|record| change.is_done(control, record.pulse.state, &record.pulse.pace))
        {
            return Ok(done(id, &now, change, control));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(format!("asked; the backfill of {id} has not answered within {} s: a chunk or a proof may be under way", PATIENCE.as_secs()))
}

fn done(id: &MigrationId, ledger: &Ledger, change: &Change, control: &ControlRecord) -> String {
    let jobs = ledger.jobs.iter().filter(|job| &job.node.migration == id);
    let (walked, estimated) =
        jobs.fold((0, 0), |(walked, estimated), job| (walked + job.rows_walked, estimated + job.rows_estimated.unwrap_or(job.rows_walked)));
    let so_far = format!("{walked} of about {} rows walked", estimated.max(walked));
    match (change, control.wish) {
        (Change::Pace(PaceArg::Given(pace)), _) => format!("{id}: goes at {pace} from now on"),
        (Change::Pace(PaceArg::Stated), _) => format!("{id}: goes at the pace that the run was started with"),
        (Change::Wish(_), Wish::Pause) => format!("{id}: paused, {so_far}"),
        (Change::Wish(_), Wish::Cancel) => format!("{id}: cancelled, {so_far}; they stay done"),
        (Change::Wish(_), Wish::Run) => format!("{id}: goes on, {so_far}"),
    }
}

/// The migration, which must have a backfill.
fn backfill(site: &Site, text: &str) -> Result<MigrationId, Failure> {
    let migration = site.migration(text)?;
    match migration.script(Phase::Backfill).is_some() || !migration.settings.syncs.is_empty() {
        true => Ok(migration.id.clone()),
        false => Err(Failure::new(Exit::Usage, format!("{} has no backfill", migration.id)).next("migrate status")),
    }
}
