//! What PostgreSQL tells of those who use it, on every version that is installed.

use std::fmt::Write as _;
use std::io::Write as _;

use sqlx::{ConnectOptions, Connection, Executor};

use crate::project::Project;
use crate::support::{Cluster, Database, MAJORS};

/// A cluster that records statements.
fn recording(major: u16) -> Option<Cluster> {
    let cluster = Cluster::own(major)?;
    let settings = cluster.data().join("postgresql.auto.conf");
    let mut file = std::fs::OpenOptions::new().append(true).open(settings).expect("it is there");
    writeln!(file, "shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.max = 100").expect("the folder is ours");
    cluster.stop();
    cluster.restart();
    Some(cluster)
}

/// A project whose contract drops two columns, an index and a table.
fn project(database: &Database, gate: &str) -> Project {
    let project = Project::on(&database.url, gate);
    project.write(
        "migrations/1_users/expand.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY, name text, \"nick-name\" text);\nCREATE INDEX users_name ON users (name);\nCREATE TABLE pets (id bigint PRIMARY KEY);\n",
    );
    project.write("migrations/2_drop/expand.sql", "ALTER TABLE users ADD COLUMN full_name text;\n");
    let contract = "DROP INDEX CONCURRENTLY users_name;\nALTER TABLE users DROP COLUMN name;\nALTER TABLE users DROP COLUMN \"nick-name\";\n\
                    DROP TABLE pets;\n";
    project.write("migrations/2_drop/contract.sql", contract);
    project.run(&["apply", "--phase", "expand"], 0);
    project.run(&["mark", "deployed", "api@1"], 0);
    project
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_name_what_goes_hold() {
    for major in MAJORS {
        let Some(cluster) = recording(major) else { continue };
        let database = cluster.database();
        let gate = "[[contract.gate]]\nkind = \"statements\"\nexcept_roles = [\"migrator\"]\n";
        let project = project(&database, gate);
        project.expect("statements", "unknown", "pg_stat_statements is not installed");
        database.run("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset();").await;
        project.expect("statements", "open", "");
        database.run("CREATE ROLE app LOGIN; CREATE ROLE migrator LOGIN; GRANT SELECT ON users, pets TO app, migrator").await;
        let as_role = |role: &str| database.url.replace("postgres://postgres@", &format!("postgres://{role}@"));
        let run = async |role: &str, sql: &str| {
            let mut session = sqlx::PgConnection::connect(&as_role(role)).await.expect("the role may log in");
            session.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap_or_else(|error| panic!("{error}"));
            session.close().await.expect("it can be closed");
        };
        run("migrator", "SELECT name FROM users WHERE id = 1").await;
        run("app", "SELECT full_name FROM users WHERE id = 1").await;
        project.expect("statements", "open", "");
        run("app", "SELECT u.id, u.name FROM users u WHERE id = 1").await;
        project.expect("statements", "closed", "the first by app (1 calls): `SELECT u.id, u.name FROM users u WHERE id = $1`");
        // What was seen is forgotten one by one, not all at once.
        database.run("SELECT pg_stat_statements_reset(0, 0, queryid) FROM pg_stat_statements WHERE query LIKE '%u.name%'").await;
        project.expect("statements", "open", "");
        // A name that is not one word.
        run("app", "SELECT \"nick-name\" FROM users").await;
        project.expect("statements", "closed", "column users.nick-name");
        database.run("SELECT pg_stat_statements_reset(0, 0, queryid) FROM pg_stat_statements WHERE query LIKE '%nick-name%'").await;
        project.expect("statements", "open", "");
        // A role that does not see what others do knows nothing.
        database.run("GRANT USAGE ON SCHEMA concertina TO app; GRANT SELECT ON ALL TABLES IN SCHEMA concertina TO app").await;
        let blind = Project::on(&as_role("app"), gate);
        for file in ["migrations/1_users/expand.sql", "migrations/2_drop/expand.sql", "migrations/2_drop/contract.sql"] {
            blind.write(file, &std::fs::read_to_string(project.path().join(file)).expect("it is there"));
        }
        blind.expect("statements", "unknown", "GRANT pg_read_all_stats");
        // More kinds of statements than there is room for: the oldest are evicted.
        let mut many = String::new();
        for number in 1..200 {
            let _ = writeln!(many, "SELECT 1{};", ", 1".repeat(number));
        }
        database.run(&many).await;
        project.expect("statements", "unknown", "were evicted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_name_their_release() {
    for cluster in crate::support::installed() {
        let database = cluster.database();
        let project = project(&database, "[[contract.gate]]\nkind = \"application-names\"\n");
        project.expect("application-names", "open", "");
        let session = async |name: &str| {
            let options: sqlx::postgres::PgConnectOptions = database.url.parse().expect("valid");
            options.application_name(name).connect().await.expect("it accepts sessions")
        };
        let ready = session("api@1").await;
        let other = session("psql").await;
        project.expect("application-names", "open", "");
        let old = session("api@0.9").await;
        project.expect("application-names", "closed", "1 session of api@0.9, which is not ready");
        old.close().await.expect("it can be closed");
        let long = session(&format!("api@{}", "x".repeat(80))).await;
        // The session that was closed may be listed for a moment.
        std::thread::sleep(std::time::Duration::from_millis(300));
        project.expect("application-names", "unknown", "cuts names after 63 bytes");
        for session in [ready, other, long] {
            session.close().await.expect("it can be closed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_what_goes_hold() {
    for cluster in crate::support::installed() {
        let database = cluster.database();
        let gate = "[[contract.gate]]\nkind = \"use\"\nunused_for = \"0s\"\n";
        let project = project(&database, gate);
        let mut session = database.connect().await;
        // What one's own session counted is told when it ends, or when it is asked to.
        for sql in ["SELECT pg_stat_reset()", "SELECT 1"] {
            session.execute(sql).await.expect("it runs");
        }
        let (state, reason) = project.gate("use");
        assert_eq!(state, "open", "{reason}");
        let used = gate.replace("0s", "1h");
        let strict = Project::on(&database.url, &used);
        for file in ["migrations/1_users/expand.sql", "migrations/2_drop/expand.sql", "migrations/2_drop/contract.sql"] {
            strict.write(file, &std::fs::read_to_string(project.path().join(file)).expect("it is there"));
        }
        strict.expect("use", "unknown", "the statistics count since");
        database.run("SET enable_seqscan = off; SELECT id FROM users WHERE name = 'x'; SELECT id FROM pets").await;
        std::thread::sleep(std::time::Duration::from_millis(1200));
        strict.expect("use", "closed", "index users_name was read");
        strict.expect("use", "closed", "table pets was read");
        let (_, err, code) =
            Project::on(&database.url, "[[contract.gate]]\nkind = \"use\"\nreplicas_env = [\"postgres://me:pw@x\"]\n").raw(&["status"]);
        assert!(code == 2 && err.contains("names of environment variables") && !err.contains("pw@"), "{err}");
        session.close().await.expect("it can be closed");
    }
}

/// Each server counts its own reads: an index that the primary never uses may be what a report on a standby lives on.
#[tokio::test(flavor = "multi_thread")]
async fn reads_on_a_standby_hold() {
    for major in [14, 17] {
        let Some(primary) = Cluster::own(major) else { continue };
        let standby = primary.standby();
        let database = primary.database();
        let gate = "[[contract.gate]]\nkind = \"use\"\nunused_for = \"1h\"\nreplicas_env = [\"REPLICA_1_URL\"]\n";
        let url = standby.url(database.name());
        let replica = project(&database, gate).with("REPLICA_1_URL", &url);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        // The tables arrive there a moment later.
        let mut reader = loop {
            if let Ok(mut session) = sqlx::PgConnection::connect(&url).await
                && session.execute("SELECT pets.id FROM pets, users").await.is_ok()
            {
                break session;
            }
            assert!(std::time::Instant::now() < deadline, "the standby does not follow");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        let (state, reason) = replica.gate("use");
        assert!(!reason.contains("users_name on REPLICA_1_URL was read"), "{state}: {reason}");
        for sql in ["SET enable_seqscan = off", "SELECT id FROM users WHERE name = 'x'"] {
            reader.execute(sql).await.expect("a standby reads");
        }
        reader.close().await.expect("it can be closed");
        std::thread::sleep(std::time::Duration::from_millis(1200));
        replica.expect("use", "closed", "index users_name on REPLICA_1_URL was read");
        standby.stop();
        replica.expect("use", "unknown", "the standby of REPLICA_1_URL cannot be asked: ");
        let (out, err, _) = replica.raw(&["status"]);
        assert!(!out.contains(&url) && !err.contains(&url), "the URL of a standby is told:\n{out}\n{err}");
    }
}
