//! A SQLite database file in a folder of its own.

use std::path::PathBuf;

/// The file is deleted when this goes out of scope.
pub(crate) struct TempDb {
    folder: tempfile::TempDir,
}

/// A place for a new SQLite database; the file does not exist yet.
pub(crate) fn sqlite() -> TempDb {
    TempDb { folder: tempfile::tempdir().expect("a temporary folder can be made") }
}

impl TempDb {
    /// The database file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    /// The address, which also creates the file on first use.
    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.path().display())
    }
}
