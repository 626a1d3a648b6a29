//! A real Unleash server on a database of its own. Under the AGPL: used in tests, never part of anything that is shipped.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cluster::{Database, postgres};
use super::skip;

/// A running server without authentication for its administration; it ends with this value, or with the test process.
pub(crate) struct Unleash {
    port: u16,
    watchdog: Child,
    _database: Database,
}

/// Starts a server; `None` when it, node or PostgreSQL 17 is not installed.
pub(crate) fn unleash() -> Option<Unleash> {
    let cluster = postgres(17)?;
    match start(cluster.database()) {
        Ok(server) => Some(server),
        Err(reason) => {
            skip("unleash", &reason);
            None
        }
    }
}

/// Looked for in `MIGRATE_TEST_UNLEASH`, then in tests/servers/unleash.
fn folder() -> Result<PathBuf, String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/unleash");
    let folder = std::env::var_os("MIGRATE_TEST_UNLEASH").map_or(own, PathBuf::from);
    match folder.join("node_modules/unleash-server/package.json").is_file() {
        true => Ok(folder),
        false => Err("`npm ci` in tests/servers/unleash fetches it".to_owned()),
    }
}

fn start(database: Database) -> Result<Unleash, String> {
    let text = |error: std::io::Error| error.to_string();
    let folder = folder()?;
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).map_err(text)?.port();
    let script = "import('unleash-server').then((unleash) => (unleash.default ?? unleash).start({}))";
    // The shell ends the server when this process ends, in whatever way: then its input is closed.
    let watchdog = Command::new("sh")
        .args(["-c", r#"node -e "$0" >/dev/null 2>&1 & p=$!; cat >/dev/null; kill $p"#, script])
        .current_dir(&folder)
        .env("DATABASE_URL", &database.url)
        .envs([("DATABASE_SSL", "false"), ("AUTH_TYPE", "none"), ("CHECK_VERSION", "false"), ("SEND_TELEMETRY", "false")])
        .envs([("HTTP_HOST", "127.0.0.1"), ("HTTP_PORT", &port.to_string())])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(text)?;
    let server = Unleash { port, watchdog, _database: database };
    let deadline = Instant::now() + Duration::from_secs(60);
    while ureq::get(format!("{}/health", server.url())).call().is_err() {
        if Instant::now() > deadline {
            return Err("it does not start within a minute".to_owned());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(server)
}

impl Unleash {
    /// `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends a document; answers with what comes back, if that is a document.
    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let request = ureq::post(format!("{}{path}", self.url()));
        let request = if body.is_null() { request } else { request.header("Content-Type", "application/json") };
        let request = if token.is_empty() { request } else { request.header("Authorization", token) };
        let sent = if body.is_null() { request.send_empty() } else { request.send(body.to_string()) };
        let mut response = sent.unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&response.body_mut().read_to_string().unwrap_or_default()).unwrap_or_default()
    }
}

impl Drop for Unleash {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}
