//! HAProxy with weights that change at run time, health checks of `/readyz`, and slots for servers that come and go.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Servers at the same time.
const SLOTS: usize = 8;

/// A running HAProxy; ends when it goes out of scope.
pub(crate) struct Balancer {
    process: Child,
    folder: tempfile::TempDir,
    address: String,
    /// Which server has which slot.
    slots: Mutex<HashMap<String, usize>>,
}

impl Balancer {
    /// Starts it without servers; `None` when HAProxy is not installed.
    pub(crate) fn start() -> Option<Balancer> {
        let program =
            ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"].map(PathBuf::from).into_iter().find(|path| path.exists());
        let Some(program) = program else {
            crate::support::skip("haproxy", "it is not installed: apt-get install haproxy");
            return None;
        };
        let folder = tempfile::tempdir().expect("a scratch folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let mut settings = format!(
            "global
    stats socket {} mode 600 level admin
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 20s
    timeout server 20s
    timeout check 5s
frontend service
    bind 127.0.0.1:{port}
    default_backend api
backend api
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter 200ms fall 25 rise 1
",
            folder.path().join("admin").display()
        );
        for slot in 0..SLOTS {
            settings.push_str(&format!("    server s{slot} 127.0.0.1:1 weight 0 disabled\n"));
        }
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, settings).expect("the folder is ours");
        let process = Command::new(program)
            .arg("-f")
            .arg(&file)
            .arg("-db")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("HAProxy starts");
        let balancer = Balancer { process, folder, address: format!("127.0.0.1:{port}"), slots: Mutex::default() };
        let began = Instant::now();
        while TcpStream::connect(balancer.address()).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "HAProxy does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(balancer)
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Gives a server a share of the requests, and waits until it has one.
    pub(crate) fn add(&self, server: &str, weight: u16) {
        let slot = {
            let mut slots = self.slots.lock().expect("no test panicked");
            let free = (0..SLOTS).find(|slot| !slots.values().any(|taken| taken == slot)).expect("a free slot");
            *slots.entry(server.to_owned()).or_insert(free)
        };
        let (host, port) = server.split_once(':').expect("host and port");
        self.ask(&format!("set server api/s{slot} addr {host} port {port}"));
        self.ask(&format!("set server api/s{slot} weight {weight}"));
        self.ask(&format!("set server api/s{slot} state ready"));
        self.wait(slot, "is up", |status| status.up);
    }

    /// Changes a server's share.
    pub(crate) fn weigh(&self, server: &str, weight: u16) {
        let slot = self.slots.lock().expect("no test panicked")[server];
        self.ask(&format!("set server api/s{slot} weight {weight}"));
    }

    /// Sends a server no new request, and waits until those under way have ended.
    pub(crate) fn remove(&self, server: &str) {
        let Some(slot) = self.slots.lock().expect("no test panicked").remove(server) else { return };
        self.ask(&format!("set server api/s{slot} state drain"));
        self.wait(slot, "has no request left", |status| status.requests == 0);
        self.ask(&format!("set server api/s{slot} state maint"));
    }

    fn wait(&self, slot: usize, what: &str, holds: impl Fn(&Status) -> bool) {
        let began = Instant::now();
        while !holds(&self.status(slot)) {
            assert!(began.elapsed() < Duration::from_secs(20), "s{slot}: it never {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn status(&self, slot: usize) -> Status {
        let table = self.ask("show stat");
        let name = format!("s{slot}");
        let row = table.lines().map(|line| line.split(',').collect::<Vec<_>>()).find(|row| row.get(1) == Some(&name.as_str()));
        let row = row.expect("every slot is told");
        // pxname, svname, qcur, qmax, scur; the eighteenth is the status.
        Status { requests: row[4].parse().unwrap_or_default(), up: row[17].starts_with("UP") }
    }

    /// One command on the socket.
    fn ask(&self, command: &str) -> String {
        let mut socket = UnixStream::connect(self.folder.path().join("admin")).expect("HAProxy's socket");
        writeln!(socket, "{command}").expect("it takes commands");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it answers");
        assert!(!answer.contains("Unknown command") && !answer.contains("not found"), "{command}: {answer}");
        answer
    }
}

/// How a server stands.
struct Status {
    requests: u64,
    up: bool,
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // It holds nothing that must be saved.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
