//! Bad input of every kind: each is refused with the right code, its place, its cause and the next command.

use std::fs;

use super::{Ran, folder, migrate, migrate_with, shop};

fn told(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    for part in parts {
        assert!(ran.err.contains(part) || ran.out.contains(part), "`{part}` is not told:\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn without_a_project_the_next_command_is_named() {
    let scratch = folder(&[]);
    for command in [&["plan"][..], &["status"], &["apply", "--phase", "expand"], &["new", "x"]] {
        told(&migrate(scratch.path(), command), 2, &["migrate init"]);
    }
    told(&migrate(scratch.path(), &["lint"]), 2, &["nothing to judge", "migrate lint <PATHS>"]);
    told(&migrate(scratch.path(), &["--project", "nowhere", "plan"]), 2, &["nowhere"]);
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_likely_one() {
    let scratch = folder(&[("migrate.toml", "dialect = \"sqlite\"\nservises = [\"api\"]\n"), ("migrations/.keep", "")]);
    told(&migrate(scratch.path(), &["plan"]), 2, &["migrate.toml:2:1", "services"]);
    let scratch = folder(&[("migrate.toml", "dialect = \"sqlit\"\n")]);
    told(&migrate(scratch.path(), &["plan"]), 2, &["migrate.toml:1:", "sqlite"]);
    let scratch = folder(&[("migrate.toml", "dialect = \"sqlite\"\n[contract]\nsoak = \"soon\"\n")]);
    told(&migrate(scratch.path(), &["plan"]), 2, &["migrate.toml:3:", "soon"]);
    let scratch = folder(&[("migrate.toml", "dialect = \"sqlite\"\n[lint.levels]\n\"drop-colum\" = \"warn\"\n"), ("migrations/.keep", "")]);
    told(&migrate(scratch.path(), &["plan"]), 2, &["drop-column"]);
}

#[test]
fn a_missing_folder_and_files_that_are_not_understood_are_named() {
    let scratch = folder(&[("migrate.toml", "dialect = \"sqlite\"\n")]);
    told(&migrate(scratch.path(), &["plan"]), 2, &["migrations"]);
    let scratch = folder(&[("migrate.toml", "dialect = \"sqlite\"\n"), ("migrations/1_a/expnd.sql", "SELECT 1;\n")]);
    told(&migrate(scratch.path(), &["plan"]), 2, &["expnd.sql"]);
    told(&migrate(scratch.path(), &["lint", "no-such.sql"]), 2, &["no-such.sql"]);
}

#[test]
fn text_that_is_none_is_told_with_its_place() {
    let scratch = folder(&[]);
    fs::write(scratch.path().join("a.sql"), b"SELECT 1;\nSELECT '\xff';\n").expect("the folder is ours");
    told(&migrate(scratch.path(), &["lint", "a.sql"]), 3, &["a.sql:2:9", "UTF-8"]);
    fs::write(scratch.path().join("a.sql"), b"SELECT 1;\n\0\n").expect("the folder is ours");
    told(&migrate(scratch.path(), &["lint", "a.sql"]), 3, &["a.sql:2:1", "NUL"]);
}

#[test]
fn without_a_database_url_the_ways_to_give_one_are_named() {
    let scratch = folder(&[("migrate.toml", "dialect = \"postgres\"\n"), ("migrations/1_a/expand.sql", "CREATE TABLE a (id bigint);\n")]);
    for command in [
        &["apply", "--phase", "expand"][..],
        &["status"],
        &["mark", "deployed", "api@1"],
        &["wait", "--phase", "expand"],
        &["rollback", "1_a"],
    ] {
        told(&migrate(scratch.path(), command), 2, &["--database-url", "DATABASE_URL"]);
    }
    let ran = migrate(scratch.path(), &["plan"]);
    told(&ran, 0, &["1_a"]);
}

#[test]
fn a_database_that_cannot_be_reached_is_temporary() {
    let scratch = folder(&[("migrate.toml", "dialect = \"postgres\"\n"), ("migrations/1_a/expand.sql", "CREATE TABLE a (id bigint);\n")]);
    for command in [&["apply", "--phase", "expand"][..], &["status"], &["plan"]] {
        let ran = migrate_with(scratch.path(), command, &[("DATABASE_URL", "postgres://app@127.0.0.1:1/shop")]);
        told(&ran, 75, &["127.0.0.1:1"]);
    }
}

#[test]
fn a_url_of_another_database_is_refused() {
    let scratch = folder(&[("migrate.toml", "dialect = \"postgres\"\n"), ("migrations/1_a/expand.sql", "CREATE TABLE a (id bigint);\n")]);
    told(&migrate(scratch.path(), &["status", "--database-url", "sqlite://a.db"]), 2, &["sqlite", "postgres"]);
    told(&migrate(scratch.path(), &["status", "--database-url", "oracle://db/a"]), 2, &["oracle"]);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let shop = shop();
    for (arguments, part) in [
        (&["mark", "deployed", "shop"][..], "service@release"),
        (&["mark", "deployed", "@1"], "service@release"),
        (&["mark", "flown", "shop@1"], "deployed"),
        (&["apply"], "--phase"),
        (&["apply", "--phase", "expnad"], "expand"),
        (&["apply", "--phase", "expand", "--to", "no_such"], "no_such"),
        (&["apply", "--phase", "contract", "--override-gate", "soak"], "--reason"),
        (&["apply", "--phase", "contract", "--override-gate", "patience", "--reason", "x"], "soak"),
        (&["wait", "--phase", "expand", "--timeout", "soon"], "soon"),
        (&["rollback", "no_such"], "no_such"),
        (
            &["approve", "orders_by_user", "--reason", "x", "--digest", "zzz"],
            "invalid value 'zzz' for '--digest <DIGEST>': a digest has 64 hexadecimal digits",
        ),
        (&["releases", "--service", "shpo"], "service `shpo` is neither declared in migrate.toml nor marked"),
        (&["explain", "drop-colum"], "drop-column"),
        (&["-q", "-v", "status"], "--quiet"),
    ] {
        told(&migrate(shop.path(), arguments), 2, &[part]);
    }
}

#[test]
fn an_edited_file_is_a_conflict_with_its_difference() {
    let shop = shop();
    told(&migrate(shop.path(), &["apply", "--phase", "expand"]), 0, &[]);
    let file = shop.path().join("migrations/20260212101500_orders_by_user/expand.sql");
    let text = fs::read_to_string(&file).expect("the example is there");
    fs::write(&file, text.replace("CREATE INDEX", "CREATE UNIQUE INDEX")).expect("the folder is ours");
    for command in [&["apply", "--phase", "backfill"][..], &["plan"], &["status"]] {
        told(&migrate(shop.path(), command), 6, &["20260212101500_orders_by_user", "+CREATE UNIQUE INDEX", "migrate new"]);
    }
    // Reformatting is no edit.
    fs::write(&file, text.replace(' ', "  ").replace('\n', "\r\n")).expect("the folder is ours");
    told(&migrate(shop.path(), &["plan"]), 0, &[]);
}

#[test]
fn nobody_writes_to_a_database_that_only_reads() {
    let shop = shop();
    for command in [&["plan"][..], &["status"], &["apply", "--phase", "expand", "--dry-run"]] {
        migrate(shop.path(), command);
        assert!(!shop.path().join("shop.db").exists(), "{command:?} made the database");
    }
}
