//! Folders of other tools: they open, they are judged as their tool runs them, and what is not SQL is named.

use super::{folder, migrate};

/// The lints at warn or deny.
fn lints(files: &[(&str, &str)]) -> Vec<String> {
    let shop = folder(files);
    let ran = migrate(shop.path(), &["plan", "--format", "json"]);
    let findings = ran.json()["findings"].as_array().cloned().unwrap_or_else(|| panic!("{}{}", ran.out, ran.err));
    let loud = findings.iter().filter(|finding| finding["level"] != "notice");
    loud.map(|finding| finding["lint"].as_str().unwrap_or_default().to_owned()).collect()
}

const ONLINE: &str = "CREATE INDEX CONCURRENTLY a_b ON a (b);\n";

#[test]
fn a_file_is_judged_in_the_transaction_of_its_tool() {
    let judged = |runner: &str, text: &str| {
        let settings = format!("dialect = \"postgres\"\nbaseline = \"1_a\"\nrunner = \"{runner}\"\n");
        lints(&[("migrate.toml", &settings), ("migrations/1_a.sql", "CREATE TABLE a (b int);\n"), ("migrations/2_b.sql", text)])
    };
    for runner in ["sqlx", "dbmate", "goose", "refinery", "atlas", "liquibase"] {
        assert_eq!(judged(runner, ONLINE), ["concurrently-in-transaction"], "{runner}");
    }
    for runner in ["concertina", "psql", "flyway", "prisma", "golang-migrate", "diesel"] {
        assert_eq!(judged(runner, ONLINE), [""; 0], "{runner}");
    }
    assert_eq!(judged("dbmate", &format!("-- migrate:up transaction:false\n{ONLINE}\n-- migrate:down\nDROP INDEX a_b;\n")), [""; 0]);
    assert_eq!(judged("goose", &format!("-- +goose NO TRANSACTION\n-- +goose Up\n{ONLINE}-- +goose Down\nDROP INDEX a_b;\n")), [""; 0]);
    assert_eq!(judged("sqlx", &format!("-- no-transaction\n{ONLINE}")), [""; 0]);
    assert_eq!(judged("atlas", &format!("-- atlas:txmode none\n\n{ONLINE}")), [""; 0]);
    let liquibase = format!("--liquibase formatted sql\n\n--changeset ann:2 runInTransaction:false\n{ONLINE}--rollback DROP INDEX a_b;\n");
    assert_eq!(judged("liquibase", &liquibase), [""; 0]);
}

#[test]
fn what_another_tool_runs_is_not_run_here() {
    let shop = folder(&[
        ("migrate.toml", "dialect = \"sqlite\"\nrunner = \"sqlx\"\n[database]\nurl = \"sqlite://shop.db\"\n"),
        ("migrations/1_a.sql", "CREATE TABLE a (b int);\n"),
    ]);
    let ran = migrate(shop.path(), &["apply", "--phase", "expand"]);
    assert!(ran.code == 2 && ran.err.contains("sqlx runs these scripts"), "{}", ran.err);
    let shop = folder(&[("migrate.toml", "dialect = \"sqlite\"\nrunner = \"gose\"\n"), ("migrations/1_a.sql", "")]);
    let ran = migrate(shop.path(), &["plan"]);
    assert!(ran.code == 2 && ran.err.contains("migrate.toml:2:10") && ran.err.contains("did you mean `goose`?"), "{}", ran.err);
}

#[test]
fn code_among_the_migrations_is_named_and_makes_the_rest_unknown() {
    let shop = folder(&[
        ("migrate.toml", "dialect = \"postgres\"\n"),
        ("migrations/00001_a.sql", "-- +goose Up\nCREATE TABLE a (b int);\n-- +goose Down\nDROP TABLE a;\n"),
        ("migrations/00002_seed.go", "package migrations\n"),
        ("migrations/00003_c.sql", "-- +goose Up\nALTER TABLE made_by_code ADD COLUMN d int;\n"),
        ("migrations/embed.go", "package migrations\n"),
    ]);
    let ran = migrate(shop.path(), &["plan"]);
    assert!(ran.code == 0, "what code made is not held against the SQL: {}{}", ran.out, ran.err);
    assert!(ran.out.contains("not read: migrations/00002_seed.go;") && ran.out.contains("migrations/embed.go (no SQL)"), "{}", ran.out);
}

#[test]
fn liquibase_delimiters_end_statements() {
    let text =
        "--liquibase formatted sql\n\n--changeset ann:1 endDelimiter:/\nCREATE TABLE a (b int)\n/\nALTER TABLE a ADD COLUMN c int\n/\n";
    assert_eq!(lints(&[("migrate.toml", "dialect = \"postgres\"\n"), ("migrations/1_a.sql", text)]), [""; 0]);
}

#[test]
fn a_folder_with_a_history_begins_with_a_baseline() {
    let shop = folder(&[
        ("migrations/V1__a.sql", "CREATE TABLE a (b int, c int);\n"),
        ("migrations/core/V2__b.sql", "ALTER TABLE a DROP COLUMN c;\n"),
        ("migrations/R__views.sql", "CREATE OR REPLACE VIEW v AS SELECT b FROM a;\n"),
    ]);
    let ran = migrate(shop.path(), &["init", "--dialect", "postgres"]);
    assert!(ran.code == 0 && ran.out.contains("the 3 migrations"), "{}{}", ran.out, ran.err);
    let ran = migrate(shop.path(), &["plan"]);
    assert!(ran.code == 0 && ran.out.contains("nothing is pending"), "{}{}", ran.out, ran.err);
}
