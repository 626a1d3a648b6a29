//! The replay against real databases: after the same script both hold the same objects under the same names.

#[path = "replay/properties.rs"]
mod properties;
#[path = "replay/scripts.rs"]
mod scripts;
mod support;
#[path = "replay/unknown.rs"]
mod unknown;

use std::collections::BTreeSet;

use concertina::schema::object::{UserTypeKind, View};
use concertina::schema::table::{ConstraintKind, Generated, Index, Knowledge, Partitioning, Table, Validity};
use concertina::schema::{Dialect, ObjectName, Operation, Origin, Phase, Schema, Server, ServerVersion, Volatility};
use concertina::sql::{self, Source};
use sqlx::{Connection, Executor, Row};

/// Replays a script; every statement must be read and must have worked.
fn replayed(server: Server, script: &str) -> Schema {
    let mut schema = Schema::new(server.dialect, Knowledge::Known);
    let read = sql::read(&Source::new("script.sql", script), server);
    assert!(read.problems.is_empty(), "{script}: {:?}", read.problems);
    let mut transaction = 0;
    let mut inside = false;
    for statement in &read.statements {
        for clause in &statement.clauses {
            assert!(!matches!(clause.operation, Operation::Opaque(_)), "{script}: {:?}", clause.operation);
            inside = match &clause.operation {
                Operation::Transaction(control) => matches!(control, concertina::schema::operation::TransactionControl::Begin),
                _ => inside,
            };
            let origin = Origin { migration: "script".into(), phase: Phase::Expand, transaction };
            schema.apply(&clause.operation, &origin).unwrap_or_else(|problem| panic!("{script}: {problem}"));
        }
        if !inside {
            transaction += 1;
        }
    }
    schema
}

/// Everything in a schema as lines that a server can print too.
fn told(schema: &Schema) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for table in schema.tables().filter(|table| table.knowledge == Knowledge::Known) {
        describe(table, &mut lines);
    }
    for view in schema.views() {
        lines.insert(format!("view {}", view.name));
        lines.extend(shown(view).map(|columns| format!("shown {} {columns}", view.name)));
        lines.extend(view.indexes.iter().map(|index| index_line(&view.name, index)));
    }
    for found in schema.user_types() {
        match &found.kind {
            UserTypeKind::Enum(labels) => {
                let labels: Vec<&str> = labels.iter().map(|label| label.text.as_str()).collect();
                lines.insert(format!("enum {} {}", found.name, labels.join(",")));
            }
            UserTypeKind::Domain { not_null, checks, .. } => {
                lines.insert(format!("domain {} not null {not_null}", found.name));
                let names = checks.iter().filter_map(|(name, _)| name.as_ref());
                lines.extend(names.map(|name| format!("domain {} check {name}", found.name)));
            }
            UserTypeKind::Composite | UserTypeKind::Other => {}
        }
    }
    for sequence in schema.sequences() {
        let owner = sequence.owned_by.as_ref().map(|(table, column)| format!("{table}.{column}"));
        lines.insert(format!("sequence {} of {}", sequence.name, owner.unwrap_or_default()));
    }
    for routine in schema.routines() {
        let volatility = match routine.volatility {
            Volatility::Immutable => "i",
            Volatility::Stable => "s",
            Volatility::Volatile => "v",
        };
        lines.insert(format!("routine {} x{} {volatility}", routine.name, routine.overloads.len()));
    }
    lines
}

/// The columns of a view with their types, where the replay can tell all of them.
fn shown(view: &View) -> Option<String> {
    let columns = view.columns.as_ref()?.iter().map(|column| Some(format!("{} {}", column.name.as_ref()?, column.ty.as_ref()?)));
    Some(columns.collect::<Option<Vec<_>>>()?.join(", "))
}

fn describe(table: &Table, lines: &mut BTreeSet<String>) {
    let name = &table.name;
    let kind = if matches!(table.partitioning, Partitioning::Partitioned { .. }) { "p" } else { "r" };
    lines.insert(format!("table {name} {kind} in {}", table.partition_parent().map(ToString::to_string).unwrap_or_default()));
    for column in &table.columns {
        let generated = match &column.generated {
            Generated::Stored(_) => "stored",
            Generated::Virtual(_) => "virtual",
            Generated::IdentityAlways | Generated::IdentityByDefault => "identity",
            Generated::No | Generated::Serial => "",
        };
        let default = column.default.is_some() || column.generated == Generated::Serial;
        lines.insert(format!("column {name}.{} {} not null {} default {default} {generated}", column.name, column.ty, column.not_null));
    }
    for constraint in &table.constraints {
        let kind = match &constraint.kind {
            ConstraintKind::PrimaryKey(_) => "p",
            ConstraintKind::Unique { .. } => "u",
            ConstraintKind::Check(_) => "c",
            ConstraintKind::ForeignKey(key) => &format!("f to {}", key.references),
            ConstraintKind::Exclusion { .. } => "x",
            ConstraintKind::NotNull(_) => continue,
        };
        let valid = constraint.validity == Validity::Valid;
        lines.insert(format!("constraint {name}.{} {kind} valid {valid}", constraint.name.as_ref().expect("PostgreSQL names it")));
    }
    lines.extend(table.indexes.iter().map(|index| index_line(name, index)));
    lines.insert(format!("row security {name} {}", table.row_security));
    for policy in &table.policies {
        lines.insert(format!("policy {name}.{} permissive {}", policy.name, !policy.restrictive));
    }
    for trigger in &table.triggers {
        lines.insert(format!("trigger {name}.{} enabled {}", trigger.name, trigger.enabled));
    }
}

fn index_line(table: &ObjectName, index: &Index) -> String {
    let columns: Vec<String> = index.keys.iter().filter_map(|key| key.column().map(ToString::to_string)).collect();
    let name = index.name.as_ref().expect("PostgreSQL names it");
    format!(
        "index {table}.{name} on {} unique {} valid {} partial {}",
        columns.join(","),
        index.unique,
        index.valid,
        index.predicate.is_some()
    )
}

/// What PostgreSQL says of the same, line by line.
const ASK: &str = "
    WITH space AS (SELECT oid, CASE nspname WHEN 'public' THEN '' ELSE nspname || '.' END AS prefix FROM pg_namespace
                   WHERE nspname IN ('public', 'app', 'other')),
    relation AS (SELECT c.*, prefix || relname AS name FROM pg_class c JOIN space ON space.oid = relnamespace),
    flag AS (SELECT true AS v, 'true' AS t UNION ALL SELECT false, 'false')
    SELECT 'table ' || name || ' ' || relkind::text || ' in ' ||
        COALESCE((SELECT p.name FROM pg_inherits i JOIN relation p ON p.oid = i.inhparent WHERE i.inhrelid = relation.oid AND relation.relispartition), '')
      FROM relation WHERE relkind IN ('r', 'p')
    UNION ALL SELECT 'column ' || name || '.' || attname || ' ' || replace(format_type(atttypid, atttypmod), ',', ', ')
        || ' not null ' || (attnotnull AND NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conrelid = attrelid AND n.contype = 'n' AND n.conkey = ARRAY[attnum] AND NOT n.convalidated))::text
        || ' default ' || (atthasdef AND attgenerated = '')::text || ' '
        || CASE attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' ELSE CASE WHEN attidentity <> '' THEN 'identity' ELSE '' END END
      FROM pg_attribute JOIN relation ON relation.oid = attrelid WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT 'constraint ' || name || '.' || conname || ' ' || contype::text || CASE contype WHEN 'f' THEN ' to ' || (SELECT f.name FROM relation f WHERE f.oid = confrelid) ELSE '' END
        || ' valid ' || convalidated::text
      FROM pg_constraint JOIN relation ON relation.oid = conrelid WHERE contype IN ('p', 'u', 'c', 'f', 'x') AND NOT (contype = 'f' AND conparentid <> 0 AND confrelid <> (SELECT confrelid FROM pg_constraint up WHERE up.oid = pg_constraint.conparentid))
    UNION ALL SELECT 'index ' || t.name || '.' || i.relname || ' on ' || COALESCE((SELECT string_agg(attname, ',' ORDER BY k.n) FROM unnest(indkey) WITH ORDINALITY k (attnum, n)
            JOIN pg_attribute a ON a.attrelid = indrelid AND a.attnum = k.attnum WHERE k.n <= indnkeyatts), '')
        || ' unique ' || indisunique::text || ' valid ' || indisvalid::text || ' partial ' || (indpred IS NOT NULL)::text
      FROM pg_index JOIN relation t ON t.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
    UNION ALL SELECT 'trigger ' || name || '.' || tgname || ' enabled ' || (tgenabled <> 'D')::text FROM pg_trigger JOIN relation ON relation.oid = tgrelid WHERE NOT tgisinternal
    UNION ALL SELECT 'row security ' || name || ' ' || relrowsecurity::text FROM relation WHERE relkind IN ('r', 'p')
    UNION ALL SELECT 'policy ' || name || '.' || polname || ' permissive ' || polpermissive::text FROM pg_policy JOIN relation ON relation.oid = polrelid
    UNION ALL SELECT 'shown ' || name || ' ' || (SELECT string_agg(attname || ' ' || replace(format_type(atttypid, atttypmod), ',', ', '), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = relation.oid AND attnum > 0)
      FROM relation WHERE relkind IN ('v', 'm')
    UNION ALL SELECT 'view ' || name FROM relation WHERE relkind IN ('v', 'm')
    UNION ALL SELECT 'sequence ' || s.name || ' of ' || COALESCE((SELECT t.name || '.' || attname FROM pg_depend JOIN relation t ON t.oid = refobjid
            JOIN pg_attribute ON attrelid = t.oid AND attnum = refobjsubid WHERE objid = s.oid AND deptype IN ('a', 'i') AND refobjsubid > 0), '')
      FROM relation s WHERE s.relkind = 'S'
    UNION ALL SELECT 'enum ' || prefix || typname || ' ' || (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = pg_type.oid)
      FROM pg_type JOIN space ON space.oid = typnamespace WHERE typtype = 'e'
    UNION ALL SELECT 'domain ' || prefix || typname || ' not null ' || typnotnull::text FROM pg_type JOIN space ON space.oid = typnamespace WHERE typtype = 'd'
    UNION ALL SELECT 'domain ' || prefix || typname || ' check ' || conname FROM pg_constraint JOIN pg_type ON pg_type.oid = contypid JOIN space ON space.oid = typnamespace WHERE contype = 'c'
    UNION ALL SELECT 'routine ' || prefix || proname || ' x' || count(*) || ' ' || CASE WHEN bool_or(provolatile = 'v') THEN 'v' WHEN bool_or(provolatile = 's') THEN 's' ELSE 'i' END
      FROM pg_proc JOIN space ON space.oid = pronamespace GROUP BY prefix, proname";

async fn differences(cluster: &'static support::Cluster) -> Vec<String> {
    let major = cluster.major();
    let database = cluster.database();
    let mut session = database.connect().await;
    let mut found = Vec::new();
    for (_, script) in scripts::POSTGRES.iter().filter(|(since, _)| *since <= major) {
        let schema = replayed(Server { dialect: Dialect::Postgres, version: ServerVersion::new(major, 0) }, script);
        let clean = "DISCARD ALL; SET client_min_messages = error; DROP SCHEMA IF EXISTS app CASCADE; DROP SCHEMA IF EXISTS other CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public";
        for statement in clean.split(';') {
            session.execute(sqlx::raw_sql(statement)).await.expect("an empty database");
        }
        let read = sql::read(&Source::new("script.sql", *script), Server::oldest(Dialect::Postgres));
        for statement in &read.statements {
            let text = read.text(statement.span);
            session.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(text))).await.unwrap_or_else(|error| panic!("{major}: {text}: {error}"));
        }
        let unknown: Vec<String> =
            schema.tables().filter(|table| table.knowledge == Knowledge::Unknown).map(|table| table.name.to_string()).collect();
        let concerns = |line: &String| unknown.iter().any(|table| line.split([' ', '.']).nth(1) == Some(table));
        let rows = session.fetch_all(ASK).await.expect("the catalogue");
        let untold: Vec<String> = schema.views().filter(|view| shown(view).is_none()).map(|view| format!("shown {} ", view.name)).collect();
        let concerns = |line: &String| concerns(line) || untold.iter().any(|view| line.starts_with(view));
        let seen: BTreeSet<String> = rows.iter().map(|row| row.get::<String, _>(0)).filter(|line| !concerns(line)).collect();
        let told = told(&schema);
        if told != seen {
            let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
                these.difference(those).cloned().collect::<Vec<_>>().join("\n        ")
            };
            found.push(format!(
                "{major}: {script}\n    replay only:\n        {}\n    server only:\n        {}",
                only(&told, &seen),
                only(&seen, &told)
            ));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 5)]
async fn postgres_holds_what_the_replay_says() {
    let servers: Vec<_> = support::installed().into_iter().map(|cluster| tokio::spawn(differences(cluster))).collect();
    let mut found = Vec::new();
    for server in servers {
        found.extend(server.await.expect("the scripts run to the end"));
    }
    assert!(found.is_empty(), "{} scripts differ:\n{}", found.len(), found.join("\n"));
}

#[tokio::test]
async fn sqlite_holds_what_the_replay_says() {
    const ASK: &str = "
        SELECT 'table ' || lower(name) AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
        UNION ALL SELECT 'view ' || lower(name) FROM sqlite_schema WHERE type = 'view'
        UNION ALL SELECT 'trigger ' || lower(tbl_name) || '.' || lower(name) FROM sqlite_schema WHERE type = 'trigger'
        UNION ALL SELECT 'column ' || lower(t.name) || '.' || lower(c.name) || ' ' || lower(c.type) || ' default ' || (c.dflt_value IS NOT NULL)
            FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
        UNION ALL SELECT 'index ' || lower(t.name) || '.' || lower(i.name) || ' unique ' || i.\"unique\"
            FROM sqlite_schema t, pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin = 'c'
        UNION ALL SELECT 'key ' || lower(t.name) || ' to ' || lower(f.\"table\") || '.' || lower(f.\"to\")
            FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'";
    for script in scripts::SQLITE {
        let schema = replayed(Server::oldest(Dialect::Sqlite), script);
        let mut told = BTreeSet::new();
        for table in schema.tables() {
            told.insert(format!("table {}", table.name));
            for column in &table.columns {
                let ty = column.ty.to_string();
                told.insert(format!("column {}.{} {ty} default {}", table.name, column.name, u8::from(column.default.is_some())));
            }
            for index in table.indexes.iter().filter(|index| !index.backs_constraint) {
                told.insert(format!(
                    "index {}.{} unique {}",
                    table.name,
                    index.name.as_ref().expect("SQLite has no unnamed ones"),
                    u8::from(index.unique)
                ));
            }
            told.extend(table.triggers.iter().map(|trigger| format!("trigger {}.{}", table.name, trigger.name)));
            for key in table.foreign_keys() {
                let columns: Vec<&str> = key.referenced_columns.iter().map(|column| column.as_str()).collect();
                told.insert(format!("key {} to {}.{}", table.name, key.references, columns.join(",")));
            }
        }
        told.extend(schema.views().map(|view| format!("view {}", view.name)));
        let mut session = sqlx::SqliteConnection::connect("sqlite::memory:").await.expect("an engine");
        session.execute(sqlx::raw_sql(*script)).await.unwrap_or_else(|error| panic!("{script}: {error}"));
        let seen: BTreeSet<String> = session.fetch_all(ASK).await.expect("the catalogue").iter().map(|row| row.get(0)).collect();
        assert_eq!(told, seen, "{script}");
    }
}
