//! The cache on disk: what is known of a folder's files, and snapshots of replays.
//!
//! It can be deleted at any time. What cannot be read, was written by another version, or is not whole counts as not there;
//! what cannot be written is made again the next time. Nothing in it is trusted beyond its key.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::globals::Globals;
use crate::migration::{Project, Seen};
use crate::plan::Memory;
use crate::schema::Dialect;
use crate::sql::Digest;

/// Snapshots that are kept at most: those of a few projects and branches.
const SNAPSHOTS: usize = 8;

/// Bytes of a digest.
const DIGEST: usize = 32;

/// A folder for caches, or none.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: Option<PathBuf>,
    /// Tells builds of this program apart: another one may understand the same bytes differently.
    build: String,
}

/// Where files lie of which something is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Files {
    /// In the migrations folder.
    OnDisk,
    /// In git.
    InGit,
}

impl Cache {
    /// `MIGRATE_CACHE_DIR`, else the user's folder for caches; none with `--no-cache`.
    pub(super) fn find(globals: &Globals) -> Cache {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let of_user =
            || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache"))).map(|folder| folder.join("concertina"));
        let folder = if globals.no_cache { None } else { variable("MIGRATE_CACHE_DIR").or_else(of_user) };
        Cache { folder, build: build() }
    }

    fn name(&self, key: Digest) -> String {
        format!("{}.replay", Digest::of_bytes(format!("{key} {}", self.build).as_bytes()))
    }

    fn of_folder(&self, project: &Project, dialect: Dialect, of: Files) -> Option<PathBuf> {
        let folder = fs::canonicalize(&project.migrations).ok()?;
        let key = Digest::of_bytes(format!("{} {dialect} {of:?} {}", self.build, folder.display()).as_bytes());
        Some(self.folder.as_ref()?.join(format!("{key}.files")))
    }

    /// What is known of the files of a project.
    pub(super) fn seen(&self, project: &Project, dialect: Dialect, of: Files) -> Seen {
        let read = || postcard::from_bytes(&read(&self.of_folder(project, dialect, of)?)?).ok();
        read().unwrap_or_default()
    }

    /// Keeps what was learnt of the files of a project.
    pub(super) fn keep_seen(&self, project: &Project, dialect: Dialect, of: Files, seen: &Seen) {
        if seen.is_worth_keeping()
            && let Some(path) = self.of_folder(project, dialect, of)
            && let Ok(bytes) = postcard::to_stdvec(seen)
        {
            write(&path, bytes);
        }
    }
}

impl Memory for Cache {
    fn recall(&self, keys: &[Digest]) -> Option<(usize, Vec<u8>)> {
        let folder = self.folder.as_ref()?;
        let known = snapshots(folder);
        if known.is_empty() {
            return None;
        }
        let known: HashSet<String> = known.iter().filter_map(|(path, _)| Some(path.file_name()?.to_str()?.to_owned())).collect();
        let place = keys.iter().rposition(|key| known.contains(&self.name(*key)))?;
        Some((place, read(&folder.join(self.name(keys[place])))?))
    }

    fn keep(&self, key: Digest, snapshot: Vec<u8>) {
        let Some(folder) = &self.folder else { return };
        let mut known = snapshots(folder);
        known.sort_by_key(|(_, written)| std::cmp::Reverse(*written));
        for (path, _) in known.iter().skip(SNAPSHOTS - 1) {
            // Somebody else may have deleted it already.
            let _ = fs::remove_file(path);
        }
        write(&folder.join(self.name(key)), snapshot);
    }
}

/// The version, and what tells apart two programs of one version.
fn build() -> String {
    let program = std::env::current_exe().and_then(fs::metadata);
    let written = program.as_ref().ok().and_then(|found| found.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok());
    format!("{} {:?} {written:?}", env!("CARGO_PKG_VERSION"), program.map(|found| found.len()).ok())
}

/// The snapshots in a folder with the time at which each was written.
fn snapshots(folder: &Path) -> Vec<(PathBuf, SystemTime)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "replay"));
    found.map(|entry| (entry.path(), entry.metadata().and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH))).collect()
}

/// The content of a file of the cache, if it is whole: it ends with the digest of the rest.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = fs::read(path).ok()?;
    let length = bytes.len().checked_sub(DIGEST)?;
    let (content, digest) = bytes.split_at(length);
    if Digest::of_bytes(content).0[..] != *digest {
        return None;
    }
    bytes.truncate(length);
    Some(bytes)
}

/// Writes beside the file and renames: a reader sees the old file or the new one. Errors are no matter: see above.
fn write(path: &Path, mut content: Vec<u8>) {
    let Some(folder) = path.parent() else { return };
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let digest = Digest::of_bytes(&content);
    content.extend_from_slice(&digest.0);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&beside, content)).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
}
