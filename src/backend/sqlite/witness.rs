//! A locked file that bears witness to a living process: the system lets go of the lock when the process ends, however
//! it ends, so a run that was killed is followed at once and a run that lives is never taken for dead.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Our own witness; gone when dropped.
#[derive(Debug)]
pub(super) struct Witness {
    path: PathBuf,
    _locked: File,
}

/// What another run's witness says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Testimony {
    /// Its process lives.
    Alive,
    /// Its process ended without giving the lease back.
    Dead,
    /// Nobody can tell from here: another host, another temporary folder.
    Unknown,
}

impl Witness {
    /// Makes and locks a file of our own. `None` where that is impossible: then only the expiry helps the next run.
    pub(super) fn new() -> Option<Witness> {
        // The name is never used twice, so a lock that can be had proves that its maker is gone.
        let name = format!("concertina-{}-{:016x}.lease", std::process::id(), fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path).ok()?;
        match file.try_lock() {
            Ok(()) => Some(Witness { path, _locked: file }),
            Err(_) => {
                remove(&path);
                None
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Asks the witness of another run on this host.
pub(super) fn ask(path: &Path) -> Testimony {
    let Ok(file) = OpenOptions::new().write(true).open(path) else {
        return Testimony::Unknown;
    };
    match file.try_lock() {
        Ok(()) => {
            remove(path);
            Testimony::Dead
        }
        Err(TryLockError::WouldBlock) => Testimony::Alive,
        Err(TryLockError::Error(_)) => Testimony::Unknown,
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(%error, path = %path.display(), "a lease file was left behind");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_speaks_for_its_owner_only_while_it_lives() {
        let witness = Witness::new().expect("the temporary folder can be written");
        let path = witness.path().to_owned();
        assert_eq!(ask(&path), Testimony::Alive);
        drop(witness);
        assert_eq!(ask(&path), Testimony::Unknown);
    }

    #[test]
    fn a_file_without_an_owner_is_a_dead_run() {
        let path = std::env::temp_dir().join(format!("concertina-test-{}.lease", std::process::id()));
        File::create(&path).expect("the temporary folder can be written");
        assert_eq!(ask(&path), Testimony::Dead);
        assert!(!path.exists());
    }
}
