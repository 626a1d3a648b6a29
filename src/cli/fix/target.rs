//! What `migrate fix` works on: a migration of the project, or a file that belongs to none.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Args;
use crate::backend::Backend;
use crate::cli::base;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::lint::policy;
use crate::cli::session::{Session, working_folder};
use crate::cli::site::{Site, ledger};
use crate::fix::{Case, Draft, Home};
use crate::lint::{Judge, Placed, Replay};
use crate::migration::{Allowance, Migration, MigrationError, MigrationId, NodeRef, Part, Project, Settings};
use crate::plan::{Graph, PlanError};
use crate::recipe::sync::weave;
use crate::recipe::{Views, Wishes};
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Phase, Server, ServerVersion};
use crate::sql::{self, Source};

/// One migration, its texts, and the schema it meets.
pub(super) struct Target {
    pub(super) home: Home,
    pub(super) draft: Draft,
    /// Paths of the home count from here.
    pub(super) root: PathBuf,
    past: Replay,
    views: Views,
    migration: MigrationId,
    allowances: Vec<Allowance>,
    /// Where it belongs to one.
    site: Option<Site>,
}

impl Target {
    /// Finds it: a migration of the project by name or by one of its files, else a file of its own.
    pub(super) fn find(args: &Args, session: &Session) -> Result<Target, Failure> {
        let target = Target::search(args, session)?;
        match target.home.scripts.values().find(|(_, part)| *part == Part::Changesets) {
            // What the changesets of a file are cut by is not SQL, and would be lost.
            Some((path, _)) => Err(Failure::new(Exit::Usage, format!("{path} holds changesets of Liquibase, which are not rewritten"))
                .next("migrate lint <FILE>: the findings say what to write instead")),
            None => Ok(target),
        }
    }

    fn search(args: &Args, session: &Session) -> Result<Target, Failure> {
        let path = working_folder()?.join(&args.target);
        let project = session.project_if_any()?;
        if project.is_some() {
            let site = Site::find_offline(session)?;
            let found = match path.exists() {
                true => owner(&site, &path).map(|migration| migration.id.clone()),
                false => Some(site.migration(&args.target)?.id.clone()),
            };
            if let Some(id) = found {
                return Target::of_project(site, &id);
            }
        }
        if !path.exists() {
            return Err(Failure::new(Exit::Usage, format!("there is no file {}, and no project with such a migration", args.target))
                .next("migrate --project DIR fix …"));
        }
        Target::loose(args, project.as_ref())
    }

    pub(super) fn case(&self) -> Case<'_> {
        let paths = Phase::ALL.map(|phase| self.home.script(phase));
        Case {
            past: &self.past,
            views: &self.views,
            migration: &self.migration,
            paths,
            settings_path: self.home.settings(),
            wishes: Wishes::default(),
            allowances: &self.allowances,
        }
    }

    fn of_project(site: Site, id: &MigrationId) -> Result<Target, Failure> {
        let Some(migration) = site.migrations.get(id) else {
            return Err(Failure::new(Exit::Usage, format!("there is no migration {id}")).next("migrate status"));
        };
        let root = site.project.root.clone();
        let shown = site.project.migrations.strip_prefix(&root).unwrap_or(&site.project.migrations);
        let shown = shown.to_string_lossy().replace('\\', "/");
        let home = Home::of(migration, &shown, |path| read(&root.join(path)))?;
        let mut texts = Vec::new();
        for script in &migration.scripts {
            texts.push((script.phase, script.source()?.text.to_string()));
        }
        let settings = home.files.get(&home.settings()).cloned().unwrap_or_default();
        let draft = Draft::new(texts, settings);
        let mut past = Replay::new(site.server, Knowledge::Known, policy(Some(&site.project))?);
        let mut views = Views::default();
        follow_each(&site, Some(migration), &mut past, |script| views.follow(script, site.server.dialect))?;
        let allowances = migration.settings.allowances.clone();
        Ok(Target { home, draft, root, past, views, migration: id.clone(), allowances, site: Some(site) })
    }

    fn loose(args: &Args, project: Option<&Project>) -> Result<Target, Failure> {
        let path = Path::new(&args.target);
        let stated = project.and_then(|project| project.dialect);
        let dialect = args.dialect.map(Dialect::from).or(stated).unwrap_or(Dialect::Postgres);
        let version = args.server_version.or(project.and_then(|project| project.server_version).filter(|_| stated == Some(dialect)));
        let server = Server { dialect, version: version.unwrap_or(ServerVersion::oldest(dialect)) };
        let home = loose_home(path)?;
        let mut texts = Vec::new();
        for (phase, (path, part)) in &home.scripts {
            let source = Source::decode(path.as_str(), home.files[path].as_bytes()).map_err(MigrationError::from)?;
            texts.push((*phase, part.of(source).text.to_string()));
        }
        let settings = home.files.get(&home.settings()).cloned().unwrap_or_default();
        let allowances = Settings::parse(&home.settings(), &settings)?.allowances;
        let past = Replay::new(server, Knowledge::Unknown, policy(project)?);
        let migration = MigrationId::new(&home.folder);
        Ok(Target {
            home,
            draft: Draft::new(texts, settings),
            root: working_folder()?,
            past,
            views: Views::default(),
            migration,
            allowances,
            site: None,
        })
    }

    /// What ran stays as it ran.
    pub(super) async fn refuse_history(&self, args: &Args, session: &Session) -> Result<(), Failure> {
        let Some(site) = &self.site else { return Ok(()) };
        let reference = match &args.base {
            Some(reference) => Some(reference.clone()),
            None => base::main_branch(&site.project),
        };
        if let Some(reference) = reference {
            let manifest = base::manifest(&site.project, &reference, site.server.dialect, &site.cache)?;
            if let Some(node) = manifest.scripts.keys().find(|node| node.migration == self.migration) {
                let message = format!("{node} stands in {reference} already: it may have run, and what ran must stay as it was");
                return Err(
                    Failure::new(Exit::Conflict, message).next("migrate new <slug>: put what is left to do into a migration of its own")
                );
            }
        }
        if site.url.is_some() {
            let mut backend = site.connect().await?;
            let ledger = ledger(&mut backend).await?;
            backend.close().await;
            let ran = Phase::ALL.into_iter().find(|phase| ledger.script(&self.migration, *phase).is_some());
            if let Some(phase) = ran {
                let node = NodeRef::new(&self.migration, phase);
                return Err(Failure::new(Exit::Conflict, format!("{node} was applied: what ran must stay as it was"))
                    .next(format!("migrate rollback {}", self.migration)));
            }
        } else {
            session.say("no database is named: whether the migration was applied is not known");
        }
        Ok(())
    }
}

/// The migration that a file or folder belongs to.
fn owner<'a>(site: &'a Site, path: &Path) -> Option<&'a Migration> {
    let path = fs::canonicalize(path).ok()?;
    let same = |other: PathBuf| fs::canonicalize(other).is_ok_and(|other| other == path);
    site.migrations.iter().find(|migration| {
        let own = migration.scripts.iter().chain(&migration.rollback).any(|script| same(site.project.root.join(script.path.as_ref())));
        let folder = site.project.migrations.join(migration.id.as_str());
        own || same(folder.join("migration.toml")) || same(folder)
    })
}

/// Replays everything that runs before the migration, and shows each script; without one, everything.
pub(in crate::cli) fn follow_each(
    site: &Site,
    migration: Option<&Migration>,
    past: &mut Replay,
    mut seen: impl FnMut(&sql::Script),
) -> Result<(), Failure> {
    let graph = Graph::new(&site.migrations).map_err(|cycle| Failure::from(PlanError::from(cycle)))?;
    let first = migration.and_then(|migration| migration.nodes().next());
    for node in graph.order().take_while(|node| Some(*node) != first.as_ref()) {
        let (Some(other), Some(script)) = (site.migrations.get(&node.migration), site.migrations.script(node)) else { continue };
        // What ran, ran, whether or not its syncs fit what is known now.
        let source = weave(other, script, past.schema(), site.server).or_else(|_| script.source())?;
        let script = sql::read(&source, site.server);
        let placed = Placed { migration: &other.id, phase: node.phase, script: &script, allowances: &[] };
        past.script(placed, Judge::No);
        seen(&script);
    }
    Ok(())
}

/// The home of a file that belongs to no project: its siblings where it is a phase's file, a folder beside it where not.
fn loose_home(path: &Path) -> Result<Home, Failure> {
    let shown = |path: &Path| path.to_string_lossy().replace('\\', "/");
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_folder = path.is_dir();
    let is_phase = Phase::from_name(&stem).is_some() && !is_folder;
    let folder = match (is_folder, is_phase) {
        (true, _) => path.to_owned(),
        (false, true) => path.parent().unwrap_or(Path::new("")).to_owned(),
        (false, false) => path.with_extension(""),
    };
    let mut home = Home { folder: shown(&folder), ..Home::default() };
    let mut names: BTreeMap<Phase, Vec<PathBuf>> = BTreeMap::new();
    for phase in Phase::ALL {
        names.entry(phase).or_default().push(folder.join(format!("{phase}.sql")));
    }
    let expand = names.entry(Phase::Expand).or_default();
    if is_folder {
        expand.extend(["up.sql", "migration.sql"].map(|name| folder.join(name)));
    } else if !is_phase {
        expand.insert(0, path.to_owned());
    }
    for (phase, paths) in names {
        let Some(path) = paths.into_iter().find(|path| path.is_file()) else { continue };
        if let Some(text) = read(&path)? {
            let part = Part::present(&text).first().copied().unwrap_or(Part::Whole);
            home.scripts.insert(phase, (shown(&path), part));
            home.files.insert(shown(&path), text);
        }
    }
    if home.scripts.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("{} holds no script", path.display())).next("migrate fix <FILE>"));
    }
    let settings = home.settings();
    if let Some(text) = read(Path::new(&settings))? {
        home.files.insert(settings, text);
    }
    Ok(home)
}

/// The text of a file; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, MigrationError> {
    match fs::read(path) {
        Ok(bytes) => {
            let name: Arc<str> = Arc::from(path.to_string_lossy().as_ref());
            Ok(Some(Source::decode(name, &bytes)?.text.to_string()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MigrationError::Io { path: path.to_owned(), source }),
    }
}
