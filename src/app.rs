//! The face for application start-up: is the schema ready for this build? Say that this build runs; expand and fill
//! if asked. There is no way to contract from here: no method, and no type that leads to one.

mod error;
mod heartbeat;
mod watch;

pub use crate::ledger::Readiness;
pub use error::AppError;
pub use heartbeat::Heartbeat;
pub use watch::Events;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use include_dir::Dir;
use tokio::sync::{Mutex, MutexGuard};

use crate::backend::{AnyBackend, Backend, BackendError, Care};
use crate::evidence::Watch;
use crate::ledger::{Holder, Release};
use crate::migration::{DatabaseUrl, Migrations, Pacing, Project, counted};
use crate::plan::{Known, Plan, Request, Survey};
use crate::run::{self, Options, Outcome, Stop};
use crate::schema::Phase;
use crate::schema::size::Sizes;
use watch::Broadcast;

/// How long start-up waits for another instance that expands at the same moment.
const LEASE_WAIT: Duration = Duration::from_secs(60);

/// The migrations of this build over its database.
///
/// The connection is opened when it is first needed and again after it broke; calls share it one after the other, but
/// [`Migrator::readiness`], which does not wait for a run.
#[derive(Debug)]
pub struct Migrator {
    project: Project,
    migrations: Migrations,
    url: DatabaseUrl,
    connection: Mutex<Connection>,
    /// For those who do not wait for a run; closed once the build is ready.
    aside: Mutex<Connection>,
    broadcast: Broadcast,
    /// Set once it was ready: whether the schema was ahead then.
    latch: OnceLock<bool>,
}

/// The connection, once there is one.
struct Connection(Option<AnyBackend>);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "open" } else { "closed" })
    }
}

impl Migrator {
    /// Reads the project in `folder` (with migrate.toml), or takes `folder` for the migrations themselves.
    /// Does not connect.
    ///
    /// # Errors
    /// A folder that cannot be read, a file in it that is not understood, or a URL of no known database.
    pub fn from_dir(folder: impl AsRef<Path>, database_url: &str) -> Result<Migrator, AppError> {
        let folder = folder.as_ref();
        let url = DatabaseUrl::parse(database_url)?;
        let project = if folder.join(crate::migration::project::PROJECT_FILE).is_file() {
            Project::at(folder)?
        } else {
            Project { migrations: folder.to_owned(), ..Project::bare(folder) }
        };
        let migrations = project.load(url.dialect())?;
        Ok(Migrator::new(project, migrations, url))
    }

    /// Takes migrations that were compiled in with [`include_dir::include_dir!`].
    ///
    /// Cargo does not see files that are added to an embedded folder: let a build script print
    /// `cargo:rerun-if-changed=migrations`.
    ///
    /// # Errors
    /// A file that is not understood, or a URL of no known database.
    pub fn embedded(folder: &Dir<'_>, database_url: &str) -> Result<Migrator, AppError> {
        let url = DatabaseUrl::parse(database_url)?;
        let migrations = Migrations::embedded(folder, url.dialect())?;
        Ok(Migrator::new(Project::bare(Path::new(".")), migrations, url))
    }

    fn new(project: Project, migrations: Migrations, url: DatabaseUrl) -> Migrator {
        let (connection, aside) = (Mutex::new(Connection(None)), Mutex::new(Connection(None)));
        Migrator { project, migrations, url, connection, aside, broadcast: Broadcast::new(), latch: OnceLock::new() }
    }

    /// Whether this build can work with the schema. One round trip once the connection is open.
    ///
    /// *Ahead* is ready: that is a roll-back of the application. *Behind* comes with the list of what is missing. And what was
    /// ready once stays ready for as long as this value lives, without any round trip: a database that is down, or that somebody
    /// contracted by force, is no reason to take every instance out of service at once. So it may stand behind a readiness probe;
    /// still better behind a startup probe, which ends with the first success, with room for the longest expand
    /// (`periodSeconds: 5`, `failureThreshold: 120`). Never behind a liveness probe, which would restart what waits.
    ///
    /// # Errors
    /// When it was not ready yet and the database cannot be reached: ask again.
    pub async fn readiness(&self) -> Result<Readiness, AppError> {
        if let Some(ahead) = self.latch.get() {
            return Ok(Readiness::Ready { ahead: *ahead });
        }
        let mut connection = self.at_hand().await?;
        let ledger = connection.ask(|backend| Box::pin(backend.ledger())).await?;
        drop(connection);
        let found = Readiness::of(&self.migrations.manifest(), &ledger);
        if let Readiness::Ready { ahead } = found {
            self.latch.get_or_init(|| ahead);
            if let Ok(mut aside) = self.aside.try_lock() {
                aside.0 = None;
            }
        }
        Ok(found)
    }

    /// What is done, what could run, and what holds the rest.
    ///
    /// # Errors
    /// When the database cannot be reached, a script cannot be read, or the order runs in a circle.
    pub async fn plan(&self) -> Result<Plan, AppError> {
        let mut connection = self.connected().await?;
        self.planned(&mut connection).await
    }

    /// Each script with its state: [`Migrator::plan`] without the statements.
    ///
    /// # Errors
    /// As [`Migrator::plan`].
    pub async fn status(&self) -> Result<Vec<(crate::migration::NodeRef, crate::plan::ScriptState)>, AppError> {
        let plan = self.plan().await?;
        Ok(plan.scripts.into_iter().map(|script| (script.node, script.state)).collect())
    }

    /// Runs the expand scripts that are pending. Several instances may call it at once: one works, the others wait
    /// up to a minute and find nothing to do.
    ///
    /// # Errors
    /// When a finding stands in the way, a statement fails, or another run holds the lease for too long.
    pub async fn expand(&self) -> Result<Outcome, AppError> {
        self.run(Phase::Expand).await
    }

    /// Runs the backfills that are pending, in chunks. Can take long: not for the path to readiness.
    ///
    /// # Errors
    /// As [`Migrator::expand`].
    pub async fn backfill(&self) -> Result<Outcome, AppError> {
        self.run(Phase::Backfill).await
    }

    /// What happens in runs from now on. A reader that falls far behind misses the oldest events.
    pub fn events(&self) -> Events {
        self.broadcast.subscribe()
    }

    /// Says that this build runs, and keeps saying it until the guard goes.
    ///
    /// While a release beats that still needs the old shape, contract is held.
    ///
    /// # Errors
    /// When the first heartbeat cannot be written: no such tables yet, or no database.
    pub async fn heartbeat(&self, service: &str, release: &str) -> Result<Heartbeat, AppError> {
        let release = Release { service: service.to_owned(), version: release.to_owned() };
        Heartbeat::start(self.url.clone(), release, self.migrations.manifest()).await
    }

    async fn run(&self, phase: Phase) -> Result<Outcome, AppError> {
        let mut connection = self.connected().await?;
        let approved = self.planned(&mut connection).await?.approve(Request::all(phase))?;
        let watch = if approved.is_empty() { Watch::nothing() } else { Watch::over(&self.project, phase).await };
        let mut options = Options {
            lock_timeout: self.project.lock_timeout,
            give_up_after: self.project.give_up_after,
            lease_wait: LEASE_WAIT,
            watch,
            ..Options::new(Holder {
                actor: format!("application@{}", gethostname::gethostname().to_string_lossy()),
                pid: std::process::id(),
                purpose: format!("start-up, {phase}"),
            })
        };
        options.pace(&Pacing::default(), &self.migrations, &self.project);
        let mut observer = self.broadcast.clone();
        let result = run::execute(approved, connection.backend(), &mut observer, &options, &Stop::never()).await;
        if result.is_err() {
            connection.forget();
        }
        Ok(result?)
    }

    async fn planned(&self, connection: &mut Open<'_>) -> Result<Plan, AppError> {
        let ledger = connection.ask(|backend| Box::pin(backend.ledger())).await?;
        let unsized_survey = Survey {
            project: &self.project,
            migrations: &self.migrations,
            server: connection.backend().server(),
            known: Known::Ledger(&ledger),
            today: ledger.now.to_zoned(jiff::tz::TimeZone::UTC).date(),
            sizes: &Sizes::unknown(),
        };
        if !unsized_survey.leaves_work() {
            return Ok(unsized_survey.plan()?);
        }
        let tables = connection.ask(|backend| Box::pin(backend.count(Care::Quick))).await?;
        let sizes = Sizes::unknown().with(counted(tables, unsized_survey.ran().as_deref()));
        Ok(Survey { sizes: &sizes, ..unsized_survey }.plan()?)
    }

    async fn connected(&self) -> Result<Open<'_>, AppError> {
        self.open(self.connection.lock().await).await
    }

    /// Does not wait for a run, which keeps its connection for as long as it works: a probe gives up after a second.
    async fn at_hand(&self) -> Result<Open<'_>, AppError> {
        match self.connection.try_lock() {
            Ok(connection) => self.open(connection).await,
            Err(_) => self.open(self.aside.lock().await).await,
        }
    }

    async fn open<'a>(&'a self, mut connection: MutexGuard<'a, Connection>) -> Result<Open<'a>, AppError> {
        if connection.0.is_none() {
            connection.0 = Some(AnyBackend::connect(self.url.expose()).await?);
        }
        Ok(Open { connection, url: &self.url })
    }
}

/// The connection while a call uses it: open.
struct Open<'a> {
    connection: MutexGuard<'a, Connection>,
    url: &'a DatabaseUrl,
}

/// What a call to a backend yields.
type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, BackendError>> + Send + 'a>>;

impl Open<'_> {
    fn backend(&mut self) -> &mut AnyBackend {
        self.connection.0.as_mut().expect("`open` opened it, and only `forget` at the end of a call closes it")
    }

    /// Asks a question that is safe to repeat: once more on a new connection when the old one turns out to be dead.
    async fn ask<T>(&mut self, question: impl for<'b> Fn(&'b mut AnyBackend) -> Answer<'b, T>) -> Result<T, AppError> {
        match question(self.backend()).await {
            Err(BackendError::Unreachable { .. }) => {
                let fresh = AnyBackend::connect(self.url.expose()).await?;
                self.connection.0 = Some(fresh);
                Ok(question(self.backend()).await?)
            }
            answer => Ok(answer?),
        }
    }

    fn forget(mut self) {
        self.connection.0 = None;
    }
}
