//! A server over a project in a scratch folder, stopped when it goes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

/// The token of servers that may write.
pub(crate) const TOKEN: &str = "0123456789abcdef-test";

/// A running `migrate serve`.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:<port>`.
    pub(crate) base: String,
    agent: Agent,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The command in a folder, with nothing in the environment that could change it.
pub(crate) fn migrate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    let variables = ["MIGRATE_DATABASE_URL", "DATABASE_URL", "MIGRATE_SERVE_TOKEN", "MIGRATE_SERVE_LISTEN", "GITHUB_ACTIONS"];
    for variable in variables {
        command.env_remove(variable);
    }
    command.args(arguments).current_dir(folder).env("MIGRATE_ACTOR", "ann@laptop").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs a command that must succeed.
pub(crate) fn run(folder: &Path, arguments: &[&str]) {
    let output = migrate(folder, arguments).output().expect("the command was built");
    assert!(output.status.success(), "migrate {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
}

impl Server {
    /// Starts it on a free port, with the token.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Server {
        let mut command = migrate(folder, &["serve", "--listen", "127.0.0.1:0"]);
        command.args(arguments).env("MIGRATE_SERVE_TOKEN", TOKEN);
        Server::of(command)
    }

    /// Starts what is given.
    pub(crate) fn of(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the command was built");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut told = String::new();
        let base = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).expect("the log is text"), 0, "it ended before it listened: {told}");
            told.push_str(&line);
            if let Some(rest) = line.split("listening on ").nth(1) {
                break rest.split([',', '\n']).next().expect("an address").to_owned();
            }
        };
        // Somebody must read on, or the server would wait for room in the pipe.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                assert!(!line.contains("panicked"), "{line}");
            }
        });
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(20))).build().into();
        Server { child, base, agent }
    }

    /// The number of its port.
    pub(crate) fn port(&self) -> u16 {
        self.base.rsplit(':').next().and_then(|port| port.parse().ok()).expect("the address has a port")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.call())
    }

    pub(crate) fn post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.base)).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body.to_string()))
    }

    /// Asks until the answer is what it should become.
    pub(crate) fn until(&self, path: &str, is_so: impl Fn(&Answer) -> bool) -> Answer {
        for _ in 0..100 {
            let answer = self.get(path);
            if is_so(&answer) {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{path} did not become what it should: {:?}", self.get(path));
    }

    /// Asks it to stop and gives its exit code.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> i32 {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("there is kill");
        assert!(asked.success());
        self.child.wait().expect("it can be waited for").code().expect("it ends by itself")
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut answer = answer.expect("the server answers");
    let body = answer.body_mut().read_to_string().expect("answers are text");
    Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), body }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
