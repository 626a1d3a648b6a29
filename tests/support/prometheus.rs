//! A real Prometheus with a history of its own, that scrapes what a test tells it to.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::skip;

/// A running server; it ends with this value, or with the test process in whatever way.
pub(crate) struct Prometheus {
    port: u16,
    watchdog: Child,
    _folder: tempfile::TempDir,
}

/// Starts a server. `scraped` is `host:port` of what it scrapes each second; `history` is text in the format OpenMetrics
/// with times, of the last hours. `None` when Prometheus is not installed.
pub(crate) fn prometheus(scraped: Option<&str>, history: &str) -> Option<Prometheus> {
    match start(scraped, history) {
        Ok(server) => Some(server),
        Err(reason) => {
            skip("prometheus", &reason);
            None
        }
    }
}

fn start(scraped: Option<&str>, history: &str) -> Result<Prometheus, String> {
    let text = |error: std::io::Error| error.to_string();
    let folder = tempfile::tempdir().map_err(text)?;
    let data = folder.path().join("data");
    fs::create_dir_all(&data).map_err(text)?;
    let mut config = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n".to_owned();
    match scraped {
        Some(target) => {
            let _ = writeln!(config, "- {{job_name: shop, static_configs: [{{targets: ['{target}']}}]}}");
        }
        None => config.push_str("- {job_name: nothing, static_configs: []}\n"),
    }
    let config_file = folder.path().join("prometheus.yml");
    fs::write(&config_file, config).map_err(text)?;
    if !history.is_empty() {
        backfill(history, folder.path(), &data)?;
    }
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).map_err(text)?.port();
    // The shell ends the server when this process ends, in whatever way: then its input is closed.
    let script = r#"prometheus "$@" >/dev/null 2>"$0" & p=$!; cat >/dev/null; kill $p"#;
    let log = folder.path().join("log");
    let watchdog = Command::new("sh")
        .args(["-c", script])
        .arg(&log)
        .arg(format!("--config.file={}", config_file.display()))
        .arg(format!("--storage.tsdb.path={}", data.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(text)?;
    let server = Prometheus { port, watchdog, _folder: folder };
    let deadline = Instant::now() + Duration::from_secs(30);
    while ureq::get(format!("{}/-/ready", server.url())).call().is_err() {
        if Instant::now() > deadline {
            return Err(format!("it does not start: {}", fs::read_to_string(&log).unwrap_or_default()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(server)
}

fn backfill(history: &str, folder: &Path, data: &Path) -> Result<(), String> {
    let file = folder.join("history");
    fs::write(&file, history).map_err(|error| error.to_string())?;
    let output = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .arg(&file)
        .arg(data)
        .output()
        .map_err(|error| format!("promtool: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

impl Prometheus {
    /// `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}
