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
