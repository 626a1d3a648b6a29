//! Sizes of tables: counted in real databases, written to a file, read back, and what they do to levels and durations.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use concertina::backend::{AnyBackend, Backend, Care, TableSize};
use concertina::schema::{Ident, ObjectName};
use serde_json::Value;

/// What the command printed, and its exit code.
fn migrate(folder: &Path, url: Option<&str>, arguments: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    command.args(arguments).current_dir(folder).env_remove("MIGRATE_DATABASE_URL").env_remove("DATABASE_URL").env("COLUMNS", "120");
    command.envs(url.map(|url| ("DATABASE_URL", url))).env("NO_COLOR", "1");
    let output = command.output().expect("the command was built");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (text, output.status.code().expect("it was not killed"))
}

fn json(folder: &Path, url: Option<&str>, arguments: &[&str]) -> Value {
    let (text, _) = migrate(folder, url, &[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("the folder is ours");
        fs::write(path, text).expect("the folder is ours");
    }
}

/// The lints that fired, each with its level, but for one that has nothing to do with sizes.
fn levels(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().expect("findings").iter();
    let told = findings
        .map(|finding| format!("{} {}", finding["level"].as_str().unwrap_or_default(), finding["lint"].as_str().unwrap_or_default()));
    told.filter(|told| told != "notice wildcard-result-shape").collect()
}

/// A file of sizes with one table.
fn sizes(table: &str, rows: u64, bytes: u64) -> String {
    format!(
        r#"{{"format":1,"dialect":"postgres","server_version":"15.4","taken_at":"2026-11-21T09:30:00Z","ran":["1_shop:expand"],
            "tables":[{{"schema":"public","name":"{table}","rows":{rows},"bytes":{bytes},"index_bytes":{bytes}}}]}}"#
    )
}

const SHOP: &[(&str, &str)] = &[
    ("migrate.toml", "dialect = \"postgres\"\n"),
    ("migrations/1_shop/expand.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total integer, town text);\n"),
    (
        "migrations/2_work/expand.sql",
        "CREATE INDEX orders_total ON orders (total);\nALTER TABLE orders ADD COLUMN n uuid DEFAULT gen_random_uuid();\nALTER TABLE orders RENAME COLUMN town TO city;\n",
    ),
];

#[test]
fn what_waits_on_a_small_table_is_a_notice_and_what_breaks_a_release_is_not() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    write(folder, SHOP);
    let loud = ["deny create-index-blocks-writes", "deny add-column-rewrites-table", "deny rename-column"];
    let quiet = ["notice create-index-blocks-writes", "notice add-column-rewrites-table", "deny rename-column"];
    assert_eq!(levels(&json(folder, None, &["plan"])), loud, "nobody counted: taken to be large");
    for (rows, bytes, expected) in [(10_000, 5_000_000, quiet), (10_001, 5_000_000, loud), (10_000, 5_000_001, loud)] {
        write(folder, &[("sizes.json", &sizes("orders", rows, bytes))]);
        assert_eq!(levels(&json(folder, None, &["plan", "--sizes", "sizes.json"])), expected, "{rows} rows of {bytes} bytes");
        assert_eq!(levels(&json(folder, None, &["lint", "--sizes", "sizes.json"])), expected, "{rows} rows of {bytes} bytes");
    }
    write(folder, &[("sizes.json", &sizes("another", 1, 1))]);
    assert_eq!(levels(&json(folder, None, &["plan", "--sizes", "sizes.json"])), loud, "a table that was not counted is unknown");
    // By migrate.toml, with limits of one's own.
    write(folder, &[("sizes.json", &sizes("orders", 400, 8192))]);
    write(folder, &[("migrate.toml", "dialect = \"postgres\"\n[lint]\nsizes = \"sizes.json\"\n")]);
    assert_eq!(levels(&json(folder, None, &["plan"])), quiet);
    write(folder, &[("migrate.toml", "dialect = \"postgres\"\n[lint]\nsizes = \"sizes.json\"\nsmall_rows = 399\n")]);
    assert_eq!(levels(&json(folder, None, &["plan"])), loud);
    write(folder, &[("migrate.toml", "dialect = \"postgres\"\n[lint]\nsizes = \"sizes.json\"\nsmall_bytes = \"16 kB\"\n")]);
    assert_eq!(levels(&json(folder, None, &["plan"])), loud);
}

#[test]
fn a_table_that_was_made_after_the_count_is_unknown_even_under_a_name_that_was_counted() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    write(folder, SHOP);
    write(folder, &[("sizes.json", &sizes("visits", 10, 8192))]);
    write(folder, &[("migrations/2_work/expand.sql", "CREATE TABLE visits (id bigint PRIMARY KEY, total integer);\n")]);
    write(folder, &[("migrations/3_more/expand.sql", "CREATE INDEX visits_total ON visits (total);\n")]);
    let arguments = ["plan", "--sizes", "sizes.json"];
    assert_eq!(levels(&json(folder, None, &arguments)), ["deny create-index-blocks-writes"]);
    let counted_later = sizes("visits", 10, 8192).replace("\"1_shop:expand\"", "\"1_shop:expand\",\"2_work:expand\"");
    write(folder, &[("sizes.json", &counted_later)]);
    assert_eq!(levels(&json(folder, None, &arguments)), ["notice create-index-blocks-writes"]);
}

#[test]
fn a_large_table_has_a_range_of_time_in_finding_and_plan() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    write(folder, SHOP);
    write(folder, &[("sizes.json", &sizes("orders", 400_000_000, 42_000_000_000))]);
    let document = json(folder, None, &["plan", "--sizes", "sizes.json"]);
    let build = "an index build over 42 GB: 6-47 min at 15-120 MB/s";
    let message = document["findings"][0]["message"].as_str().unwrap_or_default();
    assert!(message.ends_with(&format!("; {build}")), "{message}");
    assert_eq!(document["findings"][0]["costs"][0]["told"], build);
    assert!(document["findings"][2].get("costs").is_none(), "a rename makes nobody wait for long");
    let statements = &document["migrations"][1]["phases"][0]["statements"];
    let work = &statements[0]["work"][0];
    assert_eq!((&work["rows"], &work["bytes"]), (&400_000_000_u64.into(), &84_000_000_000_u64.into()));
    assert_eq!((&work["seconds"]["least"], &work["seconds"]["most"]), (&350.0.into(), &2800.0.into()));
    assert_eq!(statements[1]["work"][0]["seconds"]["told"], "84 GB: 18 min to 3 h at 10-80 MB/s");
    let (text, code) = migrate(folder, None, &["plan", "--sizes", "sizes.json"]);
    assert_eq!(code, 3);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("builds an index over orders (about 400000000 rows, 42 GB: 6-47 min at 15-120 MB/s)"), "{text}");
}

/// A table of a size at which a plan asks how fast it is read.
const LARGE: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, total integer, note text) WITH (fillfactor = 10);
INSERT INTO orders SELECT n, n % 1000, md5(n::text) FROM generate_series(1, 200000) AS n;
ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID;
ANALYZE orders;
";

const CHECKED: &str = "ALTER TABLE orders VALIDATE CONSTRAINT positive;
CREATE INDEX CONCURRENTLY orders_note ON orders (note);
";

/// What the plan tells of the time of each statement.
fn times(folder: &Path, url: &str) -> Vec<Value> {
    let document = json(folder, Some(url), &["plan"]);
    let statements = document["migrations"][0]["phases"][0]["statements"].as_array().cloned().unwrap_or_default();
    statements.into_iter().map(|statement| statement["work"][0]["seconds"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_told_by_the_speed_that_was_measured_on_this_server() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let (folder, url) = (scratch.path(), database.url.as_str());
        write(folder, &[("migrate.toml", "dialect = \"postgres\"\n"), ("migrations/1_shop/expand.sql", LARGE)]);
        let (text, code) = migrate(folder, Some(url), &["apply", "--phase", "expand"]);
        assert_eq!(code, 0, "{text}");
        write(folder, &[("migrations/2_check/expand.sql", CHECKED)]);
        let told = |time: &Value| time["told"].as_str().unwrap_or_default().to_owned();
        let times_before = times(folder, url);
        assert!(told(&times_before[0]).ends_with("as its pages were read a moment ago"), "{times_before:?}");
        // Nobody ever built an index here: what is assumed of any server, or no faster than it reads.
        assert!(!told(&times_before[1]).contains("earlier run"), "{times_before:?}");

        // Nobody waits for a table that somebody has locked: what was read before is not known now.
        let mut holder = database.connect().await;
        sqlx::raw_sql("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE").execute(&mut holder).await.expect("it is locked");
        let began = std::time::Instant::now();
        let locked = times(folder, url);
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(told(&locked[0]).ends_with("at 80-400 MB/s"), "{locked:?}");
        sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.expect("it ends");

        let (text, code) = migrate(folder, Some(url), &["apply", "--phase", "expand"]);
        assert_eq!(code, 0, "{text}");
        write(folder, &[("migrations/3_again/expand.sql", "CREATE INDEX CONCURRENTLY orders_note_id ON orders (note, id);\n")]);
        let time = times(folder, url).remove(0);
        assert!(told(&time).ends_with("as an earlier run on it"), "PostgreSQL {major}: {time}");
        let began = std::time::Instant::now();
        let (text, code) = migrate(folder, Some(url), &["apply", "--phase", "expand"]);
        assert_eq!(code, 0, "{text}");
        let (least, most) = (time["least"].as_f64().expect("a number"), time["most"].as_f64().expect("a number"));
        let took = began.elapsed().as_secs_f64();
        // A machine that is busy with other tests is slower than it was; it is not a hundred times faster.
        assert!(took > least / 2.0 && took < most * 4.0 + 1.0, "PostgreSQL {major}: {least} to {most} s were told, it took {took} s");
    }
}

#[test]
fn a_file_that_is_none_or_about_another_database_is_refused_with_the_next_command() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    write(folder, SHOP);
    let (text, code) = migrate(folder, None, &["plan", "--sizes", "sizes.json"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("sizes.json"), "{text}");
    write(folder, &[("sizes.json", "{\"format\":1}")]);
    let (text, code) = migrate(folder, None, &["plan", "--sizes", "sizes.json"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("migrate stats"), "{text}");
    write(folder, &[("sizes.json", &sizes("orders", 1, 1).replace("postgres", "sqlite"))]);
    let (text, code) = migrate(folder, None, &["lint", "--sizes", "sizes.json"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("the sizes are those of a sqlite database"), "{text}");
}

fn valid(document: &Value) {
    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sizes.schema.json")).expect("the schema is published");
    let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let faults: Vec<String> = validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{}\n{document}", faults.join("\n"));
}

#[test]
fn sqlite_counts_its_tables() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO Notes (body) SELECT 'some text ' || i FROM n;\n";
    write(
        folder,
        &[
            ("migrate.toml", "dialect = \"sqlite\"\n[database]\nurl = \"sqlite://shop.db\"\n"),
            (
                "migrations/1_shop/expand.sql",
                "CREATE TABLE Notes (id INTEGER PRIMARY KEY, body TEXT);\nCREATE INDEX notes_body ON Notes (body);\n",
            ),
            ("migrations/2_rows/expand.sql", &format!("-- migrate: allow(backfill-outside-backfill-phase) reason=\"a test\"\n{rows}")),
        ],
    );
    let (text, code) = migrate(folder, None, &["apply", "--phase", "expand", "--quiet"]);
    assert_eq!(code, 0, "{text}");
    let (document, code) = migrate(folder, None, &["stats"]);
    assert_eq!(code, 0, "{document}");
    write(folder, &[("sizes.json", &document)]);
    let document: Value = serde_json::from_str(&document).expect("a document");
    valid(&document);
    let table = &document["tables"][0];
    assert_eq!((&table["schema"], &table["name"], &table["rows"]), (&"main".into(), &"Notes".into(), &2000.into()));
    assert!(table["bytes"].as_u64().is_some_and(|bytes| bytes > 20_000), "{table}");
    assert!(table["index_bytes"].as_u64().is_some_and(|bytes| bytes > 20_000), "{table}");
    assert_eq!(document["tables"].as_array().map(Vec::len), Some(1), "the tool's own tables are left out");
    assert_eq!(document["ran"], serde_json::json!(["1_shop:expand", "2_rows:expand"]));
    valid(&json(folder, None, &["stats"])["stats"]);
    write(folder, &[("migrations/3_all/backfill.sql", "UPDATE notes SET body = 'x';\n")]);
    let offline = json(folder, None, &["plan", "--offline", "--sizes", "sizes.json"]);
    assert_eq!(levels(&offline), ["notice unbounded-dml", "deny backfill-cannot-be-cut"]);
    assert_eq!(
        levels(&json(folder, None, &["plan"])),
        ["notice unbounded-dml", "deny backfill-cannot-be-cut"],
        "the database tells by itself"
    );
    write(folder, &[("migrate.toml", "dialect = \"sqlite\"\n[database]\nurl = \"sqlite://shop.db\"\n[lint]\nsmall_rows = 1999\n")]);
    assert_eq!(levels(&json(folder, None, &["plan"])), ["deny unbounded-dml", "deny backfill-cannot-be-cut"]);
}

fn named(name: &str) -> ObjectName {
    ObjectName::bare(Ident::stored(name))
}

#[tokio::test]
async fn postgres_counts_tables_of_every_kind() {
    for cluster in support::installed() {
        let database = cluster.database();
        database
            .run(
                "CREATE TABLE analysed (id bigint PRIMARY KEY, t text); INSERT INTO analysed SELECT n, 'x' FROM generate_series(1, 5000) n; ANALYZE analysed;
                 INSERT INTO analysed SELECT n, 'x' FROM generate_series(5001, 10000) n;
                 CREATE TABLE never (id bigint) WITH (autovacuum_enabled = false); INSERT INTO never SELECT n FROM generate_series(1, 3000) n;
                 CREATE TABLE empty (id bigint);
                 CREATE TABLE parts (id bigint) PARTITION BY RANGE (id);
                 CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1001);
                 CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (1001) TO (10000);
                 INSERT INTO parts SELECT n FROM generate_series(1, 3000) n; ANALYZE parts;
                 CREATE TABLE above (id bigint); CREATE TABLE heir () INHERITS (above); INSERT INTO heir SELECT n FROM generate_series(1, 700) n; ANALYZE above, heir;
                 CREATE MATERIALIZED VIEW kept AS SELECT id FROM analysed; ANALYZE kept;
                 CREATE SCHEMA app; CREATE TABLE app.\"Odd name\" (id bigint);",
            )
            .await;
        let mut backend = AnyBackend::connect(&database.url).await.expect("the server answers");
        let found = backend.count(Care::Exact).await.expect("it counts");
        let of = |name: &ObjectName| {
            found.iter().find(|(found, _)| found == name).map(|(_, size)| *size).unwrap_or_else(|| panic!("{name}: {found:?}"))
        };
        let near =
            |size: TableSize, rows: u64| assert!(size.rows.abs_diff(rows) <= rows / 5, "{}: {size:?} for {rows} rows", cluster.major());
        near(of(&named("analysed")), 10_000);
        assert!(of(&named("analysed")).index_bytes > 100_000 && of(&named("analysed")).bytes > 300_000, "{found:?}");
        assert!((600..6_000).contains(&of(&named("never")).rows), "{:?}", of(&named("never")));
        assert_eq!(of(&named("empty")), TableSize::default());
        near(of(&named("parts")), 3000);
        near(of(&named("parts_1")), 1000);
        assert_eq!(of(&named("above")).rows, 0, "heirs are tables of their own");
        near(of(&named("heir")), 700);
        near(of(&named("kept")), 10_000);
        of(&ObjectName { schema: Some(Ident::stored("app")), name: Ident::stored("Odd name") });
        assert_eq!(found.len(), 10, "{found:?}");
        let asked = backend.sizes(&[named("parts"), named("nothing")]).await.expect("it counts");
        assert_eq!(asked, [(named("parts"), of(&named("parts")))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_a_database_is_judged_by_its_own_sizes() {
    let Some(cluster) = support::postgres(15) else { return };
    let database = cluster.database();
    let url = Some(database.url.as_str());
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    write(folder, &SHOP[..2]);
    let (text, code) = migrate(folder, url, &["apply", "--phase", "expand", "--quiet"]);
    assert_eq!(code, 0, "{text}");
    write(folder, &[("migrations/2_work/expand.sql", "CREATE INDEX orders_total ON orders (total);\n")]);
    assert_eq!(levels(&json(folder, url, &["plan"])), ["notice create-index-blocks-writes"], "the table is empty");
    assert_eq!(levels(&json(folder, url, &["plan", "--offline"])), ["deny create-index-blocks-writes"]);
    database.run("INSERT INTO orders SELECT n, n, 'x' FROM generate_series(1, 20000) n; ANALYZE orders").await;
    let planned = json(folder, url, &["plan"]);
    assert_eq!(levels(&planned), ["deny create-index-blocks-writes"]);
    let told = planned["findings"][0]["costs"][0]["told"].as_str().unwrap_or_default();
    assert!(told.starts_with("an index build over 8") && told.ends_with("kB: under a second at 15-120 MB/s"), "{told}");
    assert_eq!(migrate(folder, url, &["apply", "--phase", "expand"]).1, 3, "the run is judged as the plan is");
    let (document, _) = migrate(folder, url, &["stats"]);
    valid(&serde_json::from_str(&document).expect("a document"));
    // Of the file and the database the larger one holds.
    database.run("TRUNCATE orders; ANALYZE orders").await;
    write(folder, &[("sizes.json", &document)]);
    assert_eq!(levels(&json(folder, url, &["plan", "--sizes", "sizes.json"])), ["deny create-index-blocks-writes"]);
    assert_eq!(levels(&json(folder, url, &["plan"])), ["notice create-index-blocks-writes"]);
    let (text, code) = migrate(folder, url, &["apply", "--phase", "expand", "--quiet"]);
    assert_eq!(code, 0, "{text}");
}
