//! Scripts that the plan calls commuting end alike on a real database, whichever of the allowed orders they run in:
//! same objects, same columns, same rows, same failures.

use std::collections::{BTreeMap, BTreeSet};

use concertina::migration::{Migrations, NodeRef, Project};
use concertina::plan::{Graph, Known, Survey};
use concertina::schema::{Dialect, Server};
use proptest::prelude::*;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Column as _, Connection as _, Executor as _, Row as _, TypeInfo as _, ValueRef as _};

const BASE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER);\n\
    CREATE TABLE u (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER);\n\
    CREATE INDEX t_b ON t (b);\n";

const ROWS: &str = "INSERT INTO t (id, a, b, c) VALUES (1, 1, NULL, 3), (2, NULL, 2, 2), (3, 3, 1, NULL), (4, NULL, NULL, 1);\n\
    INSERT INTO u (id, a, b) VALUES (1, NULL, 1), (2, 2, NULL);\n";

/// A statement for one phase; `number` keeps the names of what it makes apart, or not.
fn statement(phase: &'static str) -> impl Strategy<Value = String> {
    let column = || prop_oneof![Just("a"), Just("b"), Just("c")];
    let table = || prop_oneof![3 => Just("t"), 1 => Just("u")];
    let parts = (column(), column(), table(), 0..4u8, 0..10u8);
    let known = |table: &str, column: &'static str| if table == "u" && column == "c" { "b" } else { column };
    let parts = parts.prop_map(move |(one, two, table, number, pick)| (known(table, one), known(table, two), table, number, pick));
    parts.prop_map(move |(one, two, table, number, pick)| match (phase, pick) {
        ("expand", 0 | 1) => format!("ALTER TABLE {table} ADD COLUMN x{number} INTEGER DEFAULT {number};"),
        ("expand", 2) => format!("ALTER TABLE {table} ADD COLUMN x{number} INTEGER;\nCREATE INDEX ix{number} ON {table} (x{number});"),
        ("expand", 3 | 4) => format!("CREATE INDEX i{number} ON {table} ({one}, {two});"),
        ("expand", 5) => format!("CREATE UNIQUE INDEX i{number} ON {table} ({one});"),
        ("expand", 6) => format!("CREATE VIEW v{number} AS SELECT id, {one} AS shown FROM {table} WHERE {two} IS NOT NULL;"),
        ("expand", 7) => format!("CREATE VIEW v{number} AS SELECT * FROM {table};"),
        ("expand", _) => format!("CREATE TABLE n{number} (id INTEGER PRIMARY KEY, {one} INTEGER REFERENCES {table} (id));"),
        ("backfill", 0..4) => format!("UPDATE {table} SET {one} = {two} WHERE {one} IS NULL;"),
        ("backfill", 4) => format!("UPDATE {table} SET {one} = {number} WHERE {one} IS NULL AND {two} > 1;"),
        ("backfill", 5) => format!("DELETE FROM {table} WHERE {one} = {number};"),
        ("backfill", 6) => format!("INSERT INTO u (id, a) SELECT id + 1{number}0, {one} FROM t WHERE {two} IS NULL;"),
        ("backfill", 7) => format!("INSERT INTO u SELECT id + 2{number}0, {one}, {two} FROM t WHERE {one} > 1;"),
        ("backfill", _) => format!("UPDATE {table} SET {one} = (SELECT max({two}) FROM u) WHERE {one} IS NULL;"),
        (_, 0..3) => format!("ALTER TABLE {table} DROP COLUMN {one};"),
        (_, 3) => "DROP TABLE u;".to_owned(),
        (_, 4) => format!("DROP INDEX i{number};"),
        (_, 5) => "DROP INDEX t_b;".to_owned(),
        (_, 6) => format!("ALTER TABLE {table} RENAME COLUMN {one} TO x{number};"),
        (_, 7) => format!("DROP VIEW v{number};"),
        (_, 8) => format!("CREATE TABLE k{number} AS SELECT {one}, {two} FROM {table};"),
        (_, _) => format!("ALTER TABLE {table} RENAME TO w{number};"),
    })
}

/// Two or three migrations with some of their phases.
fn files() -> impl Strategy<Value = Vec<(String, String)>> {
    let migration = (
        proptest::option::of(statement("expand")),
        proptest::option::of(statement("backfill")),
        proptest::option::of(statement("contract")),
    );
    proptest::collection::vec(migration, 2..4).prop_map(|list| {
        let mut files = vec![("0_base/expand.sql".to_owned(), BASE.to_owned())];
        for (number, (expand, backfill, contract)) in (1..).zip(list) {
            for (phase, text) in [("expand", expand), ("backfill", backfill), ("contract", contract)] {
                files.extend(text.map(|text| (format!("{number}_m/{phase}.sql"), text)));
            }
        }
        files
    })
}

/// What is in the database in the end, and which scripts failed.
#[derive(Debug, PartialEq, Eq)]
struct End {
    failed: BTreeSet<String>,
    objects: Vec<String>,
    rows: BTreeMap<String, Vec<String>>,
}

async fn texts(database: &mut SqliteConnection, sql: &str) -> Result<Vec<Vec<(String, String)>>, sqlx::Error> {
    let rows = database.fetch_all(sqlx::AssertSqlSafe(sql.to_owned())).await?;
    let read = |row: sqlx::sqlite::SqliteRow| {
        let mut cells: Vec<(String, String)> = Vec::new();
        for column in row.columns() {
            let value = row.try_get_raw(column.ordinal()).expect("the column is there");
            let text = match (value.is_null(), value.type_info().name()) {
                (true, _) => "NULL".to_owned(),
                (false, "TEXT") => row.get::<String, _>(column.ordinal()),
                (false, _) => row.get::<i64, _>(column.ordinal()).to_string(),
            };
            cells.push((column.name().to_owned(), text));
        }
        // The order of columns follows the order of ADD COLUMN and is nobody's business.
        cells.sort();
        cells
    };
    Ok(rows.into_iter().map(read).collect())
}

async fn run(order: &[NodeRef], scripts: &BTreeMap<String, String>) -> End {
    let options = SqliteConnectOptions::new().in_memory(true);
    let mut database = SqliteConnection::connect_with(&options).await.expect("in memory");
    let mut failed = BTreeSet::new();
    for node in order {
        let text = &scripts[&node.to_string()];
        database.execute("BEGIN").await.expect("no transaction is open");
        match database.execute(sqlx::AssertSqlSafe(text.clone())).await {
            Ok(_) => database.execute("COMMIT").await.expect("nothing is deferred"),
            Err(_) => {
                failed.insert(node.to_string());
                database.execute("ROLLBACK").await.expect("the transaction is open")
            }
        };
        if node.migration.as_str() == "0_base" {
            database.execute(ROWS).await.expect("the tables are there");
        }
    }
    let master = texts(&mut database, "SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2").await.expect("a catalogue");
    let objects = master.iter().map(|row| format!("{row:?}")).collect();
    let mut rows = BTreeMap::new();
    for relation in texts(&mut database, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").await.expect("a catalogue") {
        let name = &relation[0].1;
        let found = texts(&mut database, &format!("SELECT * FROM {name}")).await;
        let mut found = found.map_or_else(|_| vec!["broken".to_owned()], |rows| rows.iter().map(|row| format!("{row:?}")).collect());
        let columns =
            texts(&mut database, &format!("SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('{name}') ORDER BY 1")).await;
        found.extend(columns.unwrap_or_default().iter().map(|row| format!("{row:?}")));
        found.sort();
        rows.insert(name.clone(), found);
    }
    End { failed, objects, rows }
}

/// An order that the graph allows, chosen by numbers.
fn extension(graph: &Graph, choices: &[usize]) -> Vec<NodeRef> {
    let mut rest: Vec<NodeRef> = graph.order().cloned().collect();
    let mut order: Vec<NodeRef> = Vec::new();
    while !rest.is_empty() {
        let free: Vec<usize> = (0..rest.len()).filter(|index| graph.before(&rest[*index]).all(|before| order.contains(before))).collect();
        let choice = choices.get(order.len()).copied().unwrap_or_default();
        order.push(rest.remove(free[choice % free.len()]));
    }
    order
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_commutes_ends_alike(files in files(), choices in proptest::collection::vec(proptest::collection::vec(0usize..12, 10), 6)) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in &files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().expect("below the folder")).expect("made");
            std::fs::write(file, text).expect("written");
        }
        let project = Project::bare(folder.path());
        let migrations = Migrations::read(folder.path(), folder.path(), Dialect::Sqlite).expect("understood");
        let today = jiff::civil::date(2026, 11, 21);
        let survey = Survey { project: &project, migrations: &migrations, server: Server::oldest(Dialect::Sqlite), sizes: &concertina::schema::size::Sizes::unknown(), known: Known::Nothing, today };
        let plan = survey.plan().expect("a plan");
        prop_assume!(plan.clashes.is_empty());
        let graph = Graph::new(&migrations).expect("no circle");
        let scripts: BTreeMap<String, String> = files.iter().map(|(path, text)| (path.trim_end_matches(".sql").replace('/', ":"), text.clone())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let by_graph: Vec<NodeRef> = graph.order().cloned().collect();
        let expected = runtime.block_on(run(&by_graph, &scripts));
        for choice in &choices {
            let order = extension(&graph, choice);
            let end = runtime.block_on(run(&order, &scripts));
            prop_assert_eq!(&end, &expected, "{:?} against {:?}\n{:#?}", order, by_graph, scripts);
        }
    }
}
