//! The facts of `dialect` against real servers: what it says of a statement is what PostgreSQL does, on every major version.
//!
//! The expectation is computed by `dialect::impact` from the replayed SQL, so the facts themselves are tested, not a copy.

#[path = "facts/cases.rs"]
mod cases;
#[path = "facts/server.rs"]
mod server;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use concertina::dialect::{self, Certainty, Conversion, Impact, Lock, TransactionUse};
use concertina::schema::expression::{ExpressionFacts, Shape};
use concertina::schema::operation::ColumnChange;
use concertina::schema::table::{Knowledge, TypeName};
use concertina::schema::{Dialect, Expression, Ident, ObjectName, Operation, Origin, Schema, Server, ServerVersion, Volatility};
use concertina::sql::{self, Source};
use sqlx::{Executor, Row};

use cases::{CASES, Case};
use server::{Effect, Observed};

fn server_of(major: u16) -> Server {
    Server { dialect: Dialect::Postgres, version: ServerVersion::new(major, 0) }
}

fn operations(text: &str, major: u16) -> Vec<Operation> {
    let script = sql::read(&Source::new("case.sql", text), server_of(major));
    assert!(script.problems.is_empty(), "{text}: {:?}", script.problems);
    script.statements.into_iter().flat_map(|statement| statement.clauses).map(|clause| clause.operation).collect()
}

/// The schema that a script leaves.
fn replayed(text: &str, major: u16) -> Result<Schema, String> {
    let mut schema = Schema::new(Dialect::Postgres, Knowledge::Known);
    for operation in operations(text, major) {
        if let Operation::Opaque(opaque) = &operation {
            return Err(format!("unread: {}", opaque.reason));
        }
        schema.apply(&operation, &Origin::unseen()).map_err(|problem| format!("{problem} in {text}"))?;
    }
    Ok(schema)
}

/// What `dialect` says that a statement does.
fn foretold(case: &Case, major: u16) -> Result<(Vec<Impact>, Observed), String> {
    let before = replayed(case.given, major)?;
    let mut schema = before.clone();
    let mut impacts = Vec::new();
    for operation in operations(case.run, major) {
        if let Operation::Opaque(opaque) = &operation {
            return Err(format!("unread: {}", opaque.reason));
        }
        impacts.push(dialect::impact(&server_of(major), &operation, &schema));
        schema.apply(&operation, &Origin::unseen()).map_err(|problem| problem.to_string())?;
    }
    if impacts.iter().any(|impact| impact.transaction == TransactionUse::Forbidden) {
        return Ok((impacts, Observed::Forbidden));
    }
    let mut effect = Effect::default();
    for impact in &impacts {
        for held in impact.locks.iter().filter(|held| held.lock > Lock::AccessShare) {
            let mode = held.lock.pg_locks_mode().expect("a lock of PostgreSQL").to_owned();
            let is_part = before.index(&held.table, None).recorded().is_some() || before.sequence(&held.table).recorded().is_some();
            let of_kind = if is_part { &mut effect.parts } else { &mut effect.locks };
            let strongest = of_kind.entry(held.table.to_string()).or_insert_with(|| mode.clone());
            if server::strength(&mode) > server::strength(strongest) {
                *strongest = mode;
            }
        }
        effect.rewritten.extend(impact.rewrites().map(ToString::to_string));
        effect.indexed.extend(impact.index_builds().map(ToString::to_string));
        effect.read.extend(impact.scans().map(ToString::to_string));
    }
    effect.read.extend(effect.rewritten.iter().chain(&effect.indexed).cloned());
    Ok((impacts, Observed::Ran(effect)))
}

/// What was seen, reduced to what the facts speak of: statements about rows read as their plan wants, and TRUNCATE gives
/// new storage to an empty table.
fn comparable(observed: Observed, foretold: &Observed, operations: &[Operation]) -> Observed {
    let (Observed::Ran(mut effect), Observed::Ran(expected)) = (observed, foretold) else { return Observed::Forbidden };
    let about_rows = operations.iter().any(|operation| {
        matches!(operation, Operation::ChangeData(_) | Operation::Query { .. } | Operation::CreateTable(_) | Operation::RefreshView { .. })
    });
    let emptied = operations.iter().any(|operation| matches!(operation, Operation::Truncate { .. }));
    if about_rows {
        effect.read.retain(|table| expected.read.contains(table));
        effect.indexed.clear();
    }
    if emptied {
        effect.read.clear();
        effect.rewritten.clear();
        effect.indexed.clear();
    }
    effect.parts.retain(|name, _| expected.parts.contains_key(name));
    Observed::Ran(effect)
}

/// What one server was asked and how it answered.
#[derive(Default)]
struct Answers {
    asked: usize,
    wrong: Vec<String>,
    claims: BTreeSet<&'static str>,
}

async fn ask(cluster: &'static support::Cluster) -> Answers {
    let major = cluster.major();
    let database = cluster.database();
    // Scans are counted per session: what prepares a case must not be the one that is watched.
    let (mut session, mut builder) = (database.connect().await, database.connect().await);
    server::sql(&mut builder, "SET client_min_messages = error").await.expect("a setting");
    server::sql(&mut session, "SET timezone = 'Asia/Tokyo'").await.expect("a setting");
    let mut answers = Answers::default();
    for case in CASES.iter().filter(|case| case.since <= major) {
        answers.asked += 1;
        let (told, locks) = match foretold(case, major) {
            Ok((impacts, told)) => {
                answers.claims.extend(impacts.iter().flat_map(|impact| &impact.facts).map(|fact| fact.claim));
                (told, impacts.into_iter().flat_map(|impact| impact.locks).collect::<Vec<_>>())
            }
            Err(reason) => {
                answers.wrong.push(format!("{major}: {}\n    {reason}", case.run));
                continue;
            }
        };
        server::build(&mut builder, case.given).await.unwrap_or_else(|error| panic!("{major}: {}: {error}", case.given));
        let observed = match server::observe(&mut session, case.run).await {
            Ok(observed) => observed,
            Err(error) => {
                answers.wrong.push(format!("{major}: {}\n    {error}", case.run));
                continue;
            }
        };
        let forbidden = observed == Observed::Forbidden;
        let observed = comparable(observed, &told, &operations(case.run, major));
        if observed != told {
            answers
                .wrong
                .push(format!("{major}: {}\n    given    {}\n    foretold {told:?}\n    observed {observed:?}", case.run, case.given));
        }
        // DETACH … CONCURRENTLY asks for the partition's lock in a second transaction, which nobody can hold off alone.
        let first = locks.first().filter(|_| forbidden);
        if let Some(held) = first {
            let seen = server::first_request(&database.url, held.table.name.as_str(), case.run).await.expect("three sessions");
            let told = held.lock.pg_locks_mode().map(str::to_owned);
            if seen != told {
                answers.wrong.push(format!("{major}: {} on {}\n    foretold {told:?}\n    observed {seen:?}", case.run, held.table));
            }
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 5)]
async fn statements_do_what_the_facts_foretell() {
    let servers: Vec<_> = support::installed().into_iter().map(|cluster| tokio::spawn(ask(cluster))).collect();
    let mut all = Answers::default();
    let count = servers.len();
    for server in servers {
        let answers = server.await.expect("the questions are asked to the end");
        all.asked += answers.asked;
        all.wrong.extend(answers.wrong);
        all.claims.extend(answers.claims);
    }
    assert!(all.wrong.is_empty(), "{} of {} answers are wrong:\n{}", all.wrong.len(), all.asked, all.wrong.join("\n"));
    if count > 0 {
        let unasked: Vec<String> = measured_claims().into_iter().filter(|claim| !all.claims.contains(claim.as_str())).collect();
        assert!(unasked.is_empty(), "no case exercises these facts:\n{}", unasked.join("\n"));
    }
}

/// The claims in the source that say they were measured.
fn measured_claims() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect");
    let mut files: Vec<_> =
        std::fs::read_dir(folder.join("postgres")).expect("the facts' folder").map(|file| file.expect("a file").path()).collect();
    files.push(folder.join("postgres.rs"));
    let sources = files.iter().map(|file| std::fs::read_to_string(file).expect("a source file"));
    let claims = |source: String| -> Vec<String> {
        let facts =
            source.split("claim: \"").skip(1).filter(|fact| fact.split("};").next().is_some_and(|fact| fact.contains("measured on")));
        facts.filter_map(|fact| fact.split('"').next()).map(str::to_owned).collect()
    };
    sources.flat_map(claims).collect()
}

/// Each named function is as volatile as the servers declare it, on some major version, and nowhere more.
#[tokio::test]
async fn functions_are_as_volatile_as_declared() {
    const TABLE: &str = include_str!("../src/dialect/postgres/functions.txt");
    let names: BTreeSet<&str> = TABLE.lines().filter(|line| !line.starts_with(['#', '['])).flat_map(str::split_whitespace).collect();
    let mut declared: BTreeMap<String, Volatility> = BTreeMap::new();
    for cluster in support::installed() {
        let database = cluster.database();
        let mut session = database.connect().await;
        for extension in ["citext", "hstore", "pgcrypto", "pg_trgm", "unaccent", "\"uuid-ossp\""] {
            server::sql(&mut session, &format!("CREATE EXTENSION {extension}")).await.expect("an extension of the test servers");
        }
        let query =
            "SELECT proname::text, provolatile::text FROM pg_proc WHERE prokind = 'f' AND NOT 'timetz'::regtype = ANY (proargtypes)";
        for row in session.fetch_all(query).await.expect("the catalogue") {
            let volatility = match row.get::<&str, _>(1) {
                "v" => Volatility::Volatile,
                "s" => Volatility::Stable,
                _ => Volatility::Immutable,
            };
            let strongest = declared.entry(row.get(0)).or_insert(volatility);
            *strongest = volatility.max(*strongest);
        }
    }
    if declared.is_empty() {
        return;
    }
    let schema = Schema::new(Dialect::Postgres, Knowledge::Known);
    let wrong: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let told = dialect::volatility(&schema, &call(name));
            let right = declared.get(*name).copied();
            (right.is_none() || right > Some(told.0)).then(|| format!("{name}: told {told:?}, declared {right:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (name, told) in [("now", Volatility::Stable), ("current_timestamp", Volatility::Stable), ("random", Volatility::Volatile)] {
        assert_eq!(dialect::volatility(&schema, &call(name)), (told, Certainty::Known), "{name}");
    }
    assert_eq!(dialect::volatility(&schema, &call("somebody_elses")), (Volatility::Volatile, Certainty::WorstCase));
}

fn call(name: &str) -> Expression {
    let facts = ExpressionFacts {
        text: format!("{name} ( )"),
        columns: Vec::new(),
        functions: vec![ObjectName::bare(Ident::stored(name))],
        shape: Shape::Computed,
        proves_not_null: Vec::new(),
        demands: Vec::new(),
    };
    facts.into()
}

/// Types whose changes are tried against each other, as SQL.
const TYPES: [&str; 49] = [
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "numeric(10,2)",
    "numeric(12,2)",
    "numeric(12,4)",
    "real",
    "double precision",
    "text",
    "varchar",
    "varchar(10)",
    "varchar(20)",
    "char(5)",
    "char(10)",
    "bpchar",
    "citext",
    "bytea",
    "boolean",
    "bit(8)",
    "bit varying",
    "bit varying(8)",
    "bit varying(16)",
    "date",
    "time",
    "time(3)",
    "time(6)",
    "timetz",
    "timestamp",
    "timestamp(3)",
    "timestamp(6)",
    "timestamptz",
    "timestamptz(3)",
    "interval",
    "interval(3)",
    "inet",
    "cidr",
    "json",
    "jsonb",
    "xml",
    "oid",
    "regclass",
    "text[]",
    "varchar(10)[]",
    "varchar[]",
    "integer[]",
    "numeric(10,2)[]",
    "numeric[]",
    "timestamptz(6)",
];

/// Every change between two types that PostgreSQL accepts without USING rewrites the table if and only if that is foretold.
#[tokio::test(flavor = "multi_thread", worker_threads = 5)]
async fn type_changes_rewrite_as_foretold() {
    let servers: Vec<_> = support::installed().into_iter().map(|cluster| tokio::spawn(convert(cluster))).collect();
    let mut wrong = Vec::new();
    for server in servers {
        let (tried, found) = server.await.expect("the conversions are tried to the end");
        assert!(tried > 200, "only {tried} conversions were accepted");
        wrong.extend(found);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn convert(cluster: &'static support::Cluster) -> (usize, Vec<String>) {
    const TRY: &str = "CREATE FUNCTION try(from_type text, to_type text, zone text) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE was oid; rewritten text;
        BEGIN
            EXECUTE format('CREATE TEMPORARY TABLE c (v %s)', from_type);
            INSERT INTO c VALUES (NULL);
            was := pg_relation_filenode('c');
            PERFORM set_config('timezone', zone, true);
            EXECUTE format('ALTER TABLE c ALTER COLUMN v TYPE %s', to_type);
            rewritten := CASE WHEN was = pg_relation_filenode('c') THEN 'free' ELSE 'rewrite' END;
            DROP TABLE c;
            RETURN rewritten;
        EXCEPTION WHEN datatype_mismatch OR cannot_coerce THEN RETURN 'refused';
        END $$";
    let major = cluster.major();
    let database = cluster.database();
    database.run(&format!("CREATE EXTENSION citext; {TRY}")).await;
    let mut session = database.connect().await;
    let list: Vec<String> = TYPES.iter().map(|ty| ty.to_string()).collect();
    // Whatever has no assignment cast is refused without being tried.
    let query = "SELECT f, t, try(f, t, 'UTC'), CASE WHEN f || t LIKE '%timestamp%timestamp%' THEN try(f, t, 'Asia/Tokyo') END \
         FROM unnest($1::text[]) f, unnest($1::text[]) t \
         WHERE to_regtype(f) = to_regtype(t) OR EXISTS (SELECT FROM pg_cast \
             WHERE castsource = to_regtype(f) AND casttarget = to_regtype(t) AND castcontext <> 'e')";
    let rows = sqlx::query(query).bind(list).fetch_all(&mut session).await.expect("the conversions are tried");
    let (mut tried, mut wrong) = (0, Vec::new());
    for row in rows {
        let (from, to, utc, elsewhere): (&str, &str, &str, Option<&str>) = (row.get(0), row.get(1), row.get(2), row.get(3));
        let seen = match (utc, elsewhere) {
            ("refused", _) => continue,
            ("free", Some("rewrite")) => Conversion::FreeInUtc,
            ("free", _) => Conversion::Free,
            (_, _) => Conversion::Rewrite,
        };
        tried += 1;
        let told = dialect::conversion(&server_of(major), &type_name(from), &type_name(to));
        if told != seen {
            wrong.push(format!("{major}: {from} to {to}: told {told:?}, seen {seen:?}"));
        }
    }
    (tried, wrong)
}

fn type_name(text: &str) -> TypeName {
    let operation = operations(&format!("ALTER TABLE t ALTER COLUMN v TYPE {text}"), 18).remove(0);
    match operation {
        Operation::AlterColumn { change: ColumnChange::SetType { ty, .. }, .. } => ty,
        other => panic!("{text} is read as {other:?}"),
    }
}

/// Statements that a lint says the server refuses, with what it answers, by SQLSTATE.
const REFUSED: [(&str, &str, &[&str]); 8] = [
    (SHOWN, "ALTER TABLE t ALTER COLUMN a TYPE text", &["0A000"]),
    (SHOWN, "ALTER TABLE t ALTER COLUMN b TYPE text", &["0A000"]),
    (SHOWN, "ALTER TABLE t ALTER COLUMN c TYPE text", &["0A000"]),
    (SHOWN, "ALTER TABLE t ALTER COLUMN d TYPE text", &["0A000", "42601"]),
    (SHOWN, "ALTER TABLE u ALTER COLUMN a TYPE text", &["0A000"]),
    (PARTED, "CREATE INDEX CONCURRENTLY i ON r (id)", &["0A000"]),
    (PARTED, "ALTER TABLE r DETACH PARTITION r1 CONCURRENTLY", &["55000"]),
    (SHOWN, "REFRESH MATERIALIZED VIEW CONCURRENTLY m", &["55000"]),
];

/// Views, a materialised view and a computed column, by name and by `*`.
const SHOWN: &str = "CREATE TABLE t (a varchar(9), b varchar(9), c varchar(9), d varchar(9), g text GENERATED ALWAYS AS (lower(d)) STORED); \
    CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT 1 AS one FROM t WHERE b = 'x'; CREATE MATERIALIZED VIEW m AS SELECT c FROM t; \
    CREATE TABLE u (a varchar(9)); CREATE VIEW whole AS SELECT * FROM u;";

const PARTED: &str = "CREATE TABLE r (id integer) PARTITION BY RANGE (id); CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (9); \
    CREATE TABLE rd PARTITION OF r DEFAULT;";

#[tokio::test]
async fn what_the_server_is_said_to_refuse_it_refuses() {
    for cluster in support::installed() {
        let database = cluster.database();
        let mut session = database.connect().await;
        for (given, run, codes) in REFUSED {
            server::build(&mut session, given).await.unwrap_or_else(|error| panic!("{given}: {error}"));
            let answer = server::sql(&mut session, run).await.expect_err(run);
            let answered = answer.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
            assert!(answered.is_some_and(|answered| codes.contains(&answered.as_str())), "{}: {run}: {answer}", cluster.major());
        }
    }
}
