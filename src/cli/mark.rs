//! `migrate mark`: records what the deploy did, with the manifest of the checkout.

use jiff::Timestamp;

use super::exit::Exit;
use super::failure::Failure;
use super::session::{Session, actor};
use super::site::connect;
use crate::backend::{AnyBackend, Backend, Marked};
use crate::ledger::{Marker, MarkerKind, Marking, Misplaced, Release, judge};
use crate::migration::nearest::hint;
use crate::migration::{Manifest, MigrationId, Migrations, Project};
use crate::report::{CommandName, Outcome, Report};
use crate::schema::Dialect;

/// Arguments of `migrate mark`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What happened
    #[arg(value_enum)]
    pub kind: KindArg,

    /// To which release: api@2.3.0
    #[arg(value_name = "SERVICE@RELEASE", value_parser = release)]
    pub release: Release,

    /// The release is ready for this migration's contract although its checkout does not hold it (another repository)
    #[arg(long, value_name = "MIGRATION")]
    pub ready_for: Vec<String>,

    /// The environment [default: $MIGRATE_ENVIRONMENT]; several in one database are listed in migrate.toml
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,

    /// A number that grows with each build, such as that of the pipeline, for releases whose names do not tell which is later
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(..=LARGEST_ORDER))]
    pub order: Option<u64>,

    /// The commit it was built from [default: $GITHUB_SHA, $CI_COMMIT_SHA]
    #[arg(long, value_name = "HASH")]
    pub commit: Option<String>,

    /// A link to the deploy [default: the CI job]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,

    /// Who says so (default: $MIGRATE_ACTOR, the CI user, user and host)
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
}

/// What every database holds in a number.
const LARGEST_ORDER: u64 = i64::MAX as u64;

/// What a marker says, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum KindArg {
    /// The roll-out began: this release and its predecessor are both live.
    Started,
    /// The roll-out ended: this release alone is live.
    Deployed,
    /// It was taken back: its predecessor is live again.
    RolledBack,
    /// Nothing of it runs any more and nothing took its place.
    Retired,
}

impl From<KindArg> for MarkerKind {
    fn from(argument: KindArg) -> MarkerKind {
        match argument {
            KindArg::Started => MarkerKind::Started,
            KindArg::Deployed => MarkerKind::Deployed,
            KindArg::RolledBack => MarkerKind::RolledBack,
            KindArg::Retired => MarkerKind::Retired,
        }
    }
}

fn release(text: &str) -> Result<Release, String> {
    match text.split_once('@') {
        Some((service, version)) if !service.trim().is_empty() && !version.trim().is_empty() => {
            Ok(Release { service: service.to_owned(), version: version.to_owned() })
        }
        Some(_) | None => Err("write service@release, such as api@2.3.0".to_owned()),
    }
}

/// Writes the marker.
///
/// # Errors
/// When the service is not declared, a migration is not known or the database cannot be written.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let project = session.project_if_any()?;
    // A service in another repository has no project: its deploy marks by URL alone.
    let project = match project {
        Some(project) => project,
        None => Project::bare(&super::session::working_folder()?),
    };
    let url = session.database_url(&project)?;
    declared(&project, &args.release)?;
    let dialect = project.server(url.as_ref()).map(|server| server.dialect).unwrap_or(Dialect::Postgres);
    let migrations = project.migrations.is_dir().then(|| project.load(dialect)).transpose()?;
    let mut backend = connect(url.as_ref()).await?;
    let marker = Marker {
        release: args.release.clone(),
        kind: args.kind.into(),
        manifest: manifest(args.kind, migrations.as_ref()),
        ready_for: ready_for(args, migrations.as_ref())?,
        actor: actor(args.actor.as_deref()),
        // The database's clock counts; the backend writes that.
        at: Timestamp::now(),
        commit: args.commit.clone().or_else(|| variable(&["GITHUB_SHA", "CI_COMMIT_SHA"])),
        url: args.url.clone().or_else(job),
        environment: args.environment.clone().or_else(|| variable(&["MIGRATE_ENVIRONMENT"])).filter(|name| !name.trim().is_empty()),
        order: args.order,
    };
    let marking = write(&mut backend, &marker, &project.environments).await;
    backend.close().await;
    Ok(report(&marker, &marking?))
}

/// How often a marker is judged anew because somebody else wrote one meanwhile.
const ATTEMPTS: u32 = 20;

/// Writes a marker unless the last one says the same; what it is judged by still holds at the moment of writing.
async fn write(backend: &mut AnyBackend, marker: &Marker, environments: &[String]) -> Result<Marking, Failure> {
    for _ in 0..ATTEMPTS {
        let ledger = backend.ledger().await?;
        let marking = judge(&ledger, marker, environments);
        if let Marking::Misplaced(misplaced) = &marking {
            return Err(refused(misplaced, marker));
        }
        if marking == Marking::Known || backend.mark(marker, ledger.last_marker).await? == Marked::Written {
            return Ok(marking);
        }
    }
    let message = format!("{ATTEMPTS} others wrote markers at the same moment");
    Err(Failure::new(Exit::Temporary, message).next(format!("migrate mark {} {}", word(marker.kind), marker.release)))
}

fn refused(misplaced: &Misplaced, marker: &Marker) -> Failure {
    let command = format!("migrate mark {} {}", word(marker.kind), marker.release);
    let named = |names: &[String]| format!("{command} --environment {}", names.first().map_or("<name>", String::as_str));
    let next = match misplaced {
        Misplaced::Unnamed { named: names } => named(names),
        Misplaced::Undeclared { declared, .. } => named(declared),
        Misplaced::Second { environment, named } => {
            let all: Vec<String> = named.iter().chain([environment]).map(|name| format!("\"{name}\"")).collect();
            format!("if they share it, list them in migrate.toml: environments = [{}]", all.join(", "))
        }
    };
    Failure::new(Exit::Usage, misplaced.to_string()).next(next)
}

/// The word on the command line.
fn word(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Started => "started",
        MarkerKind::Deployed => "deployed",
        MarkerKind::RolledBack => "rolled-back",
        MarkerKind::Retired => "retired",
    }
}

/// Records a marker that somebody else made.
///
/// # Errors
/// When the service is not declared, a migration is not known or the database cannot be written.
#[cfg(feature = "serve")]
pub(super) async fn record(site: &super::site::Site, marker: Marker) -> Result<Report, Failure> {
    declared(&site.project, &marker.release)?;
    for id in &marker.ready_for {
        if site.migrations.get(id).is_none() {
            return Err(Failure::new(Exit::Usage, format!("there is no migration `{id}`")).next("migrate status"));
        }
    }
    let mut backend = site.connect().await?;
    let marking = write(&mut backend, &marker, &site.project.environments).await;
    backend.close().await;
    Ok(report(&marker, &marking?))
}

fn report(marker: &Marker, marking: &Marking) -> Report {
    let mut report = Report::new(CommandName::Mark);
    if *marking == Marking::Known {
        report.notes.push(format!("{} is marked as {} already", marker.release, happened(marker.kind)));
    } else {
        report.outcome = Outcome::Applied;
        report.notes.push(told(marker));
    }
    if marker.kind == MarkerKind::Deployed {
        report.next.push("migrate apply --phase contract --if-open".to_owned());
    }
    report
}

/// A service that migrate.toml does not declare would never open a gate: most likely a slip.
fn declared(project: &Project, release: &Release) -> Result<(), Failure> {
    if project.services.is_empty() || project.services.contains(&release.service) {
        return Ok(());
    }
    let services = project.services.iter().map(String::as_str);
    let message = format!("service `{}` is not among the services of migrate.toml{}", release.service, hint(&release.service, services));
    Err(Failure::new(Exit::Usage, message).next("migrate status"))
}

/// What the release was built from. Releases that end need none.
fn manifest(kind: KindArg, migrations: Option<&Migrations>) -> Option<Manifest> {
    match kind {
        KindArg::Started | KindArg::Deployed => migrations.map(Migrations::manifest),
        KindArg::RolledBack | KindArg::Retired => None,
    }
}

fn ready_for(args: &Args, migrations: Option<&Migrations>) -> Result<Vec<MigrationId>, Failure> {
    let resolve = |text: &String| match migrations {
        Some(migrations) => {
            migrations.resolve(text).map(|migration| migration.id.clone()).map_err(|reason| Failure::new(Exit::Usage, reason))
        }
        None => Ok(MigrationId::new(text)),
    };
    args.ready_for.iter().map(resolve).collect()
}

/// The kind in a sentence.
fn happened(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Started => "started",
        MarkerKind::Deployed => "deployed",
        MarkerKind::RolledBack => "rolled back",
        MarkerKind::Retired => "retired",
    }
}

fn told(marker: &Marker) -> String {
    let what = happened(marker.kind);
    let place = marker.environment.as_ref().map(|environment| format!(" in {environment}")).unwrap_or_default();
    let built = marker.manifest.as_ref().map(|manifest| match manifest.scripts.len() {
        1 => ", built with 1 script".to_owned(),
        scripts => format!(", built with {scripts} scripts"),
    });
    format!("marked {} as {what}{place}{}", marker.release, built.unwrap_or_default())
}

fn variable(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty())
}

/// The page of the CI job that runs this.
fn job() -> Option<String> {
    if let Some(url) = variable(&["CI_JOB_URL", "BUILD_URL"]) {
        return Some(url);
    }
    let (server, repository, run) = (variable(&["GITHUB_SERVER_URL"])?, variable(&["GITHUB_REPOSITORY"])?, variable(&["GITHUB_RUN_ID"])?);
    Some(format!("{server}/{repository}/actions/runs/{run}"))
}
