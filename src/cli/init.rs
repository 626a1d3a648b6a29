//! `migrate init`: writes migrate.toml and the migrations folder.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::Exit;
use super::failure::Failure;
use super::session::{Session, working_folder};
use crate::migration::project::{MIGRATIONS_FOLDER, PROJECT_FILE};
use crate::migration::{DatabaseUrl, Migrations};
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

/// Writes the project file; never over an existing one.
///
/// # Errors
/// When migrate.toml is there already or nothing can be written.
pub fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let root: PathBuf = match &session.globals.project {
        Some(folder) => folder.clone(),
        None => working_folder()?,
    };
    let file = root.join(PROJECT_FILE);
    if file.exists() {
        return Err(Failure::new(Exit::Usage, format!("{PROJECT_FILE} is there already")).next("migrate plan"));
    }
    let dialect = match (args.dialect, &session.globals.database_url) {
        (Some(dialect), _) => dialect.into(),
        (None, Some(url)) => DatabaseUrl::parse(url)?.dialect(),
        (None, None) => Dialect::Postgres,
    };
    let folder = root.join(MIGRATIONS_FOLDER);
    let refuse = |what: &str, error: std::io::Error| Failure::new(Exit::Failure, format!("cannot write {what}: {error}"));
    fs::create_dir_all(&folder).map_err(|error| refuse(MIGRATIONS_FOLDER, error))?;
    // What lies there already ran before anybody asked this tool: it is followed and not blamed.
    let existing = Migrations::read(&folder, &root, dialect)?;
    let baseline = existing.iter().last().map(|migration| migration.id.to_string());
    fs::write(&file, project_file(dialect, baseline.as_deref(), args)).map_err(|error| refuse(PROJECT_FILE, error))?;
    let mut report = Report::new(CommandName::Init);
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
    Ok(report)
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
        let args = Args { dialect: None, url_env: "SHOP_DB".to_owned(), services: vec!["api".to_owned(), "worker".to_owned()] };
        let project = Project::parse(Path::new("."), &project_file(Dialect::Sqlite, Some("1_users"), &args)).expect("it is understood");
        assert_eq!(project.dialect, Some(Dialect::Sqlite));
        assert_eq!(project.services, ["api", "worker"]);
        assert_eq!(project.baseline.map(|baseline| baseline.migration.to_string()).as_deref(), Some("1_users"));
    }
}
