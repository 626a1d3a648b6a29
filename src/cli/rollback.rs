//! `migrate rollback`: undoes an open expand, after saying what is lost.

use std::io::{IsTerminal, Write};

use super::exit::Exit;
use super::failure::Failure;
use super::progress::Progress;
use super::session::{Session, actor};
use super::signal;
use super::site::{Site, ledger};
use crate::backend::{AnyBackend, Backend, BackendError};
use crate::evidence::{Fleet, Who};
use crate::ledger::{Holder, JournalEntry, JournalState, Lease, Ledger, Release, ScriptStatus};
use crate::migration::{Migration, MigrationId, NodeRef};
use crate::plan::undo::{self, Undo};
use crate::plan::{Known, Plan, Resume, Step, StepKind};
use crate::recipe::sync::{self, Names};
use crate::report::view::PhaseState;
use crate::report::{CommandName, Outcome, Report, planned};
use crate::run::undo::roll_back;
use crate::run::{Options, Stop};
use crate::schema::operation::OperationKind;
use crate::schema::size::Sizes;
use crate::schema::table::Knowledge;
use crate::schema::{ObjectName, Phase, Schema, Server};
use crate::sql;

/// Arguments of `migrate rollback`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration, by its name or a part that no other has
    pub migration: String,

    /// Do not ask
    #[arg(long)]
    pub yes: bool,

    /// Who does this (default: $MIGRATE_ACTOR, the CI user, user and host)
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
}

/// Finds the way back, says what is lost, asks and runs it.
///
/// # Errors
/// When there is no way back, somebody still needs what would go, or the database cannot be written.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let site = Site::find(session)?;
    let migration = site.migration(&args.migration)?;
    let mut backend = site.connect().await?;
    let ledger = ledger(&mut backend).await?;
    let plan = site.plan(backend.server(), Known::Ledger(&ledger), &Sizes::unknown())?;
    if let Some(failure) = site.conflict(&mut backend, &plan.history).await {
        return Err(failure);
    }
    let mut report = Report::new(CommandName::Rollback);
    let node = NodeRef::new(&migration.id, Phase::Expand);
    if ledger.script(&migration.id, Phase::Expand).is_none() {
        report.notes.push(format!("{} is not applied: nothing to undo", migration.id));
        return Ok(report);
    }
    let undo = way_back(migration, backend.server(), &done(&plan, &ledger, migration))?;
    allowed(&site, migration, &undo, &ledger)?;
    report.notes = told(migration, &undo, &mut backend).await?;
    if !args.yes && !agreed(session, &migration.id, &report.notes)? {
        report.notes.push("nothing was changed".to_owned());
        return Ok(report);
    }
    let stop = signal::listen();
    execute(&actor(args.actor.as_deref()), &site, migration, &undo, backend, (session, &stop)).await?;
    let file = site.migrations.script(&node).map(|script| script.path.to_string()).unwrap_or_default();
    report.migrations = vec![planned::bare(&node, PhaseState::RolledBack, file)];
    report.phase = Some(Phase::Expand);
    report.outcome = Outcome::Applied;
    report.next.push("migrate status".to_owned());
    Ok(report)
}

/// Undoes the expand of a migration without asking; false when there is nothing to undo.
///
/// # Errors
/// As [`run`].
pub(super) async fn take_back(site: &Site, id: &MigrationId, actor: &str, session: &Session, stop: &Stop) -> Result<bool, Failure> {
    let Some(migration) = site.migrations.get(id) else { return Ok(false) };
    let mut backend = site.connect().await?;
    let ledger = ledger(&mut backend).await?;
    if ledger.script(id, Phase::Expand).is_none() {
        backend.close().await;
        return Ok(false);
    }
    let plan = site.plan(backend.server(), Known::Ledger(&ledger), &Sizes::unknown())?;
    let undo = way_back(migration, backend.server(), &done(&plan, &ledger, migration))?;
    allowed(site, migration, &undo, &ledger)?;
    execute(actor, site, migration, &undo, backend, (session, stop)).await?;
    Ok(true)
}

/// How far an expand is that must be undone.
enum Extent {
    /// All of it ran.
    Whole,
    /// A part ran.
    Part(Part),
}

/// The part of an expand that ran.
struct Part {
    /// How many of its syncs were set up.
    syncs: usize,
    /// How many statements of its file ran.
    statements: usize,
    /// Of the one behind them: an index whose build was cut off.
    left: Option<ObjectName>,
}

/// How far an expand is. Where its steps are not known, it is taken for whole.
fn done(plan: &Plan, ledger: &Ledger, migration: &Migration) -> Extent {
    let node = NodeRef::new(&migration.id, Phase::Expand);
    let is_running = ledger.script(&node.migration, node.phase).is_some_and(|record| record.status == ScriptStatus::Running);
    let Some(script) = plan.script(&node).filter(|script| is_running && !script.steps.is_empty()) else { return Extent::Whole };
    // What a sync sets up is one step, which stands where the sync is declared.
    let declared = migration.settings.syncs.first().map(|sync| format!("{}:", sync.source().path));
    let is_sync = |step: &&Step| declared.as_ref().is_some_and(|file| step.place.starts_with(file));
    let (syncs, own): (Vec<&Step>, Vec<&Step>) = script.steps.iter().take(script.finished).partition(is_sync);
    Extent::Part(Part {
        syncs: syncs.len(),
        statements: own.into_iter().map(statements_of).sum(),
        left: script.steps.get(script.finished).and_then(|step| left_of(step, ledger)),
    })
}

/// The index of a build that was begun and never came to a result.
fn left_of(step: &Step, ledger: &Ledger) -> Option<ObjectName> {
    let StepKind::Alone { resume: Resume::IndexBuilt { index, .. }, .. } = &step.kind else { return None };
    let is_begun = |entry: &JournalEntry| entry.node == step.node && entry.step == step.number && entry.state == JournalState::Intended;
    ledger.journal.iter().any(is_begun).then(|| index.clone())
}

fn statements_of(step: &Step) -> usize {
    match &step.kind {
        StepKind::Transaction(statements) => statements.len(),
        StepKind::Alone { .. } | StepKind::Backfill(_) => 1,
    }
}

/// The first so many statements of a script. What begins and ends a transaction does not count.
fn first(mut script: sql::Script, extent: &Extent) -> sql::Script {
    let Extent::Part(Part { statements: mut left, .. }) = *extent else { return script };
    script.statements.retain(|statement| {
        let is_control = statement.clauses.iter().all(|clause| clause.operation.kind() == OperationKind::Transaction);
        let stays = left > 0;
        left = left.saturating_sub(usize::from(!is_control));
        stays
    });
    script
}

/// Whether nothing and nobody stands in the way.
fn allowed(site: &Site, migration: &Migration, undo: &Undo, ledger: &Ledger) -> Result<(), Failure> {
    open(migration, ledger)?;
    nobody_needs(migration, ledger)?;
    nobody_builds_on(site, &NodeRef::new(&migration.id, Phase::Expand), undo, ledger)
}

/// After contract there is no way back.
fn open(migration: &Migration, ledger: &Ledger) -> Result<(), Failure> {
    match ledger.script(&migration.id, Phase::Contract) {
        None => Ok(()),
        Some(_) => {
            let message = format!("the contract of {} ran: what it removed cannot be brought back", migration.id);
            Err(Failure::new(Exit::Failure, message).next("migrate new <slug>: go on with a new migration"))
        }
    }
}

/// Releases that were built with the expand need what it made.
fn nobody_needs(migration: &Migration, ledger: &Ledger) -> Result<(), Failure> {
    let fleet = Fleet::of(&ledger.markers);
    let is_live = |release: &Release| {
        let who = Who::Release(release.version.clone());
        fleet.of_service(&release.service).any(|(_, service)| service.live.iter().any(|live| live.who == who))
    };
    let built_with = |manifest: &crate::migration::Manifest| manifest.digest(&migration.id, Phase::Expand).is_some();
    let marked = ledger.markers.iter().filter(|marker| is_live(&marker.release) && marker.manifest.as_ref().is_some_and(built_with));
    let alive =
        |instance: &&crate::ledger::Instance| ledger.now.duration_since(instance.last_seen).as_secs() <= i64::from(instance.ttl_seconds);
    let running = ledger.instances.iter().filter(alive).filter(|instance| built_with(&instance.manifest));
    let mut names: Vec<String> =
        marked.map(|marker| marker.release.to_string()).chain(running.map(|instance| instance.release.to_string())).collect();
    names.sort();
    names.dedup();
    match names.first() {
        None => Ok(()),
        Some(first) => {
            let message = format!("{} live and built with {}: undoing it would break what runs", are(&names), migration.id);
            Err(Failure::new(Exit::Failure, message).next(format!("migrate mark rolled-back {first}")))
        }
    }
}

fn are(names: &[String]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

fn way_back(migration: &Migration, server: Server, extent: &Extent) -> Result<Undo, Failure> {
    let names = migration.settings.syncs.iter().map(|sync| sync::names(sync, server));
    let mut names: Vec<Names> = names.collect::<Result<_, _>>()?;
    if let Extent::Part(part) = extent {
        names.truncate(part.syncs);
    }
    if let Some(file) = &migration.rollback {
        let mut undo = undo::stated(&sql::read(&file.source()?, server));
        undo.take_back(&names);
        return Ok(undo);
    }
    let Some(file) = migration.script(Phase::Expand) else { return Ok(Undo::default()) };
    let inverse = undo::inverse_beside(&first(sql::read(&file.source()?, server), extent), server.dialect, &names);
    let mut undo = inverse.map_err(|refusal| {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Failure::from_error(Exit::Failure, &refusal)
            .next(format!("write {folder}/rollback.sql, then run migrate rollback {}", migration.id))
    })?;
    if let Extent::Part(Part { left: Some(index), .. }) = extent {
        undo.remove_leftover(index, server.dialect);
    }
    Ok(undo)
}

/// Scripts that ran later and speak of what would go.
fn nobody_builds_on(site: &Site, node: &NodeRef, undo: &Undo, ledger: &Ledger) -> Result<(), Failure> {
    for later in undo::later(Known::Ledger(ledger), node) {
        let Some(script) = site.migrations.script(later) else { continue };
        let source = script.source()?;
        if undo.gone.iter().any(|gone| gone.is_named_in(&source.text)) {
            let message = format!("{} ran later and speaks of what {} made", later, node.migration);
            return Err(Failure::new(Exit::Failure, message).next(format!("migrate rollback {}", later.migration)));
        }
    }
    Ok(())
}

/// What is lost, in sentences.
async fn told(migration: &Migration, undo: &Undo, backend: &mut AnyBackend) -> Result<Vec<String>, Failure> {
    let tables: Vec<ObjectName> = undo.lost.iter().map(|loss| loss.table().clone()).collect();
    let sizes = if tables.is_empty() { Vec::new() } else { backend.sizes(&tables).await? };
    let mut notes: Vec<String> = undo
        .lost
        .iter()
        .map(|loss| {
            let rows = sizes.iter().find(|(table, _)| table == loss.table()).map(|(_, size)| format!(" (about {} rows)", size.rows));
            format!("lost: {loss}{}", rows.unwrap_or_default())
        })
        .collect();
    if notes.is_empty() {
        notes.push("no data is lost".to_owned());
    }
    notes.extend(unexpressed(migration, backend).await?);
    notes.extend(undo.statements.iter().map(|statement| format!("  {statement}")));
    Ok(notes)
}

/// What the new columns hold that the old ones do not. Types that only the replay knows are not needed for that.
async fn unexpressed(migration: &Migration, backend: &mut AnyBackend) -> Result<Vec<String>, Failure> {
    let server = backend.server();
    let unknown = Schema::new(server.dialect, Knowledge::Unknown);
    let mut notes = Vec::new();
    for declared in &migration.settings.syncs {
        let pair = sync::resolve(declared, &unknown, server)?;
        let (table, old, new) = (&pair.names().table, &pair.names().old, &pair.names().new);
        notes.push(match backend.rows_found(&pair.count_lost()).await {
            Ok(0) => format!("every value of {table}.{new} can be made of {old} again"),
            Ok(1) => format!("1 row holds a {table}.{new} that cannot be made of {old} again"),
            Ok(rows) => format!("{rows} rows hold a {table}.{new} that cannot be made of {old} again"),
            Err(error @ BackendError::Unreachable { .. }) => return Err(error.into()),
            Err(error) => format!("how many values of {table}.{new} cannot be made of {old} again is not known: {error}"),
        });
    }
    Ok(notes)
}

/// Asks on the terminal; where nobody can answer, only `--yes` goes on.
fn agreed(session: &Session, id: &MigrationId, notes: &[String]) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure { causes: notes.to_vec(), ..Failure::new(Exit::Usage, "nobody is there to be asked: say --yes") }
            .next(format!("migrate rollback {id} --yes")));
    }
    for note in notes {
        session.say(note);
    }
    // Nobody to ask when standard error is closed; then nobody answers yes either.
    let _ = write!(anstream::stderr(), "undo it? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn execute(
    actor: &str,
    site: &Site,
    migration: &Migration,
    undo: &Undo,
    mut backend: AnyBackend,
    (session, stop): (&Session, &Stop),
) -> Result<(), Failure> {
    let holder = Holder { actor: actor.to_owned(), pid: std::process::id(), purpose: format!("rollback {}", migration.id) };
    let lease = backend.acquire(&holder).await.map_err(|error| again(error, &migration.id))?;
    let mut options = Options::new(holder);
    options.lock_timeout = site.project.lock_timeout;
    options.give_up_after = site.project.give_up_after;
    let undone = under_lease(site, migration, undo, &mut backend, &lease, (&options, session, stop)).await;
    let released = backend.release(lease).await;
    backend.close().await;
    undone?;
    released.map_err(Failure::from)
}

/// Whoever holds the lease ends some time, and then this is what is wanted.
fn again(error: BackendError, id: &MigrationId) -> Failure {
    let mut failure = Failure::from(error);
    if failure.exit == Exit::Temporary {
        failure.next = vec![format!("migrate rollback {id}"), "migrate status".to_owned()];
    }
    failure
}

/// What was allowed a moment ago may not be any more: asked again, now that nobody else writes.
async fn under_lease(
    site: &Site,
    migration: &Migration,
    undo: &Undo,
    backend: &mut AnyBackend,
    lease: &Lease,
    (options, session, stop): (&Options, &Session, &Stop),
) -> Result<(), Failure> {
    allowed(site, migration, undo, &ledger(backend).await?)?;
    let node = NodeRef::new(&migration.id, Phase::Expand);
    let mut progress = Progress::new(session);
    roll_back(backend, lease, &node, &undo.statements, &mut progress, options, stop).await.map_err(Failure::from)
}
