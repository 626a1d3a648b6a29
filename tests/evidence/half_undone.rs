//! Roll-backs that fail or are killed between two statements: nothing of them stays, status says so, the next one completes.

use std::time::{Duration, Instant};

use crate::project::Project;
use crate::support::postgres;

const EXPAND: &str = "ALTER TABLE users ADD COLUMN full_name text;\nCREATE TABLE notes (id bigint PRIMARY KEY);\n";

/// A first statement that drops, a second that fails while `guard` holds a row, a third that takes as long as `pause` says, a last one.
fn rollback(pause: &str) -> String {
    format!("DROP TABLE notes;\nINSERT INTO guard (id) VALUES (1);\n{pause};\nALTER TABLE users DROP COLUMN full_name;\n")
}

fn project(url: &str, pause: &str) -> Project {
    let project = Project::on(url, "");
    project.write("migrations/1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n");
    project.write("migrations/2_full/expand.sql", EXPAND);
    project.write("migrations/2_full/rollback.sql", &rollback(pause));
    project.run(&["apply", "--phase", "expand"], 0);
    project
}

fn state(project: &Project) -> String {
    project.run(&["status"], 0)["migrations"][1]["phases"][0]["state"].as_str().expect("it has a state").to_owned()
}

/// Rolls back; a run that was killed may hold the lease for a moment.
fn complete(project: &Project) {
    let deadline = Instant::now() + Duration::from_secs(45);
    loop {
        let (out, err, code) = project.raw(&["rollback", "2_full", "--yes"]);
        match code {
            0 => return,
            75 if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(200)),
            _ => panic!("{code}\n{out}\n{err}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_nothing_stays_and_the_next_one_completes() {
    for major in [14, 18] {
        let Some(cluster) = postgres(major) else { continue };
        let database = cluster.database();
        let project = project(&database.url, "SELECT pg_sleep(max(seconds)) FROM pause");
        database.run("CREATE TABLE guard (id int PRIMARY KEY); INSERT INTO guard VALUES (1)").await;
        database.run("CREATE TABLE pause (seconds int); INSERT INTO pause VALUES (600)").await;
        let number = async |sql: &str| -> i64 {
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&mut database.connect().await).await.expect("it can be asked")
        };
        let left = "SELECT (to_regclass('notes') IS NOT NULL)::int + (SELECT count(*) FROM pg_attribute \
                    WHERE attrelid = 'users'::regclass AND attname = 'full_name' AND NOT attisdropped)";

        let failed = project.run(&["rollback", "2_full", "--yes"], 1);
        assert!(failed["error"]["message"].as_str().is_some_and(|message| message.contains("guard")), "{failed}");
        assert_eq!((state(&project).as_str(), number(left).await), ("done", 2));

        database.run("DELETE FROM guard").await;
        let mut killed = project.start(&["rollback", "2_full", "--yes"]);
        let deadline = Instant::now() + Duration::from_secs(20);
        while number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND datname = current_database()").await
            == 0
        {
            assert!(Instant::now() < deadline, "it does not come to its third statement");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        killed.kill().expect("it runs");
        killed.wait().expect("it was killed");
        assert_eq!(state(&project), "done");
        database.run("UPDATE pause SET seconds = 0").await;
        complete(&project);
        assert_eq!((state(&project).as_str(), number(left).await), ("rolled-back", 0));
        assert_eq!(number("SELECT count(*) FROM guard").await, 1, "what was killed inserted nothing");
    }
}

#[test]
fn on_sqlite_nothing_stays_and_the_next_one_completes() {
    let count = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT max(steps) FROM pause)) SELECT i FROM n)";
    let project = project("sqlite://shop.db?mode=rwc", count);
    project.sql("CREATE TABLE guard (id int PRIMARY KEY); INSERT INTO guard VALUES (1)");
    project.sql("CREATE TABLE pause (steps int); INSERT INTO pause VALUES (2000000000)");
    let left = "SELECT (SELECT count(*) FROM sqlite_schema WHERE name = 'notes') + (SELECT count(*) FROM pragma_table_info('users') WHERE name = 'full_name')";

    let failed = project.run(&["rollback", "2_full", "--yes"], 1);
    assert!(failed["error"]["message"].as_str().is_some_and(|message| message.contains("guard")), "{failed}");
    assert_eq!((state(&project).as_str(), project.count(left)), ("done", 2));

    project.sql("DELETE FROM guard");
    let mut killed = project.start(&["rollback", "2_full", "--yes"]);
    // Its transaction is open once the file has a journal, and its third statement goes on for minutes.
    let deadline = Instant::now() + Duration::from_secs(20);
    while !project.path().join("shop.db-journal").exists() {
        assert!(Instant::now() < deadline && killed.try_wait().expect("it can be waited for").is_none(), "it does not begin");
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(killed.try_wait().expect("it can be waited for").is_none(), "it had ended before");
    killed.kill().expect("it runs");
    killed.wait().expect("it was killed");
    assert_eq!((state(&project).as_str(), project.count(left)), ("done", 2));
    project.sql("UPDATE pause SET steps = 1");
    complete(&project);
    assert_eq!((state(&project).as_str(), project.count(left)), ("rolled-back", 0));
}
