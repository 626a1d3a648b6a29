//! The command as its users meet it: the pages of the documentation run, the help is the documentation, exit codes are
//! what they are said to be, and whatever is wrong is told with its place and the next command.

#[path = "cli/action.rs"]
mod action;
#[path = "cli/base.rs"]
mod base;
#[path = "cli/cache.rs"]
mod cache;
#[path = "cli/console.rs"]
mod console;
#[path = "cli/contract.rs"]
mod contract;
#[path = "cli/deploy.rs"]
mod deploy;
#[path = "cli/fix.rs"]
mod fix;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/generated.rs"]
mod generated;
#[path = "cli/other_tools.rs"]
mod other_tools;
#[path = "cli/pages.rs"]
mod pages;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/stop.rs"]
mod stop;
#[path = "cli/wrong.rs"]
mod wrong;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a command printed and how it ended.
#[derive(Debug)]
struct Ran {
    out: String,
    err: String,
    code: i32,
}

impl Ran {
    /// The JSON document on standard output.
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("standard output is no JSON document ({error}):\n{}\n{}", self.out, self.err))
    }
}

/// Runs `migrate` in a folder, with nothing in the environment that could change it.
fn migrate(folder: &Path, arguments: &[&str]) -> Ran {
    migrate_with(folder, arguments, &[])
}

/// Runs `migrate` in a folder with these variables.
fn migrate_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_migrate"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("MIGRATE_DATABASE_URL")
        .env_remove("DATABASE_URL")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        // In GitHub Actions the command says more.
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITHUB_STEP_SUMMARY")
        .env_remove("GITHUB_OUTPUT")
        // In a container of Kubernetes there is a termination log.
        .env("MIGRATE_TERMINATION_LOG", "")
        .env("COLUMNS", "80")
        .env("MIGRATE_ACTOR", "ann@laptop")
        .envs(variables.iter().copied())
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the command was built");
    let ran = Ran {
        out: String::from_utf8(output.stdout).expect("output is UTF-8"),
        err: String::from_utf8(output.stderr).expect("output is UTF-8"),
        code: output.status.code().expect("it was not killed"),
    };
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}

/// A scratch folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room for scratch folders");
    for (path, text) in files {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().expect("it lies in the folder")).expect("the folder is ours");
        fs::write(file, text).expect("the folder is ours");
    }
    folder
}

/// A scratch copy of the example shop for SQLite.
fn shop() -> tempfile::TempDir {
    let scratch = folder(&[]);
    copy(&root().join("migrations-example/sqlite"), scratch.path());
    scratch
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is ours");
    for entry in fs::read_dir(from).expect("the example is there") {
        let path = entry.expect("the example can be listed").path();
        let target = to.join(path.file_name().expect("entries have names"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("the folder is ours");
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
