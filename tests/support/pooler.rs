//! PgBouncer in transaction mode before a cluster.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{Cluster, account, skip};

/// A running pooler; ends when it goes out of scope.
pub(crate) struct Pooler {
    folder: tempfile::TempDir,
    port: u16,
    process: Child,
}

/// A pooler that hands each transaction to another server connection; `None` when PgBouncer is not installed.
pub(crate) fn pooler(cluster: &Cluster) -> Option<Pooler> {
    match Pooler::start(cluster) {
        Ok(pooler) => Some(pooler),
        Err(reason) => {
            skip("pgbouncer", &reason);
            None
        }
    }
}

impl Pooler {
    fn start(cluster: &Cluster) -> Result<Pooler, String> {
        let program = find().ok_or("no pgbouncer in PATH")?;
        let folder = tempfile::Builder::new().prefix("migrate-test-pooler").tempdir().map_err(|error| error.to_string())?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 5\nserver_round_robin = 1\n\
             ignore_startup_parameters = extra_float_digits\n",
            cluster.port()
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).map_err(|error| error.to_string())?;
        account::hand_over(folder.path())?;
        account::hand_over(&file)?;
        let process = account::command(&program)
            .arg("-q")
            .arg(&file)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let pooler = Pooler { folder, port, process };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > Duration::from_secs(10) {
                return Err(format!("{} does not answer", program.display()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(pooler)
    }

    /// The address of a database behind the pooler.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // `runuser` passes a TERM on to what it runs, but not a KILL.
        let pid = self.process.id().to_string();
        let ended = account::run(std::process::Command::new("kill").arg(&pid));
        debug_assert!(ended.is_ok(), "the pooler in {} ended before its test", self.folder.path().display());
        self.process.wait().map(drop).unwrap_or_default();
    }
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
}
