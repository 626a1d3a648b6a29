//! `plan --base`: only what the branch adds is judged; what the base holds is followed.

use std::path::Path;
use std::process::Command;

use super::{folder, migrate};

fn git(folder: &Path, arguments: &[&str]) {
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
    write(&shop, "migrations/3_email/expand.sql", "ALTER TABLE users ADD COLUMN email text;\n");
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
