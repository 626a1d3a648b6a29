//! The matrix of what commutes, in SQL.

use super::*;
use crate::lint::Judge;
use crate::plan::testing::{plan, plan_in};
use crate::plan::{Graph, Known};
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Schema, Server};

const USERS: (&str, &str) = (
    "0_users/expand.sql",
    "CREATE TABLE users (id bigint PRIMARY KEY, name text, email text, nick text);\n\
     CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total int);",
);

/// The clashes of the users table's migration with these on top.
fn clashes(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<(&str, &str)> = std::iter::once(USERS).chain(files.iter().copied()).collect();
    let told =
        |clash: &Clash| format!("{} {} {}, {} {}", clash.first.node, clash.first.does, clash.object, clash.second.node, clash.second.does);
    plan(&files, Known::Nothing).clashes.iter().map(told).collect()
}

const DROP_NAME: (&str, &str) = ("1_a/contract.sql", "ALTER TABLE users DROP COLUMN name;");
const DROP_USERS: (&str, &str) = ("1_a/contract.sql", "DROP TABLE users;");
const NAMES: (&str, &str) = ("1_a/backfill.sql", "UPDATE users SET nick = name WHERE nick IS NULL;");

/// The first file beside a second one.
fn with(first: (&str, &str), path: &str, sql: &str) -> Vec<String> {
    clashes(&[first, (path, sql)])
}

#[test]
fn a_dropped_column_excludes_what_relies_on_it() {
    for sql in [
        "CREATE INDEX CONCURRENTLY users_name ON users (name);",
        "CREATE INDEX CONCURRENTLY users_lower ON users (lower(name));",
        "CREATE INDEX CONCURRENTLY users_named ON users (email) WHERE name IS NOT NULL;",
        "CREATE VIEW named AS SELECT id, name FROM users;",
        "CREATE VIEW everything AS SELECT * FROM users;",
        "ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '') NOT VALID;",
        "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'x';",
        "CREATE POLICY own ON users USING (name = current_user);",
        "CREATE TRIGGER t BEFORE UPDATE OF name ON users FOR EACH ROW WHEN (OLD.name IS NOT NULL) EXECUTE FUNCTION f();",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET name = NULL; RETURN NEW; END $$;",
    ] {
        assert_eq!(with(DROP_NAME, "2_b/expand.sql", sql).len(), 1, "{sql}");
    }
    assert_eq!(with(DROP_NAME, "2_b/backfill.sql", "UPDATE users SET nick = name WHERE nick IS NULL;").len(), 1);
    assert_eq!(with(DROP_NAME, "2_b/backfill.sql", "INSERT INTO orders (id) SELECT id FROM users WHERE name IS NULL;").len(), 1);
}

#[test]
fn a_dropped_column_goes_with_everything_else() {
    for sql in [
        "ALTER TABLE users ADD COLUMN age int;",
        "CREATE INDEX CONCURRENTLY users_email ON users (email);",
        "CREATE VIEW mails AS SELECT id, email FROM users;",
        "CREATE TABLE other (id int);",
        "ALTER TABLE users ADD CONSTRAINT filled CHECK (email IS NOT NULL) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT filled;\n\
         ALTER TABLE users ALTER COLUMN email SET NOT NULL;\nALTER TABLE users DROP CONSTRAINT filled;",
        "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;",
        "GRANT SELECT ON users TO app;",
    ] {
        assert_eq!(with(DROP_NAME, "2_b/expand.sql", sql), Vec::<String>::new(), "{sql}");
    }
    assert_eq!(with(DROP_NAME, "2_b/contract.sql", "ALTER TABLE users DROP COLUMN nick;"), Vec::<String>::new());
    assert_eq!(with(DROP_NAME, "2_b/backfill.sql", "UPDATE users SET nick = email WHERE nick IS NULL;"), Vec::<String>::new());
}

#[test]
fn a_dropped_table_excludes_every_touch_of_it() {
    for (path, sql) in [
        ("2_b/expand.sql", "ALTER TABLE users ADD COLUMN age int;"),
        ("2_b/expand.sql", "CREATE VIEW v AS SELECT id FROM users;"),
        ("2_b/expand.sql", "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;"),
        ("2_b/expand.sql", "COMMENT ON TABLE users IS 'x';"),
        ("2_b/backfill.sql", "UPDATE users SET nick = email WHERE nick IS NULL;"),
        ("2_b/contract.sql", "ALTER TABLE users DROP COLUMN nick;"),
        ("2_b/contract.sql", "DROP TABLE users;"),
    ] {
        assert_eq!(with(DROP_USERS, path, sql).len(), 1, "{sql}");
    }
    assert_eq!(with(DROP_USERS, "2_b/expand.sql", "ALTER TABLE orders ADD COLUMN note text;"), Vec::<String>::new());
}

#[test]
fn backfills_commute_unless_one_reads_or_writes_what_the_other_writes() {
    let beside = |sql: &str| with(NAMES, "2_b/backfill.sql", sql);
    assert_eq!(beside("UPDATE users SET email = lower(email) WHERE email <> lower(email);"), Vec::<String>::new());
    assert_eq!(beside("UPDATE orders SET total = 0 WHERE total IS NULL;"), Vec::<String>::new());
    assert_eq!(beside("DELETE FROM users WHERE email IS NULL;"), Vec::<String>::new());
    assert_eq!(
        beside("UPDATE users SET nick = email WHERE nick IS NULL;"),
        ["1_a:backfill writes column `users.nick`, 2_b:backfill writes"]
    );
    assert_eq!(beside("UPDATE users SET email = nick WHERE email IS NULL;").len(), 1);
    assert_eq!(beside("UPDATE users SET name = email WHERE name IS NULL;").len(), 1);
    assert_eq!(beside("DELETE FROM users WHERE nick IS NULL;").len(), 1);
    assert_eq!(beside("INSERT INTO users (id, email) SELECT id, 'x' FROM orders WHERE total IS NULL;").len(), 1);
    assert_eq!(beside("INSERT INTO orders (id) SELECT id FROM users WHERE nick IS NULL;").len(), 1);
}

#[test]
fn a_backfill_and_an_added_column_commute() {
    assert_eq!(with(NAMES, "2_b/expand.sql", "ALTER TABLE users ADD COLUMN age int DEFAULT 0;"), Vec::<String>::new());
    assert_eq!(with(NAMES, "2_b/expand.sql", "CREATE INDEX CONCURRENTLY users_nick ON users (nick);"), Vec::<String>::new());
    assert_eq!(with(NAMES, "2_b/expand.sql", "CREATE UNIQUE INDEX CONCURRENTLY users_nick ON users (nick);").len(), 1);
    assert_eq!(with(NAMES, "2_b/contract.sql", "ALTER TABLE users ALTER COLUMN nick SET NOT NULL;").len(), 1);
    assert_eq!(with(NAMES, "2_b/contract.sql", "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"), Vec::<String>::new());
}

#[test]
fn validation_is_about_the_columns_of_its_constraint() {
    let check = ("1_a/expand.sql", "ALTER TABLE users ADD CONSTRAINT mail CHECK (email <> '') NOT VALID;");
    let validate = ("1_a/contract.sql", "ALTER TABLE users VALIDATE CONSTRAINT mail;");
    let beside =
        |sql| clashes(&[check, validate, ("2_b/backfill.sql", sql)]).into_iter().filter(|told| told.contains("1_a:contract")).count();
    assert_eq!(beside("UPDATE users SET nick = name WHERE nick IS NULL;"), 0);
    assert_eq!(beside("UPDATE users SET email = name WHERE email IS NULL;"), 1);
}

#[test]
fn what_goes_along_with_something_dropped_is_touched() {
    let made = "CREATE INDEX CONCURRENTLY users_name ON users (name);\nCREATE VIEW named AS SELECT name FROM users;\n\
         ALTER TABLE orders ADD CONSTRAINT owner FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;";
    let beside = |first: (&str, &str), sql: &str| {
        let told = clashes(&[("0.5_made/expand.sql", made), first, ("2_b/contract.sql", sql)]);
        told.iter().filter(|told| told.starts_with("1_a:contract")).count()
    };
    // The index goes with its column, or with its table.
    assert_eq!(beside(DROP_NAME, "DROP INDEX CONCURRENTLY users_name;"), 1);
    assert_eq!(beside(DROP_USERS, "DROP INDEX CONCURRENTLY users_name;"), 1);
    let index_first = ("1_a/contract.sql", "DROP INDEX CONCURRENTLY users_name;");
    assert_eq!(beside(index_first, "ALTER TABLE users DROP COLUMN name;"), 1);
    assert_eq!(beside(index_first, "ALTER TABLE users DROP COLUMN nick;"), 0);
    // The view and the foreign key must go before what they stand on.
    assert_eq!(beside(DROP_NAME, "DROP VIEW named;"), 1);
    assert_eq!(beside(DROP_USERS, "ALTER TABLE orders DROP CONSTRAINT owner;"), 1);
    assert_eq!(beside(DROP_USERS, "DROP TABLE orders;"), 1);
    assert_eq!(beside(DROP_NAME, "DROP TABLE orders;"), 0);
}

#[test]
fn the_same_name_twice_is_a_clash() {
    let made = ("1_a/contract.sql", "CREATE TABLE logs (id int);");
    assert_eq!(with(made, "2_b/expand.sql", "CREATE TABLE logs (id int);").len(), 1);
    assert_eq!(with(made, "2_b/expand.sql", "CREATE VIEW logs AS SELECT 1 AS x;").len(), 1);
    assert_eq!(with(made, "2_b/expand.sql", "CREATE TABLE public.logs (id int);").len(), 1);
    assert_eq!(with(made, "2_b/expand.sql", "CREATE TABLE audit.logs (id int);"), Vec::<String>::new());
    let column = ("1_a/contract.sql", "ALTER TABLE users ADD COLUMN age int;");
    assert_eq!(with(column, "2_b/expand.sql", "ALTER TABLE users ADD COLUMN age bigint;").len(), 1);
}

#[test]
fn what_cannot_be_read_excludes_what_it_names() {
    let odd = ("1_a/contract.sql", "ALTER TABLE users FROBNICATE;");
    assert_eq!(with(odd, "2_b/expand.sql", "ALTER TABLE users ADD COLUMN age int;").len(), 1);
    assert_eq!(with(odd, "2_b/expand.sql", "ALTER TABLE orders ADD COLUMN age int;"), Vec::<String>::new());
    let dynamic = ("1_a/contract.sql", "DO $$ BEGIN EXECUTE 'DROP TABLE ' || (SELECT 'x'); END $$;");
    assert_eq!(with(dynamic, "2_b/expand.sql", "ALTER TABLE orders ADD COLUMN age int;").len(), 1);
}

#[test]
fn an_order_settles_it() {
    let index = ("2_b/expand.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);");
    assert_eq!(clashes(&[DROP_NAME, index]), ["1_a:contract drops column `users.name`, 2_b:expand relies on"]);
    let after = ("2_b/migration.toml", "after = [\"0_users\", \"1_a:contract\"]");
    assert_eq!(clashes(&[DROP_NAME, index, after]), Vec::<String>::new());
}

#[test]
fn places_are_those_of_the_clauses() {
    let files = [
        USERS,
        ("1_a/contract.sql", "-- gone\nALTER TABLE users DROP COLUMN nick,\n  DROP COLUMN name;"),
        ("2_b/expand.sql", "\nCREATE INDEX CONCURRENTLY users_name ON users (name);"),
    ];
    let plan = plan(&files, Known::Nothing);
    let [clash] = &plan.clashes[..] else { panic!("{:?}", plan.clashes) };
    assert_eq!((clash.first.place.as_str(), clash.second.place.as_str()), ("1_a/contract.sql:3", "2_b/expand.sql:2"));
    let told = |finding: &crate::lint::Finding| finding.lint.as_str() == "unordered-conflict";
    let findings: Vec<_> = plan.all_findings().filter(told).collect();
    assert_eq!(findings.len(), 1);
    assert_eq!(&*findings[0].source.path, "2_b/expand.sql");
    assert!(findings[0].message.contains("1_a:contract (1_a/contract.sql:3) drops it"), "{}", findings[0].message);
}

#[test]
fn hot_tables_do_not_cost_the_square_of_their_migrations() {
    // Every migration adds, fills and drops a column of one table, and adds rows to another.
    let compared = |count: usize| {
        let mut files: Vec<(String, String)> = vec![(USERS.0.to_owned(), USERS.1.to_owned())];
        for number in 1..=count {
            let expand = format!("ALTER TABLE users ADD COLUMN c{number} int; INSERT INTO orders (id, total) VALUES ({number}, 1);");
            files.push((format!("{number}_m/expand.sql"), expand));
            files.push((format!("{number}_m/backfill.sql"), format!("UPDATE users SET c{number} = id WHERE c{number} IS NULL;")));
            files.push((format!("{number}_m/contract.sql"), format!("ALTER TABLE users DROP COLUMN c{number};")));
        }
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let migrations = crate::plan::testing::migrations(&files, Dialect::Postgres);
        let graph = Graph::new(&migrations).expect("no cycle");
        let server = Server::oldest(Dialect::Postgres);
        let mut touches = Touches::new(server.dialect);
        let schema = Schema::new(server.dialect, Knowledge::Known);
        for node in graph.order() {
            let script = crate::sql::read(&migrations.script(node).expect("there").source().expect("embedded"), server);
            touches.add(node, &script, &[], &schema, Judge::Yes);
        }
        let (clashes, compared) = super::clash::search(&graph, &touches);
        assert!(clashes.is_empty());
        compared
    };
    let (small, large) = (compared(30), compared(120));
    assert!(large <= small * 5, "four times the migrations: {small} → {large} comparisons");
}

#[test]
fn sqlite_reads_every_view_and_trigger_before_a_rename() {
    let base = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER);\nCREATE TABLE u (id INTEGER PRIMARY KEY, a INTEGER);";
    let view = "CREATE VIEW shown AS SELECT a FROM u;";
    let trigger = "CREATE TRIGGER t_u AFTER INSERT ON t BEGIN INSERT INTO u (a) VALUES (NEW.a); END;";
    let clashes = |named: &str, drop: &str, other: &str| {
        let files = [("0_base/expand.sql", base), ("1_a/expand.sql", named), ("1_a/contract.sql", drop), ("2_b/contract.sql", other)];
        plan_in(Dialect::Sqlite, &files, Known::Nothing).clashes.len()
    };
    for renames in ["ALTER TABLE t RENAME COLUMN b TO c;", "ALTER TABLE t DROP COLUMN b;", "ALTER TABLE t RENAME TO w;"] {
        assert_eq!(clashes(view, "DROP TABLE u;", renames), 1, "{renames}");
        assert_eq!(clashes(trigger, "DROP TABLE u;", renames), 1, "{renames}");
        assert_eq!(clashes(view, "DROP VIEW shown;\nDROP TABLE u;", renames), 0, "{renames}");
    }
    assert_eq!(clashes(view, "DROP TABLE u;", "ALTER TABLE t ADD COLUMN c INTEGER;"), 0);
}

#[test]
fn rows_that_go_make_room_for_what_must_be_distinct() {
    let purge = ("1_a/backfill.sql", "DELETE FROM users WHERE nick = 'gone';");
    for sql in ["CREATE UNIQUE INDEX CONCURRENTLY one ON users (email);", "ALTER TABLE users ADD CONSTRAINT said CHECK (email <> '');"] {
        assert_eq!(with(purge, "2_b/expand.sql", sql), ["1_a:backfill deletes from the rows of `users`, 2_b:expand constrains"], "{sql}");
    }
    assert_eq!(with(purge, "2_b/expand.sql", "ALTER TABLE users ADD CONSTRAINT said CHECK (email <> '') NOT VALID;"), [""; 0]);
    let clashes = |key: &str, one: &str, two: &str| {
        let table = format!("CREATE TABLE people (id bigint PRIMARY KEY, email text, name text{key});");
        plan(&[("0_people/expand.sql", &table), ("1_a/backfill.sql", one), ("2_b/backfill.sql", two)], Known::Nothing).clashes.len()
    };
    let key = ", UNIQUE (email, name)";
    let (email, name) = ("UPDATE people SET email = id::text WHERE email IS NULL;", "UPDATE people SET name = 'x' WHERE name IS NULL;");
    assert_eq!(clashes(key, "DELETE FROM people WHERE id = 7;", email), 1);
    assert_eq!(clashes("", "DELETE FROM people WHERE id = 7;", email), 0);
    assert_eq!(clashes(key, email, name), 1);
    assert_eq!(clashes("", email, name), 0);
}

#[test]
fn what_is_no_longer_demanded_was_demanded_of_what_is_written_before() {
    let clashes = |made: &str, dropped: &str| {
        let files = [
            ("0_people/expand.sql", "CREATE TABLE people (id bigint PRIMARY KEY, email text, name text);"),
            ("1_a/expand.sql", made),
            ("1_a/contract.sql", dropped),
            ("2_b/backfill.sql", "UPDATE people SET email = name WHERE email IS NULL;"),
        ];
        plan(&files, Known::Nothing).clashes.len()
    };
    let (unique, plain) = ("CREATE UNIQUE INDEX CONCURRENTLY i ON people (email);", "CREATE INDEX CONCURRENTLY i ON people (email);");
    assert_eq!(clashes(unique, "DROP INDEX CONCURRENTLY i;"), clashes(unique, "SELECT 1;") + 1);
    assert_eq!(clashes(plain, "DROP INDEX CONCURRENTLY i;"), 0);
}
