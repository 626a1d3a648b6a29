//! Writes files so that each is there whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::fix::Change;

/// Writes and removes files below a folder. New texts first: nothing is lost when it ends half-way.
///
/// # Errors
/// When a file cannot be written or removed.
pub(in crate::cli) fn all(root: &Path, changes: &[Change]) -> Result<(), Failure> {
    let refuse = |change: &Change, error: std::io::Error| Failure::new(Exit::Failure, format!("cannot write {}: {error}", change.path));
    for change in changes {
        if let Some(text) = &change.after {
            one(&root.join(&change.path), text).map_err(|error| refuse(change, error))?;
        }
    }
    for change in changes.iter().filter(|change| change.after.is_none()) {
        fs::remove_file(root.join(&change.path)).map_err(|error| refuse(change, error))?;
    }
    Ok(())
}

fn one(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Hidden, so that a loader that comes by does not take it for a migration.
    let scratch = folder.join(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create(&scratch).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&scratch, path));
    if done.is_err() {
        // It may not be there; what went wrong is told already.
        let _ = fs::remove_file(&scratch);
    }
    done
}
