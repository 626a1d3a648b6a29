//! What pages of lints say that a database refuses, or does without a word, is tried on the servers.

mod support;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

/// A session that is given up when a statement fails: the error, if there was one.
async fn runs(connection: &mut PgConnection, pieces: &[&str]) -> Option<String> {
    for piece in pieces {
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe((*piece).to_owned())).execute(&mut *connection).await {
            return Some(error.to_string());
        }
    }
    None
}

const TABLES: &str = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80), nick varchar(40));
    CREATE TABLE visits (user_id bigint, at timestamptz);
    CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE events_rest PARTITION OF events DEFAULT;
    CREATE INDEX events_at ON events (at);
    CREATE MATERIALIZED VIEW names AS SELECT id, name FROM users;
    CREATE TYPE state AS ENUM ('open');";

/// The pieces as they are sent, and the error that the last of them meets; `None` where it works. `from` is the first major version.
struct Refused {
    lint: &'static str,
    from: u16,
    to: u16,
    pieces: &'static [&'static str],
    error: Option<&'static str>,
}

const fn refused(lint: &'static str, pieces: &'static [&'static str], error: &'static str) -> Refused {
    Refused { lint, from: 14, to: 18, pieces, error: Some(error) }
}

const fn works(lint: &'static str, pieces: &'static [&'static str]) -> Refused {
    Refused { lint, from: 14, to: 18, pieces, error: None }
}

#[rustfmt::skip]
const CASES: &[Refused] = &[
    refused("concurrently-on-partitioned", &["CREATE INDEX CONCURRENTLY i ON events (id)"], "concurrently"),
    refused("concurrently-on-partitioned", &["CREATE INDEX CONCURRENTLY i ON ONLY events (id)"], "concurrently"),
    refused("concurrently-on-partitioned", &["DROP INDEX CONCURRENTLY events_at"], "concurrently"),
    refused("concurrently-on-partitioned", &["ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY"], "default partition"),
    works("concurrently-on-partitioned", &["DROP TABLE events_rest", "ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY"]),
    refused("concurrent-refresh-needs-unique-index", &["REFRESH MATERIALIZED VIEW CONCURRENTLY names"], "concurrently"),
    refused("concurrent-refresh-needs-unique-index", &["CREATE UNIQUE INDEX ON names (lower(name))", "REFRESH MATERIALIZED VIEW CONCURRENTLY names"], "concurrently"),
    refused("concurrent-refresh-needs-unique-index", &["CREATE UNIQUE INDEX ON names (id) WHERE id > 0", "REFRESH MATERIALIZED VIEW CONCURRENTLY names"], "concurrently"),
    works("concurrent-refresh-needs-unique-index", &["CREATE UNIQUE INDEX ON names (id)", "REFRESH MATERIALIZED VIEW CONCURRENTLY names"]),
    refused("enum-value-used-in-same-transaction", &["BEGIN; ALTER TYPE state ADD VALUE 'lost'; SELECT 'lost'::state"], "unsafe use of new value"),
    works("enum-value-used-in-same-transaction", &["ALTER TYPE state ADD VALUE 'lost'", "SELECT 'lost'::state"]),
    works("enum-value-used-in-same-transaction", &["BEGIN; CREATE TYPE size AS ENUM ('s'); SELECT 's'::size; COMMIT"]),
    Refused { lint: "enum-value-used-in-same-transaction", from: 14, to: 16, pieces: &["BEGIN; CREATE TYPE size AS ENUM ('s'); ALTER TYPE size ADD VALUE 'm'; SELECT 'm'::size"], error: Some("unsafe use of new value") },
    Refused { lint: "enum-value-used-in-same-transaction", from: 17, to: 18, pieces: &["BEGIN; CREATE TYPE size AS ENUM ('s'); ALTER TYPE size ADD VALUE 'm'; SELECT 'm'::size; COMMIT"], error: None },
    refused("concurrently-in-transaction", &["DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON users (name); END $$"], "CONCURRENTLY"),
    refused("non-transactional-in-transaction", &["DO $$ BEGIN VACUUM users; END $$"], "VACUUM"),
    refused("transaction-control", &["BEGIN; DO $$ BEGIN COMMIT; END $$"], "invalid transaction termination"),
    works("transaction-control", &["DO $$ BEGIN COMMIT; END $$"]),
    refused("fk-type-mismatch", &["CREATE TABLE a (id bigint PRIMARY KEY, u text REFERENCES users (id))"], "cannot be implemented"),
    works("fk-type-mismatch", &["CREATE TABLE a (id bigint PRIMARY KEY, u integer REFERENCES users (id))"]),
    refused("updates-without-replica-identity", &["INSERT INTO visits VALUES (1)", "CREATE PUBLICATION p FOR TABLE visits", "UPDATE visits SET user_id = 2"], "replica identity"),
    works("updates-without-replica-identity", &["INSERT INTO visits VALUES (1)", "CREATE PUBLICATION p FOR TABLE visits", "ALTER TABLE visits REPLICA IDENTITY FULL", "UPDATE visits SET user_id = 2"]),
    // 63 bytes are kept, so that the two names are one.
    refused("identifier-truncated", &[
        "ALTER TABLE users ADD COLUMN a23456789_123456789_123456789_123456789_123456789_123456789_123x integer",
        "ALTER TABLE users ADD COLUMN a23456789_123456789_123456789_123456789_123456789_123456789_123y integer",
    ], "already exists"),
    works("create-if-not-exists-hides-drift", &["CREATE TABLE IF NOT EXISTS users (id integer, other text)", "SELECT nick FROM users"]),
    works("replay: ALTER TABLE IF EXISTS", &["ALTER TABLE IF EXISTS gone DROP COLUMN a"]),
];

#[tokio::test]
async fn what_the_pages_say_is_refused_by_postgres() {
    for cluster in support::installed() {
        for case in CASES.iter().filter(|case| (case.from..=case.to).contains(&cluster.major())) {
            let database = cluster.database();
            let mut connection = database.connect().await;
            assert_eq!(runs(&mut connection, &[TABLES]).await, None);
            let error = runs(&mut connection, case.pieces).await;
            let told = format!("PostgreSQL {}, {}: {:?}: {error:?}", cluster.major(), case.lint, case.pieces);
            match case.error {
                Some(expected) => assert!(error.is_some_and(|error| error.contains(expected)), "{told}"),
                None => assert!(error.is_none(), "{told}"),
            }
            connection.close().await.expect("a session can be closed");
        }
    }
}

#[tokio::test]
async fn a_failed_concurrent_build_leaves_an_index_that_if_not_exists_takes_for_the_real_one() {
    const VALID: &str = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_name'::regclass";
    for cluster in support::installed() {
        let database = cluster.database();
        let mut connection = database.connect().await;
        let prepared = [TABLES, "INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'a')"];
        assert_eq!(runs(&mut connection, &prepared).await, None);
        let build = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_name ON users (name)";
        assert!(runs(&mut connection, &[build]).await.is_some_and(|error| error.contains("unique index")), "{}", cluster.major());
        assert_eq!(runs(&mut connection, &["DELETE FROM users WHERE id = 2", build]).await, None);
        let row = sqlx::query(VALID).fetch_one(&mut connection).await.expect("the index is there");
        assert!(!row.get::<bool, _>(0), "PostgreSQL {} made it valid", cluster.major());
        // Without a name the next attempt makes another one.
        let unnamed = ["CREATE INDEX CONCURRENTLY ON users (nick)", "CREATE INDEX CONCURRENTLY ON users (nick)"];
        assert_eq!(runs(&mut connection, &unnamed).await, None);
        let two = sqlx::query("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'users_nick_idx%'").fetch_one(&mut connection).await;
        assert_eq!(two.expect("a count").get::<i64, _>(0), 2);
    }
}

#[test]
fn mariadb_commits_with_ddl_and_deletes_what_it_replaces() {
    let Some(server) = support::mariadb() else { return };
    let database = server.database();
    database
        .run(
            "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80), nick varchar(40));
             CREATE TABLE visits (id bigint PRIMARY KEY, user_id bigint, FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE);
             INSERT INTO users VALUES (1, 'a', 'b'); INSERT INTO visits VALUES (1, 1);
             REPLACE INTO users (id, name) VALUES (1, 'c');",
        )
        .expect("REPLACE works");
    let left = database.run("SELECT concat(count(*), '-', (SELECT ifnull(nick, 'gone') FROM users)) FROM visits").expect("a count");
    assert_eq!(left.trim(), "0-gone");
    let mut session = database.session();
    session.run("BEGIN; INSERT INTO users VALUES (2, 'x', 'y'); CREATE TABLE roles (id integer PRIMARY KEY); ROLLBACK").expect("no error");
    assert_eq!(database.run("SELECT count(*) FROM users").expect("a count").trim(), "2");
    let long = "a".repeat(65);
    assert!(database.run(&format!("ALTER TABLE users ADD COLUMN {long} integer")).is_err_and(|error| error.contains("too long")));
}
