//! `plan --base`: only what the branch adds is judged; what the base holds is followed.

use std::path::Path;
use std::process::Command;

use super::{folder, migrate};

pub(crate) fn git(folder: &Path, arguments: &[&str]) {
    let name = ["-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"];
    let done = Command::new("git").arg("-C").arg(folder).args(name).args(arguments).output().expect("there is git");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn write(folder: &Path, file: &str, text: &str) {
    let file = folder.join(file);
    std::fs::create_dir_all(file.parent().expect("it lies in the folder")).expect("the folder is ours");
    std::fs::write(file, text).expect("the folder is ours");
}

#[test]
fn old_debt_is_followed_and_new_faults_are_told() {
    // The project lies below the root of the repository.
    let repository = folder(&[
        ("shop/migrate.toml", "dialect = \"postgres\"\n"),
        ("shop/migrations/1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, nick text, fax text);\n"),
        ("shop/migrations/2_debt/expand.sql", "ALTER TABLE users DROP COLUMN nick;\n"),
    ]);
    let shop = repository.path().join("shop");
    git(repository.path(), &["init", "-q"]);
    git(repository.path(), &["add", "-A"]);
    git(repository.path(), &["commit", "-q", "-m", "base"]);
    assert_eq!(migrate(&shop, &["plan"]).code, 3, "without a base, the old fault is told");

    git(repository.path(), &["checkout", "-q", "-b", "topic"]);
    write(&shop, "migrations/3_email/expand.sql", "CREATE TABLE emails (id bigint PRIMARY KEY, email text);\n");
    let ran = migrate(&shop, &["plan", "--base", "main", "--format", "json"]);
    let document = ran.json();
    assert_eq!((ran.code, document["findings"].as_array().map(Vec::len)), (0, Some(0)), "{document}");
    assert_eq!(document["migrations"].as_array().map(Vec::len), Some(1));
    assert_eq!(document["migrations"][0]["id"], "3_email");

    write(&shop, "migrations/4_fax/expand.sql", "ALTER TABLE users DROP COLUMN fax;\n");
    let ran = migrate(&shop, &["plan", "--base", "main", "--format", "json"]);
    assert_eq!((ran.code, ran.json()["findings"][0]["migration"].clone()), (3, "4_fax".into()));
    assert_eq!(ran.json()["findings"][0]["file"], "migrations/4_fax/expand.sql");

    let ran = migrate(&shop, &["plan", "--base", "no-such-branch"]);
    assert!(ran.code == 2 && ran.err.contains("no-such-branch"), "{}", ran.err);
}

/// A repository with a base of three migrations, on a branch of its own.
fn repository() -> tempfile::TempDir {
    let repository = folder(&[
        ("migrate.toml", "dialect = \"postgres\"\n"),
        ("migrations/2_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, nick text, fax text);\n"),
        ("migrations/3_index/expand.sql", "CREATE INDEX CONCURRENTLY users_nick ON users (nick);\n"),
        ("migrations/4_bio.sql", "CREATE TABLE bios (id bigint PRIMARY KEY, bio text);\n"),
    ]);
    git(repository.path(), &["init", "-q"]);
    git(repository.path(), &["add", "-A"]);
    git(repository.path(), &["commit", "-q", "-m", "base"]);
    git(repository.path(), &["checkout", "-q", "-b", "topic"]);
    repository
}

/// Lint, file and line of every finding against the base.
fn found(folder: &Path, reference: &str) -> Vec<String> {
    let ran = migrate(folder, &["plan", "--base", reference, "--format", "json"]);
    let findings = ran.json()["findings"].as_array().cloned().unwrap_or_default();
    let mut told: Vec<String> = findings
        .iter()
        .filter(|finding| finding["level"] != "notice")
        .map(|finding| format!("{} {}:{}", finding["lint"], finding["file"], finding["line"]).replace('"', ""))
        .collect();
    told.sort();
    told
}

#[test]
fn what_the_base_holds_is_not_edited_renamed_or_overtaken() {
    let repository = repository();
    let here = repository.path();
    assert_eq!(found(here, "main"), [""; 0]);

    write(here, "migrations/2_users/expand.sql", "-- people\ncreate table users (id bigint primary key,\n  nick text, fax text);\n");
    assert_eq!(found(here, "main"), [""; 0], "layout and comments are no edit");
    write(here, "migrations/2_users/expand.sql", "-- people\nCREATE TABLE users (id bigint PRIMARY KEY, nick text, fax varchar(9));\n");
    assert_eq!(found(here, "main"), ["edited-applied-file migrations/2_users/expand.sql:2"]);
    let ran = migrate(here, &["plan", "--base", "main"]);
    assert!(ran.code == 3 && ran.out.contains("migrate new"), "{}", ran.out);
    write(
        here,
        "migrations/2_users/expand.sql",
        "-- migrate: allow(edited-applied-file) reason=\"it ran nowhere yet\"\nCREATE TABLE users (id bigint PRIMARY KEY, nick text, fax varchar(9));\n",
    );
    assert_eq!(found(here, "main"), [""; 0], "somebody answers for it");
    git(here, &["checkout", "-q", "--", "migrations"]);

    git(here, &["mv", "migrations/4_bio.sql", "migrations/5_bio.sql"]);
    let ran = migrate(here, &["plan", "--base", "main", "--format", "json"]);
    assert!(ran.code == 3 && ran.json()["findings"][0]["message"].as_str().is_some_and(|text| text.contains("5_bio")), "{}", ran.out);
    git(here, &["mv", "migrations/5_bio.sql", "migrations/4_bio.sql"]);

    write(here, "migrations/1_early/expand.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);\n");
    assert_eq!(found(here, "main"), ["out-of-order-file migrations/1_early/expand.sql:1"]);
    write(here, "migrations/1_early/migration.toml", "after = [\"4_bio\"]\n");
    assert_eq!(found(here, "main"), [""; 0]);
}

#[test]
fn a_base_that_went_on_is_not_held_against_the_branch() {
    let repository = repository();
    let here = repository.path();
    git(here, &["checkout", "-q", "main"]);
    write(here, "migrations/6_theirs/expand.sql", "CREATE TABLE theirs (id bigint PRIMARY KEY);\n");
    git(here, &["add", "-A"]);
    git(here, &["commit", "-q", "-m", "theirs"]);
    git(here, &["checkout", "-q", "topic"]);
    write(here, "migrations/5_ours/expand.sql", "CREATE TABLE ours (id bigint PRIMARY KEY);\n");
    assert_eq!(found(here, "main"), [""; 0]);
    // CI checks a commit out, not a branch; a hook sets variables of its own.
    git(here, &["add", "-A"]);
    git(here, &["commit", "-q", "-m", "ours"]);
    git(here, &["checkout", "-q", "--detach"]);
    assert_eq!(found(here, "main"), [""; 0]);
    let ran = super::migrate_with(here, &["plan", "--base", "main"], &[("GIT_DIR", "/nowhere"), ("GIT_INDEX_FILE", "/nowhere/index")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_history_that_is_cut_off_is_asked_for() {
    let origin = repository();
    write(origin.path(), "migrations/5_ours/expand.sql", "CREATE TABLE ours (id bigint PRIMARY KEY);\n");
    git(origin.path(), &["add", "-A"]);
    git(origin.path(), &["commit", "-q", "-m", "ours"]);
    git(origin.path(), &["checkout", "-q", "main"]);
    write(origin.path(), "migrations/6_theirs/expand.sql", "CREATE TABLE theirs (id bigint PRIMARY KEY);\n");
    git(origin.path(), &["add", "-A"]);
    git(origin.path(), &["commit", "-q", "-m", "theirs"]);
    let scratch = folder(&[]);
    let url = format!("file://{}", origin.path().display());
    git(scratch.path(), &["clone", "-q", "--depth", "1", "--branch", "topic", &url, "clone"]);
    let clone = scratch.path().join("clone");
    let ran = migrate(&clone, &["plan", "--base", "origin/main"]);
    assert!(ran.code == 2 && ran.err.contains("fetch-depth: 0") && ran.err.contains("git fetch --unshallow"), "{}", ran.err);
    git(&clone, &["fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main"]);
    let ran = migrate(&clone, &["plan", "--base", "origin/main"]);
    assert!(ran.code == 2 && ran.err.contains("shallow"), "both tips are there, their common past is not: {}", ran.err);
    git(&clone, &["fetch", "-q", "--unshallow", "origin"]);
    assert_eq!(found(&clone, "origin/main"), [""; 0]);

    let plain = folder(&[("migrate.toml", "dialect = \"postgres\"\n"), ("migrations/1_a.sql", "SELECT 1;\n")]);
    let ran = migrate(plain.path(), &["plan", "--base", "main"]);
    assert!(ran.code == 2 && ran.err.contains("--base needs git"), "{}", ran.err);
}

#[test]
fn a_baseline_is_followed_and_not_blamed() {
    let files = [
        ("migrate.toml", "dialect = \"postgres\"\nbaseline = \"2_debt\"\n"),
        ("migrations/1_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY, nick text);\nCREATE TABLE fax (n text);\n"),
        ("migrations/2_debt.sql", "ALTER TABLE users DROP COLUMN nick;\n"),
        ("migrations/3_more/expand.sql", "DROP TABLE fax;\n"),
    ];
    let shop = folder(&files);
    let ran = migrate(shop.path(), &["plan", "--format", "json"]);
    let document = ran.json();
    let findings = document["findings"].as_array().cloned().unwrap_or_default();
    assert!(findings.iter().all(|finding| finding["migration"] == "3_more") && ran.code == 3, "{document}");
    assert_eq!(document["migrations"].as_array().map(Vec::len), Some(1), "{document}");

    write(shop.path(), "migrate.toml", "dialect = \"postgres\"\nbaseline = \"2_dept\"\n");
    let ran = migrate(shop.path(), &["plan"]);
    assert!(ran.code == 2 && ran.err.contains("migrate.toml:2:12") && ran.err.contains("did you mean `2_debt`?"), "{}", ran.err);
}

#[test]
fn the_old_history_still_runs_on_a_new_database() {
    let shop = folder(&[
        ("migrate.toml", "dialect = \"sqlite\"\nbaseline = \"2_debt\"\n"),
        ("migrations/1_users.sql", "CREATE TABLE users (id integer PRIMARY KEY, nick text);\n"),
        ("migrations/2_debt.sql", "ALTER TABLE users DROP COLUMN nick;\n"),
        ("migrations/3_more/expand.sql", "ALTER TABLE users ADD COLUMN bio text;\n"),
    ]);
    let url = format!("sqlite://{}", shop.path().join("shop.db").display());
    let ran = migrate(shop.path(), &["apply", "--phase", "expand", "--database-url", &url, "--format", "json"]);
    assert_eq!((ran.code, ran.json()["migrations"].as_array().map(Vec::len)), (0, Some(3)), "{}{}", ran.out, ran.err);
    let ran = migrate(shop.path(), &["plan", "--database-url", &url, "--exit-code"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}
