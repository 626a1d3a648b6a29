//! The loader over real folders: every layout, and what is refused.

use super::*;

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().expect("below the folder")).expect("made");
        std::fs::write(file, text).expect("written");
    }
}

fn load(files: &[(&str, &str)]) -> Result<Migrations, String> {
    let root = tempfile::tempdir().expect("a temporary folder");
    write(&root.path().join("migrations"), files);
    Migrations::read(&root.path().join("migrations"), root.path(), Dialect::Postgres).map_err(|error| error.to_string())
}

fn shape(migrations: &Migrations) -> Vec<(String, Vec<Phase>, bool)> {
    let shape = |migration: &Migration| {
        let phases = migration.scripts.iter().map(|script| script.phase).collect();
        (migration.id.to_string(), phases, migration.rollback.is_some())
    };
    migrations.iter().map(shape).collect()
}

#[test]
fn every_layout_in_one_folder() {
    let migrations = load(&[
        ("1_native/expand.sql", "CREATE TABLE a (b int);"),
        ("1_native/contract.sql", "DROP TABLE b;"),
        ("1_native/backfill.sql", "UPDATE a SET b = 1 WHERE b IS NULL;"),
        ("1_native/migration.toml", "after = []\n"),
        ("10_flat.sql", "CREATE TABLE c (d int);"),
        ("9_pair.up.sql", "CREATE TABLE e (f int);"),
        ("9_pair.down.sql", "DROP TABLE e;"),
        ("11_diesel/up.sql", "CREATE TABLE g (h int);"),
        ("11_diesel/down.sql", "DROP TABLE g;"),
        ("12_prisma/migration.sql", "CREATE TABLE i (j int);"),
        ("13_dbmate.sql", "-- migrate:up\nCREATE TABLE k (l int);\n-- migrate:down\nDROP TABLE k;\n"),
        ("V14__flyway.sql", "CREATE TABLE m (n int);"),
        ("U14__flyway.sql", "DROP TABLE m;"),
        ("migration_lock.toml", "provider = \"postgresql\""),
        ("README.md", "notes"),
        (".gitkeep", ""),
    ])
    .expect("all understood");
    let expand = || vec![Phase::Expand];
    let expected = [
        ("1_native", Phase::ALL.to_vec(), false),
        ("9_pair", expand(), true),
        ("10_flat", expand(), false),
        ("11_diesel", expand(), true),
        ("12_prisma", expand(), false),
        ("13_dbmate", expand(), true),
        ("V14__flyway", expand(), true),
    ];
    assert_eq!(shape(&migrations), expected.map(|(id, phases, undone)| (id.to_owned(), phases, undone)));
    assert_eq!(migrations.manifest().scripts.len(), 9);
    assert_eq!(&*migrations.script(&"1_native:expand".parse().expect("valid")).expect("there").path, "migrations/1_native/expand.sql");
}

#[test]
fn prisma_orders_by_whole_names() {
    let names = ["20240101_b", "20240101_a", "20231231093000_z"].map(|name| format!("{name}/migration.sql"));
    let migrations = load(&names.each_ref().map(|name| (name.as_str(), "SELECT 1;"))).expect("all are there");
    let ids: Vec<&str> = migrations.iter().map(|migration| migration.id.as_str()).collect();
    assert_eq!(ids, ["20231231093000_z", "20240101_a", "20240101_b"]);
}

#[test]
fn strangers_are_refused_by_name() {
    let refused = |files: &[(&str, &str)]| load(files).expect_err("must be refused");
    assert!(refused(&[("1_a.sql", ""), ("notes.txt", "")]).starts_with("migrations/notes.txt: is no migration"));
    assert!(refused(&[("1_a/expnad.sql", "")]).starts_with("migrations/1_a/expnad.sql: is not understood; did you mean `expand.sql`?"));
    assert!(refused(&[("1_a/rollback.sql", ""), ("1_a/contract.sql", "")]).contains("undoes an expand script that is not there"));
    assert!(refused(&[("1_a.down.sql", "")]).contains("undoes an expand script"));
    assert!(refused(&[("1_a.sql", ""), ("1_a/expand.sql", "")]).contains("1_a is defined twice"));
    assert!(refused(&[("1_a.sql", ""), ("1_a.up.sql", "")]).contains("defined twice"));
    assert!(refused(&[("1_a.sql", ""), ("001_b.sql", "")]).contains("same version"));
}

#[test]
fn references_must_exist() {
    let refused =
        |toml: &str| load(&[("1_users.sql", ""), ("2_b/expand.sql", ""), ("2_b/migration.toml", toml)]).expect_err("must be refused");
    assert_eq!(
        refused("\nafter = [\"1_user\"]"),
        "migrations/2_b/migration.toml:2:11: `after` names 1_user, which is no migration here; did you mean `1_users`?"
    );
    assert!(refused("after = [\"1_users:contract\"]").ends_with("`after` names 1_users:contract, but 1_users has no contract.sql"));
    assert!(refused("after = [\"2_b\"]").ends_with("`after` names the migration itself"));
}

#[cfg(unix)]
#[test]
fn links() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let folder = root.path().join("migrations");
    write(root.path(), &[("elsewhere/expand.sql", "CREATE TABLE a (b int);"), ("migrations/README", "")]);
    std::os::unix::fs::symlink(root.path().join("elsewhere"), folder.join("1_linked")).expect("linked");
    let migrations = Migrations::read(&folder, root.path(), Dialect::Postgres).expect("links are followed");
    assert_eq!(migrations.len(), 1);
    std::os::unix::fs::symlink(root.path().join("gone"), folder.join("2_broken.sql")).expect("linked");
    let error = Migrations::read(&folder, root.path(), Dialect::Postgres).expect_err("broken link").to_string();
    assert!(error.contains("2_broken.sql: is a link that leads nowhere"), "{error}");
}

#[test]
fn broken_text_has_a_place() {
    let root = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(root.path().join("1_a.sql"), b"SELECT 1;\nSELECT '\xff';").expect("written");
    let error = Migrations::read(root.path(), root.path(), Dialect::Postgres).expect_err("not UTF-8").to_string();
    assert_eq!(error, "1_a.sql:2:9: the file is not valid UTF-8");
}

#[test]
fn resolves_what_people_type() {
    let migrations = load(&[("20260101_users.sql", ""), ("20260102_orders.sql", ""), ("20260103_order_lines.sql", "")]).expect("valid");
    let id = |text: &str| migrations.resolve(text).map(|migration| migration.id.to_string());
    assert_eq!(id("20260101_users"), Ok("20260101_users".into()));
    assert_eq!(id("20260102"), Ok("20260102_orders".into()));
    assert_eq!(id("users"), Ok("20260101_users".into()));
    assert!(id("order").expect_err("two").contains("20260102_orders or 20260103_order_lines"));
    assert!(id("20260101_user_").expect_err("none").contains("did you mean `20260101_users`?"));
}
