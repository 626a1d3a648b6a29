//! The SQL of syncs, and what is refused before any is written.

use std::sync::Arc;

use super::*;
use crate::migration::{Migration, MigrationId, Settings, Sync};
use crate::schema::table::Knowledge;
use crate::schema::{Origin, Phase, Schema, Server};
use crate::sql::{self, Source};

const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, first text, last text);\n";

fn schema(dialect: Dialect, sql: &str) -> Schema {
    let script = sql::read(&Source::new("1_a/expand.sql", sql), Server::oldest(dialect));
    let mut schema = Schema::new(dialect, Knowledge::Known);
    let origin = Origin { migration: Arc::from("1_a"), phase: Phase::Expand, transaction: 1 };
    for clause in script.statements.iter().flat_map(|statement| &statement.clauses) {
        schema.apply(&clause.operation, &origin).expect("the schema is sound");
    }
    schema
}

fn declared(lines: &str) -> Sync {
    let text = format!("[[sync]]\n{lines}\n");
    let settings = Settings::parse("2_b/migration.toml", &text).expect("valid");
    settings.syncs.into_iter().next().expect("one sync")
}

fn pair(dialect: Dialect, sql: &str, lines: &str) -> Result<Pair, String> {
    resolve(&declared(lines), &schema(dialect, sql), Server::oldest(dialect)).map_err(|error| error.to_string())
}

fn sql(dialect: Dialect, sql: &str, lines: &str) -> String {
    let pair = pair(dialect, sql, lines).unwrap_or_else(|error| panic!("{lines}: {error}"));
    let statements = [pair.install(), vec![pair.backfill(), pair.count_lost()], pair.names().remove()].concat();
    let text = script(&statements);
    let script = sql::read(&Source::new("woven.sql", text.as_str()), Server::oldest(dialect));
    assert!(script.problems.is_empty(), "{text}\n{:?}", script.problems);
    assert_eq!(script.statements.len(), statements.len(), "{text}");
    let opaque = |clause: &sql::Clause| matches!(clause.operation, crate::schema::Operation::Opaque(_));
    assert!(!script.statements.iter().flat_map(|statement| &statement.clauses).any(opaque), "{text}");
    text
}

/// Compares with the file of this name in `expected/`; `UPDATE_EXPECTED=1` writes it.
fn expected(name: &str, text: &str) {
    let path = format!("{}/src/recipe/sync/expected/{name}.sql", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, text).expect("written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(text, known, "{path}; UPDATE_EXPECTED=1 writes it anew");
}

const RENAME: &str = "table = \"users\"\nold = \"name\"\nnew = \"full_name\"";

#[test]
fn a_renamed_column_on_postgres() {
    expected("rename_postgres", &sql(Dialect::Postgres, USERS, RENAME));
}

#[test]
fn a_renamed_column_on_sqlite() {
    expected("rename_sqlite", &sql(Dialect::Sqlite, USERS, RENAME));
}

#[test]
fn a_renamed_column_on_mysql() {
    let users = USERS.replace("text", "varchar(100)");
    expected("rename_mysql", &sql(Dialect::Mysql, &users, RENAME));
}

#[test]
fn an_expression_in_both_directions_where_the_old_side_wins() {
    let lines = "table = \"users\"\nold = \"first\"\nnew = \"\\\"Full Name\\\"\"\ntype = \"varchar(80)\"\nwinner = \"old\"\n\
                 forward = \"first || ' ' || last\"\nbackward = \"split_part(\\\"Full Name\\\", ' ', 1)\"";
    expected("expression_postgres", &sql(Dialect::Postgres, USERS, lines));
}

#[test]
fn another_type_is_cast_to() {
    let items = "CREATE TABLE \"Order Items\" (id integer PRIMARY KEY, price numeric(10, 2) DEFAULT 0, note json, at timestamp(3) with time zone);\n";
    let lines = "table = '\"Order Items\"'\nold = \"price\"\nnew = \"cents\"\ntype = \"bigint\"\nforward = \"price * 100\"\nbackward = \"cents / 100.0\"\nwinner = \"old\"";
    expected("type_postgres", &sql(Dialect::Postgres, items, lines));
    let same =
        |old: &str, new: &str| pair(Dialect::Postgres, items, &format!("table = '\"Order Items\"'\nold = \"{old}\"\nnew = \"{new}\""));
    assert!(same("note", "memo").expect("valid").backfill().ends_with("WHERE memo::text IS DISTINCT FROM note::text"));
    assert!(same("at", "moment").expect("valid").add_column().ends_with("ADD COLUMN moment timestamp(3) with time zone"));
}

#[test]
fn a_row_of_sqlite_is_found_whatever_its_table_looks_like() {
    let find = |table: &str| sql(Dialect::Sqlite, table, "table = \"t\"\nold = \"a\"\nnew = \"b\"");
    assert!(
        find("CREATE TABLE t (k text, l text, a text COLLATE NOCASE, PRIMARY KEY (k, l)) WITHOUT ROWID;")
            .contains("WHERE k = NEW.k AND l = NEW.l")
    );
    assert!(find("CREATE TABLE t (rowid text, a text);").contains("WHERE _rowid_ = NEW._rowid_"));
    assert!(find("CREATE TABLE t (a text COLLATE NOCASE);").contains("ADD COLUMN b text COLLATE NOCASE"));
    assert!(find("CREATE TABLE t (a text COLLATE NOCASE);").contains("NEW.b IS NOT NEW.a COLLATE BINARY"));
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let names = |old: &str| Names {
        dialect: Dialect::Postgres,
        table: ObjectName::bare(Ident::stored("a_table_with_a_rather_long_name")),
        old: Ident::stored(old),
        new: Ident::stored("the_new_name_of_the_column"),
    };
    let (one, two) = (names("old_name_of_the_column"), names("old_name_of_the_columns"));
    assert!(one.triggers()[0].as_str().len() <= LONGEST_NAME && one.triggers() != two.triggers());
}

/// What PostgreSQL keeps of a name.
const LONGEST_NAME: usize = 63;

#[test]
fn what_does_not_fit_is_refused_where_it_is_written() {
    let users = "CREATE TABLE users (id bigint PRIMARY KEY, name text DEFAULT upper('x'), len int GENERATED ALWAYS AS (length(name)) STORED, v text);\n\
                 CREATE VIEW people AS SELECT id, name FROM users;\n\
                 CREATE FUNCTION roll(text) RETURNS text LANGUAGE sql AS 'SELECT $1';\n";
    for (table, old, rest, said) in [
        ("user", "name", "", "2:9: there is no table `user` before this migration; did you mean `users`?"),
        ("people", "name", "", "2:9: `people` is a view"),
        ("users", "nam", "", "3:7: `users` has no column `nam`; did you mean `name`?"),
        ("users", "len", "", "3:7: `users.len` is computed"),
        ("users", "full_name", "", "4:7: `full_name` is the old column itself"),
        ("users u", "name", "", "2:9: `users u` is no name"),
        ("users", "users.name", "", "3:7: `users.name` is no column of the table"),
        ("users", "name", "type = \"text; DROP TABLE users\"", "5:8: `text; DROP TABLE users` is no type"),
        ("users", "name", "type = \"text NOT NULL\"", "5:8: `text NOT NULL` holds more than a type"),
        ("users", "name", "type = \"text DEFAULT ''\"", "5:8: `text DEFAULT ''` holds more than a type"),
        ("users", "name", "type = \"text, ADD COLUMN x int\"", "is no type"),
        ("users", "name", "forward = \"nmae\"", "5:11: `users` has no column `nmae`; did you mean `name`?"),
        ("users", "name", "forward = \"(SELECT max(name) FROM users)\"", "5:11: holds `SELECT`"),
        ("users", "name", "forward = \"name || random()\"", "5:11: `random` does not always answer the same"),
        ("users", "name", "forward = \"name || now()\"", "5:11: `now` does not always answer the same"),
        ("users", "name", "forward = \"roll(name)\"", "5:11: it is volatile (roll)"),
        ("users", "name", "forward = \"count(name)\"", "5:11: `count` makes one value of many rows"),
        ("users", "name", "forward = \"full_name\"", "5:11: it reads `full_name`, the very column"),
        ("users", "name", "forward = \"'x'\"", "5:11: it reads no column"),
        ("users", "name", "forward = \"name || len\"", "5:11: `len` is computed"),
        ("users", "name", "backward = \"name\"", "5:12: it reads `name`, the very column"),
        ("users", "name", "backward = \"lower(full_name\"", "5:12: "),
        ("users", "name", "winner = \"old\"", "3:7: `winner = \"old\"` does not go with DEFAULT"),
    ] {
        let lines = format!("table = \"{table}\"\nold = \"{old}\"\nnew = \"full_name\"\n{rest}");
        let error = pair(Dialect::Postgres, users, &lines).map(|pair| pair.backfill()).expect_err(&lines);
        assert!(error.starts_with("2_b/migration.toml:") && error.contains(said), "{lines}\n{error}");
    }
    let unknown = Schema::new(Dialect::Postgres, Knowledge::Unknown);
    let server = Server::oldest(Dialect::Postgres);
    let stated = resolve(&declared(&format!("{RENAME}\ntype = \"text\"")), &unknown, server).expect("believed");
    assert_eq!(stated.add_column(), "ALTER TABLE users ADD COLUMN full_name text");
}

/// The woven scripts of a migration: `(phase, text, path:line of each statement)`.
fn woven(dialect: Dialect, settings: &str, files: &[(Phase, &str)]) -> Vec<(Phase, String, Vec<String>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("2_b");
    std::fs::create_dir(&path).expect("made");
    std::fs::write(path.join("migration.toml"), settings).expect("written");
    for (phase, text) in files {
        std::fs::write(path.join(format!("{phase}.sql")), text).expect("written");
    }
    let server = Server::oldest(dialect);
    let migrations = crate::migration::Migrations::read(folder.path(), folder.path(), dialect).expect("understood");
    let migration: &Migration = migrations.get(&MigrationId::new("2_b")).expect("there");
    let schema = schema(dialect, USERS);
    let weave = |file| {
        let source = weave(migration, file, &schema, server).expect("woven");
        let script = sql::read(&source, server);
        assert!(script.problems.is_empty(), "{:?}", script.problems);
        let places = script.statements.iter().map(|statement| source.line(statement.span.start)).collect();
        (file.phase, source.text.to_string(), places)
    };
    migration.scripts.iter().map(weave).collect()
}

#[test]
fn a_folder_without_expand_and_backfill_has_both() {
    let settings = format!("# why\n[[sync]]\n{RENAME}\n");
    let scripts = woven(Dialect::Postgres, &settings, &[(Phase::Contract, "-- the end of name\nALTER TABLE users DROP COLUMN name;\n")]);
    let phases: Vec<Phase> = scripts.iter().map(|(phase, ..)| *phase).collect();
    assert_eq!(phases, Phase::ALL);
    assert_eq!(scripts[0].2, ["2_b/migration.toml:2"; 5]);
    assert_eq!(scripts[1].1, "UPDATE users SET full_name = name WHERE full_name IS DISTINCT FROM name;\n");
    assert_eq!(
        scripts[2].1,
        "\nBEGIN;\nDROP TRIGGER zz_sync_users_name_full_name ON users;\nDROP FUNCTION zz_sync_users_name_full_name();\n\
         -- the end of name\nALTER TABLE users DROP COLUMN name;\nCOMMIT;\n"
    );
    let at = ["2_b/migration.toml:2", "2_b/migration.toml:2", "2_b/migration.toml:2", "2_b/contract.sql:2", "2_b/migration.toml:2"];
    assert_eq!(scripts[2].2, at);
}

#[test]
fn triggers_go_in_the_transaction_that_drops_the_column() {
    let settings = format!("[[sync]]\n{RENAME}\n");
    let contract =
        |text: &str| woven(Dialect::Sqlite, &settings, &[(Phase::Contract, text)])[2].1.replace("zz_sync_users_name_full_name", "zz");
    let drops = "DROP TRIGGER zz_insert;\nDROP TRIGGER zz_new;\nDROP TRIGGER zz_old;\n";
    assert_eq!(contract("SELECT 1;\n"), format!("BEGIN;\n{drops}COMMIT;\nSELECT 1;\n"), "the column stays");
    assert_eq!(
        contract("SELECT 1;\n-- two\nBEGIN;\nSELECT 2;\nALTER TABLE users DROP COLUMN name;\nCOMMIT;"),
        format!("SELECT 1;\n-- two\nBEGIN;\n{drops}\nSELECT 2;\nALTER TABLE users DROP COLUMN name;\nCOMMIT;")
    );
    assert_eq!(
        contract("SELECT 1;\nALTER TABLE users DROP COLUMN name"),
        format!("SELECT 1;\nBEGIN;\n{drops}\nALTER TABLE users DROP COLUMN name;\nCOMMIT")
    );
}

#[test]
fn allowances_of_the_whole_file_stay_in_front() {
    let settings = format!("[[sync]]\n{RENAME}\n");
    let file = "-- migrate: allow(create-index-blocks-writes) reason=\"small\"\n\nCREATE INDEX a ON users (full_name);\n";
    let expand = woven(Dialect::Postgres, &settings, &[(Phase::Expand, file)]).swap_remove(0);
    let script = sql::read(&Source::new("x", expand.1.as_str()), Server::oldest(Dialect::Postgres));
    assert_eq!(script.directives.len(), 1, "{}", expand.1);
    assert_eq!(expand.2.last().map(String::as_str), Some("2_b/expand.sql:3"));
}

#[test]
fn what_is_declared_is_part_of_the_digest() {
    let digests = |settings: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("2_b")).expect("made");
        std::fs::write(folder.path().join("2_b/migration.toml"), settings).expect("written");
        std::fs::write(folder.path().join("2_b/contract.sql"), "ALTER TABLE users DROP COLUMN name;\n").expect("written");
        let migrations = crate::migration::Migrations::read(folder.path(), folder.path(), Dialect::Postgres).expect("understood");
        migrations.manifest().scripts.values().map(ToString::to_string).collect::<Vec<_>>()
    };
    let plain = digests(&format!("[[sync]]\n{RENAME}\n"));
    assert_eq!(plain, digests(&format!("# a comment\n\n[[sync]]\n{RENAME}\nwinner = \"new\"\n")));
    let other = digests(&format!("[[sync]]\n{RENAME}\ntype = \"text\"\n"));
    assert!(plain.iter().zip(&other).all(|(one, two)| one != two), "each phase is another");
    // Frozen, as every digest: ledgers keep it.
    assert_eq!(plain[0], "e5ab8d1f905c4c66546f4e5c0f7d6e466f0ccee3b6c343c347d6013c1aa044b8");
}

#[test]
fn a_column_that_is_still_kept_equal_gets_no_successor() {
    let users = "CREATE TABLE users (id bigint PRIMARY KEY, name text, full_name text);\n\
                 CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n\
                 CREATE TRIGGER zz_sync_users_name_full_name BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION keep();\n";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("2_b")).expect("made");
    let settings = "[[sync]]\ntable = \"users\"\nold = \"full_name\"\nnew = \"display_name\"\n";
    std::fs::write(folder.path().join("2_b/migration.toml"), settings).expect("written");
    let migrations = crate::migration::Migrations::read(folder.path(), folder.path(), Dialect::Postgres).expect("understood");
    let migration = migrations.get(&MigrationId::new("2_b")).expect("there");
    let weave = |sql| weave(migration, &migration.scripts[0], &schema(Dialect::Postgres, sql), Server::oldest(Dialect::Postgres));
    let error = weave(users).expect_err("two at a time").to_string();
    assert!(error.contains("2_b/migration.toml:3:7: `full_name` is still kept equal with `name`"), "{error}");
    assert!(weave(users.split_inclusive('\n').next().unwrap_or_default()).is_ok(), "without the trigger it may");
}
