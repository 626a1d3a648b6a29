//! Files that were read before, so that a folder of thousands that did not change is not read again.
//!
//! A file is taken for unchanged as long as its size, its times, its device and its inode are. That is git's rule for its
//! index; as there, a file that changed shortly before it was looked at is not trusted, since it may change again within
//! the same tick of the clock.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::script::Part;
use crate::sql::Digest;

/// How old a change must be before the times of a file tell the next one apart. Two seconds: the coarsest file system in use.
const TICK: Duration = Duration::from_secs(2);

/// Files that make a folder worth remembering.
const WORTH_KEEPING: usize = 64;

/// What is known of the files of one folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    files: HashMap<String, File>,
    /// Whether something was learnt since it was read.
    #[serde(skip)]
    learnt: bool,
}

/// One file.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    stamp: Stamp,
    /// The scripts that a flat file holds, where somebody asked.
    present: Option<Vec<Part>>,
    /// The digests of each part that was read: over its tokens, over its bytes.
    parts: Vec<(Part, Digest, Digest)>,
}

/// What tells that a file did not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stamp {
    /// On disk.
    Times { size: u64, modified: (i64, i64), changed: (i64, i64), device: u64, inode: u64 },
    /// In git: the name of its content.
    Object(String),
}

impl Stamp {
    /// The stamp of a file; `None` where it cannot be trusted to tell a later change.
    #[cfg(unix)]
    pub(super) fn of(file: &Path, now: SystemTime) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt as _;
        let found = std::fs::metadata(file).ok()?;
        let (modified, changed) = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
        let settled = now.checked_sub(TICK)?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        let settled = i64::try_from(settled).ok()?;
        let stamp = Stamp::Times { size: found.size(), modified, changed, device: found.dev(), inode: found.ino() };
        (modified.0 < settled && changed.0 < settled).then_some(stamp)
    }

    /// Elsewhere files have no inode: every file is read.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Path, _: SystemTime) -> Option<Stamp> {
        None
    }
}

impl Seen {
    /// Whether it differs from what was read, and is worth its room: a small folder is read in no time.
    pub fn is_worth_keeping(&self) -> bool {
        self.learnt && self.files.len() >= WORTH_KEEPING
    }

    fn file(&self, path: &str, stamp: Option<&Stamp>) -> Option<&File> {
        self.files.get(path).filter(|file| Some(&file.stamp) == stamp)
    }

    /// The scripts that a flat file holds.
    pub(super) fn present(&self, path: &str, stamp: Option<&Stamp>) -> Option<Vec<Part>> {
        self.file(path, stamp)?.present.clone()
    }

    /// The digests of a part: over its tokens, over its bytes.
    pub(super) fn digests(&self, path: &str, stamp: Option<&Stamp>, part: Part) -> Option<(Digest, Digest)> {
        let (_, tokens, bytes) = self.file(path, stamp)?.parts.iter().find(|(known, ..)| *known == part)?;
        Some((*tokens, *bytes))
    }

    fn entry(&mut self, path: &str, stamp: &Stamp) -> &mut File {
        self.learnt = true;
        let fresh = || File { stamp: stamp.clone(), present: None, parts: Vec::new() };
        let file = self.files.entry(path.to_owned()).or_insert_with(fresh);
        if file.stamp != *stamp {
            *file = fresh();
        }
        file
    }

    /// Learns which scripts a flat file holds.
    pub(super) fn learn_present(&mut self, path: &str, stamp: Option<&Stamp>, present: &[Part]) {
        if let Some(stamp) = stamp {
            self.entry(path, stamp).present = Some(present.to_vec());
        }
    }

    /// Learns the digests of a part.
    pub(super) fn learn(&mut self, path: &str, stamp: Option<&Stamp>, part: Part, tokens: Digest, bytes: Digest) {
        if let Some(stamp) = stamp {
            self.entry(path, stamp).parts.push((part, tokens, bytes));
        }
    }
}
