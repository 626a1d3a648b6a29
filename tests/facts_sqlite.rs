//! The facts of `dialect` against the SQLite engine: who waits, and how much of the file a statement writes.

mod support;

use concertina::dialect::{self, Impact, Lock, TransactionUse, Work};
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Operation, Origin, Schema, Server};
use concertina::sql::{self, Source};
use sqlx::{Connection, Executor, Row, SqliteConnection};

/// Enough rows for about a thousand pages in the table and two hundred in an index.
const GIVEN: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT, z TEXT); \
    CREATE TABLE c (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t); CREATE INDEX c_t ON c (t_id);";
const ROWS: &str = "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 30000) \
    INSERT INTO t SELECT v, v, printf('%0100d', v), 'z' FROM n";

/// Pages that even a change of the catalogue alone may write: the schema's own table and the file's header.
const CATALOGUE_PAGES: i64 = 10;

const CASES: [&str; 13] = [
    "CREATE TABLE n (id INTEGER PRIMARY KEY)",
    "ALTER TABLE t ADD COLUMN n INTEGER",
    "ALTER TABLE t ADD COLUMN n INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE t ADD COLUMN n INTEGER CHECK (n > 0)",
    "ALTER TABLE t RENAME COLUMN a TO x",
    "ALTER TABLE t RENAME TO u",
    "ALTER TABLE t DROP COLUMN z",
    "CREATE INDEX i ON t (b)",
    "DROP INDEX c_t",
    "CREATE VIEW w AS SELECT id FROM t",
    "CREATE TABLE n AS SELECT * FROM t",
    "UPDATE t SET a = a + 1",
    "VACUUM",
];

fn operations(text: &str) -> Vec<Operation> {
    let script = sql::read(&Source::new("case.sql", text), Server::oldest(Dialect::Sqlite));
    script.statements.into_iter().flat_map(|statement| statement.clauses).map(|clause| clause.operation).collect()
}

fn foretold(statement: &str) -> Impact {
    let mut schema = Schema::new(Dialect::Sqlite, Knowledge::Known);
    for operation in operations(GIVEN) {
        schema.apply(&operation, &Origin::unseen()).expect("the given schema can be replayed");
    }
    let operation = operations(statement).remove(0);
    assert!(!matches!(operation, Operation::Opaque(_)), "{statement} is not read: {operation:?}");
    dialect::impact(&Server::oldest(Dialect::Sqlite), &operation, &schema)
}

async fn run(session: &mut SqliteConnection, text: &str) -> Result<(), sqlx::Error> {
    session.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(text))).await.map(drop)
}

async fn number(session: &mut SqliteConnection, text: &str) -> i64 {
    session.fetch_one(sqlx::raw_sql(sqlx::AssertSqlSafe(text))).await.expect("a number").get(0)
}

async fn filled() -> (support::TempDb, SqliteConnection) {
    let file = support::sqlite();
    let mut session = SqliteConnection::connect(&file.url()).await.expect("a database file");
    run(&mut session, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 0").await.expect("settings");
    run(&mut session, GIVEN).await.expect("the given schema");
    run(&mut session, ROWS).await.expect("rows");
    run(&mut session, "PRAGMA wal_checkpoint(TRUNCATE)").await.expect("an empty log");
    (file, session)
}

/// Pages written to the log since it was emptied.
fn logged(file: &support::TempDb) -> i64 {
    let log = file.path().with_extension("db-wal");
    let bytes = std::fs::metadata(log).map(|found| found.len()).unwrap_or(0);
    i64::try_from(bytes / (4096 + 24)).expect("a log of this size")
}

#[tokio::test]
async fn statements_write_as_much_as_foretold() {
    for statement in CASES {
        let (file, mut session) = filled().await;
        let impact = foretold(statement);
        let table = number(&mut session, "SELECT page_count FROM pragma_page_count").await;
        run(&mut session, statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        let pages = logged(&file);
        let much = impact.work.iter().any(|work| match work {
            Work::Rewrite(_) | Work::BuildIndex(_) | Work::Rows(_) => true,
            Work::Scan(_) => false,
        });
        match much {
            true => assert!(pages * 6 > table, "{statement}: only {pages} pages of {table} were written"),
            false => assert!(pages <= CATALOGUE_PAGES, "{statement}: {pages} pages were written, foretold was {:?}", impact.work),
        }
    }
}

#[tokio::test]
async fn writers_wait_for_whoever_holds_the_write_lock() {
    for statement in CASES {
        let impact = foretold(statement);
        let (file, mut session) = filled().await;
        let mut other = SqliteConnection::connect(&file.url()).await.expect("a second session");
        run(&mut other, "PRAGMA busy_timeout = 0").await.expect("a setting");
        run(&mut session, "BEGIN").await.expect("a transaction");
        let inside = run(&mut session, statement).await;
        assert_eq!(inside.is_err(), impact.transaction == TransactionUse::Forbidden, "{statement}: {inside:?}");
        if inside.is_ok() {
            assert!(impact.locks.iter().all(|held| held.lock == Lock::DatabaseWrite), "{statement}");
            let refused = run(&mut other, "INSERT INTO c VALUES (1, 1)").await.is_err();
            assert_eq!(refused, impact.locks.iter().any(|held| held.lock.blocks_writes()), "{statement}: another writer");
            assert_eq!(number(&mut other, "SELECT count(*) FROM t").await, 30_000, "{statement}: another reader");
        }
    }
}

/// Statements that lints say are refused, over tables with rows: what the database answers.
const REFUSED: &[&str] = &[
    "ALTER TABLE parent ALTER COLUMN name TYPE integer",
    "ALTER TABLE parent ADD CONSTRAINT c CHECK (name <> '')",
    "ALTER TABLE parent ADD COLUMN IF NOT EXISTS n integer",
    "ALTER TABLE parent ADD COLUMN n integer, ADD COLUMN m integer",
    "ALTER TABLE parent ADD COLUMN n integer PRIMARY KEY",
    "ALTER TABLE parent ADD COLUMN n integer UNIQUE",
    "ALTER TABLE parent ADD COLUMN n text DEFAULT CURRENT_TIMESTAMP",
    "ALTER TABLE parent ADD COLUMN n integer DEFAULT (1 + 1)",
    "ALTER TABLE parent ADD COLUMN n text AS (upper(name)) STORED",
    "ALTER TABLE parent ADD COLUMN n integer NOT NULL",
    "ALTER TABLE child ADD COLUMN n integer DEFAULT 1 REFERENCES parent (id)",
    "ALTER TABLE parent DROP COLUMN id",
    "ALTER TABLE parent DROP COLUMN nick",
    "ALTER TABLE parent DROP COLUMN town",
    "ALTER TABLE parent DROP COLUMN low",
    "ALTER TABLE child DROP COLUMN other_id",
    "ALTER TABLE child DROP COLUMN seen",
    "ALTER TABLE child DROP COLUMN logged",
];

/// Statements of the same kind that lints let pass.
const TAKEN: &[&str] = &[
    "ALTER TABLE parent ADD COLUMN n text AS (upper(name)) VIRTUAL",
    "ALTER TABLE child ADD COLUMN n integer REFERENCES parent (id)",
    "ALTER TABLE empty ADD COLUMN n text DEFAULT CURRENT_TIMESTAMP",
    "ALTER TABLE empty ADD COLUMN n text AS (upper(name)) STORED",
    "ALTER TABLE parent DROP COLUMN age",
    "ALTER TABLE parent DROP COLUMN name",
    "ALTER TABLE child DROP COLUMN parent_id",
];

const FAMILY: &str = "
    CREATE TABLE parent (id integer PRIMARY KEY, name text, nick text UNIQUE, town text, age integer CHECK (age > 0),
        low integer, high integer, CHECK (low < high));
    CREATE INDEX parent_town ON parent (town);
    CREATE TABLE child (id integer PRIMARY KEY, parent_id integer REFERENCES parent (id) ON DELETE CASCADE, seen integer, logged integer,
        other_id integer, CONSTRAINT other FOREIGN KEY (other_id) REFERENCES parent (id));
    CREATE VIEW seen AS SELECT id, seen FROM child;
    CREATE TABLE log (id integer);
    CREATE TRIGGER child_log AFTER UPDATE ON child BEGIN INSERT INTO log (id) VALUES (NEW.logged); END;
    CREATE TABLE empty (id integer PRIMARY KEY, name text);
    INSERT INTO parent (id, name, age, low, high) VALUES (1, 'a', 1, 1, 2);
    INSERT INTO child (id, parent_id) VALUES (1, 1);
    PRAGMA foreign_keys = ON;";

async fn family() -> SqliteConnection {
    let mut session = SqliteConnection::connect("sqlite::memory:").await.expect("a database in memory");
    run(&mut session, FAMILY).await.expect("the given schema");
    session
}

#[tokio::test]
async fn what_lints_call_refused_is_refused_and_nothing_else() {
    let mut wrong = Vec::new();
    for statement in REFUSED {
        if run(&mut family().await, statement).await.is_ok() {
            wrong.push(format!("{statement}: taken"));
        }
    }
    for statement in TAKEN {
        if let Err(error) = run(&mut family().await, statement).await {
            wrong.push(format!("{statement}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The recipe that makes a table anew.
const REBUILD: &str = "
    CREATE TABLE parent_new (id integer PRIMARY KEY, name text);
    INSERT INTO parent_new SELECT id, name FROM parent;
    DROP TABLE parent;
    ALTER TABLE parent_new RENAME TO parent;";

#[tokio::test]
async fn a_rebuild_empties_children_unless_keys_are_off_outside_the_transaction() {
    for (script, left) in [
        (format!("BEGIN; {REBUILD} COMMIT;"), 0),
        (format!("BEGIN; PRAGMA foreign_keys = OFF; {REBUILD} COMMIT;"), 0),
        (format!("PRAGMA foreign_keys = OFF; BEGIN; {REBUILD} COMMIT; PRAGMA foreign_keys = ON;"), 1),
    ] {
        let mut session = family().await;
        run(&mut session, "DROP VIEW seen").await.expect("no view is in the way");
        run(&mut session, &script).await.unwrap_or_else(|error| panic!("{script}: {error}"));
        assert_eq!(number(&mut session, "SELECT count(*) FROM child").await, left, "{script}");
    }
}

#[tokio::test]
async fn keys_follow_a_table_that_is_moved_aside() {
    let mut session = family().await;
    run(&mut session, "ALTER TABLE parent RENAME TO parent_old; CREATE TABLE parent (id integer PRIMARY KEY)").await.expect("a rename");
    let stays = "SELECT count(*) FROM pragma_foreign_key_list('child') WHERE \"table\" = 'parent'";
    assert_eq!(number(&mut session, stays).await, 0);
}
