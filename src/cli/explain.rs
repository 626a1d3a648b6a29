//! `migrate explain`: prints the page of a lint, or the state and gate of one migration.

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::site::Site;
use super::status;
use crate::lint::{ALL, rule, similar};
use crate::migration::MigrationError;
use crate::report::view::PhaseState;
use crate::report::{CommandName, Report, planned};

/// Arguments of `migrate explain`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The id of a lint, the name of a migration, or `lints` for a list of all lints
    #[arg(value_name = "LINT|MIGRATION")]
    pub what: String,
}

/// The page of what is asked for.
///
/// # Errors
/// When nothing has that name, or the database cannot be asked for a migration.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    if args.what == "lints" {
        let line = |rule: &&crate::lint::Rule| format!("{:<34} {}\n", rule.id.as_str(), rule.summary().replace('\n', " "));
        return Ok(page(ALL.iter().map(line).collect()));
    }
    if let Some(rule) = rule(&args.what) {
        return Ok(page(rule.doc.to_owned()));
    }
    match Site::find(session) {
        Ok(site) => match site.migrations.resolve(&args.what) {
            Ok(migration) => of_migration(&site, &migration.id.clone()).await,
            Err(reason) => Err(unknown(args, Some(reason))),
        },
        Err(failure) if failure.exit == Exit::Usage && session.project_if_any().is_ok_and(|project| project.is_none()) => {
            Err(unknown(args, None))
        }
        Err(failure) => Err(failure),
    }
}

fn page(text: String) -> Report {
    let mut report = Report::new(CommandName::Explain);
    report.page = Some(text);
    report
}

fn unknown(args: &Args, reason: Option<String>) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("there is neither a lint nor a migration `{}`", args.what));
    let mut failure = match similar(&args.what) {
        Some(lint) => failure.next(format!("migrate explain {lint}")),
        None => failure.next("migrate explain lints"),
    };
    failure.causes.extend(reason);
    failure
}

/// State and gate of a migration; without a database, its files.
async fn of_migration(site: &Site, id: &crate::migration::MigrationId) -> Result<Report, Failure> {
    if site.url.is_some() {
        let mut report = status::survey(site, Some(id)).await?;
        report.command = CommandName::Explain;
        report.releases.clear();
        report.instances.clear();
        return Ok(report);
    }
    let mut report = Report::new(CommandName::Explain);
    let migration = site.migrations.get(id).ok_or_else(|| Failure::from(MigrationError::NoProject { start: site.project.root.clone() }))?;
    for script in &migration.scripts {
        let node = crate::migration::NodeRef::new(id, script.phase);
        let view = planned::bare(&node, PhaseState::Unknown, script.path.to_string());
        match report.migrations.first_mut() {
            Some(first) => first.phases.extend(view.phases),
            None => report.migrations.push(view),
        }
    }
    report.notes.push("no database is named, so what is applied is not known".to_owned());
    Ok(report)
}
