//! The start-up face on real databases: readiness, expansion by several instances at once, heartbeats, events.

mod support;

use std::path::Path;
use std::sync::Arc;

use concertina::schema::Phase;
use concertina::{Migrator, Readiness};
use futures::StreamExt;
use sqlx::{Executor, Row};

/// A folder with one table and, where asked, a second migration with all phases.
fn folder(migrations: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, sql) in migrations {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, sql).expect("a script");
    }
    folder
}

const USERS: (&str, &str) = ("1_users/expand.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text);");
const NICK: (&str, &str) = ("2_nick/expand.sql", "ALTER TABLE users ADD COLUMN nick text;");
const FILL: (&str, &str) = ("2_nick/backfill.sql", "UPDATE users SET nick = name WHERE nick IS NULL;");
const DROP: (&str, &str) = ("2_nick/contract.sql", "ALTER TABLE users DROP COLUMN name;");

/// Every database that is at hand: SQLite, and the oldest and newest PostgreSQL.
async fn on_each<F: Future<Output = ()>>(test: impl Fn(String) -> F) {
    let sqlite = support::sqlite();
    test(sqlite.url()).await;
    for major in [14, 18] {
        if let Some(cluster) = support::postgres(major) {
            let database = cluster.database();
            test(database.url.clone()).await;
        }
    }
}

fn migrator(folder: &Path, url: &str) -> Migrator {
    Migrator::from_dir(folder, url).expect("the folder is understood")
}

#[tokio::test]
async fn a_build_is_behind_until_it_expanded_and_ahead_is_ready() {
    on_each(|url| async move {
        let (old_files, new) = (folder(&[USERS]), folder(&[USERS, NICK, FILL, DROP]));
        let (old, new) = (migrator(old_files.path(), &url), migrator(new.path(), &url));
        let Readiness::Behind { missing } = old.readiness().await.expect("an empty database answers") else { panic!("not behind") };
        assert_eq!(missing[0].to_string(), "1_users:expand");
        old.expand().await.expect("expansion");
        assert_eq!(old.readiness().await.expect("readiness"), Readiness::Ready { ahead: false });
        let Readiness::Behind { missing } = new.readiness().await.expect("readiness") else { panic!("not behind") };
        assert_eq!(missing.len(), 1, "the backfill does not keep a build from serving: {missing:?}");
        new.expand().await.expect("expansion");
        // An instance of the old build that starts now, as in a roll-back.
        let again = migrator(old_files.path(), &url);
        assert_eq!(again.readiness().await.expect("readiness"), Readiness::Ready { ahead: true });
        assert_eq!(new.readiness().await.expect("readiness"), Readiness::Ready { ahead: false });
        let outcome = new.backfill().await.expect("backfill");
        assert_eq!(outcome.applied.len(), 1);
        let status = new.status().await.expect("status");
        assert!(status.iter().all(|(node, state)| state.is_done() || node.phase == Phase::Contract), "{status:?}");
        assert!(
            status.iter().any(|(node, state)| !state.is_done() && node.phase == Phase::Contract),
            "nothing contracts from here: {status:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_instances_start_at_once_and_expand_once() {
    on_each(|url| async move {
        let folder = folder(&[USERS, NICK]);
        let instances: Vec<_> = (0..6)
            .map(|_| {
                let migrator = migrator(folder.path(), &url);
                tokio::spawn(async move {
                    let outcome = migrator.expand().await.expect("each start succeeds");
                    assert!(migrator.readiness().await.expect("readiness").is_ready());
                    outcome.applied.len()
                })
            })
            .collect();
        let mut applied = 0;
        for instance in instances {
            applied += instance.await.expect("no panic");
        }
        assert_eq!(applied, 2, "each script ran once in all");
    })
    .await;
}

#[tokio::test]
async fn a_build_that_waits_sees_what_another_process_expands() {
    on_each(|url| async move {
        let folder = folder(&[USERS]);
        let (waiting, working) = (migrator(folder.path(), &url), migrator(folder.path(), &url));
        assert!(!waiting.readiness().await.expect("an empty database answers").is_ready());
        working.expand().await.expect("expansion");
        assert!(waiting.readiness().await.expect("readiness").is_ready(), "the same connection sees it");
    })
    .await;
}

#[tokio::test]
async fn what_was_ready_once_stays_ready_without_its_database() {
    let database = support::sqlite();
    let folder = folder(&[USERS]);
    let (running, starting) = (migrator(folder.path(), &database.url()), migrator(folder.path(), &database.url()));
    running.expand().await.expect("expansion");
    assert_eq!(running.readiness().await.expect("readiness"), Readiness::Ready { ahead: false });
    let file = database.url().trim_start_matches("sqlite://").split('?').next().expect("a path").to_owned();
    std::fs::write(&file, "no database any more").expect("the file is ours");
    assert_eq!(running.readiness().await.expect("it stays in service"), Readiness::Ready { ahead: false });
    assert!(starting.readiness().await.is_err(), "what never was ready does not become so");
}

#[tokio::test]
async fn a_server_that_goes_away_takes_nothing_out_of_service() {
    let Some(cluster) = support::Cluster::own(17) else { return };
    let folder = folder(&[USERS]);
    let url = cluster.url("postgres");
    let (running, starting) = (migrator(folder.path(), &url), migrator(folder.path(), &url));
    running.expand().await.expect("expansion");
    assert!(running.readiness().await.expect("readiness").is_ready());
    cluster.stop();
    let began = std::time::Instant::now();
    assert!(running.readiness().await.expect("it stays in service").is_ready());
    assert!(began.elapsed() < std::time::Duration::from_millis(200), "a probe gives up after a second: {:?}", began.elapsed());
    assert!(starting.readiness().await.is_err());
    cluster.restart();
    assert!(starting.readiness().await.expect("it comes back by itself").is_ready());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_does_not_wait_for_a_run() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    let (before, after) = (folder(&[USERS]), folder(&[USERS, NICK]));
    migrator(before.path(), &database.url).expand().await.expect("expansion");
    let mut reader = database.connect().await;
    reader.execute("BEGIN; SELECT count(*) FROM users").await.expect("it reads");
    let migrator = Arc::new(migrator(after.path(), &database.url));
    let working = Arc::clone(&migrator);
    let run = tokio::spawn(async move { working.expand().await });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(!run.is_finished(), "it waits for the reader");
    let began = std::time::Instant::now();
    assert!(!migrator.readiness().await.expect("readiness").is_ready());
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "a probe gives up after a second: {:?}", began.elapsed());
    reader.execute("COMMIT").await.expect("it ends");
    run.await.expect("no panic").expect("expansion");
    assert!(migrator.readiness().await.expect("readiness").is_ready());
}

#[tokio::test]
async fn events_tell_what_a_run_does() {
    let database = support::sqlite();
    let folder = folder(&[USERS]);
    let migrator = Arc::new(migrator(folder.path(), &database.url()));
    let events = migrator.events();
    migrator.expand().await.expect("expansion");
    drop(migrator);
    let seen: Vec<String> = events.map(|event| format!("{event:?}")).collect().await;
    assert!(seen.iter().any(|event| event.starts_with("ScriptFinished")), "{seen:?}");
}

#[tokio::test]
async fn an_instance_is_registered_while_its_guard_lives() {
    let database = support::sqlite();
    let folder = folder(&[USERS]);
    let migrator = migrator(folder.path(), &database.url());
    migrator.expand().await.expect("expansion");
    let instances = || async {
        let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&database.url()).await.expect("the file opens");
        let row = sqlx::query("SELECT count(*) FROM concertina_instance").fetch_one(&mut connection).await.expect("the table is there");
        row.get::<i64, _>(0)
    };
    let first = migrator.heartbeat("api", "1").await.expect("a heartbeat");
    let second = migrator.heartbeat("api", "1").await.expect("a second process of the same release");
    assert_ne!(first.id(), second.id());
    assert_eq!(instances().await, 2);
    first.drain().await.expect("drained");
    assert_eq!(instances().await, 1);
    drop(second);
    for _ in 0..100 {
        if instances().await == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("dropping the guard did not deregister the instance");
}

#[tokio::test]
async fn embedded_migrations_are_the_same_as_those_of_a_folder() {
    static SHOP: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/migrations-example/sqlite/migrations");
    let database = support::sqlite();
    let embedded = Migrator::embedded(&SHOP, &database.url()).expect("the embedded folder is understood");
    embedded.expand().await.expect("expansion");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-example/sqlite");
    let on_disk = migrator(&folder, &database.url());
    assert_eq!(on_disk.readiness().await.expect("readiness"), Readiness::Ready { ahead: false });
}
