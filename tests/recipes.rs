//! What `migrate new` and `migrate fix` write: silent in a plan, right on real databases with an old and a new release
//! in between, the same schema in the end, and not changed by a second fix.

#[path = "scenarios/application.rs"]
#[allow(dead_code, reason = "the scenarios use the rest")]
mod application;
#[path = "recipes/cases.rs"]
mod cases;
#[path = "recipes/life.rs"]
mod life;
#[path = "recipes/mariadb.rs"]
mod mariadb;
#[path = "recipes/shape.rs"]
mod shape;
mod support;

use cases::{Case, Database};
use life::live;

fn of(database: Database) -> impl Iterator<Item = &'static Case> {
    cases::ALL.iter().filter(move |case| case.databases.contains(&database))
}

/// Lives through every case, and tells of each that went wrong.
async fn all(cases: impl Iterator<Item = &'static Case>, addresses: impl Fn() -> (String, String)) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases {
        let (url, fresh) = addresses();
        count += 1;
        if let Err(reason) = live(case, &url, &fresh).await {
            wrong.push(format!("==== {}\n{reason}", case.name));
        }
    }
    assert!(count > 0, "no case at all");
    assert!(wrong.is_empty(), "{} of {count} cases went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn on_postgres(major: u16) {
    let Some(cluster) = support::postgres(major) else { return };
    let mut kept = std::sync::Mutex::new(Vec::new());
    all(of(Database::Postgres), || {
        let (database, fresh) = (cluster.database(), cluster.database());
        let urls = (database.url.clone(), fresh.url.clone());
        kept.lock().expect("one at a time").extend([database, fresh]);
        urls
    })
    .await;
    kept.get_mut().expect("one at a time").clear();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_14() {
    on_postgres(14).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_18() {
    on_postgres(18).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let kept = std::sync::Mutex::new(Vec::new());
    all(of(Database::Sqlite), || {
        let (database, fresh) = (support::sqlite(), support::sqlite());
        let urls = (database.url(), fresh.url());
        kept.lock().expect("one at a time").extend([database, fresh]);
        urls
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mariadb() {
    let Some(server) = support::mariadb() else { return };
    let mut wrong = Vec::new();
    for case in of(Database::Mysql) {
        let database = server.database();
        if let Err(reason) = mariadb::live(case, &database).await {
            wrong.push(format!("==== {}\n{reason}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} cases went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_check_on_mysql_is_refused_since_it_copies_the_table() {
    let tree = tempfile::tempdir().expect("a folder");
    let base = tree.path().join("migrations/0001_base");
    std::fs::create_dir_all(&base).expect("a folder");
    std::fs::write(base.join("expand.sql"), "CREATE TABLE users (id bigint PRIMARY KEY, age int);\n").expect("the base");
    std::fs::write(tree.path().join("migrate.toml"), "dialect = \"mysql\"\nservices = [\"app\"]\n").expect("the settings");
    let refused = life::run(tree.path(), &["new", "adult", "add-check", "users", "age > 17"], 0).expect_err("it copies");
    let words = refused.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the server copies `users` row by row"), "{refused}");
    assert_eq!(std::fs::read_dir(tree.path().join("migrations")).expect("a folder").count(), 1, "{refused}");
}
