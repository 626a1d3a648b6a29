//! moto: AWS as a server that keeps what it is told and answers as the documentation says.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::skip;

/// A running server; it ends with this value, or with the test process.
pub(crate) struct Moto {
    port: u16,
    watchdog: Child,
}

/// Starts a server; `None` when moto or boto3 is not installed.
pub(crate) fn moto() -> Option<Moto> {
    match start() {
        Ok(server) => Some(server),
        Err(reason) => {
            skip("moto", &reason);
            None
        }
    }
}

fn start() -> Result<Moto, String> {
    let text = |error: std::io::Error| error.to_string();
    let found = Command::new("python3").args(["-c", "import boto3, moto.server"]).output().map_err(text)?;
    if !found.status.success() {
        return Err("`pip install -r tests/servers/requirements.txt` fetches it".to_owned());
    }
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).map_err(text)?.port();
    let watchdog = Command::new("sh")
        .args(["-c", r#"python3 -m moto.server -H 127.0.0.1 -p "$0" >/dev/null 2>&1 & p=$!; cat >/dev/null; kill $p"#])
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(text)?;
    let server = Moto { port, watchdog };
    let deadline = Instant::now() + Duration::from_secs(30);
    while ureq::get(format!("{}/moto-api/data.json", server.url())).call().is_err() {
        if Instant::now() > deadline {
            return Err("it does not start within half a minute".to_owned());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(server)
}

impl Moto {
    /// `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs Python in which `client(service)` makes a client of boto3; what it prints comes back.
    pub(crate) fn python(&self, script: &str) -> String {
        let head =
            "import boto3, sys\ndef client(service): return boto3.client(service, endpoint_url=sys.argv[1], region_name='eu-west-1')\n";
        let output = Command::new("python3")
            .args(["-c", &format!("{head}{script}"), &self.url()])
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .output()
            .expect("python3 was there a moment ago");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}
