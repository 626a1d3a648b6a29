//! Instances of the example service.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::workshop::Workshop;

/// One running instance of the service.
pub(crate) struct Instance {
    child: Child,
    address: String,
}

impl Instance {
    pub(crate) fn start(workshop: &Workshop, url: &str, release: &str) -> Instance {
        Instance::start_as(workshop, url, release, &[])
    }

    /// An instance of a build that these variables describe.
    pub(crate) fn start_as(workshop: &Workshop, url: &str, release: &str, build: &[(&str, &str)]) -> Instance {
        let program = example("axum_service");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new(&program)
            .env("DATABASE_URL", url)
            .env("MIGRATIONS", workshop.path())
            .env("RELEASE", release)
            .env("LISTEN", &address)
            .envs(build.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start ({error}): run `cargo build --examples`", program.display()));
        Instance { child, address }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Status of a POST; `None` while nothing listens.
    pub(crate) fn post(&self, path: &str) -> Option<u16> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Some(agent.post(format!("http://{}{path}", self.address)).send_empty().ok()?.status().as_u16())
    }

    /// Status and body of a GET; `None` while nothing listens.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(10))).build().into();
        let mut response = agent.get(format!("http://{}{path}", self.address)).call().ok()?;
        let body = response.body_mut().read_to_string().ok()?;
        Some((response.status().as_u16(), body))
    }

    /// Waits until `/readyz` answers with this status.
    pub(crate) fn await_readyz(&self, status: u16, when: &str) -> String {
        let start = Instant::now();
        loop {
            let last = self.get("/readyz");
            match last {
                Some((found, body)) if found == status => return body,
                _ if start.elapsed() > Duration::from_secs(30) => panic!("{when}: /readyz is not {status} but {last:?}"),
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// SIGTERM, then waits for the end.
    pub(crate) fn drain(mut self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        let start = Instant::now();
        while self.child.try_wait().expect("the service can be waited for").is_none() {
            assert!(start.elapsed() < Duration::from_secs(20), "the service does not drain");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Already gone after a drain.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo test` builds the examples beside the command.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_migrate")).parent().expect("a folder").join("examples").join(name)
}
