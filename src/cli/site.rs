//! The project with its migrations and its database, as a command finds them.

use std::path::Path;

use super::cache::{Cache, Files};
use super::exit::Exit;
use super::failure::Failure;
use super::session::{Session, today};
use crate::backend::{AnyBackend, Backend, Care};
use crate::ledger::Ledger;
use crate::migration::{DatabaseSource, DatabaseUrl, Migration, MigrationId, Migrations, Project, Seen, Stats, counted};
use crate::plan::{HistoryConflict, Known, Plan, Survey, history};
use crate::schema::size::Sizes;
use crate::schema::{Dialect, Server};

/// Where a command works.
pub(super) struct Site {
    /// migrate.toml.
    pub(super) project: Project,
    /// Its migrations, read for the database's dialect.
    pub(super) migrations: Migrations,
    /// The database, where somebody names one.
    pub(super) url: Option<DatabaseUrl>,
    /// What SQL is judged for as long as no database is asked.
    pub(super) server: Server,
    pub(super) cache: Cache,
}

impl Site {
    /// Finds the project and loads its migrations.
    ///
    /// # Errors
    /// When there is none, or a file is not understood.
    pub(super) fn find(session: &Session) -> Result<Site, Failure> {
        let project = session.project()?;
        let url = session.database_url(&project)?;
        Site::with(project, url, session)
    }

    /// As [`Site::find`], for a command that can do without a database: `url_env` may name a variable that is not set.
    ///
    /// # Errors
    /// As [`Site::find`].
    pub(super) fn find_offline(session: &Session) -> Result<Site, Failure> {
        let mut project = session.project()?;
        if matches!(&project.database, DatabaseSource::Variable(name) if std::env::var_os(name).is_none_or(|url| url.is_empty())) {
            project.database = DatabaseSource::Unstated;
        }
        let url = session.database_url(&project)?;
        Site::with(project, url, session)
    }

    fn with(project: Project, url: Option<DatabaseUrl>, session: &Session) -> Result<Site, Failure> {
        let server = project.server(url.as_ref())?;
        let cache = Cache::find(&session.globals);
        let mut seen = cache.seen(&project, server.dialect, Files::OnDisk);
        let migrations = project.load_again(server.dialect, &mut seen)?;
        cache.keep_seen(&project, server.dialect, Files::OnDisk, &seen);
        check_throttles(&project, &migrations, server.dialect)?;
        Ok(Site { project, migrations, url, server, cache })
    }

    /// What lies in the migrations folder and was not read, in a sentence for people.
    pub(super) fn left_out(&self) -> Vec<String> {
        left_out(&self.migrations)
    }

    /// Connects to the database.
    ///
    /// # Errors
    /// When nobody names one, or it cannot be reached.
    pub(super) async fn connect(&self) -> Result<AnyBackend, Failure> {
        connect(self.url.as_ref()).await
    }

    /// The migration that a text names: its whole name, or a part that no other has.
    ///
    /// # Errors
    /// When none or several have it.
    pub(super) fn migration(&self, text: &str) -> Result<&Migration, Failure> {
        self.migrations.resolve(text).map_err(|reason| Failure::new(Exit::Usage, reason).next("migrate status"))
    }

    /// `--to`, resolved.
    ///
    /// # Errors
    /// As [`Site::migration`].
    pub(super) fn last(&self, to: Option<&str>) -> Result<Option<MigrationId>, Failure> {
        to.map(|text| self.migration(text).map(|migration| migration.id.clone())).transpose()
    }

    /// The plan, judged for this server.
    ///
    /// # Errors
    /// When the order runs in a circle or a script cannot be read.
    pub(super) fn plan(&self, server: Server, known: Known<'_>, sizes: &Sizes) -> Result<Plan, Failure> {
        self.survey(server, known, sizes).plan_with(&self.cache).map_err(Failure::from)
    }

    /// Everything that a plan is made from.
    pub(super) fn survey<'a>(&'a self, server: Server, known: Known<'a>, sizes: &'a Sizes) -> Survey<'a> {
        Survey { project: &self.project, migrations: &self.migrations, server, known, today: today(), sizes }
    }

    /// The plan for a database, judged with the sizes of its own tables and those of the file, whichever are larger.
    ///
    /// # Errors
    /// As [`Site::plan`], or when the database cannot be asked.
    pub(super) async fn plan_for(&self, backend: &mut AnyBackend, ledger: &Ledger, sizes: Sizes) -> Result<Plan, Failure> {
        let known = Known::Ledger(ledger);
        let survey = self.survey(backend.server(), known, &sizes);
        if !survey.leaves_work() {
            return survey.plan_with(&self.cache).map_err(Failure::from);
        }
        let ran = survey.ran();
        let sizes = sizes.clone().with(counted(backend.count(Care::Quick).await?, ran.as_deref()));
        self.plan(backend.server(), known, &sizes)
    }

    /// The sizes of the file that `--sizes` or migrate.toml names.
    ///
    /// # Errors
    /// When it cannot be read, or is about another database.
    pub(super) fn sizes(&self, flag: Option<&Path>) -> Result<Sizes, Failure> {
        sizes(flag, Some(&self.project), self.server.dialect)
    }

    /// What the history and the files disagree about, with the difference of edited files.
    pub(super) async fn conflict(&self, backend: &mut AnyBackend, conflicts: &[HistoryConflict]) -> Option<Failure> {
        let mut failure = disagreement(conflicts)?;
        let mut differences = String::new();
        for conflict in conflicts {
            let HistoryConflict::Edited { node, .. } = conflict else { continue };
            let (Ok(Some(ran)), Some(script)) = (backend.script_text(node).await, self.migrations.script(node)) else { continue };
            if let Ok(difference) = history::difference(script, &ran) {
                differences.push_str(&difference);
            }
        }
        failure.details = (!differences.is_empty()).then_some(differences);
        Some(failure)
    }

    /// The same project as its files are now, over the same database.
    ///
    /// # Errors
    /// As [`Site::find`].
    pub(super) fn again(&self, seen: &mut Seen) -> Result<Site, Failure> {
        let project = Project::at(&self.project.root)?;
        let server = project.server(self.url.as_ref())?;
        let migrations = project.load_again(server.dialect, seen)?;
        Ok(Site { project, migrations, url: self.url.clone(), server, cache: self.cache.clone() })
    }
}

/// A backfill would wait for ever for a signal that its database cannot tell.
fn check_throttles(project: &Project, migrations: &Migrations, dialect: Dialect) -> Result<(), Failure> {
    let of_project = std::iter::once(("migrate.toml".to_owned(), &project.pacing));
    let of_migrations = migrations.iter().map(|migration| (format!("{}/migration.toml", migration.id), &migration.settings.pacing));
    for (file, pacing) in of_project.chain(of_migrations) {
        if let Some(throttle) = pacing.foreign(dialect) {
            let message = format!(
                "{file}: the throttle `{}` cannot be told by {dialect}: take it out, or write `off = true` below it",
                throttle.name()
            );
            return Err(Failure::new(Exit::Usage, message));
        }
    }
    Ok(())
}

/// What the history and the files disagree about, in sentences.
pub(super) fn disagreement(conflicts: &[HistoryConflict]) -> Option<Failure> {
    let first = conflicts.first()?;
    let mut failure = Failure::new(Exit::Conflict, first.to_string());
    failure.causes = conflicts.iter().skip(1).map(ToString::to_string).collect();
    for conflict in conflicts {
        let next = conflict.next();
        if !failure.next.contains(&next) {
            failure.next.push(next);
        }
    }
    Some(failure)
}

/// The sizes of the file that `--sizes` or migrate.toml names; nothing is known where neither does.
///
/// # Errors
/// When it cannot be read, or is about another database.
pub(super) fn sizes(flag: Option<&Path>, project: Option<&Project>, dialect: Dialect) -> Result<Sizes, Failure> {
    let path = flag.or(project.and_then(|project| project.sizes.as_deref()));
    match path {
        Some(path) => Ok(Sizes::unknown().with(Stats::read(path, dialect)?.count())),
        None => Ok(Sizes::unknown()),
    }
}

/// Names that a sentence about left out files holds.
const NAMED: usize = 3;

/// What lies in the migrations folder and was not read, in a sentence each for what matters and what does not.
pub(super) fn left_out(migrations: &Migrations) -> Vec<String> {
    let told = |may_change: bool, end: &str| {
        let paths: Vec<&str> =
            migrations.left_out().iter().filter(|left| left.may_change == may_change).map(|left| left.path.as_str()).collect();
        let rest = paths.len().saturating_sub(NAMED);
        let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
        (!paths.is_empty()).then(|| format!("not read: {}{more}{end}", paths[..paths.len() - rest].join(", ")))
    };
    let changing = told(true, "; what they do to the schema is not known, so what is missing from it proves nothing");
    changing.into_iter().chain(told(false, " (no SQL)")).collect()
}

/// Connects to a database.
///
/// # Errors
/// When nobody names one, or it cannot be reached.
pub(super) async fn connect(url: Option<&DatabaseUrl>) -> Result<AnyBackend, Failure> {
    let Some(url) = url else {
        let message =
            "no database is named: give --database-url, set MIGRATE_DATABASE_URL or DATABASE_URL, or write [database] into migrate.toml";
        return Err(Failure::new(Exit::Usage, message).next("migrate status --database-url <URL>"));
    };
    AnyBackend::connect(url.expose()).await.map_err(Failure::from)
}

/// The ledger.
///
/// # Errors
/// When it cannot be read or a newer version wrote it.
pub(super) async fn ledger(backend: &mut AnyBackend) -> Result<Ledger, Failure> {
    backend.ledger().await.map_err(Failure::from)
}
