//! A scenario's folder, copied to a scratch place, and the real `migrate` run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::application::Statements;

/// scenario.toml.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scenario {
    pub(crate) about: String,
    pub(crate) seeded: i64,
    pub(crate) old: Statements,
    pub(crate) new: Statements,
    pub(crate) after: Option<After>,
    pub(crate) conflict: Option<String>,
    /// Statements that make the same schema, by dialect: for migrations whose files hold not all of it.
    #[serde(default)]
    pub(crate) plain: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct After {
    pub(crate) refused: String,
}

/// Two source trees over one database: the old release's and the new one's.
pub(crate) struct Project {
    pub(crate) scenario: Scenario,
    pub(crate) old: PathBuf,
    pub(crate) new: PathBuf,
    _scratch: tempfile::TempDir,
}

/// What a run of the command left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    pub(crate) fn new(name: &str, dialect: &str, url: &str, seeded: Option<i64>) -> Project {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name);
        let text = fs::read_to_string(home.join("scenario.toml")).expect("scenario.toml");
        let mut scenario: Scenario = toml::from_str(&text).expect("scenario.toml is understood");
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let (old, new) = (scratch.path().join("old"), scratch.path().join("new"));
        let rows = seeded.unwrap_or(scenario.seeded);
        for tree in [&old, &new] {
            fs::create_dir_all(tree.join("migrations")).expect("a folder");
            let settings = format!(
                "dialect = \"{dialect}\"\nservices = [\"app\"]\n\n[database]\nurl = \"{url}\"\n\n[contract]\nsoak = \"1s\"\n\n[locks]\ntimeout = \"500ms\"\ngive_up_after = \"60s\"\n"
            );
            fs::write(tree.join("migrate.toml"), settings).expect("migrate.toml");
        }
        let mut migrations: Vec<_> =
            fs::read_dir(home.join(dialect).join("migrations")).expect("migrations").map(|entry| entry.expect("an entry").path()).collect();
        migrations.sort();
        for (number, migration) in migrations.iter().enumerate() {
            let trees: &[&PathBuf] = if number == 0 { &[&old, &new] } else { &[&new] };
            for tree in trees {
                let target = tree.join("migrations").join(migration.file_name().expect("a name"));
                fs::create_dir_all(&target).expect("a folder");
                for file in fs::read_dir(migration).expect("scripts") {
                    let file = file.expect("an entry").path();
                    let text = fs::read_to_string(&file).expect("a script").replace(&scenario.seeded.to_string(), &rows.to_string());
                    fs::write(target.join(file.file_name().expect("a name")), text).expect("a copy");
                }
            }
        }
        scenario.seeded = rows;
        Project { scenario, old, new, _scratch: scratch }
    }

    fn command(tree: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        command.current_dir(tree).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["DATABASE_URL", "MIGRATE_DATABASE_URL", "RUST_LOG"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the command to its end.
    pub(crate) async fn run(&self, tree: &Path, arguments: &[&str]) -> Ran {
        let mut command = tokio::process::Command::from(Self::command(tree, arguments));
        let output = command.output().await.expect("the command runs");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs the command and demands an exit code.
    pub(crate) async fn expect(&self, tree: &Path, arguments: &[&str], code: i32) -> Ran {
        let ran = self.run(tree, arguments).await;
        assert_eq!(
            ran.code,
            Some(code),
            "`migrate {}` in a scenario of {}\n--- stdout\n{}\n--- stderr\n{}",
            arguments.join(" "),
            self.scenario.about,
            ran.stdout,
            ran.stderr
        );
        ran
    }

    /// Starts the command and kills it after `patience`; whether it was still alive then.
    pub(crate) async fn kill_after(&self, tree: &Path, arguments: &[&str], patience: Duration) -> bool {
        let mut command = tokio::process::Command::from(Self::command(tree, arguments));
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the command starts");
        match tokio::time::timeout(patience, child.wait()).await {
            Ok(_) => false,
            Err(_) => {
                child.kill().await.expect("it can be killed");
                true
            }
        }
    }
}
