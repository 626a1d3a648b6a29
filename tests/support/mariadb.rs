//! A throw-away MariaDB: one server per test process, one database per test, spoken to through its client program.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{account, skip};

/// What the tests claim about MariaDB is claimed of this series.
pub(crate) const SERIES: &str = "10.11";

/// Small files and no flushing: nothing here outlives the test. The character set is the default of MySQL 8.
const SETTINGS: [&str; 7] = [
    "--skip-networking",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=4M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--character-set-server=utf8mb4",
    "--lock-wait-timeout=20",
];

/// How long the server may take to start: it needs a fifth of a second.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Ends each message to the client program, and each answer of it. The client keeps 15 bytes of a delimiter.
const END: &str = "$$end$$";

/// A running server with its data folder; both go when the test process ends in whatever way.
pub(crate) struct MariaDb {
    folder: PathBuf,
    client: PathBuf,
    watchdog: Child,
}

/// A database of its own on the server, dropped at the end of the test.
pub(crate) struct MariaDbDatabase<'a> {
    server: &'a MariaDb,
    name: String,
}

/// One session: settings, variables and locks last until it goes out of scope.
pub(crate) struct MariaDbSession {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// The server that the tests of this process share; `None` when it is not installed.
pub(crate) fn mariadb() -> Option<&'static MariaDb> {
    static SHARED: OnceLock<Option<MariaDb>> = OnceLock::new();
    let server = SHARED.get_or_init(|| match MariaDb::start() {
        Ok(server) => Some(server),
        Err(reason) => {
            skip("mariadb", &reason);
            None
        }
    });
    server.as_ref()
}

impl MariaDb {
    fn start() -> Result<MariaDb, String> {
        let [install, server, client] = [find("mariadb-install-db")?, find("mariadbd")?, find("mariadb")?];
        let folder = tempfile::Builder::new().prefix("migrate-test-mariadb").tempdir().map_err(|error| error.to_string())?.keep();
        account::mariadb_hand_over(&folder)?;
        let watchdog = watch(&folder)?;
        let data = format!("--datadir={}", folder.join("data").display());
        let small = ["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=4M"];
        account::run(account::mariadb_command(&install).current_dir("/").args(["--no-defaults", &data]).args(small))?;
        let process = account::mariadb_command(&server)
            .args(["--no-defaults", &data])
            .arg(format!("--socket={}", folder.join("socket").display()))
            .arg(format!("--pid-file={}", folder.join("pid").display()))
            .arg(format!("--log-error={}", folder.join("log").display()))
            .args(SETTINGS)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut process = process.map_err(|error| format!("{}: {error}", server.display()))?;
        let started = MariaDb { folder, client, watchdog };
        let began = Instant::now();
        while let Err(reason) = started.run(None, "SELECT 1") {
            let ended = process.try_wait().is_ok_and(|status| status.is_some());
            if ended || began.elapsed() > START_LIMIT {
                let log = std::fs::read_to_string(started.folder.join("log")).unwrap_or_default();
                return Err(format!("mariadbd does not answer: {reason}\n{log}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let version = started.run(None, "SELECT version()")?;
        if !version.starts_with(&format!("{SERIES}.")) {
            return Err(format!("mariadbd is {}, not {SERIES}", version.trim()));
        }
        Ok(started)
    }

    /// An empty database.
    pub(crate) fn database(&self) -> MariaDbDatabase<'_> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.run(None, &format!("CREATE DATABASE {name}")).expect("a database can be created");
        MariaDbDatabase { server: self, name }
    }

    fn run(&self, database: Option<&str>, sql: &str) -> Result<String, String> {
        self.session(database)?.run(sql)
    }

    fn session(&self, database: Option<&str>) -> Result<MariaDbSession, String> {
        // Errors go where the answers go, so that their order is kept.
        const MERGED: &str = r#"exec "$0" "$@" 2>&1"#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", MERGED]).arg(&self.client).args(["--no-defaults", "--user=root", "--force", "--binary-mode", "--comments"]);
        command.args(["--batch", "--skip-column-names", "--unbuffered", "--default-character-set=utf8mb4"]);
        command.arg(format!("--socket={}", self.folder.join("socket").display())).args(database);
        let spawned = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = spawned.map_err(|error| format!("{}: {error}", self.client.display()))?;
        let (Some(mut input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the client has no pipes".to_owned());
        };
        writeln!(input, "DELIMITER {END}").map_err(|error| error.to_string())?;
        Ok(MariaDbSession { process, input, output: BufReader::new(output) })
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

impl MariaDbDatabase<'_> {
    /// Runs SQL of any number of statements in a session of its own; rows come back as lines with tabs between the columns.
    pub(crate) fn run(&self, sql: &str) -> Result<String, String> {
        self.session().run(sql)
    }

    /// A new session.
    pub(crate) fn session(&self) -> MariaDbSession {
        self.server.session(Some(&self.name)).expect("the client can be started")
    }

    /// The database's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Drops everything in it.
    pub(crate) fn empty(&self) {
        let again = format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}", name = self.name);
        self.server.run(None, &again).expect("a database can be made anew");
    }
}

impl Drop for MariaDbDatabase<'_> {
    fn drop(&mut self) {
        let _ = self.server.run(None, &format!("DROP DATABASE IF EXISTS {}", self.name));
    }
}

impl MariaDbSession {
    /// Sends SQL of any number of statements, bodies of triggers and routines included, and waits for the answer: rows as
    /// lines with tabs between the columns, or the first error, such as `ERROR 1846 (0A000) at line 1: …`.
    pub(crate) fn run(&mut self, sql: &str) -> Result<String, String> {
        self.send(sql)?;
        self.answer()
    }

    /// Sends SQL without waiting for the answer, which [`MariaDbSession::answer`] fetches later.
    pub(crate) fn send(&mut self, sql: &str) -> Result<(), String> {
        let sent = write!(self.input, "{sql}\n{END}\nSELECT '{END}'\n{END}\n").and_then(|()| self.input.flush());
        sent.map_err(|error| error.to_string())
    }

    /// The answer to what was sent.
    pub(crate) fn answer(&mut self) -> Result<String, String> {
        let mut told = String::new();
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).map_err(|error| error.to_string())?;
            if read == 0 {
                return Err(format!("the session ended: {}", told.trim()));
            }
            if line.trim_end() == END {
                break;
            }
            told.push_str(&line);
        }
        match told.lines().find(|line| line.starts_with("ERROR ")) {
            Some(error) => Err(error.to_owned()),
            None => Ok(told),
        }
    }
}

impl Drop for MariaDbSession {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program of MariaDB: in `MIGRATE_TEST_MARIADB_BINS` (folders with `:` between), in PATH, where Debian keeps servers.
fn find(program: &str) -> Result<PathBuf, String> {
    let given = ["MIGRATE_TEST_MARIADB_BINS", "PATH"].into_iter().filter_map(std::env::var_os);
    let folders = given.flat_map(|list| std::env::split_paths(&list).collect::<Vec<_>>()).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(program)).find(|path| path.is_file());
    found.ok_or_else(|| format!("no {program} in PATH; Debian's package is mariadb-server"))
}

/// A process that outlives this one just long enough to stop the server and delete its folder.
fn watch(folder: &Path) -> Result<Child, String> {
    const SCRIPT: &str = r#"cat >/dev/null; if [ -f "$1/pid" ]; then kill -9 "$(cat "$1/pid")"; sleep 0.1; fi; rm -rf "$1""#;
    let mut command = account::mariadb_command(Path::new("/bin/sh"));
    command.args(["-c", SCRIPT, "watchdog"]).arg(folder);
    // Of its own process group, so that Ctrl-C on the tests leaves it to do its work.
    command.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("{command:?}: {error}"))
}
