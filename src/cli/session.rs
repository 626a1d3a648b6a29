//! What every command works with: the arguments given to all of them, the project, the terminal.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use super::exit::Exit;
use super::failure::Failure;
use super::globals::Globals;
use super::redact::redact;
use crate::migration::{DatabaseUrl, MigrationError, Project};
use crate::schema::Dialect;

/// One run of the command.
#[derive(Debug)]
pub struct Session {
    /// What the command line said to every command.
    pub globals: Globals,
    runtime: tokio::runtime::Runtime,
}

impl Session {
    /// Starts logging and the runtime.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn open(globals: &Globals) -> Result<Session, Failure> {
        log(globals);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::from_error(Exit::Failure, &error))?;
        Ok(Session { globals: globals.clone(), runtime })
    }

    /// Runs a command to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The project: `--project`, else found upward.
    ///
    /// # Errors
    /// When there is none or its file is wrong.
    pub fn project(&self) -> Result<Project, Failure> {
        let project = match &self.globals.project {
            Some(folder) => Project::at(folder),
            None => Project::find(&working_folder()?),
        };
        project.map_err(Failure::from)
    }

    /// The project where there is one; what is wrong with its file is told all the same.
    ///
    /// # Errors
    /// When `--project` names none, or migrate.toml is wrong.
    pub fn project_if_any(&self) -> Result<Option<Project>, Failure> {
        if self.globals.project.is_some() {
            return self.project().map(Some);
        }
        match Project::find(&working_folder()?) {
            Ok(project) => Ok(Some(project)),
            Err(MigrationError::NoProject { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The database: `--database-url`, the environment, migrate.toml; `None` when nobody names one.
    ///
    /// # Errors
    /// When it is no URL of a known database, or not of the project's dialect.
    pub fn database_url(&self, project: &Project) -> Result<Option<DatabaseUrl>, Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        let flag = self.globals.database_url.as_deref();
        let url = project.database_url(flag, variable)?;
        let is_given =
            flag.is_some() || ["MIGRATE_DATABASE_URL", "DATABASE_URL"].into_iter().filter_map(variable).any(|text| !text.is_empty());
        match url {
            Some(url) if !is_given => beside(&project.root, url).map(Some),
            url => Ok(url),
        }
    }

    /// Whether somebody watches standard error on a terminal.
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Says something on standard error, unless `--quiet`.
    pub fn say(&self, text: &str) {
        if !self.globals.quiet {
            // Nobody to tell when standard error is closed.
            let _ = writeln!(anstream::stderr(), "{}", redact(text));
        }
    }
}

/// A SQLite file that migrate.toml names lies beside migrate.toml, from wherever the command is called.
fn beside(root: &Path, url: DatabaseUrl) -> Result<DatabaseUrl, Failure> {
    let text = url.expose();
    let file = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
    let is_relative = !file.starts_with('/') && !file.starts_with(":memory:") && !file.starts_with('?');
    if url.dialect() != Dialect::Sqlite || !is_relative {
        return Ok(url);
    }
    let root = root.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    DatabaseUrl::parse(&format!("sqlite://{root}/{file}")).map_err(Failure::from)
}

/// The folder that the command was called in.
pub(super) fn working_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| Failure::from_error(Exit::Failure, &error))
}

/// Today, for allowances with a last day.
pub(super) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// `user@host`: who answers for what is written to the ledger.
pub(super) fn actor(given: Option<&str>) -> String {
    if let Some(actor) = given {
        return actor.to_owned();
    }
    let named = ["MIGRATE_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "USERNAME"];
    let user = named.into_iter().filter_map(|name| std::env::var(name).ok()).find(|user| !user.is_empty());
    match user {
        // Says where it is from already.
        Some(user) if user.contains('@') => user,
        user => format!("{}@{}", user.as_deref().unwrap_or("unknown"), gethostname::gethostname().to_string_lossy()),
    }
}

/// Writes to standard error what the libraries below log, without passwords.
fn log(globals: &Globals) {
    let level = match (globals.quiet, globals.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    // A span says how long its step or chunk took when it ends.
    let spans = if level == LevelFilter::DEBUG { FmtSpan::CLOSE } else { FmtSpan::NONE };
    let subscriber =
        tracing_subscriber::fmt().with_span_events(spans).with_max_level(level).with_ansi(false).without_time().with_writer(|| Redacting);
    // Set once per process; a second command in the same process keeps the first one's.
    let _ = subscriber.try_init();
}

/// Standard error without passwords. The formatter writes whole lines.
struct Redacting;

impl Write for Redacting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        anstream::stderr().write_all(redact(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        anstream::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(url: &str) -> String {
        let url = DatabaseUrl::parse(url).expect("a known scheme");
        beside(Path::new("/srv/50% off"), url).map(|url| url.expose().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_file_of_the_project_lies_beside_its_file() {
        assert_eq!(placed("sqlite://shop.db?mode=rwc"), "sqlite:///srv/50%25 off/shop.db?mode=rwc");
        assert_eq!(placed("sqlite:data/shop.db"), "sqlite:///srv/50%25 off/data/shop.db");
        assert_eq!(placed("sqlite:///var/shop.db"), "sqlite:///var/shop.db");
        assert_eq!(placed("sqlite::memory:"), "sqlite::memory:");
        assert_eq!(placed("postgres://db/shop"), "postgres://db/shop");
    }
}
