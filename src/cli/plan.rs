//! `migrate plan`: the check for pull requests. Never writes.

use std::path::PathBuf;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Reports;
use super::session::Session;
use super::site::{Site, ledger};
use super::{base, cutting, gates, speeds};
use super::{lead_to_fix, refused_by};
use crate::backend::Backend;
use crate::evidence::Programs;
use crate::ledger::{Holder, Ledger};
use crate::lint::Allowed;
use crate::migration::{MigrationId, Pacing};
use crate::plan::{Known, Plan};
use crate::report::forecast;
use crate::report::found::enter;
use crate::report::planned;
use crate::report::{CommandName, Report};
use crate::run::Options;

/// Arguments of `migrate plan`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Judge only what is new since this branch left REF (origin/main); asks no database
    #[arg(long, value_name = "REF", conflicts_with = "exit_code")]
    pub base: Option<String>,

    /// Ask no database, even where one is named
    #[arg(long)]
    pub offline: bool,

    /// How large tables are: a file that `migrate stats` wrote [default: migrate.toml]
    #[arg(long, value_name = "FILE")]
    pub sizes: Option<PathBuf>,

    /// Exit with 4 when something is pending
    #[arg(long)]
    pub exit_code: bool,

    /// Further files.
    #[command(flatten)]
    pub reports: Reports,
}

/// Makes the plan and judges it.
///
/// # Errors
/// When the project cannot be read, the database cannot be asked, or the history conflicts.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let site = Site::find_offline(session)?;
    let sizes = site.sizes(args.sizes.as_deref())?;
    let mut report = Report::new(CommandName::Plan);
    report.folder = site.project.root.to_string_lossy().into_owned();
    if args.base.is_some() || args.offline || site.url.is_none() {
        let manifest =
            args.base.as_ref().map(|reference| base::manifest(&site.project, reference, site.server.dialect, &site.cache)).transpose()?;
        let known = manifest.as_ref().map_or(Known::Nothing, Known::Base);
        let plan = site.plan(site.server, known, &sizes)?;
        fill(&mut report, plan);
        foretell(&mut report, None, &site);
        report.notes.push(format!("judged for {} {} without asking a database", site.server.dialect, site.server.version));
    } else {
        let mut backend = site.connect().await?;
        let ledger = ledger(&mut backend).await?;
        report.now = Some(ledger.now);
        let plan = site.plan_for(&mut backend, &ledger, sizes).await?;
        if let Some(failure) = site.conflict(&mut backend, &plan.history).await {
            return Err(failure);
        }
        let plan = gates::judged(plan, &ledger, &mut backend, Programs::Skip).await?;
        let plan = speeds::told(plan, &ledger, &mut backend).await;
        let cut = cutting::told(&plan, &mut backend).await?;
        fill(&mut report, plan);
        report.notes.extend(cut);
        foretell(&mut report, Some(&ledger), &site);
        backend.close().await;
    }
    report.notes.extend(site.left_out());
    refused_by(&mut report);
    lead_to_fix(&mut report, |finding| finding.migration.as_deref().unwrap_or_default().to_owned());
    if args.exit_code && report.exit_code == 0 && is_pending(&report) {
        report.exit_code = Exit::Pending.code();
    }
    Ok(report)
}

/// The plan gives way to the report script by script: a long one is not held twice.
fn fill(report: &mut Report, mut plan: Plan) {
    report.migrations = planned::open(&plan);
    report.plan_digest = Some(plan.digest().to_string());
    report.gates = planned::held(&plan);
    report.next_check_at = planned::next_check(&plan);
    let allowed: Vec<Allowed> = plan.scripts.iter_mut().flat_map(|script| std::mem::take(&mut script.allowed)).collect();
    // Room for all at once: growing would take twice of it.
    report.findings.reserve_exact(plan.scripts.iter().map(|script| script.findings.len()).sum::<usize>() + plan.findings.len());
    let found = plan.scripts.into_iter().flat_map(|script| script.findings.iter().collect::<Vec<_>>()).chain(plan.findings);
    enter(report, found, allowed, plan.server.dialect);
    if report.migrations.is_empty() {
        report.notes.push("nothing is pending".to_owned());
    }
}

/// Says what pending backfills are expected to take at the pace that the project states.
fn foretell(report: &mut Report, ledger: Option<&Ledger>, site: &Site) {
    let dialect = site.server.dialect;
    let mut options = Options::new(Holder { actor: String::new(), pid: 0, purpose: String::new() });
    options.pace(&Pacing::default(), &site.migrations, &site.project);
    forecast::enter(report, ledger, dialect, |id| options.pacing_for(&MigrationId::new(id)).numbers(dialect));
}

/// Whether something could be applied now.
pub(super) fn is_pending(report: &Report) -> bool {
    use crate::report::view::PhaseState;
    let phases = report.migrations.iter().flat_map(|migration| &migration.phases);
    phases
        .into_iter()
        .any(|phase| matches!(phase.state, PhaseState::Pending | PhaseState::Running | PhaseState::Blocked | PhaseState::Unknown))
}
