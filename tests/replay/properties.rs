//! Properties of the replay over random histories.

use std::sync::LazyLock;

use concertina::schema::operation::Setting;
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Operation, Origin, Phase, Schema, Server};
use concertina::sql::{self, Source};
use proptest::prelude::*;

/// Statements over few names, so that they meet: some work, some cannot, and the replay goes on either way.
const POOL: &str = "
    CREATE TABLE a (id serial PRIMARY KEY, x integer, y text); CREATE TABLE b (id integer PRIMARY KEY, a_id integer REFERENCES a, x integer UNIQUE);
    CREATE TABLE IF NOT EXISTS c (x integer CHECK (x > 0), y integer GENERATED ALWAYS AS (x * 2) STORED); DROP TABLE a; DROP TABLE IF EXISTS b CASCADE; DROP TABLE a CASCADE;
    ALTER TABLE a RENAME TO b; ALTER TABLE b RENAME TO a; ALTER TABLE b RENAME TO d; ALTER TABLE d RENAME TO b; CREATE SCHEMA app; ALTER TABLE a SET SCHEMA app; ALTER TABLE app.a SET SCHEMA public;
    DROP SCHEMA app CASCADE; ALTER SCHEMA app RENAME TO other; ALTER SCHEMA other RENAME TO app; SET search_path = app, public; RESET search_path;
    ALTER TABLE a ADD COLUMN z integer; ALTER TABLE a ADD COLUMN IF NOT EXISTS z text; ALTER TABLE a DROP COLUMN x; ALTER TABLE a DROP COLUMN id CASCADE; ALTER TABLE b DROP COLUMN a_id;
    ALTER TABLE a RENAME COLUMN x TO z; ALTER TABLE a RENAME COLUMN z TO x; ALTER TABLE b RENAME COLUMN id TO key; ALTER TABLE a ALTER COLUMN x TYPE bigint; ALTER TABLE a ALTER COLUMN x SET NOT NULL;
    ALTER TABLE a ALTER COLUMN x DROP NOT NULL; ALTER TABLE b ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES a (x) NOT VALID; ALTER TABLE b VALIDATE CONSTRAINT k; ALTER TABLE b DROP CONSTRAINT k;
    ALTER TABLE a ADD UNIQUE (x); ALTER TABLE a DROP CONSTRAINT a_x_key CASCADE; ALTER TABLE a ADD CONSTRAINT u UNIQUE USING INDEX i; ALTER TABLE a RENAME CONSTRAINT u TO v;
    CREATE INDEX i ON a (x); CREATE UNIQUE INDEX i ON a (x); CREATE INDEX ON b (x, a_id); DROP INDEX i; DROP INDEX IF EXISTS i; ALTER INDEX i RENAME TO j; ALTER INDEX j RENAME TO i;
    CREATE VIEW v AS SELECT x FROM a; CREATE OR REPLACE VIEW v AS SELECT x, y FROM a; CREATE VIEW w AS SELECT x FROM v; DROP VIEW v; DROP VIEW v CASCADE; ALTER VIEW v RENAME TO w; ALTER VIEW w RENAME TO v;
    CREATE MATERIALIZED VIEW m AS SELECT x FROM a; CREATE INDEX m_x ON m (x); DROP MATERIALIZED VIEW m;
    CREATE TABLE r (id integer NOT NULL, x integer) PARTITION BY RANGE (id); CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (9); CREATE TABLE r2 PARTITION OF r DEFAULT; CREATE INDEX r_i ON r (x);
    ALTER TABLE r ADD PRIMARY KEY (id); ALTER TABLE r DETACH PARTITION r1; ALTER TABLE r ATTACH PARTITION r1 FOR VALUES FROM (0) TO (9); DROP TABLE r; DROP TABLE r1; ALTER TABLE r RENAME TO s; ALTER TABLE r1 RENAME TO s1;
    CREATE TABLE h () INHERITS (a); ALTER TABLE h NO INHERIT a; ALTER TABLE h INHERIT a; DROP TABLE h;
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE a SET x = 1; RETURN NEW; END $$; DROP FUNCTION f; ALTER FUNCTION f() RENAME TO g;
    CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f(); DROP TRIGGER t ON a; ALTER TABLE a DISABLE TRIGGER ALL;
    CREATE TYPE e AS ENUM ('p'); ALTER TYPE e ADD VALUE 'q'; ALTER TABLE a ADD COLUMN e e; ALTER TYPE e RENAME TO f; DROP TYPE e CASCADE; DROP TYPE f CASCADE;
    CREATE SEQUENCE q; ALTER SEQUENCE q OWNED BY a.x; ALTER SEQUENCE q RENAME TO p; DROP SEQUENCE q; CREATE TEMPORARY TABLE k (t integer); DROP TABLE k; ALTER TABLE a FROBNICATE x WITH b;
";

/// The statements of the pool, each with the one thing that it does.
static OPERATIONS: LazyLock<Vec<(String, Operation)>> = LazyLock::new(|| {
    let script = sql::read(&Source::new("pool.sql", POOL), Server::oldest(Dialect::Postgres));
    let read = |statement: &sql::Statement| {
        let text = script.text(statement.span).to_owned();
        assert_eq!(statement.clauses.len(), 1, "{text}");
        (text, statement.clauses[0].operation.clone())
    };
    script.statements.iter().map(read).collect()
});

/// Every link that a look-up follows leads to where it came from.
fn is_consistent(schema: &Schema) -> Result<(), TestCaseError> {
    for table in schema.tables() {
        prop_assert_eq!(schema.table(&table.name).recorded().map(|found| &found.name), Some(&table.name));
        for index in table.indexes.iter().filter_map(|index| index.name.as_ref()) {
            let name = concertina::schema::ObjectName { schema: table.name.schema.clone(), name: index.clone() };
            let carrier = schema.index(&name, None).recorded().map(|(table, _)| table);
            prop_assert_eq!(carrier, Some(&table.name), "index {} of {}", index, table.name);
        }
        for key in table.foreign_keys() {
            let back = schema.referencing(&key.references).any(|(child, _, _)| child.name == table.name);
            prop_assert!(back, "{} references {}", table.name, key.references);
            prop_assert!(schema.table(&key.references).recorded().is_some() || !schema.table(&key.references).is_absent());
        }
        for partition in table.partitions() {
            let parent = schema.table(partition).recorded().and_then(|found| found.partition_parent());
            prop_assert_eq!(parent, Some(&table.name), "partition {}", partition);
        }
        if let Some(parent) = table.partition_parent() {
            let listed = schema.table(parent).recorded().is_some_and(|found| found.partitions().contains(&table.name));
            prop_assert!(listed, "{} is a partition of {}", table.name, parent);
        }
        for parent in &table.inherits {
            prop_assert!(schema.heirs(parent).any(|heir| heir.name == table.name), "{} inherits {}", table.name, parent);
        }
        prop_assert!(table.indexes.iter().all(|index| index.name.is_some()), "PostgreSQL names every index of {}", table.name);
    }
    for view in schema.views() {
        for read in &view.reads {
            prop_assert!(schema.views_reading(read).any(|found| found.name == view.name), "{} reads {}", view.name, read);
        }
    }
    for sequence in schema.sequences() {
        if let Some((table, _)) = &sequence.owned_by {
            prop_assert!(schema.table(table).recorded().is_some(), "{} is owned by {}", sequence.name, table);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_histories_give_equal_schemas_whose_links_hold(picks in prop::collection::vec(any::<prop::sample::Index>(), 1..120), unseen in any::<bool>()) {
        let history = if unseen { Knowledge::Unknown } else { Knowledge::Known };
        let (mut one, mut two) = (Schema::new(Dialect::Postgres, history), Schema::new(Dialect::Postgres, history));
        for (number, pick) in picks.iter().enumerate() {
            let (_, operation) = pick.get(&OPERATIONS);
            let origin = Origin { migration: format!("m{}", number / 5).into(), phase: Phase::Expand, transaction: number as u32 };
            prop_assert_eq!(one.apply(operation, &origin), two.apply(operation, &origin));
        }
        prop_assert!(one == two);
        // Canonical names mean the default schema; a search path could give them another meaning.
        let reset = Setting { name: "search_path".to_owned(), values: Vec::new(), local: false };
        prop_assert_eq!(one.apply(&Operation::SetSetting(reset), &Origin::unseen()), Ok(()));
        let history: Vec<&str> = picks.iter().map(|pick| pick.get(&OPERATIONS).0.as_str()).collect();
        is_consistent(&one).map_err(|error| TestCaseError::fail(format!("{error} after\n{}", history.join(";\n"))))?;
    }
}
