//! `migrate apply`: runs what is pending and allowed in one phase.

use std::time::Duration;

use super::breach::{self, OnBreach};
use super::events::{EventsTo, Recorded};
use super::exit::Exit;
use super::failure::Failure;
use super::progress::Progress;
use super::session::{Session, actor};
use super::site::{Site, ledger};
use super::{PhaseArg, duration, gates, refused_by, signal};
use crate::backend::{AnyBackend, Backend};
use crate::evidence::{Programs, Watch};
use crate::ledger::Holder;
use crate::migration::nearest::hint;
use crate::migration::{NodeRef, Pacing};
use crate::plan::{ApprovedPlan, ConditionKind, Gate, Override, Plan, PlanDigest, Refusal, Request};
use crate::report::found::enter;
use crate::report::planned;
use crate::report::view::{MigrationView, PhaseState, ProgressView};
use crate::report::{CommandName, Outcome, Report};
use crate::run::{self, End, Hand, Options};
use crate::schema::{Dialect, Phase};

/// Arguments of `migrate apply`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Which phase
    #[arg(long, value_enum)]
    pub phase: PhaseArg,

    /// Nothing behind this migration
    #[arg(long, value_name = "MIGRATION")]
    pub to: Option<String>,

    /// Run the backfill of this migration once more although it is done: rows appeared behind it
    #[arg(long, value_name = "MIGRATION")]
    pub again: Vec<String>,

    /// Run only what was approved: the digest that `migrate plan` printed
    #[arg(long, value_name = "DIGEST", conflicts_with = "again")]
    pub plan_digest: Option<PlanDigest>,

    /// Show what would run, write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Exit with 0 instead of 5 when a gate holds a contract
    #[arg(long)]
    pub if_open: bool,

    /// Wait so long for another run that holds the lease
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "10m", default_value = "0s", hide_default_value = true, value_parser = duration)]
    pub wait: Duration,

    /// How many connections share a backfill [default: `workers` in migrate.toml, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub workers: Option<u32>,

    /// While another run leads the same backfill, work on it, too, and go on once it has ended
    #[arg(long)]
    pub join: bool,

    /// How fast a backfill goes: gentle, default or fast, and chunk=100ms, duty=50%, wal=20MB
    #[arg(long, value_name = "PACE")]
    pub pace: Option<Pacing>,

    /// Write what happens as lines of JSON to this file, or to standard output (-) before the result
    #[arg(long, value_name = "FILE")]
    pub events: Option<EventsTo>,

    /// Go on although this condition of the gate does not hold; recorded for ever
    #[arg(long, value_name = "GATE", requires = "reason")]
    pub override_gate: Vec<String>,

    /// Why the gate is overridden
    #[arg(long, value_name = "TEXT", requires = "override_gate")]
    pub reason: Option<String>,

    /// What is done about a breach.
    #[command(flatten)]
    pub breach: breach::BreachArgs,

    /// Who runs this (default: $MIGRATE_ACTOR, the CI user, user and host)
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
}

/// Plans, asks for approval and runs.
///
/// # Errors
/// When the plan is refused, a statement fails, or the database cannot be reached or written.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let site = Site::find(session)?;
    let request = request(args, &site)?;
    let mut backend = site.connect().await?;
    let ledger = ledger(&mut backend).await?;
    let plan = site.plan_for(&mut backend, &ledger, site.sizes(None)?).await?;
    if let Some(failure) = site.conflict(&mut backend, &plan.history).await {
        return Err(failure);
    }
    if let Some(approved) = args.plan_digest.filter(|approved| !plan.is_rest_of(approved, request.phase)) {
        return Err(not_approved(&plan.digest(), &approved, request.phase));
    }
    let plan = if request.phase == Phase::Contract { gates::judged(plan, &ledger, &mut backend, Programs::Run).await? } else { plan };
    let mut report = Report::new(CommandName::Apply);
    report.phase = Some(request.phase);
    report.now = Some(ledger.now);
    let overview = plan.clone();
    let approved = match plan.approve(request) {
        Ok(approved) => approved,
        Err(refusal) => return refused(&refusal, overview.server.dialect, report),
    };
    if args.dry_run {
        return Ok(rehearsed(args, &approved, &overview, report));
    }
    if approved.is_empty() {
        // Nothing to run needs no lease.
        hold(args, approved.held(), &mut report);
        waits(&approved, &mut report);
    } else {
        execute(args, approved, &overview, &site, backend, session, &mut report).await?;
    }
    report.left = Some(left(&overview, args.phase.into(), &report));
    if report.outcome == Outcome::Nothing {
        report.notes.push(format!("nothing to {}", args.phase.verb()));
    }
    Ok(report)
}

/// Scripts of the phase that did not run to their end, those that wait or are held included.
fn left(plan: &Plan, phase: Phase, report: &Report) -> usize {
    let open = plan.scripts.iter().filter(|script| script.node.phase == phase && !script.state.is_done()).count();
    open.saturating_sub(report.migrations.len())
}

/// What would run is not what somebody approved.
fn not_approved(found: &PlanDigest, approved: &PlanDigest, phase: Phase) -> Failure {
    let message = format!(
        "what would run in {phase} is not what was approved: its digest is {}, approved was {}",
        found.of_phase(phase),
        approved.of_phase(phase)
    );
    let mut failure = Failure::new(Exit::Conflict, message).next("migrate plan");
    failure.causes.push("a script was added, removed, edited or moved since, or another plan ran meanwhile; nothing was run".to_owned());
    failure
}

fn request(args: &Args, site: &Site) -> Result<Request, Failure> {
    let actor = actor(args.actor.as_deref());
    let reason = args.reason.clone().unwrap_or_default();
    if args.reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        return Err(Failure::new(Exit::Usage, "--reason must say why: it is kept with the override"));
    }
    for given in &args.override_gate {
        is_condition(given, site)?;
    }
    let overrides =
        args.override_gate.iter().map(|given| Override { condition: given.clone(), reason: reason.clone(), actor: actor.clone() });
    if !args.again.is_empty() && args.phase != PhaseArg::Backfill {
        return Err(Failure::new(Exit::Usage, "--again goes with --phase backfill alone"));
    }
    if args.pace.is_some() && args.phase != PhaseArg::Backfill {
        return Err(Failure::new(Exit::Usage, "--pace goes with --phase backfill alone"));
    }
    let again = args.again.iter().map(|text| site.migration(text).map(|migration| migration.id.clone())).collect::<Result<_, _>>()?;
    Ok(Request { phase: args.phase.into(), to: site.last(args.to.as_deref())?, again, overrides: overrides.collect() })
}

/// A slip in the name of a condition would leave the contract held, and nobody would know why.
fn is_condition(given: &str, site: &Site) -> Result<(), Failure> {
    let of_every_gate = ConditionKind::ALL.map(ConditionKind::as_str);
    let settings = site.migrations.iter().flat_map(|migration| &migration.settings.vetoes);
    let sources = site.project.vetoes.iter().chain(settings).map(|veto| veto.name.as_str());
    let mut known: Vec<&str> = of_every_gate.into_iter().chain(sources).collect();
    known.dedup();
    if known.contains(&given) {
        return Ok(());
    }
    let message = format!("there is no condition `{given}`{}; the conditions are {}", hint(given, known.iter().copied()), known.join(", "));
    Err(Failure::new(Exit::Usage, message).next("migrate status"))
}

async fn execute(
    args: &Args,
    approved: ApprovedPlan,
    overview: &Plan,
    site: &Site,
    mut backend: AnyBackend,
    session: &Session,
    report: &mut Report,
) -> Result<(), Failure> {
    let phase = Phase::from(args.phase);
    let mut watch = Watch::over(&site.project, phase).await;
    let options = Options { watch: watch.clone(), ..options(args, site) };
    let stop = signal::listen();
    let mut progress = Progress::new(session);
    let mut observer = Recorded::open(&mut progress, args.events.as_ref())?;
    let result = run::execute(approved, &mut backend, &mut observer, &options, &stop).await;
    backend.close().await;
    let on_breach = OnBreach::from(args.breach);
    let actor = &options.holder.actor;
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error) => return Err(breach::answered(error, on_breach, actor, site, (session, &stop)).await),
    };
    if outcome.end == End::Complete
        && !outcome.applied.is_empty()
        && let Some(alarm) = breach::linger(phase, &mut watch, &stop, session).await
    {
        return Err(breach::late(&alarm, &outcome.applied, on_breach, actor, site, (session, &stop)).await);
    }
    report.migrations = applied(&outcome.applied, site, &progress);
    if !outcome.applied.is_empty() {
        report.outcome = Outcome::Applied;
        report.next = next(args.phase.into(), overview);
    }
    hold(args, &outcome.held, report);
    match outcome.end {
        End::Complete => {}
        End::Interrupted => {
            report.outcome = Outcome::Interrupted;
            report.exit_code = Exit::Temporary.code();
            report.notes.push("stopped at a safe point; the same command goes on there".to_owned());
            report.next = vec![format!("migrate apply --phase {}", Phase::from(args.phase))];
        }
        // Trying again does not help: it is cancelled until somebody says otherwise.
        End::Cancelled { node, by, reason } => {
            report.outcome = Outcome::Interrupted;
            report.exit_code = Exit::Failure.code();
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            report.notes.push(format!("{node} was cancelled by {by}{reason}; what is done stays done"));
            report.next = vec![format!("migrate backfill resume {}", node.migration)];
        }
    }
    Ok(())
}

fn options(args: &Args, site: &Site) -> Options {
    let project = &site.project;
    let holder = Holder {
        actor: actor(args.actor.as_deref()),
        pid: std::process::id(),
        purpose: format!("apply --phase {}", Phase::from(args.phase)),
    };
    let mut options = Options::new(holder);
    options.lock_timeout = project.lock_timeout;
    options.give_up_after = project.give_up_after;
    options.pace(&args.pace.clone().unwrap_or_default(), &site.migrations, project);
    options.lease_wait = args.wait;
    options.hand = if args.join { Hand::Join } else { Hand::Wait };
    options.workers = args.workers.or(project.cutting.workers).unwrap_or(1);
    options
}

/// A plan that may not run: its findings are the report, everything else is a failure.
fn refused(refusal: &Refusal, dialect: Dialect, mut report: Report) -> Result<Report, Failure> {
    match refusal {
        Refusal::Findings { findings: found } => {
            enter(&mut report, found.iter().cloned(), [], dialect);
            refused_by(&mut report);
            report.notes.push("nothing was run".to_owned());
            Ok(report)
        }
        Refusal::Blocked { waits_for, .. } => {
            let phase = waits_for.first().map_or(Phase::Expand, |node| node.phase);
            Err(Failure::new(Exit::Failure, refusal.to_string()).next(format!("migrate apply --phase {phase}")))
        }
        Refusal::Settled { .. } => Err(Failure::new(Exit::Failure, refusal.to_string()).next("migrate status")),
        Refusal::RunElsewhere { .. } => {
            Err(Failure::new(Exit::Usage, refusal.to_string()).next("take `runner` out of migrate.toml once `migrate` is to run them"))
        }
        Refusal::Offline => Err(Failure::new(Exit::Usage, refusal.to_string()).next("migrate apply --database-url <URL>")),
        Refusal::History { .. } => Err(Failure::new(Exit::Conflict, refusal.to_string()).next("migrate status")),
    }
}

/// `--dry-run`: what would run, with what it locks.
fn rehearsed(args: &Args, approved: &ApprovedPlan, plan: &Plan, mut report: Report) -> Report {
    let runs = |node: &NodeRef| approved.scripts().iter().any(|script| script.node() == node);
    report.migrations = planned::some(plan, |script| runs(&script.node));
    report.plan_digest = Some(plan.digest().to_string());
    hold(args, approved.held(), &mut report);
    waits(approved, &mut report);
    report.notes.push(match report.migrations.is_empty() {
        true => format!("nothing to {}", args.phase.verb()),
        false => "dry run: nothing was written".to_owned(),
    });
    report
}

/// Contracts that their gates hold, with what they wait for.
fn hold(args: &Args, held: &[Gate], report: &mut Report) {
    if held.is_empty() {
        return;
    }
    report.gates = held.iter().flat_map(planned::gate).collect();
    report.next_check_at = held.iter().filter_map(Gate::opens_at).min();
    report.outcome = Outcome::Held;
    report.next = vec!["migrate status".to_owned()];
    if !args.if_open {
        report.exit_code = Exit::Held.code();
    }
}

/// Scripts that wait for another phase.
fn waits(approved: &ApprovedPlan, report: &mut Report) {
    for (node, by) in approved.blocked() {
        let names: Vec<String> = by.iter().map(ToString::to_string).collect();
        report.notes.push(format!("{node} waits for {}", names.join(" and ")));
        if let Some(first) = by.first() {
            let command = format!("migrate apply --phase {}", first.phase);
            if !report.next.contains(&command) {
                report.next.push(command);
            }
        }
    }
}

fn applied(nodes: &[NodeRef], site: &Site, progress: &Progress) -> Vec<MigrationView> {
    let file = |node: &NodeRef| site.migrations.script(node).map(|script| script.path.to_string()).unwrap_or_default();
    let view = |node: &NodeRef| {
        let mut view = planned::bare(node, PhaseState::Done, file(node));
        if let (Some(rows), Some(phase)) = (progress.rows(node), view.phases.first_mut()) {
            phase.progress = Some(Box::new(ProgressView { steps_done: 1, steps: None, rows: Some(rows), backfill: None }));
        }
        view
    };
    nodes.iter().map(view).collect()
}

/// What usually comes after a phase: the backfill only where there is one.
fn next(phase: Phase, plan: &Plan) -> Vec<String> {
    let has_backfill = plan.scripts.iter().any(|script| script.node.phase == Phase::Backfill && !script.state.is_done());
    let command = match phase {
        Phase::Expand if has_backfill => "migrate apply --phase backfill",
        Phase::Expand | Phase::Backfill => "migrate mark deployed <service>@<release>",
        Phase::Contract => "migrate status",
    };
    vec![command.to_owned()]
}
