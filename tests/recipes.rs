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

/// The cases of a database; with `MIGRATE_TEST_CASE` those alone whose name holds it.
fn of(database: Database) -> impl Iterator<Item = &'static Case> {
    let part = std::env::var("MIGRATE_TEST_CASE").unwrap_or_default();
    cases::ALL.iter().filter(move |case| case.databases.contains(&database) && case.name.contains(&part))
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

/// A project of MySQL's dialect, and what one phase of a migration that `migrate new` writes into it runs.
fn written_for_mysql(version: &str, base: &str, recipe: &[&str], phases: &[&str]) -> Vec<String> {
    let tree = tempfile::tempdir().expect("a folder");
    let folder = tree.path().join("migrations/0001_base");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("expand.sql"), base).expect("the base");
    let settings = format!("dialect = \"mysql\"\nserver_version = \"{version}\"\nservices = [\"app\"]\n");
    std::fs::write(tree.path().join("migrate.toml"), settings).expect("the settings");
    life::run(tree.path(), &[&["new", "0002-change"], recipe].concat(), 0).expect("it is written");
    let entries = std::fs::read_dir(tree.path().join("migrations")).expect("it can be listed");
    let made = entries.filter_map(|entry| entry.ok()).find(|entry| entry.file_name() != "0001_base").expect("it is there").path();
    let file = |phase: &&str| std::fs::read_to_string(made.join(format!("{phase}.sql"))).unwrap_or_default();
    phases.iter().flat_map(|phase| mariadb::statements_of(&file(phase))).filter(|statement| mariadb::is_understood(statement)).collect()
}

const PEOPLE: &str = "CREATE TABLE users (id bigint PRIMARY KEY, age int, bio varchar(40), motto varchar(40));\n";

#[test]
fn a_check_without_a_copy_refuses_what_breaks_it() {
    let Some(server) = support::mariadb() else { return };
    for version in ["8.0.34", "mariadb-10.11"] {
        let database = server.database();
        let mut session = database.session();
        session.run(PEOPLE).expect("the base");
        session.run("INSERT INTO users (id, age) VALUES (1, 3), (2, 30), (3, NULL)").expect("rows, one of them wrong");
        let script = written_for_mysql(version, PEOPLE, &["add-check", "users", "age > 17"], &["contract"]);
        assert!(!script.is_empty(), "{version}");
        for statement in &script {
            session.run(statement).unwrap_or_else(|error| panic!("{version}: `{statement}`: {error}"));
        }
        for (sql, refused) in [
            ("INSERT INTO users (id, age) VALUES (4, 17)", true),
            ("INSERT INTO users (id, age) VALUES (4, 18), (5, NULL)", false),
            ("UPDATE users SET age = 5 WHERE id = 2", true),
            ("INSERT INTO users (id, age) VALUES (2, 40) ON DUPLICATE KEY UPDATE age = 4", true),
            ("UPDATE users SET age = 19 WHERE id = 1", false),
        ] {
            let ran = session.run(sql);
            let named = ran.as_ref().is_err_and(|error| error.contains("users_age_check") || error.contains("users.age"));
            assert_eq!((ran.is_err(), named), (refused, refused), "{version}: {sql}: {ran:?}");
        }
    }
}

#[test]
fn a_split_table_keeps_what_writers_do_at_the_same_time() {
    let Some(server) = support::mariadb() else { return };
    let database = server.database();
    let mut sessions = [database.session(), database.session()];
    let split = ["split-table", "users", "profiles", "--columns", "bio,motto"];
    let script = written_for_mysql("8.0.34", PEOPLE, &split, &["expand"]);
    sessions[0].run(PEOPLE).expect("the base");
    sessions[0].run("INSERT INTO users (id, bio) VALUES (1, 'a'), (2, 'a'), (3, 'a'), (4, 'a'), (5, 'a')").expect("rows");
    for statement in &script {
        sessions[0].run(statement).unwrap_or_else(|error| panic!("`{statement}`: {error}"));
    }
    for session in &mut sessions {
        session.run("SET innodb_lock_wait_timeout = 1").expect("it may wait no longer");
    }
    let mut run = |session: usize, sql: &str| sessions[session].run(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    // Rows that the backfill has still to reach: neither writer waits for the other.
    run(0, "BEGIN");
    run(1, "BEGIN");
    run(0, "UPDATE users SET bio = 'b' WHERE id = 1");
    run(1, "UPDATE users SET bio = 'b' WHERE id = 2");
    run(0, "UPDATE users SET bio = 'b' WHERE id = 3");
    run(1, "UPDATE users SET bio = 'b' WHERE id = 4");
    run(0, "INSERT INTO users (id, bio) VALUES (6, 'b')");
    run(1, "INSERT INTO users (id, bio) VALUES (7, 'b')");
    run(0, "COMMIT");
    run(1, "COMMIT");
    // What a transaction saw at its beginning is not what it compares with.
    for (own, other) in [("users", "profiles"), ("profiles", "users"), ("users", "users"), ("profiles", "profiles")] {
        let key = |table: &str| if table == "users" { "id" } else { "user_id" };
        run(0, "UPDATE users SET bio = 'c' WHERE id = 1");
        run(0, "BEGIN");
        run(0, &format!("SELECT bio FROM {own} WHERE {} = 1", key(own)));
        run(1, &format!("UPDATE {other} SET bio = 'd' WHERE {} = 1", key(other)));
        run(0, &format!("UPDATE {own} SET bio = 'c' WHERE {} = 1", key(own)));
        run(0, "COMMIT");
        let apart = "SELECT count(*) FROM users JOIN profiles ON user_id = id WHERE NOT (users.bio <=> profiles.bio)";
        assert_eq!(run(1, apart).trim(), "0", "{other} first, then {own}");
    }
    // A letter of another case is another value, whatever the collation says.
    run(0, "UPDATE profiles SET bio = 'D' WHERE user_id = 2");
    run(1, "UPDATE users SET bio = 'B ' WHERE id = 4");
    let found =
        run(0, "SELECT CONCAT(users.bio, '|', profiles.bio) FROM users JOIN profiles ON user_id = id WHERE id IN (2, 4) ORDER BY id");
    assert_eq!(found, "D|D\nB |B \n");
}
