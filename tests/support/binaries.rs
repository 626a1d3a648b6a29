//! Where PostgreSQL's programs are, per major version.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account;

/// The folder with `initdb`, `pg_ctl` and `postgres` of this major version that the server's account can run.
///
/// Looked for in `MIGRATE_TEST_PG_BINS` (folders with `:` between), in `tests/servers`, in Debian's versioned folders, in PATH.
pub(crate) fn of(major: u16) -> Result<PathBuf, String> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(given) = std::env::var_os("MIGRATE_TEST_PG_BINS") {
        folders.extend(std::env::split_paths(&given));
    }
    folders.push(repository.join(format!("tests/servers/node_modules/pg{major}/native/bin")));
    folders.push(PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")));
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    let of_major = |folder: &PathBuf| {
        let there = ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file());
        there && version(&folder.join("postgres")) == Some(major)
    };
    let found = folders.into_iter().find(of_major);
    let folder =
        found.ok_or_else(|| format!("no folder with initdb, pg_ctl and postgres {major}; `npm ci` in tests/servers fetches them"))?;
    let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
    account::run(account::command(&folder.join("initdb")).current_dir("/").arg("--version"))
        .map_err(|error| format!("the account that servers run under cannot run them: {error}"))?;
    Ok(folder)
}

/// The major version that a `postgres` program tells.
fn version(postgres: &Path) -> Option<u16> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split('.').next()?.parse().ok()
}
