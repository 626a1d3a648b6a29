//! Throw-away PostgreSQL clusters: one per major version and test process, and clusters of their own for tests that break them.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use super::{account, binaries, skip};

/// The major versions that are supported, oldest first.
pub(crate) const MAJORS: [u16; 5] = [14, 15, 16, 17, 18];

/// Speed instead of durability: nothing here outlives the test.
const SETTINGS: &str = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c shared_buffers=16MB \
     -c max_connections=200 -c listen_addresses=127.0.0.1";

/// How long a server may take to start: it needs a tenth of a second, more where a killed one still has to end.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The role that must show its password, for tests about URLs.
pub(crate) const PASSWORD_ROLE: (&str, &str) = ("keyholder", "open-sesame");

/// A running server with its data folder; both go when this goes, or when the test process ends in whatever way.
pub(crate) struct Cluster {
    major: u16,
    binaries: PathBuf,
    folder: PathBuf,
    port: u16,
    settings: String,
    watchdog: Child,
}

/// A database of its own on a cluster, dropped at the end of the test.
pub(crate) struct Database {
    /// `postgres://…`, as the superuser.
    pub(crate) url: String,
    name: String,
    admin: PgConnectOptions,
}

/// The cluster of this major version that the tests of this process share; `None` when it is not installed.
pub(crate) fn postgres(major: u16) -> Option<&'static Cluster> {
    static SHARED: [OnceLock<Option<Cluster>>; MAJORS.len()] = [const { OnceLock::new() }; MAJORS.len()];
    let slot = MAJORS.iter().position(|known| *known == major).expect("a supported major version");
    SHARED[slot].get_or_init(|| Cluster::own(major)).as_ref()
}

/// The shared clusters of every major version that is installed.
pub(crate) fn installed() -> Vec<&'static Cluster> {
    MAJORS.into_iter().filter_map(postgres).collect()
}

impl Cluster {
    /// A new cluster that nobody shares: for tests that kill or reconfigure it. `None` when it is not installed.
    pub(crate) fn own(major: u16) -> Option<Cluster> {
        Cluster::with(major, "")
    }

    /// The same with further settings, such as `-c max_connections=9`.
    pub(crate) fn with(major: u16, settings: &str) -> Option<Cluster> {
        match Cluster::create(major, settings) {
            Ok(cluster) => Some(cluster),
            Err(reason) => {
                skip(&format!("postgres{major}"), &reason);
                None
            }
        }
    }

    fn create(major: u16, settings: &str) -> Result<Cluster, String> {
        let mut cluster = Cluster::empty(major, settings)?;
        let initdb = ["-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8", "--wal-segsize=1", "-D"];
        account::run(cluster.program("initdb").args(initdb).arg(cluster.data()))?;
        let access = format!(
            "host all {} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\nlocal all all trust\n\
                 host replication all 127.0.0.1/32 trust\n",
            PASSWORD_ROLE.0
        );
        std::fs::write(cluster.data().join("pg_hba.conf"), access).map_err(|error| error.to_string())?;
        cluster.start_somewhere()?;
        let role = format!("CREATE ROLE {} LOGIN SUPERUSER PASSWORD '{}'", PASSWORD_ROLE.0, PASSWORD_ROLE.1);
        execute(cluster.options("postgres"), role)?;
        Ok(cluster)
    }

    /// A folder of its own, with nothing in it.
    fn empty(major: u16, settings: &str) -> Result<Cluster, String> {
        let binaries = binaries::of(major)?;
        let folder = tempfile::Builder::new().prefix("migrate-test-pg").tempdir().map_err(|error| error.to_string())?.keep();
        account::hand_over(&folder)?;
        let watchdog = watch(&binaries, &folder)?;
        Ok(Cluster { major, binaries, folder, port: 0, settings: settings.to_owned(), watchdog })
    }

    /// Starts on a port that is free. Between its choice and its use another program may take it.
    fn start_somewhere(&mut self) -> Result<(), String> {
        let mut started = Err(String::new());
        for _ in 0..5 {
            self.port = free_port()?;
            started = self.start();
            if started.is_ok() {
                break;
            }
        }
        started
    }

    /// A standby that follows this server; it is stopped for the moment of the copy.
    pub(crate) fn standby(&self) -> Cluster {
        let mut standby = Cluster::empty(self.major, &self.settings).expect("a folder");
        self.stop();
        account::run(Command::new("cp").arg("-a").arg(self.data()).arg(&standby.folder)).expect("a cold copy");
        self.restart();
        let follow = format!("\nprimary_conninfo = 'host=127.0.0.1 port={} user=postgres'\n", self.port);
        let settings = standby.data().join("postgresql.auto.conf");
        let text = std::fs::read_to_string(&settings).unwrap_or_default();
        std::fs::write(&settings, text + &follow).expect("settings can be written");
        std::fs::write(standby.data().join("standby.signal"), "").expect("the signal can be written");
        standby.start_somewhere().expect("the standby starts");
        standby
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        account::run(self.program("pg_ctl").args(["promote", "-w", "-D"]).arg(self.data())).expect("the standby can be promoted");
    }

    /// Kills one session as the kernel does when memory runs out.
    pub(crate) fn kill_session(&self, pid: &str) {
        // It may have ended by itself.
        let _ = account::run(Command::new("kill").args(["-9", pid]));
    }

    /// The major version.
    pub(crate) fn major(&self) -> u16 {
        self.major
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The server's log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The address of a database of this cluster, as the superuser.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of a database as the role that must show its password.
    pub(crate) fn password_url(&self, database: &str) -> String {
        format!("postgres://{}:{}@127.0.0.1:{}/{database}", PASSWORD_ROLE.0, PASSWORD_ROLE.1, self.port)
    }

    /// An empty database.
    pub(crate) fn database(&self) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let admin = self.options("postgres");
        execute(admin.clone(), format!("CREATE DATABASE {name}")).expect("a database can be created");
        Database { url: self.url(&name), name, admin }
    }

    /// Lets clients of this network in without a password.
    pub(crate) fn admit(&self, network: &str) {
        let file = self.data().join("pg_hba.conf");
        let rules = std::fs::read_to_string(&file).expect("the rules can be read");
        std::fs::write(&file, format!("{rules}host all all {network} trust\n")).expect("a rule can be added");
        account::run(self.program("pg_ctl").args(["reload", "-D"]).arg(self.data())).expect("the server reads its rules again");
    }

    /// Kills the server as a power cut would: every process at once, nothing flushed.
    pub(crate) fn kill9(&self) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).expect("a running server has a pid file");
        let pid = pid.lines().next().expect("the first line is the process id");
        // Without this list the children end by themselves, some milliseconds later.
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let all = std::iter::once(pid).chain(children.split_whitespace());
        // A child may be gone before its turn comes.
        let _ = account::run(Command::new("kill").arg("-9").args(all));
    }

    /// Starts the server again after `kill9` or `stop`, on the same port.
    pub(crate) fn restart(&self) {
        let deadline = Instant::now() + START_LIMIT;
        while let Err(reason) = self.start() {
            // The children of a killed server need a moment to notice.
            assert!(Instant::now() < deadline, "postgres {} does not start again: {reason}", self.major);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops the server in order; open sessions are ended.
    pub(crate) fn stop(&self) {
        account::run(self.program("pg_ctl").args(["stop", "-w", "-m", "fast", "-D"]).arg(self.data())).expect("the server can be stopped");
    }

    fn start(&self) -> Result<(), String> {
        let options = format!("-p {} -k {} {SETTINGS} {}", self.port, self.folder.display(), self.settings);
        let log = self.folder.join("log");
        let mut command = self.program("pg_ctl");
        command.args(["start", "-w", "-t", "30", "-o", &options, "-D"]).arg(self.data()).arg("-l").arg(&log);
        // The server keeps its parent's output open: a pipe would never end.
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("pg_ctl: {status}: {}", self.log())),
            Err(error) => Err(error.to_string()),
        }
    }

    fn program(&self, name: &str) -> Command {
        let mut command = account::command(&self.binaries.join(name));
        command.current_dir("/");
        command
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        self.url(database).parse::<PgConnectOptions>().expect("a valid address").disable_statement_logging()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

impl Database {
    /// A new session.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the database accepts sessions")
    }

    /// The database's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL of any number of statements, outside a transaction block of the client's.
    pub(crate) async fn run(&self, sql: &str) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let _ = connection.close().await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that the test has killed has nothing to clean.
        let _ = execute(self.admin.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// Runs one statement, also from within another runtime.
fn execute(options: PgConnectOptions, sql: String) -> Result<(), String> {
    let work = move || -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let mut connection = options.connect().await.map_err(|error| error.to_string())?;
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.map_err(|error| error.to_string())?;
            connection.close().await.map_err(|error| error.to_string())
        })
    };
    std::thread::spawn(work).join().map_err(|_| "the thread that talks to the server panicked".to_owned())?
}

/// A process that outlives this one just long enough to stop the server and delete its folder.
fn watch(binaries: &Path, folder: &Path) -> Result<Child, String> {
    const SCRIPT: &str =
        r#"cat >/dev/null; if [ -f "$2/data/postmaster.pid" ]; then "$1/pg_ctl" stop -w -m immediate -D "$2/data"; fi; rm -rf "$2""#;
    let mut command = account::command(Path::new("/bin/sh"));
    command.args(["-c", SCRIPT, "watchdog"]).arg(binaries).arg(folder);
    // Of its own process group, so that Ctrl-C on the tests leaves it to do its work.
    command.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("{command:?}: {error}"))
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}
