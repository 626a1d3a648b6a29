//! `migrate releases`: who is live, since when, and ready for which contracts.

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::site::{Site, ledger};
use crate::backend::Backend;
use crate::ledger::Ledger;
use crate::migration::nearest::hint;
use crate::report::fleet::{instances, releases_for};
use crate::report::{CommandName, Report};
use crate::schema::Phase;

/// Arguments of `migrate releases`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Those of this service alone
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// Those that are live alone
    #[arg(long)]
    pub live: bool,
}

/// Reads the markers and holds each release to the contracts that are left.
///
/// # Errors
/// When the project cannot be read or the database cannot be asked.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let site = Site::find(session)?;
    let mut backend = site.connect().await?;
    let ledger = ledger(&mut backend).await?;
    if let Some(service) = &args.service {
        known(service, &site, &ledger)?;
    }
    let plan = site.plan_for(&mut backend, &ledger, site.sizes(None)?).await?;
    backend.close().await;
    let mut report = Report::new(CommandName::Releases);
    report.now = Some(ledger.now);
    let is_left = |id: &crate::migration::MigrationId| ledger.script(id, Phase::Contract).is_none_or(|record| record.finished_at.is_none());
    let gates: Vec<_> = plan.gates().filter(|spec| is_left(&spec.migration)).collect();
    report.releases = releases_for(&ledger, gates.iter().copied());
    report.instances = instances(&ledger);
    report
        .releases
        .retain(|release| args.service.as_ref().is_none_or(|service| &release.service == service) && (!args.live || release.live));
    report
        .instances
        .retain(|instance| args.service.as_ref().is_none_or(|service| &instance.service == service) && (!args.live || instance.live));
    let marked = |service: &String| ledger.markers.iter().any(|marker| &marker.release.service == service);
    let asked = |service: &&String| args.service.as_ref().is_none_or(|asked| asked == *service);
    for service in site.project.services.iter().filter(asked).filter(|service| !marked(service)) {
        report.notes.push(format!("service {service} has no marker, so nobody knows what runs"));
        report.next.push(format!("migrate mark deployed {service}@<release>"));
    }
    if ledger.markers.is_empty() && report.notes.is_empty() {
        report.notes.push("no release was marked".to_owned());
        report.next.push("migrate mark deployed <service>@<release>".to_owned());
    }
    Ok(report)
}

/// A slip in the name of a service would look as if nothing of it were live.
fn known(service: &str, site: &Site, ledger: &Ledger) -> Result<(), Failure> {
    let marked = ledger.markers.iter().map(|marker| marker.release.service.as_str());
    let running = ledger.instances.iter().map(|instance| instance.release.service.as_str());
    let mut names: Vec<&str> = site.project.services.iter().map(String::as_str).chain(marked).chain(running).collect();
    names.sort_unstable();
    names.dedup();
    if names.contains(&service) {
        return Ok(());
    }
    let suggestion = hint(service, names.iter().copied());
    let among = match names.is_empty() {
        true => "there is none: list them in migrate.toml, services = [\"api\"]".to_owned(),
        false => format!("known are {}", names.join(", ")),
    };
    let message = format!("service `{service}` is neither declared in migrate.toml nor marked{suggestion}; {among}");
    Err(Failure::new(Exit::Usage, message).next("migrate releases"))
}
