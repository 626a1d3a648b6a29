//! `migrate lint`: judges any SQL files, folders or standard input.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::Exit;
use super::failure::Failure;
use super::init::DialectArg;
use super::output::Reports;
use super::session::{Session, today};
use super::site::sizes;
use super::{PhaseArg, lead_to_fix, refused_by};
use crate::lint::{Judge, Levels, Placed, Policy, Replay};
use crate::migration::{Allowance, Migration, MigrationError, MigrationId, Migrations, Project, ScriptFile};
use crate::recipe::sync::weave;
use crate::report::found::enter;
use crate::report::{CommandName, Report};
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Phase, Server, ServerVersion};
use crate::sql::{self, Source};

/// Arguments of `migrate lint`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, folders, or `-` for standard input [default: the project's migrations]
    #[arg(value_name = "PATHS")]
    pub paths: Vec<PathBuf>,

    /// The database that the SQL is for [default: migrate.toml, else postgres]
    #[arg(long, value_enum)]
    pub dialect: Option<DialectArg>,

    /// The release of the database [default: migrate.toml, else the oldest supported]
    #[arg(long, value_name = "VERSION")]
    pub server_version: Option<ServerVersion>,

    /// The phase that files are judged for [default: by the name expand.sql, backfill.sql, contract.sql; else expand]
    #[arg(long, value_name = "PHASE", value_enum)]
    pub phase: Option<PhaseArg>,

    /// Further files.
    #[command(flatten)]
    pub reports: Reports,
    /// How large tables are: a file that `migrate stats` wrote [default: migrate.toml]
    #[arg(long, value_name = "FILE")]
    pub sizes: Option<PathBuf>,
}

/// A script to judge.
struct Loose {
    migration: MigrationId,
    phase: Phase,
    text: Text,
    allowances: Vec<Allowance>,
    judge: Judge,
}

impl Text {
    fn path(&self) -> &str {
        match self {
            Text::Ready(source) => &source.path,
            Text::Woven(of) => &of.1.path,
        }
    }
}

/// What there is to judge.
struct Collected {
    scripts: Vec<Loose>,
    /// Whether they are the database's whole past.
    history: Knowledge,
    /// The folder that the names of files are relative to; the working directory where it is empty.
    folder: PathBuf,
}

/// Where a script's text comes from.
enum Text {
    /// It is at hand.
    Ready(Source),
    /// Its migration's syncs contribute to it, once the schema is known that it meets.
    Woven(Box<(Migration, ScriptFile)>),
}

/// Judges what the paths name.
///
/// # Errors
/// When a path cannot be read or a file is no text.
pub fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let project = session.project_if_any()?;
    let server = server(args, project.as_ref());
    let sizes = sizes(args.sizes.as_deref(), project.as_ref(), server.dialect)?;
    let policy = Policy { sizes, ..policy(project.as_ref())? };
    let Collected { scripts, history, folder } = collect(args, project.as_ref(), server.dialect)?;
    let mut replay = Replay::new(server, history, policy);
    let (mut found, mut allowed) = (Vec::new(), Vec::new());
    for loose in &scripts {
        let source = match &loose.text {
            Text::Ready(source) => source.clone(),
            Text::Woven(of) => weave(&of.0, &of.1, replay.schema(), server)?,
        };
        let script = sql::read(&source, server);
        let placed = Placed { migration: &loose.migration, phase: loose.phase, script: &script, allowances: &loose.allowances };
        let judged = replay.script(placed, loose.judge);
        found.extend(judged.findings);
        allowed.extend(judged.allowed);
    }
    found.extend(replay.finish());
    let mut report = Report::new(CommandName::Lint);
    report.phase = args.phase.map(Phase::from);
    enter(&mut report, found, allowed, server.dialect);
    report.folder = folder.to_string_lossy().into_owned();
    report.judged = scripts.iter().filter(|loose| loose.judge == Judge::Yes).map(|loose| loose.text.path().to_owned()).collect();
    if scripts.is_empty() {
        report.notes.push("found no SQL files".to_owned());
    }
    refused_by(&mut report);
    let dialect = args.dialect.map(|dialect| format!(" --dialect {}", Dialect::from(dialect))).unwrap_or_default();
    lead_to_fix(&mut report, |finding| format!("{}{dialect}", finding.file));
    Ok(report)
}

/// The levels and small tables of the project, on this day.
///
/// # Errors
/// When `[lint.levels]` names an unknown lint.
pub(super) fn policy(project: Option<&Project>) -> Result<Policy, Failure> {
    let policy = Policy::of(today());
    let Some(project) = project else { return Ok(policy) };
    let levels = project.lint_levels.iter().map(|chosen| (chosen.lint.as_str(), chosen.level));
    let levels = Levels::new(levels)
        .map_err(|error| Failure::new(Exit::Usage, format!("migrate.toml: [lint.levels]: {error}")).next("migrate explain lints"))?
        .with_style(project.style);
    let policy = Policy { levels, naming: project.naming.clone(), runner: project.runner, small_limit: project.small_limit, ..policy };
    Ok(policy.with_small_tables(project.small_tables.iter().map(String::as_str)))
}

fn server(args: &Args, project: Option<&Project>) -> Server {
    let stated = project.and_then(|project| project.dialect);
    let dialect = args.dialect.map(Dialect::from).or(stated).unwrap_or(Dialect::Postgres);
    let of_project = project.filter(|_| stated == Some(dialect)).and_then(|project| project.server_version);
    let version = args.server_version.or(of_project).unwrap_or(ServerVersion::oldest(dialect));
    Server { dialect, version }
}

/// The scripts in their order.
fn collect(args: &Args, project: Option<&Project>, dialect: Dialect) -> Result<Collected, Failure> {
    match (args.paths.as_slice(), project) {
        ([], Some(project)) => {
            let migrations = project.load(dialect)?;
            let mut scripts = of_migrations(&migrations, args)?;
            if let Some(baseline) = &project.baseline {
                let last = migrations.position(&baseline.migration);
                let is_old = |script: &Loose| migrations.position(&script.migration) <= last && script.phase != Phase::Contract;
                for old in scripts.iter_mut().filter(|script| is_old(script)) {
                    old.judge = Judge::No;
                }
            }
            Ok(Collected { scripts, history: migrations.knowledge(), folder: project.root.clone() })
        }
        ([], None) => {
            Err(Failure::new(Exit::Usage, "nothing to judge: name files or folders, or `-` for standard input")
                .next("migrate lint <PATHS>"))
        }
        ([folder], _) if folder.is_dir() => match Migrations::read(folder, folder, dialect) {
            Ok(migrations) => {
                Ok(Collected { scripts: of_migrations(&migrations, args)?, history: migrations.knowledge(), folder: folder.clone() })
            }
            Err(MigrationError::NotUnderstood { .. } | MigrationError::DuplicateVersion { .. } | MigrationError::DuplicateId { .. }) => {
                loose_ones(std::slice::from_ref(folder), args)
            }
            Err(error) => Err(error.into()),
        },
        (paths, _) => loose_ones(paths, args),
    }
}

/// Files of which nobody knows what came before them, named from the working directory.
fn loose_ones(paths: &[PathBuf], args: &Args) -> Result<Collected, Failure> {
    Ok(Collected { scripts: of_paths(paths, args)?, history: Knowledge::Unknown, folder: PathBuf::new() })
}

fn of_migrations(migrations: &Migrations, args: &Args) -> Result<Vec<Loose>, Failure> {
    let mut scripts = Vec::new();
    for migration in migrations.iter() {
        for file in &migration.scripts {
            let phase = args.phase.map_or(file.phase, Phase::from);
            let allowances = migration.settings.allowances.clone();
            let text = match migration.settings.syncs.is_empty() {
                true => Text::Ready(file.source()?),
                false => Text::Woven(Box::new((migration.clone(), file.clone()))),
            };
            scripts.push(Loose { migration: migration.id.clone(), phase, text, allowances, judge: Judge::Yes });
        }
    }
    Ok(scripts)
}

fn of_paths(paths: &[PathBuf], args: &Args) -> Result<Vec<Loose>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    files.iter().map(|path| loose(path, args)).collect()
}

/// Files named `*.sql` below a folder, by name; scripts that undo are left out.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| Failure::new(Exit::Usage, format!("cannot read {}: {error}", folder.display()));
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_dir() {
            walk(&path, files)?;
        } else if name.ends_with(".sql") && !name.ends_with(".down.sql") && name != "down.sql" && name != "rollback.sql" {
            files.push(path);
        }
    }
    Ok(())
}

fn loose(path: &Path, args: &Args) -> Result<Loose, Failure> {
    let is_input = path.as_os_str() == "-";
    let name: Arc<str> = if is_input { Arc::from("<stdin>") } else { Arc::from(path.to_string_lossy().as_ref()) };
    let mut bytes = Vec::new();
    let read = if is_input { std::io::stdin().read_to_end(&mut bytes).map(|_| bytes) } else { fs::read(path) };
    let bytes = read.map_err(|error| Failure::new(Exit::Usage, format!("cannot read {name}: {error}")))?;
    let source = Source::decode(name.as_ref(), &bytes).map_err(MigrationError::from)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let phase = args.phase.map(Phase::from).or_else(|| Phase::from_name(&stem)).unwrap_or(Phase::Expand);
    // Scripts of one folder are phases of one migration.
    let in_folder = Phase::from_name(&stem).and_then(|_| path.parent()).filter(|folder| !folder.as_os_str().is_empty());
    let migration = MigrationId::new(&in_folder.map_or_else(|| name.to_string(), |folder| folder.to_string_lossy().into_owned()));
    Ok(Loose { migration, phase, text: Text::Ready(source), allowances: Vec::new(), judge: Judge::Yes })
}
