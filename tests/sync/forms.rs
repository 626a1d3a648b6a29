//! Types and tables of every kind, and the form for MariaDB.

use std::sync::Arc;
use std::time::Duration;

use concertina::migration::Settings;
use concertina::recipe::sync::{Pair, resolve};
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Origin, Phase, Schema, Server};
use concertina::sql::{self, Source};

use crate::{Client, project, support};

const BASE: &str = "CREATE TABLE \"Items\" (\n\
    id bigint PRIMARY KEY, small integer, qty text, note json, at timestamp(3) with time zone,\n\
    price numeric(10, 2) NOT NULL DEFAULT 0, code varchar(8), double integer GENERATED ALWAYS AS (small * 2) STORED);\n\
    INSERT INTO \"Items\" (id, small, qty, note, at, price, code) VALUES\n\
    (1, 7, '12', '{\"a\": 1}', '2026-01-02 03:04:05.678+00', 1.5, 'Ab'), (2, NULL, NULL, NULL, NULL, 0, NULL), (3, 9, '', '[1]', NULL, 2.25, 'x');\n";

const SYNCS: &str = "[[sync]]\ntable = '\"Items\"'\nold = \"small\"\nnew = \"big\"\ntype = \"bigint\"\n\
    [[sync]]\ntable = '\"Items\"'\nold = \"qty\"\nnew = \"quantity\"\ntype = \"integer\"\nforward = \"NULLIF(qty, '')::integer\"\nbackward = \"quantity::text\"\n\
    [[sync]]\ntable = '\"Items\"'\nold = \"note\"\nnew = '\"Memo\"'\n\
    [[sync]]\ntable = '\"Items\"'\nold = \"at\"\nnew = \"moment\"\n\
    [[sync]]\ntable = '\"Items\"'\nold = \"price\"\nnew = \"cents\"\ntype = \"bigint\"\nforward = \"price * 100\"\nbackward = \"cents / 100.0\"\nwinner = \"old\"\n\
    [[sync]]\ntable = '\"Items\"'\nold = \"code\"\nnew = \"short_code\"\ntype = \"varchar(4)\"\nforward = \"lower(code)\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_of_many_types_on_postgres() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let contract = "ALTER TABLE \"Items\" DROP COLUMN double;\nALTER TABLE \"Items\" DROP COLUMN small, DROP COLUMN qty, DROP COLUMN note, DROP COLUMN at, DROP COLUMN price, DROP COLUMN code;\n";
        let workshop = project("postgres", &database.url, BASE, SYNCS, contract).await;
        for phase in ["expand", "backfill"] {
            workshop.expect(&["apply", "--phase", phase], 0).await;
        }
        let mut client = Client::connect(&database.url).await;
        client
            .run(
                "SET TIME ZONE 'UTC';\n\
                 INSERT INTO \"Items\" (id, small, qty, note, at, code) VALUES (4, 1, '5', '{\"b\":  2}', '2026-02-03 00:00:00+00', 'QQ');\n\
                 INSERT INTO \"Items\" (id, big, quantity, \"Memo\", moment, cents, short_code) VALUES (5, 2, 6, '[3]', '2026-02-03 00:00:00.5+00', 250, 'Zz');\n\
                 UPDATE \"Items\" SET note = '{\"a\":1}', price = 9.99 WHERE id = 1;\n\
                 UPDATE \"Items\" SET cents = 1, quantity = NULL WHERE id = 3;\n\
                 UPDATE \"Items\" SET small = 3, big = 4, price = 5, cents = 6 WHERE id = 2;",
            )
            .await
            .expect("every release can write");
        let rows = client
            .rows(
                "SELECT id, small, big, qty, quantity, note::text, \"Memo\"::text, at = moment, price, cents, code, short_code FROM \"Items\" ORDER BY id",
            )
            .await
            .expect("rows");
        let expected = [
            ["1", "7", "7", "12", "12", "{\"a\":1}", "{\"a\":1}", "t", "9.99", "999", "Ab", "ab"],
            ["2", "4", "4", "∅", "∅", "∅", "∅", "∅", "5.00", "500", "∅", "∅"],
            ["3", "9", "9", "", "∅", "[1]", "[1]", "∅", "0.01", "1", "x", "x"],
            ["4", "1", "1", "5", "5", "{\"b\":  2}", "{\"b\":  2}", "t", "0.00", "0", "QQ", "qq"],
            ["5", "2", "2", "6", "6", "[3]", "[3]", "t", "2.50", "250", "Zz", "Zz"],
        ];
        assert_eq!(rows, expected, "PostgreSQL {major}");
        workshop.expect(&["mark", "deployed", "app@2"], 0).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        workshop.expect(&["apply", "--phase", "contract"], 0).await;
        let left = client.rows("SELECT proname FROM pg_proc WHERE proname LIKE 'zz_sync%'").await.expect("functions");
        assert!(left.is_empty(), "nothing is left behind: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_every_kind_on_sqlite() {
    let base = "CREATE TABLE plain (rowid text, a text COLLATE NOCASE);\n\
                CREATE TABLE keyed (k text, l integer, a integer, PRIMARY KEY (k, l)) WITHOUT ROWID;\n\
                INSERT INTO plain (a) VALUES ('x');\nINSERT INTO keyed VALUES ('k', 1, 10);\n";
    let settings =
        "[[sync]]\ntable = \"plain\"\nold = \"a\"\nnew = \"b\"\n[[sync]]\ntable = \"keyed\"\nold = \"a\"\nnew = \"b\"\ntype = \"text\"\n";
    let database = support::sqlite();
    let contract = "ALTER TABLE plain DROP COLUMN a;\nALTER TABLE keyed DROP COLUMN a;\n";
    let workshop = project("sqlite", &database.url(), base, settings, contract).await;
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    let mut client = Client::connect(&database.url()).await;
    for recursive in ["off", "on"] {
        client
            .run(&format!(
                "PRAGMA recursive_triggers = {recursive};\n\
                 UPDATE plain SET a = 'y'; UPDATE plain SET a = 'Y'; INSERT INTO plain (b) VALUES ('z');\n\
                 INSERT OR REPLACE INTO keyed (k, l, b) VALUES ('k', 2, '20'); UPDATE keyed SET b = '11', l = l + 10 WHERE l = 1; UPDATE keyed SET a = 21 WHERE l = 2;"
            ))
            .await
            .expect("every release can write");
        let rows = client.rows("SELECT a, b FROM plain UNION ALL SELECT CAST(a AS text), b FROM keyed").await.expect("rows");
        assert!(rows.iter().all(|row| row[0] == row[1]), "{recursive}: {rows:?}");
        assert!(rows.contains(&vec!["Y".to_owned(), "Y".to_owned()]), "a change of case is a change: {rows:?}");
    }
}

/// The pair that a sync declares over a schema.
fn pair(base: &str, settings: &str) -> Pair {
    let server = Server::oldest(Dialect::Mysql);
    let mut schema = Schema::new(Dialect::Mysql, Knowledge::Known);
    let origin = Origin { migration: Arc::from("1"), phase: Phase::Expand, transaction: 1 };
    for clause in sql::read(&Source::new("1.sql", base), server).statements.iter().flat_map(|statement| &statement.clauses) {
        schema.apply(&clause.operation, &origin).expect("the schema is sound");
    }
    let settings = Settings::parse("2/migration.toml", settings).expect("valid");
    resolve(&settings.syncs[0], &schema, server).expect("it fits")
}

#[test]
fn the_form_for_mariadb_keeps_columns_equal() {
    let Some(server) = support::mariadb() else { return };
    for winner in ["new", "old"] {
        let database = server.database();
        let base = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(40) NOT NULL, visits int NOT NULL DEFAULT 0)";
        database.run(&format!("{base}; INSERT INTO users (id, name) VALUES (1, 'ann'), (2, 'bob')")).expect("the base");
        let pair = pair(base, &format!("[[sync]]\ntable = \"users\"\nold = \"name\"\nnew = \"full_name\"\nwinner = \"{winner}\"\n"));
        for statement in pair.install() {
            database.run(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        database.run("UPDATE users SET visits = visits + 1 WHERE id = 2").expect("an unrelated write");
        database.run(&pair.backfill()).expect("the backfill");
        let mut random = fastrand::Rng::with_seed(7);
        let mut session = database.session();
        let mut expected = std::collections::BTreeMap::from([(1, "ann".to_owned()), (2, "bob".to_owned())]);
        for write in 0..400_i64 {
            let (one, two) = (format!("V{write}"), format!("v{write}"));
            let id = random.i64(1..=write / 4 + 3);
            let kind = random.u8(0..4);
            let won = match (kind, winner) {
                (0..=1, _) | (2, "old") => &one,
                (2, _) => &two,
                (_, _) => &two,
            };
            let (columns, values) = match kind {
                0 => ("name", format!("'{one}'")),
                1 => ("full_name", format!("'{one}'")),
                2 => ("name, full_name", format!("'{one}', '{two}'")),
                _ => ("full_name, name", format!("'{two}', '{two}'")),
            };
            let statement = if expected.contains_key(&id) {
                let pairs: Vec<String> =
                    columns.split(", ").zip(values.split(", ")).map(|(column, value)| format!("{column} = {value}")).collect();
                format!("UPDATE users SET {} WHERE id = {id}", pairs.join(", "))
            } else {
                format!("INSERT INTO users (id, {columns}) VALUES ({id}, {values})")
            };
            session.run(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
            expected.insert(id, won.clone());
        }
        let rows = database.run("SELECT id, name, full_name FROM users ORDER BY id").expect("rows");
        let told: String = expected.iter().map(|(id, value)| format!("{id}\t{value}\t{value}\n")).collect();
        assert_eq!(rows, told, "winner {winner}");
        assert_eq!(database.run(&pair.count_lost()).expect("a number").trim(), "0");
        for statement in pair.names().remove() {
            database.run(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        database.run("ALTER TABLE users DROP COLUMN name; INSERT INTO users (id, full_name) VALUES (9000, 'zoe')").expect("the end");
    }
}
