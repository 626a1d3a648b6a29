//! The example service as two versions during a roll-out and a roll-back: ready when its schema is there, ready when
//! the schema is ahead, never out of service because the database went away, and counted by the contract gate.

#[path = "faults/workshop.rs"]
#[allow(dead_code, reason = "only a part of the workshop is used here")]
mod workshop;

mod support;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use workshop::Workshop;

/// One running instance of the service.
struct Instance {
    child: Child,
    address: String,
}

impl Instance {
    fn start(workshop: &Workshop, url: &str, release: &str) -> Instance {
        let program = example("axum_service");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new(&program)
            .env("DATABASE_URL", url)
            .env("MIGRATIONS", workshop.path())
            .env("RELEASE", release)
            .env("LISTEN", &address)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start ({error}): run `cargo build --examples`", program.display()));
        Instance { child, address }
    }

    /// Status and body of a GET; `None` while nothing listens.
    fn get(&self, path: &str) -> Option<(u16, String)> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(10))).build().into();
        let mut response = agent.get(format!("http://{}{path}", self.address)).call().ok()?;
        let body = response.body_mut().read_to_string().ok()?;
        Some((response.status().as_u16(), body))
    }

    /// Waits until `/readyz` answers with this status.
    fn await_readyz(&self, status: u16, when: &str) -> String {
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
    fn drain(mut self) {
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

async fn roll_out_and_back(dialect: &str, url: &str) {
    let (old, new) = (Workshop::for_services(dialect, url, &["api"]), Workshop::for_services(dialect, url, &["api"]));
    for tree in [&old, &new] {
        tree.write("1_users/expand.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text, nick text);\n");
    }
    new.write("2_mail/expand.sql", "ALTER TABLE users ADD COLUMN mail text;\n");
    new.write("2_mail/contract.sql", "ALTER TABLE users DROP COLUMN nick;\n");

    let first = Instance::start(&old, url, "1");
    assert!(first.await_readyz(503, "before anything ran").contains("1_users:expand"), "the answer names what is missing");
    assert_eq!(first.get("/livez").map(|answer| answer.0), Some(200), "alive all the same");
    old.expect(&["apply", "--phase", "expand"], 0).await;
    old.expect(&["mark", "deployed", "api@1"], 0).await;
    first.await_readyz(200, "after expand");

    // Release 2 starts too early: it waits, and release 1 goes on.
    let second = Instance::start(&new, url, "2");
    assert!(second.await_readyz(503, "release 2 before its expand").contains("2_mail:expand"));
    new.expect(&["apply", "--phase", "expand"], 0).await;
    new.expect(&["mark", "started", "api@2"], 0).await;
    second.await_readyz(200, "release 2 after its expand");
    assert_eq!(first.get("/readyz").map(|answer| answer.0), Some(200), "release 1 beside it");

    // A new instance of release 1, as autoscaling or a roll-back starts it: the schema is ahead, and that is fine.
    let rolled_back = Instance::start(&old, url, "1");
    rolled_back.await_readyz(200, "release 1 on a schema that is ahead");
    new.expect(&["mark", "rolled-back", "api@2"], 0).await;
    second.drain();
    new.expect(&["apply", "--phase", "contract"], 5).await;

    // Rolled out again; the markers say that release 1 is gone, its instances say that it is not.
    let second = Instance::start(&new, url, "2");
    new.expect(&["mark", "started", "api@2"], 0).await;
    second.await_readyz(200, "release 2 again");
    new.expect(&["mark", "deployed", "api@2"], 0).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let held = new.expect(&["apply", "--phase", "contract"], 5).await;
    assert!(format!("{}{}", held.stdout, held.stderr).contains("api@1"), "the report names the instances that are old:\n{}", held.stdout);
    first.drain();
    rolled_back.drain();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    new.expect(&["apply", "--phase", "contract"], 0).await;
    assert_eq!(second.get("/readyz").map(|answer| answer.0), Some(200), "release 2 after contract");
    second.drain();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_roll_out_and_back_on_sqlite() {
    let database = support::sqlite();
    roll_out_and_back("sqlite", &database.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_roll_out_and_back_on_postgres() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    roll_out_and_back("postgres", &database.url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_stays_ready_when_its_database_goes_away() {
    let Some(cluster) = support::Cluster::own(16) else { return };
    let database = cluster.database();
    let tree = Workshop::for_services("postgres", &database.url, &["api"]);
    tree.write("1_users/expand.sql", "CREATE TABLE users (id integer PRIMARY KEY);\n");
    tree.expect(&["apply", "--phase", "expand"], 0).await;
    let service = Instance::start(&tree, &database.url, "1");
    service.await_readyz(200, "after expand");
    cluster.kill9();
    assert_eq!(service.get("/readyz").map(|answer| answer.0), Some(200), "one lost database does not empty the load balancer");
    assert_eq!(service.get("/livez").map(|answer| answer.0), Some(200));
    cluster.restart();
    service.drain();
}
