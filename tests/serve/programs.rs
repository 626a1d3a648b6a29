//! Programs of gates: whoever asks a server sets none going, unless it was told so; then they run once for many who ask.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::answers::project;
use super::server::{Server, run};

/// A project whose contract waits for nothing but a program, which writes a line each time that it runs.
fn held_by_a_program() -> tempfile::TempDir {
    let folder = project(&[
        (
            "migrate.toml",
            "dialect = \"sqlite\"\nservices = [\"api\"]\n[database]\nurl = \"sqlite://shop.db?mode=rwc\"\n[contract]\nsoak = \"0s\"\n\
             [[contract.gate]]\nkind = \"command\"\nname = \"etl\"\nrun = [\"./check\"]\n",
        ),
        ("migrations/1_users/expand.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n"),
        ("migrations/2_nick/expand.sql", "ALTER TABLE users ADD COLUMN nick TEXT;\n"),
        ("migrations/2_nick/contract.sql", "ALTER TABLE users DROP COLUMN name;\n"),
        ("check", "#!/bin/sh\necho ran >> ran\nsleep 0.2\n"),
    ]);
    fs::set_permissions(folder.path().join("check"), fs::Permissions::from_mode(0o755)).expect("the file is ours");
    run(folder.path(), &["apply", "--phase", "expand", "-q"]);
    run(folder.path(), &["mark", "deployed", "api@1"]);
    folder
}

fn runs(folder: &Path) -> usize {
    fs::read_to_string(folder.join("ran")).unwrap_or_default().lines().count()
}

#[test]
fn whoever_asks_a_server_sets_no_program_going() {
    let folder = held_by_a_program();
    let server = Server::start(folder.path(), &[]);
    for path in ["/", "/metrics", "/v1/status", "/v1/gates/2_nick"] {
        server.get(path);
    }
    let gate = server.get("/v1/gates/2_nick");
    assert_eq!(gate.status, 503, "{}", gate.body);
    assert!(gate.body.contains("migrate serve --run-programs"), "{}", gate.body);
    assert_eq!(runs(folder.path()), 0);
    run(folder.path(), &["status"]);
    assert_eq!(runs(folder.path()), 1, "whoever may run the command runs the program");
}

#[test]
fn a_server_that_may_runs_it_once_for_all_who_ask() {
    let folder = held_by_a_program();
    let server = Server::start(folder.path(), &["--run-programs"]);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| server.get("/v1/gates/2_nick"));
        }
    });
    let gate = server.until("/v1/gates/2_nick", |answer| answer.status == 200);
    assert_eq!(gate.status, 200, "{}", gate.body);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(runs(folder.path()), 1);
}
