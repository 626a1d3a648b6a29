//! The throw-away servers themselves: that they start, forget and come back.

mod support;

use sqlx::{Connection, Executor, PgConnection, Row};

async fn number(connection: &mut PgConnection, sql: &'static str) -> i64 {
    connection.fetch_one(sql).await.expect("the query runs").get(0)
}

#[tokio::test]
async fn each_major_gives_databases_of_their_own() {
    for cluster in support::installed() {
        let (one, two) = (cluster.database(), cluster.database());
        one.run("CREATE TABLE t (id bigint); INSERT INTO t VALUES (7)").await;
        assert_eq!(number(&mut one.connect().await, "SELECT id FROM t").await, 7);
        assert_eq!(number(&mut two.connect().await, "SELECT count(*) FROM pg_tables WHERE tablename = 't'").await, 0);
        let version = number(&mut two.connect().await, "SELECT current_setting('server_version_num')::bigint / 10000").await;
        assert_eq!(version, i64::from(cluster.major()));
    }
}

#[tokio::test]
async fn the_password_role_needs_its_password() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    let right = cluster.password_url(database.name());
    PgConnection::connect(&right).await.expect("the right password opens");
    let wrong = right.replace("open-sesame", "open-barley");
    assert!(PgConnection::connect(&wrong).await.is_err(), "a wrong password opens too");
}

#[tokio::test]
async fn a_killed_server_comes_back_with_what_was_committed_and_is_gone_afterwards() {
    let Some(cluster) = support::Cluster::own(18) else { return };
    let database = cluster.database();
    database.run("SET synchronous_commit = on; CREATE TABLE t (id bigint); INSERT INTO t VALUES (1)").await;
    let mut session = database.connect().await;
    cluster.kill9();
    assert!(session.fetch_one("SELECT 1").await.is_err(), "the session outlived the server");
    cluster.restart();
    assert_eq!(number(&mut database.connect().await, "SELECT count(*) FROM t").await, 1);
    let data = cluster.data();
    drop(database);
    drop(cluster);
    assert!(!data.exists(), "the data folder is left behind");
}

#[test]
fn mariadb_gives_databases_and_sessions_of_their_own() {
    let Some(server) = support::mariadb() else { return };
    let (one, two) = (server.database(), server.database());
    one.run("CREATE TABLE t (id bigint, name text); INSERT INTO t VALUES (7, 'ß'), (8, NULL)").expect("two statements");
    assert_eq!(one.run("SELECT * FROM t ORDER BY id").as_deref(), Ok("7\tß\n8\tNULL\n"));
    let missing = two.run("SELECT * FROM t").expect_err("the other database is empty");
    assert!(missing.starts_with("ERROR 1146 (42S02)"), "{missing}");
    let body = "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.id = NEW.id + 1; SET NEW.name = 'x'; END";
    one.run(body).expect("a body holds semicolons");
    let (mut first, mut second) = (one.session(), one.session());
    first.run("BEGIN; INSERT INTO t VALUES (1, 'a')").expect("an open transaction");
    assert_eq!(second.run("SELECT count(*) FROM t").as_deref(), Ok("2\n"));
    second.send("SET innodb_lock_wait_timeout = 20; UPDATE t SET name = 'y' WHERE id = 2").expect("it waits for the first");
    first.run("COMMIT").expect("the first ends");
    second.answer().expect("the second goes on");
    assert_eq!(first.run("SELECT name FROM t WHERE id = 2").as_deref(), Ok("y\n"));
}
