//! The files and the database of a project, read again whenever the server asks.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bench::Bench;
use super::clean;
use crate::backend::{AnyBackend, Backend, BackendError, Care, TableSize, Waiter};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::site::{Site, disagreement};
use crate::cli::{mark, status};
use crate::evidence::Programs;
use crate::ledger::{Ledger, Marker};
use crate::lint::Level;
use crate::migration::{DatabaseUrl, Seen, counted};
use crate::plan::{Known, Plan};
use crate::report::{CommandName, Outcome, Report};
use crate::schema::{Dialect, ObjectName, Server};
use crate::serve::{Answer, Place, Refused, Side, Snapshot, Source, Waiting};
use crate::sql::Digest;

/// A database that does not answer within this time counts as one that cannot be asked: probes give up after a second or
/// two, and people soon after.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a project over its database.
pub(super) struct Reader {
    url: DatabaseUrl,
    project: String,
    files: Arc<Mutex<Files>>,
    line: tokio::sync::Mutex<Option<AnyBackend>>,
    bench: Arc<Bench>,
}

/// The files as they were read last, and the plan that was made of them.
struct Files {
    site: Arc<Site>,
    seen: Seen,
    plan: Option<Planned>,
}

/// A plan with what it was made from.
#[derive(Clone)]
struct Planned {
    key: Digest,
    site: Arc<Site>,
    plan: Arc<Plan>,
}

impl Reader {
    pub(super) fn new(site: Site, url: DatabaseUrl, programs: Programs) -> Reader {
        let project = name(&site.project.root);
        let bench = Arc::new(Bench::new(url.clone(), programs));
        let files = Files { site: Arc::new(site), seen: Seen::default(), plan: None };
        Reader { url, project, files: Arc::new(Mutex::new(files)), line: tokio::sync::Mutex::new(None), bench }
    }

    async fn snapshot(&self) -> Result<Snapshot, Failure> {
        let Read { ledger, server, mut waits } = self.ask().await?;
        let ledger = Arc::new(ledger);
        let Planned { key, site, plan } = self.plan(server, &ledger).await?;
        let mut gates = self.bench.gates(key, &plan, &ledger).await;
        let judged = Plan::clone(&plan).with_gates(gates.clone());
        let mut report = status::told(&site, &judged, &ledger, None);
        match disagreement(&plan.history) {
            Some(failure) => {
                report.outcome = Outcome::Refused;
                failure.enter(&mut report);
            }
            None => report.next = status::next(&judged),
        }
        let mut ledger = Arc::unwrap_or_clone(ledger);
        clean::report(&mut report);
        clean::gates(&mut gates);
        clean::ledger(&mut ledger);
        let mut refusals = refusals(&plan);
        clean::refusals(&mut refusals);
        clean::waits(&mut waits);
        let place = Place { server: called(server), ..self.place() };
        Ok(Snapshot { place, report, ledger, waits, gates, refusals, build: site.migrations.manifest() })
    }

    /// The plan for a ledger; made anew when the files or what ran changed.
    async fn plan(&self, server: Server, ledger: &Arc<Ledger>) -> Result<Planned, Failure> {
        let (files, known) = (Arc::clone(&self.files), Arc::clone(ledger));
        let looked = tokio::task::spawn_blocking(move || held(&files).look(server, &known)).await;
        let looked = looked.map_err(|error| Failure::from_error(Exit::Failure, &error))??;
        let (site, key) = match looked {
            Looked::Planned(planned) => return Ok(planned),
            Looked::Changed { site, key } => (site, key),
        };
        let tables = self.count().await;
        let (files, known) = (Arc::clone(&self.files), Arc::clone(ledger));
        let made = tokio::task::spawn_blocking(move || held(&files).plan(server, &known, site, key, tables)).await;
        made.map_err(|error| Failure::from_error(Exit::Failure, &error))?
    }

    /// How large the tables are; unknown where the database does not say, which only makes findings sterner.
    async fn count(&self) -> Vec<(ObjectName, TableSize)> {
        let mut line = self.line.lock().await;
        // Whoever hangs up in the middle of an answer takes the connection along.
        let Some(mut backend) = line.take() else { return Vec::new() };
        match tokio::time::timeout(PATIENCE, backend.count(Care::Quick)).await {
            Ok(Ok(tables)) => {
                *line = Some(backend);
                tables
            }
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }

    /// What the database says, over the connection at hand or a new one.
    async fn ask(&self) -> Result<Read, Failure> {
        let mut line = self.line.lock().await;
        let asked = tokio::time::timeout(PATIENCE, Box::pin(read(&self.url, line.take()))).await;
        let (answer, backend) = asked.unwrap_or_else(|_| {
            let message = format!("the database did not answer within {} s", PATIENCE.as_secs());
            Err(Failure::new(Exit::Temporary, message))
        })?;
        // Put back only here: one that was left in the middle of an answer, or failed, is of no use.
        *line = Some(backend);
        Ok(answer)
    }
}

/// What the database says.
struct Read {
    ledger: Ledger,
    server: Server,
    waits: Vec<Waiting>,
}

async fn read(url: &DatabaseUrl, line: Option<AnyBackend>) -> Result<(Read, AnyBackend), Failure> {
    if let Some(mut backend) = line {
        let ledger = backend.ledger().await;
        // It may have been restarted since.
        if !matches!(ledger, Err(BackendError::Unreachable { .. })) {
            return Ok((with_waits(ledger?, &mut backend).await?, backend));
        }
    }
    let mut backend = AnyBackend::connect(url.expose()).await?;
    let ledger = backend.ledger().await?;
    Ok((with_waits(ledger, &mut backend).await?, backend))
}

/// Locks are looked at only while a run is at work.
async fn with_waits(ledger: Ledger, backend: &mut AnyBackend) -> Result<Read, Failure> {
    let found = if ledger.lease.is_some() { backend.waits().await? } else { Vec::new() };
    let waits = found.into_iter().map(|wait| Waiting {
        side: match wait.waiter {
            Waiter::Run => Side::Run,
            Waiter::Application => Side::Application,
        },
        who: format!("{} pid {}", wait.who, wait.pid),
        seconds: wait.seconds,
        blockers: wait.blockers,
    });
    Ok(Read { ledger, server: backend.server(), waits: waits.collect() })
}

/// The files, looked at again.
enum Looked {
    /// Nothing changed.
    Planned(Planned),
    /// Something did.
    Changed { site: Arc<Site>, key: Digest },
}

fn held(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Files {
    fn look(&mut self, server: Server, ledger: &Ledger) -> Result<Looked, Failure> {
        let site = Arc::new(self.site.again(&mut self.seen)?);
        let jobs: Vec<_> = ledger.jobs.iter().map(|job| (&job.node, job.step, job.done)).collect();
        let made_from = format!("{:?}{:?}{server:?}{:?}{:?}{jobs:?}", site.project, site.migrations, ledger.scripts, ledger.journal);
        let key = Digest::of_bytes(made_from.as_bytes());
        match self.plan.as_ref().filter(|planned| planned.key == key) {
            Some(planned) => Ok(Looked::Planned(planned.clone())),
            None => Ok(Looked::Changed { site, key }),
        }
    }

    fn plan(
        &mut self,
        server: Server,
        ledger: &Ledger,
        site: Arc<Site>,
        key: Digest,
        tables: Vec<(ObjectName, TableSize)>,
    ) -> Result<Planned, Failure> {
        let known = Known::Ledger(ledger);
        let sizes = site.sizes(None)?;
        let ran = site.survey(server, known, &sizes).ran();
        let sizes = sizes.clone().with(counted(tables, ran.as_deref()));
        let plan = Arc::new(site.plan(server, known, &sizes)?);
        let planned = Planned { key, site: Arc::clone(&site), plan };
        (self.site, self.plan) = (site, Some(planned.clone()));
        Ok(planned)
    }
}

/// Findings for which what is pending would be refused.
fn refusals(plan: &Plan) -> Vec<Refused> {
    let denied = plan.all_findings().filter(|finding| finding.level == Level::Deny);
    let told = denied.map(|finding| Refused {
        node: format!("{}:{}", finding.migration, finding.phase),
        lint: finding.lint.as_str().to_owned(),
        message: finding.message.clone(),
    });
    told.collect()
}

impl Source for Reader {
    fn place(&self) -> Place {
        Place { project: self.project.clone(), database: self.url.to_string(), server: String::new() }
    }

    fn read(&self) -> Answer<'_, Result<Snapshot, Box<Report>>> {
        Box::pin(async { self.snapshot().await.map_err(|failure| told(failure, CommandName::Status)) })
    }

    fn mark(&self, marker: Marker) -> Answer<'_, Result<Report, Box<Report>>> {
        Box::pin(async move {
            let site = Arc::clone(&self.files.lock().unwrap_or_else(PoisonError::into_inner).site);
            let marked = tokio::time::timeout(PATIENCE, mark::record(&site, marker)).await;
            let late = || Failure::new(Exit::Temporary, format!("the database did not answer within {} s", PATIENCE.as_secs()));
            let mut report = marked.unwrap_or_else(|_| Err(late())).map_err(|failure| told(failure, CommandName::Mark))?;
            clean::report(&mut report);
            Ok(report)
        })
    }
}

fn told(failure: Failure, command: CommandName) -> Box<Report> {
    let mut report = failure.report(command);
    clean::report(&mut report);
    Box::new(report)
}

/// A server as people call it.
fn called(server: Server) -> String {
    let product = match server.dialect {
        Dialect::Postgres => "PostgreSQL",
        Dialect::Sqlite => "SQLite",
        Dialect::Mysql => "MySQL",
    };
    format!("{product} {}", server.version)
}

/// The name of the folder that a project lies in.
fn name(root: &Path) -> String {
    let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
