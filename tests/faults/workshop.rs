//! A scratch project and the real command run in it.

use std::future::Future;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A project folder over one database.
pub(crate) struct Workshop {
    folder: TempDir,
}

/// A run under way.
pub(crate) struct Running {
    child: Child,
}

/// What a run left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workshop {
    pub(crate) fn new(dialect: &str, url: &str) -> Workshop {
        Workshop::with_locks(dialect, url, "500ms", "60s")
    }

    pub(crate) fn with_locks(dialect: &str, url: &str, timeout: &str, give_up_after: &str) -> Workshop {
        let folder = tempfile::tempdir().expect("a scratch folder");
        // Those who look on from a second session are no application to be spared.
        let duty = if dialect == "postgres" { "duty = \"50%\"\n" } else { "" };
        let settings = format!(
            "dialect = \"{dialect}\"\nservices = [\"app\"]\n\n[database]\nurl = \"{url}\"\n\n[contract]\nsoak = \"1s\"\n\n[locks]\ntimeout = \"{timeout}\"\ngive_up_after = \"{give_up_after}\"\n\n[backfill]\n{duty}"
        );
        std::fs::create_dir(folder.path().join("migrations")).expect("a folder");
        std::fs::write(folder.path().join("migrate.toml"), settings).expect("migrate.toml");
        Workshop { folder }
    }

    /// A project whose services are these.
    pub(crate) fn for_services(dialect: &str, url: &str, services: &[&str]) -> Workshop {
        let workshop = Workshop::new(dialect, url);
        let file = workshop.path().join("migrate.toml");
        let text = std::fs::read_to_string(&file).expect("migrate.toml");
        std::fs::write(file, text.replace("[\"app\"]", &format!("{services:?}"))).expect("migrate.toml");
        workshop
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join("migrations").join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a script");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        let folder: &Path = self.folder.path();
        command.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        for name in ["DATABASE_URL", "MIGRATE_DATABASE_URL", "RUST_LOG"] {
            command.env_remove(name);
        }
        command
    }

    /// Starts the command; the future waits for its end.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> impl Future<Output = Ran> + use<> {
        let child = self.command(arguments).spawn().expect("the command starts");
        async move {
            let output = child.wait_with_output().await.expect("the command ends");
            Ran {
                code: output.status.code(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        }
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.spawn(arguments).await
    }

    pub(crate) async fn expect(&self, arguments: &[&str], code: i32) -> Ran {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, Some(code), "`migrate {}`\n--- stdout\n{}\n--- stderr\n{}", arguments.join(" "), ran.stdout, ran.stderr);
        ran
    }

    /// Starts the command as something to be stopped, frozen and killed.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_under(&[], arguments)
    }

    /// The same with another program in front, such as `prlimit --as=…`.
    pub(crate) fn start_under(&self, wrapper: &[&str], arguments: &[&str]) -> Running {
        let own = self.command(arguments);
        let mut command = match wrapper {
            [] => own,
            [program, before @ ..] => {
                let mut command = Command::new(program);
                command.args(before).arg(own.as_std().get_program()).args(arguments).current_dir(self.path());
                command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
                for name in ["DATABASE_URL", "MIGRATE_DATABASE_URL", "RUST_LOG"] {
                    command.env_remove(name);
                }
                command
            }
        };
        Running { child: command.spawn().expect("the command starts") }
    }

    /// Adds lines to `[backfill]` in migrate.toml.
    pub(crate) fn configure(&self, lines: &str) {
        let file = self.path().join("migrate.toml");
        let text = std::fs::read_to_string(&file).expect("migrate.toml");
        std::fs::write(file, format!("{text}\n{lines}\n")).expect("migrate.toml");
    }

    /// Kills the command after `patience`; whether it was still alive then.
    pub(crate) async fn kill_after(&self, arguments: &[&str], patience: Duration) -> bool {
        let mut child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
        match tokio::time::timeout(patience, child.wait()).await {
            Ok(_) => false,
            Err(_) => {
                child.kill().await.expect("it can be killed");
                true
            }
        }
    }
}

impl Running {
    /// Sends a signal by its name, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it has not been waited for").to_string();
        // It may have ended in this moment; whoever waits for it will see.
        let _ = std::process::Command::new("kill").args(["-s", name, &pid]).stderr(Stdio::null()).status();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Kills it.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Waits for its end.
    pub(crate) async fn wait(self) -> Ran {
        let output = self.child.wait_with_output().await.expect("the command ends");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Both streams.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
