//! `migrate status`: what is applied, running and held, and which releases are live.

use super::exit::Exit;
use super::failure::Failure;
use super::gates;
use super::plan::is_pending;
use super::session::Session;
use super::site::{Site, ledger};
use crate::backend::Backend;
use crate::evidence::Programs;
use crate::ledger::{Ledger, PoisonRecord, ScriptStatus};
use crate::migration::MigrationId;
use crate::plan::{Plan, ScriptState};
use crate::report::fleet::{instances, releases};
use crate::report::planned;
use crate::report::steered;
use crate::report::view::{PhaseState, PhaseView, RowsView};
use crate::report::{CommandName, Outcome, Report};

/// Arguments of `migrate status`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Exit with 4 when something is pending; a contract that its gate holds is not
    #[arg(long)]
    pub exit_code: bool,
}

/// Reads the ledger and judges the gates.
///
/// # Errors
/// When the project cannot be read or the database cannot be asked.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let mut report = survey(&Site::find(session)?, None).await?;
    if args.exit_code && report.exit_code == 0 && is_pending(&report) {
        report.exit_code = Exit::Pending.code();
    }
    Ok(report)
}

/// The state of all migrations, or of one.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn survey(site: &Site, only: Option<&MigrationId>) -> Result<Report, Failure> {
    let mut backend = site.connect().await?;
    let ledger = ledger(&mut backend).await?;
    let plan = site.plan_for(&mut backend, &ledger, site.sizes(None)?).await?;
    let plan = gates::judged(plan, &ledger, &mut backend, Programs::Run).await?;
    let mut report = told(site, &plan, &ledger, only);
    if let Some(failure) = site.conflict(&mut backend, &plan.history).await {
        report.outcome = Outcome::Refused;
        failure.enter(&mut report);
    } else {
        report.next = next(&plan);
    }
    backend.close().await;
    Ok(report)
}

/// What a plan and the ledger that it was made from tell, but for their disagreements.
pub(super) fn told(site: &Site, plan: &Plan, ledger: &Ledger, only: Option<&MigrationId>) -> Report {
    let mut report = Report::new(CommandName::Status);
    report.now = Some(ledger.now);
    let wanted = |id: &MigrationId| only.is_none_or(|only| only == id);
    report.migrations = planned::some(plan, |script| wanted(&script.node.migration));
    for migration in &mut report.migrations {
        for phase in &mut migration.phases {
            phase.statements.clear();
            recorded(&migration.id, phase, ledger);
        }
    }
    report.migrations.sort_by_key(|migration| site.migrations.position(&MigrationId::new(&migration.id)));
    report.gates = planned::held(plan).into_iter().filter(|gate| only.is_none_or(|only| only.as_str() == gate.migration)).collect();
    report.next_check_at = planned::next_check(plan);
    report.releases = releases(ledger);
    report.instances = instances(ledger);
    if let Some(lease) = &ledger.lease {
        report.notes.push(format!("a run is at work since {}: {}", lease.since.strftime("%H:%M:%S UTC"), lease.holder));
    }
    report.notes.extend(refusing(ledger));
    if report.migrations.is_empty() {
        report.notes.push("there are no migrations".to_owned());
    }
    report
}

/// Adds what the ledger recorded of a phase.
fn recorded(migration: &str, phase: &mut PhaseView, ledger: &Ledger) {
    let of_phase = |node: &crate::migration::NodeRef| node.migration.as_str() == migration && node.phase == phase.phase;
    let Some(record) = ledger.scripts.iter().rev().find(|record| of_phase(&record.node)) else { return };
    phase.started_at = Some(record.started_at);
    phase.finished_at = record.finished_at;
    phase.actor = Some(record.actor.clone());
    if record.status == ScriptStatus::RolledBack && phase.state == PhaseState::Pending {
        phase.state = PhaseState::RolledBack;
    }
    let jobs = ledger.jobs.iter().filter(|job| of_phase(&job.node));
    let rows = jobs.fold(None, |sum: Option<RowsView>, job| {
        let sum = sum.unwrap_or(RowsView { changed: 0, walked: 0, estimated: Some(0) });
        let estimated = sum.estimated.zip(job.rows_estimated).map(|(a, b)| a + b);
        Some(RowsView { changed: sum.changed + job.rows_changed, walked: sum.walked + job.rows_walked, estimated })
    });
    let node = record.node.clone();
    // A run that ended leaves a wish behind; a script that is done has nothing to be steered.
    let backfill = (record.status == ScriptStatus::Running).then(|| steered::backfill(ledger, &node, rows)).flatten();
    if let Some(progress) = &mut phase.progress {
        progress.rows = rows;
        progress.backfill = backfill;
    }
}

/// Rows that backfills could not change, each by its key.
fn refusing(ledger: &Ledger) -> Vec<String> {
    let row = |row: &PoisonRecord| format!("{}: the row with key {} refuses the change: {}", row.node, row.key, row.message);
    ledger.poison.iter().map(row).collect()
}

/// The command for the first phase in which something can run.
pub(super) fn next(plan: &Plan) -> Vec<String> {
    let can_run = |state: &ScriptState| match state {
        ScriptState::Pending | ScriptState::Running { .. } => true,
        ScriptState::Done { .. } | ScriptState::Unchanged | ScriptState::Blocked { .. } | ScriptState::Held(_) => false,
    };
    let first = plan.scripts.iter().filter(|script| can_run(&script.state)).map(|script| script.node.phase).min();
    first.map(|phase| format!("migrate apply --phase {phase}")).into_iter().collect()
}
