//! A file system in memory that is as small as a test wants it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{account, skip};

/// A mounted folder; unmounted when it goes out of scope.
pub(crate) struct Tmpfs {
    folder: tempfile::TempDir,
}

/// A file system of so many kibibytes, of the account that PostgreSQL runs under; `None` where nothing may be mounted.
pub(crate) fn tmpfs(kibibytes: u32) -> Option<Tmpfs> {
    let mounted = tempfile::Builder::new().prefix("migrate-test-tmpfs").tempdir().map_err(|error| error.to_string()).and_then(|folder| {
        let size = format!("size={kibibytes}k,mode=0777");
        account::run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "migrate-test"]).arg(folder.path()))?;
        Ok(Tmpfs { folder })
    });
    mounted.map_err(|reason| skip("tmpfs", &reason)).ok()
}

impl Tmpfs {
    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A folder in it that PostgreSQL may use.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        account::hand_over(&folder).expect("it can be handed over");
        folder
    }

    /// Makes it larger.
    pub(crate) fn grow_to(&self, kibibytes: u32) {
        let size = format!("remount,size={kibibytes}k");
        account::run(Command::new("mount").args(["-o", &size]).arg(self.path())).expect("it can grow");
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: a server that still has files open there ends soon after.
        let _ = account::run(Command::new("umount").arg("-l").arg(self.path()));
    }
}
