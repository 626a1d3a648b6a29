//! migrate.toml: where the project is and what it says about its database, services and limits.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::nearest::hint;
use super::table::{Document, Entry, Table};
use super::{Abort, Cutting, DatabaseUrl, MigrationError, MigrationId, Migrations, NamePattern, Naming, Pacing, Runner, Seen, Veto};
use crate::schema::{Dialect, Server, ServerVersion};
use crate::sql::Place;

/// The name of the project file.
pub const PROJECT_FILE: &str = "migrate.toml";

/// The folder of the migrations where migrate.toml names no other.
pub const MIGRATIONS_FOLDER: &str = "migrations";

/// A project: migrate.toml, or the defaults where a migrations/ folder stands alone.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder that holds migrate.toml (or migrations/).
    pub root: PathBuf,
    /// `dialect`; without it the database URL tells.
    pub dialect: Option<Dialect>,
    /// `server_version`: what is assumed where no database is asked.
    pub server_version: Option<ServerVersion>,
    /// `migrations`: the folder, as a path that can be opened.
    pub migrations: PathBuf,
    /// `baseline`: the last migration that was there before this tool; it and all before it are followed and not judged.
    pub baseline: Option<Baseline>,
    /// `runner`: who runs the scripts.
    pub runner: Runner,
    /// `services`: everything whose releases use this database.
    pub services: Vec<String>,
    /// `environments`: those that share this database; nobody may mark another.
    pub environments: Vec<String>,
    /// `small_tables`: tables on which a scan or a rewrite is too short to matter.
    pub small_tables: Vec<String>,
    /// `[lint] sizes`: a file that `migrate stats` wrote, as a path that can be opened.
    pub sizes: Option<PathBuf>,
    /// `[lint] small_rows` and `small_bytes`: the largest table that counts as small where its size is known.
    pub small_limit: SmallLimit,
    /// `[database]`.
    pub database: DatabaseSource,
    /// `[contract] soak`: how long nothing that is not ready must have been seen. Default 24 hours.
    pub soak: Duration,
    /// `[[contract.gate]]`: sources that must agree before any contract runs.
    pub vetoes: Vec<Veto>,
    /// `[[abort]]`: what is watched while expand and backfill run.
    pub aborts: Vec<Abort>,
    /// `[locks] timeout`: how long one attempt waits for a lock. Default 2 seconds.
    pub lock_timeout: Duration,
    /// `[locks] give_up_after`: how long all attempts together may take. Default 5 minutes.
    pub give_up_after: Duration,
    /// `[backfill]`: how fast backfills go and what they yield to.
    pub pacing: Pacing,
    /// `[backfill] chunking`, `window`, `passes` and `workers`.
    pub cutting: Cutting,
    /// `[lint] style`: the level of the lints about style, which are off without it.
    pub style: Option<Level>,
    /// `[lint.names]`.
    pub naming: Naming,
    /// `[lint.levels]`, in the order of the file.
    pub lint_levels: Vec<LintLevel>,
}

/// The largest table that is small: nobody notices a lock for as long as work on it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmallLimit {
    /// Rows at most. Default 10,000.
    pub rows: u64,
    /// Bytes at most, rows and indexes. Default 10 MB.
    pub bytes: u64,
}

impl Default for SmallLimit {
    fn default() -> SmallLimit {
        // Measured on PostgreSQL 17, one busy core: 10,000 rows of 120 bytes with three indexes are read in 13 ms, indexed in
        // 28 ms and written anew in 104 ms. The bytes keep wide rows below the two seconds that a lock is waited for.
        SmallLimit { rows: 10_000, bytes: 10_000_000 }
    }
}

/// The last migration of an older history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// Which.
    pub migration: MigrationId,
    /// Where migrate.toml says so.
    pub place: Place,
}

/// Where the database URL comes from when neither a flag nor the environment gives one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DatabaseSource {
    /// migrate.toml does not say.
    #[default]
    Unstated,
    /// `url`.
    Url(DatabaseUrl),
    /// `url_env`: this variable.
    Variable(String),
}

/// One line of `[lint.levels]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintLevel {
    /// The lint's id as written; whether it exists is checked where the lints are known.
    pub lint: String,
    /// What its findings count as.
    pub level: Level,
}

/// What a finding counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is not shown.
    Allow,
    /// It is told for what it is worth; nothing is expected of anybody.
    Notice,
    /// It is shown and does not block.
    Warn,
    /// It blocks.
    Deny,
}

impl Level {
    /// Every level, mildest first.
    pub const ALL: [Level; 4] = [Level::Allow, Level::Notice, Level::Warn, Level::Deny];

    /// The name used in migrate.toml and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Notice => "notice",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }

    /// Reads the name back.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Project {
    /// A project without a file: every default.
    pub fn bare(root: &Path) -> Project {
        Project {
            root: root.to_owned(),
            dialect: None,
            server_version: None,
            migrations: root.join(MIGRATIONS_FOLDER),
            baseline: None,
            runner: Runner::default(),
            services: Vec::new(),
            environments: Vec::new(),
            small_tables: Vec::new(),
            sizes: None,
            small_limit: SmallLimit::default(),
            database: DatabaseSource::Unstated,
            // A day covers daily jobs and a roll-out that is noticed the next morning.
            soak: Duration::from_hours(24),
            vetoes: Vec::new(),
            aborts: Vec::new(),
            // A blocked DDL blocks everything behind it: two seconds is what a request can wait.
            lock_timeout: Duration::from_secs(2),
            // A deploy job rather fails than waits longer than this for one lock.
            give_up_after: Duration::from_mins(5),
            pacing: Pacing::default(),
            cutting: Cutting::default(),
            style: None,
            naming: Naming::default(),
            lint_levels: Vec::new(),
        }
    }

    /// Finds the project upward from `start`: the nearest migrate.toml, else the nearest migrations/ folder.
    ///
    /// # Errors
    /// `NoProject`, or what is wrong with the file.
    pub fn find(start: &Path) -> Result<Project, MigrationError> {
        // Canonical, so that `..` and links do not end the walk early.
        let start = std::fs::canonicalize(start).map_err(|source| MigrationError::Io { path: start.to_owned(), source })?;
        if let Some(root) = start.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file()) {
            return Project::at(root);
        }
        let root = start.ancestors().find(|folder| folder.join(MIGRATIONS_FOLDER).is_dir());
        root.map(Project::bare).ok_or(MigrationError::NoProject { start })
    }

    /// The project in this very folder (`--project DIR`).
    ///
    /// # Errors
    /// `NoProject` when it holds neither migrate.toml nor migrations/, or what is wrong with the file.
    pub fn at(root: &Path) -> Result<Project, MigrationError> {
        let file = root.join(PROJECT_FILE);
        match std::fs::read_to_string(&file) {
            Ok(text) => Project::parse(root, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let has_folder = root.join(MIGRATIONS_FOLDER).is_dir();
                if has_folder { Ok(Project::bare(root)) } else { Err(MigrationError::NoProject { start: root.to_owned() }) }
            }
            Err(source) => Err(MigrationError::Io { path: file, source }),
        }
    }

    /// Reads the text of a migrate.toml that lies in `root`.
    ///
    /// # Errors
    /// `Settings` for broken TOML, unknown keys and values that are not understood, with line and column.
    pub fn parse(root: &Path, text: &str) -> Result<Project, MigrationError> {
        let mut project = Project::bare(root);
        let mut table = Document { path: PROJECT_FILE, text }.parse()?;
        project.read_server(&mut table)?;
        if let Some((folder, _)) = table.text("migrations")? {
            project.migrations = root.join(folder);
        }
        project.read_baseline(&mut table)?;
        project.read_runner(&mut table)?;
        project.services = project.read_services(&mut table)?;
        project.environments = table.texts("environments")?.unwrap_or_default().into_iter().map(|(name, _)| name).collect();
        let small = table.texts("small_tables")?.unwrap_or_default();
        project.small_tables = small.into_iter().map(|(name, _)| name).collect();
        if let Some(database) = table.table("database")? {
            project.database = read_database(database)?;
        }
        if let Some(mut contract) = table.table("contract")? {
            project.soak = contract.duration("soak")?.unwrap_or(project.soak);
            project.vetoes = Veto::read_all(&mut contract)?;
            contract.finish()?;
        }
        project.aborts = Abort::read_all(&mut table)?;
        if let Some(mut locks) = table.table("locks")? {
            project.lock_timeout = locks.duration("timeout")?.unwrap_or(project.lock_timeout);
            project.give_up_after = locks.duration("give_up_after")?.unwrap_or(project.give_up_after);
            locks.finish()?;
        }
        if let Some(mut backfill) = table.table("backfill")? {
            project.pacing = Pacing::read(&mut backfill)?;
            project.cutting = Cutting::read(&mut backfill)?;
            backfill.finish()?;
        }
        if let Some(mut lint) = table.table("lint")? {
            if let Some(levels) = lint.table("levels")? {
                project.lint_levels = read_levels(levels)?;
            }
            if let Some((word, at)) = lint.text("style")? {
                project.style = Some(read_level(lint.document(), &word, at)?);
            }
            if let Some(names) = lint.table("names")? {
                project.naming = read_naming(names)?;
            }
            project.sizes = lint.text("sizes")?.map(|(path, _)| root.join(path));
            project.small_limit.rows = lint.number("small_rows")?.unwrap_or(project.small_limit.rows);
            project.small_limit.bytes = lint.bytes("small_bytes")?.unwrap_or(project.small_limit.bytes);
            lint.finish()?;
        }
        table.finish()?;
        Ok(project)
    }

    fn read_server(&mut self, table: &mut Table<'_>) -> Result<(), MigrationError> {
        let document = table.document();
        if let Some((name, at)) = table.text("dialect")? {
            let dialect = Dialect::from_name(&name).ok_or_else(|| {
                let names = Dialect::ALL.map(Dialect::as_str);
                let message = format!("`{name}` is no dialect{}; known: {}", hint(&name, names), names.join(", "));
                document.fault(at, message)
            })?;
            self.dialect = Some(dialect);
        }
        if let Some((version, at)) = table.text("server_version")? {
            let version = version.parse().map_err(|error: crate::schema::version::VersionError| document.fault(at, error.to_string()))?;
            self.server_version = Some(version);
        }
        Ok(())
    }

    fn read_baseline(&mut self, table: &mut Table<'_>) -> Result<(), MigrationError> {
        let document = table.document();
        self.baseline =
            table.text("baseline")?.map(|(name, at)| Baseline { migration: MigrationId::new(&name), place: document.place(at.start) });
        Ok(())
    }

    fn read_runner(&mut self, table: &mut Table<'_>) -> Result<(), MigrationError> {
        let document = table.document();
        if let Some((name, at)) = table.text("runner")? {
            let names = Runner::ALL.map(Runner::as_str);
            let unknown = || document.fault(at, format!("`{name}` is no runner{}; known: {}", hint(&name, names), names.join(", ")));
            self.runner = Runner::from_name(&name).ok_or_else(unknown)?;
        }
        Ok(())
    }

    fn read_services(&self, table: &mut Table<'_>) -> Result<Vec<String>, MigrationError> {
        let document = table.document();
        let mut services: Vec<String> = Vec::new();
        for (name, at) in table.texts("services")?.unwrap_or_default() {
            if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '@') {
                return Err(document.fault(at, format!("`{name}` is no service name: it may hold neither blanks nor `@`")));
            }
            if services.contains(&name) {
                return Err(document.fault(at, format!("service `{name}` is listed twice")));
            }
            services.push(name);
        }
        Ok(services)
    }

    /// The database URL: the flag, then MIGRATE_DATABASE_URL, then DATABASE_URL, then migrate.toml.
    /// Empty values count as absent.
    ///
    /// # Errors
    /// `UrlScheme`, `UrlVariable` (migrate.toml names a variable that is not set) and `DialectMismatch`.
    pub fn database_url(
        &self,
        flag: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<DatabaseUrl>, MigrationError> {
        let filled = |text: &String| !text.is_empty();
        let given = flag
            .map(str::to_owned)
            .or_else(|| variable("MIGRATE_DATABASE_URL").filter(filled))
            .or_else(|| variable("DATABASE_URL").filter(filled));
        let url = match (given, &self.database) {
            (Some(text), _) => DatabaseUrl::parse(&text)?,
            (None, DatabaseSource::Url(url)) => url.clone(),
            (None, DatabaseSource::Variable(name)) => {
                let text = variable(name).filter(filled);
                DatabaseUrl::parse(&text.ok_or_else(|| MigrationError::UrlVariable { variable: name.clone() })?)?
            }
            (None, DatabaseSource::Unstated) => return Ok(None),
        };
        match self.dialect {
            Some(stated) if stated != url.dialect() => Err(MigrationError::DialectMismatch { stated, found: url.dialect() }),
            Some(_) | None => Ok(Some(url)),
        }
    }

    /// The server that SQL is judged for where no database is asked: migrate.toml, else the oldest supported
    /// release of the URL's dialect.
    ///
    /// # Errors
    /// `NoDialect` when neither tells.
    pub fn server(&self, url: Option<&DatabaseUrl>) -> Result<Server, MigrationError> {
        let dialect = self.dialect.or(url.map(DatabaseUrl::dialect)).ok_or(MigrationError::NoDialect)?;
        let version = self.server_version.unwrap_or(ServerVersion::oldest(dialect));
        Ok(Server { dialect, version })
    }

    /// Loads the migrations.
    ///
    /// # Errors
    /// The first file or folder that is not understood.
    pub fn load(&self, dialect: Dialect) -> Result<Migrations, MigrationError> {
        self.known(Migrations::read(&self.migrations, &self.root, dialect)?)
    }

    /// As [`Project::load`], where files that did not change since they were seen need not be read.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn load_again(&self, dialect: Dialect, seen: &mut Seen) -> Result<Migrations, MigrationError> {
        self.known(Migrations::read_again(&self.migrations, &self.root, dialect, seen)?)
    }

    /// Holds the baseline against the migrations.
    fn known(&self, migrations: Migrations) -> Result<Migrations, MigrationError> {
        if let Some(baseline) = self.baseline.as_ref().filter(|baseline| migrations.get(&baseline.migration).is_none()) {
            let ids = migrations.iter().map(|migration| migration.id.as_str());
            let name = baseline.migration.as_str();
            let message = format!("`baseline` is `{name}`, which is no migration here{}", hint(name, ids));
            return Err(MigrationError::Settings { path: PROJECT_FILE.to_owned(), place: baseline.place, message });
        }
        Ok(migrations)
    }
}

fn read_database(mut table: Table<'_>) -> Result<DatabaseSource, MigrationError> {
    let document = table.document();
    let url = table.text("url")?;
    let variable = table.text("url_env")?;
    table.finish()?;
    match (url, variable) {
        (Some(_), Some((_, at))) => Err(document.fault(at, "give either `url` or `url_env`, not both".to_owned())),
        (Some((url, at)), None) => DatabaseUrl::parse(&url).map(DatabaseSource::Url).map_err(|error| document.fault(at, error.to_string())),
        (None, Some((name, _))) => Ok(DatabaseSource::Variable(name)),
        (None, None) => Ok(DatabaseSource::Unstated),
    }
}

fn read_levels(table: Table<'_>) -> Result<Vec<LintLevel>, MigrationError> {
    let document = table.document();
    let mut entries = table.entries()?;
    entries.sort_by_key(|((_, at), _)| at.start);
    let read = |((lint, _), (word, at)): Entry| Ok(LintLevel { lint, level: read_level(document, &word, at)? });
    entries.into_iter().map(read).collect()
}

fn read_level(document: Document<'_>, word: &str, at: Range<usize>) -> Result<Level, MigrationError> {
    let unknown = || {
        document.fault(at, format!("`{word}` is no level: write allow, notice, warn or deny{}", hint(word, Level::ALL.map(Level::as_str))))
    };
    Level::from_name(word).ok_or_else(unknown)
}

fn read_naming(mut table: Table<'_>) -> Result<Naming, MigrationError> {
    let document = table.document();
    let mut naming = Naming::default();
    for (key, pattern) in [
        ("tables", &mut naming.tables),
        ("columns", &mut naming.columns),
        ("indexes", &mut naming.indexes),
        ("constraints", &mut naming.constraints),
    ] {
        if let Some((text, at)) = table.text(key)? {
            let unknown = || {
                document.fault(
                    at,
                    format!("`{text}` is no pattern: write snake_case, camelCase, PascalCase, or one with a star such as `idx_*`"),
                )
            };
            *pattern = NamePattern::parse(&text).ok_or_else(unknown)?;
        }
    }
    table.finish()?;
    Ok(naming)
}

#[cfg(test)]
mod tests;
