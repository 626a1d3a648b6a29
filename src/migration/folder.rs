//! The loader: a folder, on disk or in the binary, → migrations in order, each script hashed and dropped again.

mod tree;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use include_dir::Dir;

use super::layout::{Entry, Folder, LeftOut, Member, Role, found};
use super::nearest::hint;
use super::seen::Stamp;
use super::{Manifest, Migration, MigrationError, MigrationId, NodeRef, Part, ScriptFile, ScriptText, Seen, Settings};
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Phase};
use crate::sql::Source;

pub use tree::Tree;
use tree::tree_entries;

/// The migrations of a project, in order.
#[derive(Clone, Debug, Default)]
pub struct Migrations {
    list: Vec<Migration>,
    positions: HashMap<MigrationId, usize>,
    left_out: Vec<LeftOut>,
}

/// Where files come from.
enum Store<'a> {
    Disk {
        folder: &'a Path,
        shown: String,
        /// What is known of its files, and the time at which they are looked at.
        seen: Option<(RefCell<&'a mut Seen>, SystemTime)>,
    },
    Binary {
        folder: &'a Dir<'a>,
    },
    Tree {
        tree: &'a Tree<'a>,
        seen: RefCell<&'a mut Seen>,
    },
}

impl Migrations {
    /// Reads a folder. Paths in messages are relative to `root` where the folder lies below it.
    ///
    /// # Errors
    /// The first file or folder that is not understood, in the order of names.
    pub fn read(folder: &Path, root: &Path, dialect: Dialect) -> Result<Migrations, MigrationError> {
        let shown = folder.strip_prefix(root).unwrap_or(folder);
        let shown = shown.to_string_lossy().replace('\\', "/");
        Migrations::load(&Store::Disk { folder, shown, seen: None }, dialect)
    }

    /// As [`Migrations::read`], for a folder of which something is known: files that did not change are not read.
    ///
    /// # Errors
    /// As [`Migrations::read`].
    pub fn read_again(folder: &Path, root: &Path, dialect: Dialect, seen: &mut Seen) -> Result<Migrations, MigrationError> {
        let shown = folder.strip_prefix(root).unwrap_or(folder);
        let shown = shown.to_string_lossy().replace('\\', "/");
        Migrations::load(&Store::Disk { folder, shown, seen: Some((RefCell::new(seen), SystemTime::now())) }, dialect)
    }

    /// Reads a folder that is compiled into the binary.
    ///
    /// # Errors
    /// As [`Migrations::read`].
    pub fn embedded(folder: &Dir<'_>, dialect: Dialect) -> Result<Migrations, MigrationError> {
        Migrations::load(&Store::Binary { folder }, dialect)
    }

    fn load(store: &Store<'_>, dialect: Dialect) -> Result<Migrations, MigrationError> {
        let mut groups: Vec<(MigrationId, Vec<Member>)> = Vec::new();
        let mut places: HashMap<MigrationId, usize> = HashMap::new();
        let mut left_out = Vec::new();
        for entry in store.entries()? {
            let found = found(&entry)
                .map_err(|stranger| MigrationError::NotUnderstood { path: store.shown(&stranger.path), reason: stranger.reason })?;
            left_out.extend(found.left_out.into_iter().map(|left| LeftOut { path: store.shown(&left.path), ..left }));
            for member in found.members {
                let id = MigrationId::new(&member.id);
                let place = *places.entry(id.clone()).or_insert(groups.len());
                if place == groups.len() {
                    groups.push((id, Vec::with_capacity(1)));
                }
                groups[place].1.push(member);
            }
        }
        // Names are in order already, nearly always; ids are dear to compare.
        groups.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut list = Vec::with_capacity(groups.len());
        for (id, members) in groups {
            list.push(store.migration(id, &members, dialect)?);
        }
        let migrations = Migrations { left_out, ..Migrations::new(list)? };
        migrations.check_references(store)?;
        Ok(migrations)
    }

    /// Puts migrations in order.
    ///
    /// # Errors
    /// `DuplicateVersion`.
    pub fn new(mut list: Vec<Migration>) -> Result<Migrations, MigrationError> {
        // Prisma goes by whole names: `20250625_b` comes after `20250519093327_a`, and two branches may have taken the same second.
        let by_name = list.iter().all(Migration::is_prisma);
        list.sort_by(|left, right| if by_name { left.id.as_str().cmp(right.id.as_str()) } else { left.id.cmp(&right.id) });
        for pair in list.windows(2) {
            let [first, second] = pair else { continue };
            if !by_name && first.id.compare_versions(&second.id) == Some(std::cmp::Ordering::Equal) {
                let version = first.id.version().unwrap_or_default().to_owned();
                return Err(MigrationError::DuplicateVersion { version, first: first.id.clone(), second: second.id.clone() });
            }
        }
        let positions = list.iter().enumerate().map(|(position, migration)| (migration.id.clone(), position)).collect();
        Ok(Migrations { list, positions, left_out: Vec::new() })
    }

    fn check_references(&self, store: &Store<'_>) -> Result<(), MigrationError> {
        for migration in &self.list {
            for after in migration.settings.after.iter().flatten() {
                let wanted = after.migration();
                let problem = match (self.get(wanted), after) {
                    (None, _) => {
                        let ids = self.list.iter().map(|other| other.id.as_str());
                        format!("`after` names {wanted}, which is no migration here{}", hint(wanted.as_str(), ids))
                    }
                    (Some(_), _) if wanted == &migration.id => "`after` names the migration itself".to_owned(),
                    (Some(found), super::After::Node(node)) if found.script(node.phase).is_none() => {
                        format!("`after` names {node}, but {wanted} has no {}.sql", node.phase)
                    }
                    (Some(_), _) => continue,
                };
                let path = format!("{}/migration.toml", migration.id);
                let source = store.source(&path)?;
                let place = source.place(source.text.find(wanted.as_str()).unwrap_or_default());
                return Err(MigrationError::Settings { path: store.shown(&path), place, message: problem });
            }
        }
        Ok(())
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Migration> {
        self.list.iter()
    }

    /// Files and folders beside the migrations that hold no SQL for us.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// What the scripts say of the schema: nothing about what is not in them where something else may change it, too.
    pub fn knowledge(&self) -> Knowledge {
        if self.left_out.iter().any(|left| left.may_change) { Knowledge::Unknown } else { Knowledge::Known }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The migration of this name.
    pub fn get(&self, id: &MigrationId) -> Option<&Migration> {
        self.position(id).map(|position| &self.list[position])
    }

    /// Its place in the order, from zero.
    pub fn position(&self, id: &MigrationId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The script of a node.
    pub fn script(&self, node: &NodeRef) -> Option<&ScriptFile> {
        self.get(&node.migration)?.script(node.phase)
    }

    /// Every script with its digest: what a release built from this tree knows.
    pub fn manifest(&self) -> Manifest {
        let scripts = self
            .list
            .iter()
            .flat_map(|migration| migration.scripts.iter().map(|script| (NodeRef::new(&migration.id, script.phase), script.digest)));
        Manifest { scripts: scripts.collect() }
    }

    /// Reads every text into memory, so that the folder is not needed any more.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn embed(&mut self) -> Result<(), MigrationError> {
        for migration in &mut self.list {
            for script in migration.scripts.iter_mut().chain(&mut migration.rollback) {
                script.text = ScriptText::Embedded(script.source()?);
            }
        }
        Ok(())
    }

    /// The migration that somebody means by `text`: its whole id, or its version, or a part that only it has.
    ///
    /// # Errors
    /// A clause that says why none, or which several, with the nearest id.
    pub fn resolve(&self, text: &str) -> Result<&Migration, String> {
        if let Some(found) = self.get(&MigrationId::new(text)) {
            return Ok(found);
        }
        if let Some(found) = self.list.iter().find(|migration| migration.id.version() == Some(text)) {
            return Ok(found);
        }
        let mut holding = self.list.iter().filter(|migration| !text.is_empty() && migration.id.as_str().contains(text));
        match (holding.next(), holding.next()) {
            (Some(found), None) => Ok(found),
            (Some(first), Some(second)) => Err(format!("`{text}` could be {} or {}: give the whole id", first.id, second.id)),
            (None, _) => {
                let ids = self.list.iter().map(|migration| migration.id.as_str());
                Err(format!("there is no migration `{text}`{}", hint(text, ids)))
            }
        }
    }
}

impl<'a> IntoIterator for &'a Migrations {
    type Item = &'a Migration;
    type IntoIter = std::slice::Iter<'a, Migration>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> Store<'a> {
    fn shown(&self, path: &str) -> String {
        match self {
            Store::Disk { shown, .. } if shown.is_empty() => path.to_owned(),
            Store::Disk { shown, .. } => format!("{shown}/{path}"),
            Store::Binary { .. } => path.to_owned(),
            Store::Tree { tree, .. } => format!("{}/{path}", tree.shown),
        }
    }

    /// The entries in the order of their names, so that the first fault is always the same one.
    fn entries(&self) -> Result<Vec<Entry>, MigrationError> {
        let mut entries = match self {
            Store::Disk { folder, .. } => disk_entries(folder)?,
            Store::Binary { folder } => binary_entries(folder),
            Store::Tree { tree, .. } => tree_entries(tree),
        };
        entries.sort_by(|left, right| name_of(left).cmp(name_of(right)));
        Ok(entries)
    }

    fn file(&self, path: &str) -> Option<PathBuf> {
        match self {
            Store::Disk { folder, .. } => Some(folder.join(path)),
            Store::Binary { .. } | Store::Tree { .. } => None,
        }
    }

    fn source(&self, path: &str) -> Result<Source, MigrationError> {
        let bytes = match self {
            Store::Disk { folder, .. } => {
                let file = folder.join(path);
                std::fs::read(&file).map_err(|source| MigrationError::Io { path: file, source })?
            }
            Store::Binary { folder } => {
                let file = folder.get_file(folder.path().join(path));
                file.map(|file| file.contents().to_vec()).unwrap_or_default()
            }
            Store::Tree { tree, .. } => {
                let read = tree.files.get(path).map_or_else(|| Ok(Vec::new()), |object| (tree.read)(object));
                read.map_err(|source| MigrationError::Io { path: PathBuf::from(self.shown(path)), source })?
            }
        };
        Ok(Source::decode(self.shown(path), &bytes)?)
    }

    fn migration(&self, id: MigrationId, members: &[Member], dialect: Dialect) -> Result<Migration, MigrationError> {
        let mut migration = Migration { id, scripts: Vec::new(), rollback: None, settings: Settings::unstated() };
        let mut expand_from: Option<&str> = None;
        let mut rollback_from: Option<&str> = None;
        let declares = members.iter().any(|member| member.role == Role::Settings);
        for member in members {
            // What migration.toml declares is hashed with the text.
            let stamp = if declares && matches!(self, Store::Tree { .. }) { None } else { self.stamp(&member.path) };
            let parts = match member.role {
                Role::Settings => {
                    let text = self.source(&member.path)?.text;
                    migration.settings = Arc::new(Settings::parse(&self.shown(&member.path), &text)?);
                    continue;
                }
                Role::Script(phase) => vec![(phase, Part::Whole, false)],
                Role::Rollback => vec![(Phase::Expand, Part::Whole, true)],
                Role::Flat => {
                    let parts = self.present(&member.path, stamp.as_ref())?;
                    parts.into_iter().map(|part| (Phase::Expand, part, part == Part::Down)).collect()
                }
            };
            for (phase, part, undoes) in parts {
                let taken = match (undoes, phase) {
                    (true, _) => rollback_from.replace(&member.path),
                    (false, Phase::Expand) => expand_from.replace(&member.path),
                    (false, Phase::Backfill | Phase::Contract) => None,
                };
                if let Some(first) = taken {
                    let (first, second) = (self.shown(first), self.shown(&member.path));
                    return Err(MigrationError::DuplicateId { id: migration.id, first, second });
                }
                let script = self.script(&member.path, stamp.as_ref(), (phase, part), dialect)?;
                if undoes { migration.rollback = Some(script) } else { migration.scripts.push(script) }
            }
        }
        let has_expand = expand_from.is_some();
        self.declare(&mut migration, members, dialect)?;
        migration.scripts.sort_by_key(|script| script.phase);
        migration.scripts.shrink_to_fit();
        if let (Some(rollback), None) = (&migration.rollback, has_expand.then_some(())) {
            let reason = format!("undoes an expand script that is not there: {} has none", migration.id);
            return Err(MigrationError::NotUnderstood { path: rollback.path.to_string(), reason });
        }
        Ok(migration)
    }

    /// Gives every script what the syncs contribute to it. Expand and backfill need no file for that; a contract does,
    /// since that file is what makes a release ready.
    fn declare(&self, migration: &mut Migration, members: &[Member], dialect: Dialect) -> Result<(), MigrationError> {
        let syncs = &migration.settings.syncs;
        let Some(settings) = members.iter().find(|member| member.role == Role::Settings) else { return Ok(()) };
        if syncs.is_empty() {
            return if migration.scripts.is_empty() { Err(self.empty(migration)) } else { Ok(()) };
        }
        let declared: Arc<str> = syncs.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into();
        let path = Arc::from(self.shown(&settings.path));
        for phase in [Phase::Expand, Phase::Backfill] {
            if migration.script(phase).is_none() {
                migration.scripts.push(ScriptFile::without_file(phase, &path));
            }
        }
        migration.scripts.iter_mut().try_for_each(|script| script.declare(&declared, dialect))
    }

    fn empty(&self, migration: &Migration) -> MigrationError {
        let reason = "holds no script: add expand.sql, backfill.sql or contract.sql, declare a [[sync]], or remove the folder".to_owned();
        MigrationError::NotUnderstood { path: self.shown(migration.id.as_str()), reason }
    }

    fn script(
        &self,
        path: &str,
        stamp: Option<&Stamp>,
        (phase, part): (Phase, Part),
        dialect: Dialect,
    ) -> Result<ScriptFile, MigrationError> {
        let shown: Arc<str> = Arc::from(self.shown(path));
        let known = self.seen().and_then(|seen| seen.borrow().digests(path, stamp, part));
        let text = match (self.file(path), known) {
            (Some(file), _) => ScriptText::File { file, part },
            // A manifest asks for no text.
            (None, Some(_)) => ScriptText::Embedded(Source::new(Arc::clone(&shown), "")),
            (None, None) => ScriptText::Embedded(part.of(self.source(path)?)),
        };
        if let Some((digest, content)) = known {
            return Ok(ScriptFile { phase, path: shown, digest, content, text, declared: Arc::from("") });
        }
        let script = ScriptFile::hashed(phase, shown, text, dialect)?;
        if let Some(seen) = self.seen() {
            seen.borrow_mut().learn(path, stamp, part, script.digest, script.content);
        }
        Ok(script)
    }

    /// The scripts that a flat file holds.
    fn present(&self, path: &str, stamp: Option<&Stamp>) -> Result<Vec<Part>, MigrationError> {
        if let Some(known) = self.seen().and_then(|seen| seen.borrow().present(path, stamp)) {
            return Ok(known);
        }
        let present = Part::present(&self.source(path)?.text);
        if let Some(seen) = self.seen() {
            seen.borrow_mut().learn_present(path, stamp, &present);
        }
        Ok(present)
    }

    fn seen(&self) -> Option<&RefCell<&'a mut Seen>> {
        match self {
            Store::Disk { seen: Some((seen, _)), .. } | Store::Tree { seen, .. } => Some(seen),
            Store::Disk { seen: None, .. } | Store::Binary { .. } => None,
        }
    }

    /// Taken before the file is read, so that a change in between is noticed the next time.
    fn stamp(&self, path: &str) -> Option<Stamp> {
        match self {
            Store::Disk { folder, seen: Some((_, now)), .. } => Stamp::of(&folder.join(path), *now),
            Store::Tree { tree, .. } => tree.files.get(path).cloned().map(Stamp::Object),
            Store::Disk { seen: None, .. } | Store::Binary { .. } => None,
        }
    }
}

fn name_of(entry: &Entry) -> &str {
    match entry {
        Entry::File(name) => name,
        Entry::Folder(folder) => &folder.name,
    }
}

/// The names in a folder with what they are. Links are followed: what they point at decides.
fn list(folder: &Path) -> Result<(Vec<String>, Vec<String>), MigrationError> {
    let failed = |source| MigrationError::Io { path: folder.to_owned(), source };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let unfit = |reason: &str| MigrationError::NotUnderstood { path: path.display().to_string(), reason: reason.to_owned() };
        let name = entry.file_name().into_string().map_err(|_| unfit("has a name that is not UTF-8: rename it"))?;
        let kind = entry.file_type().map_err(failed)?;
        let kind = if kind.is_symlink() && !name.starts_with('.') {
            std::fs::metadata(&path).map_err(|_| unfit("is a link that leads nowhere: remove or repair it"))?.file_type()
        } else {
            kind
        };
        if kind.is_dir() {
            folders.push(name);
        } else if kind.is_file() || name.starts_with('.') {
            files.push(name);
        } else {
            return Err(unfit("is neither a file nor a folder"));
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

fn disk_entries(folder: &Path) -> Result<Vec<Entry>, MigrationError> {
    let (files, folders) = list(folder)?;
    let mut entries: Vec<Entry> = files.into_iter().map(Entry::File).collect();
    for name in folders.into_iter().filter(|name| !name.starts_with('.')) {
        entries.push(Entry::Folder(disk_folder(&folder.join(&name), name, DEEPEST)?));
    }
    Ok(entries)
}

/// Folders in folders that are looked into: deeper than any tool sorts migrations, and an end to links that lead in circles.
const DEEPEST: usize = 6;

fn disk_folder(folder: &Path, name: String, depth: usize) -> Result<Folder, MigrationError> {
    let (files, names) = list(folder)?;
    let mut folders = Vec::new();
    for inner in names.into_iter().filter(|name| !name.starts_with('.')) {
        let path = folder.join(&inner);
        folders.push(if depth == 0 { Folder { name: inner, ..Folder::default() } } else { disk_folder(&path, inner, depth - 1)? });
    }
    Ok(Folder { name, files, folders })
}

fn binary_entries(folder: &Dir<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = folder.files().map(|file| Entry::File(file_name(file.path()))).collect();
    entries.extend(folder.dirs().map(|dir| Entry::Folder(binary_folder(dir))));
    entries
}

fn binary_folder(folder: &Dir<'_>) -> Folder {
    Folder {
        name: file_name(folder.path()),
        files: folder.files().map(|file| file_name(file.path())).collect(),
        folders: folder.dirs().map(binary_folder).collect(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
