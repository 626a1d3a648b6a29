//! `migrate fix` beside git and a database: what it shows can be applied, and what ran is not rewritten.

use std::path::Path;
use std::process::Command;

use super::{folder, migrate};

const UNSAFE: &str = "-- two things\nALTER TABLE users ADD COLUMN bio text;\nALTER TABLE users DROP COLUMN nick;\n";

fn project() -> tempfile::TempDir {
    folder(&[
        ("migrate.toml", "dialect = \"sqlite\"\nservices = [\"app\"]\n[database]\nurl = \"sqlite://app.db?mode=rwc\"\n"),
        ("migrations/1_base.sql", "CREATE TABLE users (id integer PRIMARY KEY, nick text);\n"),
        ("migrations/2_change.sql", UNSAFE),
    ])
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"];
    let ran = Command::new("git").args(identity).args(arguments).current_dir(folder).output().expect("git is there");
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

fn text(folder: &Path, file: &str) -> Option<String> {
    std::fs::read_to_string(folder.join("migrations").join(file)).ok()
}

#[test]
fn git_applies_the_difference_and_it_is_what_is_written() {
    let (shown, written) = (project(), project());
    let ran = migrate(shown.path(), &["fix", "2_change", "--exit-code"]);
    assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
    let end = ran.out.find("\nsilenced").expect("the notes follow");
    std::fs::write(shown.path().join("fix.patch"), &ran.out[..end]).expect("the folder is ours");
    git(shown.path(), &["init", "--quiet"]);
    git(shown.path(), &["apply", "fix.patch"]);
    assert_eq!(migrate(written.path(), &["fix", "migrations/2_change.sql", "--write"]).code, 0);
    for file in ["2_change.sql", "2_change/contract.sql"] {
        assert_eq!(text(shown.path(), file), text(written.path(), file), "{file}");
    }
    assert_eq!(text(written.path(), "2_change.sql").as_deref(), Some("-- two things\nALTER TABLE users ADD COLUMN bio text;\n"));
    assert_eq!(migrate(written.path(), &["fix", "2_change", "--exit-code"]).code, 0);
    assert_eq!(migrate(written.path(), &["plan", "--offline"]).code, 0);
}

#[test]
fn what_ran_or_was_merged_stays_as_it_was() {
    let applied = project();
    std::fs::write(applied.path().join("migrations/2_change.sql"), "ALTER TABLE users ADD COLUMN bio text;\n").expect("ours");
    assert_eq!(migrate(applied.path(), &["apply", "--phase", "expand"]).code, 0);
    std::fs::write(applied.path().join("migrations/2_change.sql"), UNSAFE).expect("ours");
    let refused = migrate(applied.path(), &["fix", "2_change", "--write"]);
    assert_eq!(refused.code, 6, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("2_change:expand was applied"), "{}", refused.err);

    let merged = project();
    git(merged.path(), &["init", "--quiet"]);
    git(merged.path(), &["add", "."]);
    git(merged.path(), &["commit", "--quiet", "-m", "all"]);
    let refused = migrate(merged.path(), &["fix", "2_change", "--write", "--base", "main"]);
    assert_eq!(refused.code, 6, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("2_change:expand stands in main already"), "{}", refused.err);
    assert_eq!(text(merged.path(), "2_change.sql").as_deref(), Some(UNSAFE));
}

#[test]
fn what_is_left_is_told_and_refuses() {
    let project = project();
    std::fs::write(project.path().join("migrations/2_change.sql"), "THIS IS NO SQL;\n").expect("ours");
    let ran = migrate(project.path(), &["fix", "2_change", "--format", "json"]);
    assert_eq!(ran.code, 3, "{}", ran.out);
    let report = ran.json();
    assert!(report["findings"][0]["message"].as_str().is_some_and(|message| message.contains("left as it is")), "{}", ran.out);
}
