//! The example service as two versions during a roll-out and a roll-back: ready when its schema is there, ready when
//! the schema is ahead, never out of service because the database went away, and counted by the contract gate.

#[path = "rollout/instance.rs"]
#[allow(dead_code, reason = "only a part of it is used here")]
mod instance;
#[path = "faults/workshop.rs"]
#[allow(dead_code, reason = "only a part of the workshop is used here")]
mod workshop;

mod support;

use std::time::Duration;

use instance::Instance;
use workshop::Workshop;

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
