//! `migrate init`: writes migrate.toml and the migrations folder, and files that roll a service out.

mod deploy;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
pub use deploy::Target;
use deploy::{Existing, Home, Service};

use super::exit::Exit;
use super::failure::Failure;
use super::session::{Session, working_folder};
use crate::migration::project::{MIGRATIONS_FOLDER, PROJECT_FILE};
use crate::migration::{DatabaseUrl, Migrations, Project};
use crate::report::{CommandName, Outcome, Report};
use crate::schema::Dialect;

/// Arguments of `migrate init`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The database [default: as the database URL says, else postgres]
    #[arg(long, value_enum)]
    pub dialect: Option<DialectArg>,

    /// The environment variable that will hold the database URL
    #[arg(long, value_name = "NAME", default_value = "DATABASE_URL")]
    pub url_env: String,

    /// A service whose releases use this database; repeat for each
    #[arg(long = "service", value_name = "NAME")]
    pub services: Vec<String>,

    /// Write files that roll a service out this way; repeat for more
    #[arg(long, value_name = "WAY", value_enum)]
    pub deploy: Vec<Target>,

    /// The image of the service, without a tag [default: registry.example.com/SERVICE]
    #[arg(long, value_name = "REPOSITORY", requires = "deploy")]
    pub image: Option<String>,

    /// Write over files of `--deploy` that are there with other content
    #[arg(long, requires = "deploy")]
    pub force: bool,
}

/// A database, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DialectArg {
    /// PostgreSQL 14 and later.
    Postgres,
    /// SQLite 3.35 and later.
    Sqlite,
    /// MySQL 8 and MariaDB: judged, not yet run.
    Mysql,
}

impl From<DialectArg> for Dialect {
    fn from(argument: DialectArg) -> Dialect {
        match argument {
            DialectArg::Postgres => Dialect::Postgres,
            DialectArg::Sqlite => Dialect::Sqlite,
            DialectArg::Mysql => Dialect::Mysql,
        }
    }
}

/// Writes the project file, never over an existing one, and what `--deploy` asks for.
///
/// # Errors
/// When migrate.toml is there already and nothing else is asked for, or nothing can be written.
pub fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let root: PathBuf = match &session.globals.project {
        Some(folder) => folder.clone(),
        None => working_folder()?,
    };
    let mut report = Report::new(CommandName::Init);
    if args.deploy.is_empty() {
        if root.join(PROJECT_FILE).exists() {
            return Err(Failure::new(Exit::Usage, format!("{PROJECT_FILE} is there already")).next("migrate plan"));
        }
        begin(&root, args, session, &mut report)?;
        return Ok(report);
    }
    // The project may be there, above the working folder, or still to come.
    let project = if root.join(PROJECT_FILE).exists() { Some(session.project()?) } else { session.project_if_any()? };
    let project = project.filter(|project| project.root.join(PROJECT_FILE).exists());
    let service = service(args, project.as_ref())?;
    let ways: Vec<&str> = args.deploy.iter().map(|target| target.as_str()).collect();
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let image = args.image.as_ref().map_or_else(String::new, |image| format!(" --image {image}"));
    let again = format!("migrate init --deploy {}{image} --service {} --force", ways.join(" --deploy "), service.name);
    let root = project.as_ref().map_or(root, |project| project.root.clone());
    let home = Home::of(&root);
    let mut files = deploy::Files::new();
    for target in &args.deploy {
        files.extend(target.files(&service, &home));
    }
    let written = deploy::write(&root, &files, existing, &again)?;
    if project.is_none() {
        begin(&root, args, session, &mut report)?;
        report.next.clear();
    }
    report.outcome = if written.is_empty() && project.is_some() { Outcome::Nothing } else { Outcome::Applied };
    report.notes.push(match written.len() {
        0 => format!("the files for {} are there as they should be", ways.join(", ")),
        number => format!("wrote {number} files for {}: they are yours to change", ways.join(", ")),
    });
    report.files.extend(written);
    report.next.extend(args.deploy.iter().flat_map(|target| target.next(&service)));
    let mut seen = Vec::new();
    report.next.retain(|command| {
        !seen.contains(command) && {
            seen.push(command.clone());
            true
        }
    });
    Ok(report)
}

/// The service that is rolled out: as named, else the only one there is.
fn service(args: &Args, project: Option<&Project>) -> Result<Service, Failure> {
    let ways: Vec<&str> = args.deploy.iter().map(|target| target.as_str()).collect();
    let command = |service: &str| format!("migrate init --deploy {} --service {service}", ways.join(" --deploy "));
    let declared = project.map(|project| project.services.as_slice()).unwrap_or_default();
    let named = if args.services.is_empty() { declared } else { &args.services };
    match named {
        [one] => {
            if !declared.is_empty() && !declared.contains(one) {
                let message = format!("service `{one}` is not among the services of {PROJECT_FILE}");
                return Err(Failure::new(Exit::Usage, message).next(command(&declared[0])));
            }
            Service::new(one, args.image.as_deref())
        }
        [] => Err(Failure::new(Exit::Usage, "which service is rolled out?").next(command("api"))),
        [first, ..] => {
            let message = format!("the files are those of one service: name one of {}", named.join(", "));
            Err(Failure::new(Exit::Usage, message).next(command(first)))
        }
    }
}

/// A project where there was none.
fn begin(root: &Path, args: &Args, session: &Session, report: &mut Report) -> Result<(), Failure> {
    let dialect = match (args.dialect, &session.globals.database_url) {
        (Some(dialect), _) => dialect.into(),
        (None, Some(url)) => DatabaseUrl::parse(url)?.dialect(),
        (None, None) => Dialect::Postgres,
    };
    let folder = root.join(MIGRATIONS_FOLDER);
    let refuse = |what: &str, error: std::io::Error| Failure::new(Exit::Failure, format!("cannot write {what}: {error}"));
    fs::create_dir_all(&folder).map_err(|error| refuse(MIGRATIONS_FOLDER, error))?;
    // What lies there already ran before anybody asked this tool: it is followed and not blamed.
    let existing = Migrations::read(&folder, root, dialect)?;
    let baseline = existing.iter().last().map(|migration| migration.id.to_string());
    fs::write(root.join(PROJECT_FILE), project_file(dialect, baseline.as_deref(), args)).map_err(|error| refuse(PROJECT_FILE, error))?;
    report.outcome = Outcome::Applied;
    report.files = vec![PROJECT_FILE.to_owned(), format!("{MIGRATIONS_FOLDER}/")];
    report.notes.push("wrote a project".to_owned());
    if let Some(last) = &baseline {
        let number = existing.len();
        let told = if number == 1 { "the migration that is".to_owned() } else { format!("the {number} migrations that are") };
        report.notes.push(format!("{told} there already, up to {last}, are the baseline: followed, not judged"));
        report.next.push("migrate plan".to_owned());
    }
    report.next.push("migrate new <what-it-is-about>".to_owned());
    Ok(())
}

fn project_file(dialect: Dialect, baseline: Option<&str>, args: &Args) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let services: Vec<String> = args.services.iter().map(|service| quoted(service)).collect();
    let mut text = format!("dialect = {}\n", quoted(dialect.as_str()));
    // Writing into a String cannot fail.
    let _ = writeln!(text, "migrations = {}", quoted(MIGRATIONS_FOLDER));
    if let Some(last) = baseline {
        let _ = writeln!(text, "# Up to here the history is older than this tool: it is replayed and not judged.");
        let _ = writeln!(text, "baseline = {}", quoted(last));
    }
    let _ = writeln!(text, "# Everything whose releases use this database: a contract needs evidence from each.");
    let _ = writeln!(text, "services = [{}]", services.join(", "));
    let _ = writeln!(text, "\n[database]\nurl_env = {}", quoted(&args.url_env));
    let _ =
        writeln!(text, "\n[contract]\n# How long nothing that is not ready must have been seen before a contract runs.\nsoak = \"24h\"");
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::migration::Project;

    #[test]
    fn the_file_it_writes_is_one_it_reads() {
        let args = Args {
            dialect: None,
            url_env: "SHOP_DB".to_owned(),
            services: vec!["api".to_owned(), "worker".to_owned()],
            deploy: Vec::new(),
            image: None,
            force: false,
        };
        let project = Project::parse(Path::new("."), &project_file(Dialect::Sqlite, Some("1_users"), &args)).expect("it is understood");
        assert_eq!(project.dialect, Some(Dialect::Sqlite));
        assert_eq!(project.services, ["api", "worker"]);
        assert_eq!(project.baseline.map(|baseline| baseline.migration.to_string()).as_deref(), Some("1_users"));
    }
}
