//! What guards a sync: its triggers before the contract, its text after it ran, and what a rollback says.

use std::time::Duration;

use crate::{Client, DROP, RENAME, project, support};

const BASE: &str = "CREATE TABLE users (id bigint PRIMARY KEY, name text);\nINSERT INTO users (id, name) VALUES (1, 'ann');\n";

/// A trigger that is gone or switched off holds the contract, since a write may have reached one side only.
async fn guarded(dialect: &str, url: &str, off: &str, on: &str) {
    let workshop = project(dialect, url, BASE, RENAME, DROP).await;
    for phase in ["expand", "backfill"] {
        workshop.expect(&["apply", "--phase", phase], 0).await;
    }
    workshop.expect(&["mark", "deployed", "app@2"], 0).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let mut client = Client::connect(url).await;
    client.run(off).await.expect("somebody meddles");
    let held = workshop.expect(&["apply", "--phase", "contract"], 5).await;
    let said = format!("{}{}", held.stdout, held.stderr);
    assert!(said.contains("zz_sync_users_name_full_name"), "the trigger is named:\n{said}");
    client.run(on).await.expect("and repairs it");
    client.run("UPDATE users SET full_name = 'bob' WHERE id = 1").await.expect("a write");
    workshop.expect(&["apply", "--phase", "contract"], 0).await;
    assert_eq!(client.rows("SELECT id, full_name FROM users").await.expect("rows"), [["1", "bob"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_waits_for_triggers_that_do_not_work_on_postgres() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    let trigger = |verb: &str| format!("ALTER TABLE users {verb} TRIGGER zz_sync_users_name_full_name");
    guarded("postgres", &database.url, &trigger("DISABLE"), &trigger("ENABLE ALWAYS")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_waits_for_triggers_that_are_gone_on_sqlite() {
    let database = support::sqlite();
    let again = "CREATE TRIGGER zz_sync_users_name_full_name_new AFTER UPDATE ON users WHEN NEW.full_name IS NOT OLD.full_name BEGIN UPDATE users SET name = NEW.full_name WHERE rowid = NEW.rowid; END";
    guarded("sqlite", &database.url(), "DROP TRIGGER zz_sync_users_name_full_name_new", again).await;
}

/// An edit of what is declared is an edit of what ran.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_sync_is_a_history_conflict() {
    let database = support::sqlite();
    let workshop = project("sqlite", &database.url(), BASE, RENAME, DROP).await;
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    workshop.write("0002_sync/migration.toml", &format!("# a comment is none\n\n{RENAME}"));
    workshop.expect(&["plan"], 0).await;
    workshop.write("0002_sync/migration.toml", &format!("{RENAME}winner = \"old\"\n"));
    let refused = workshop.expect(&["apply", "--phase", "backfill"], 6).await;
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("+winner = \"old\""), "the difference is shown:\n{said}");
    std::fs::remove_file(workshop.path().join("migrations/0002_sync/migration.toml")).expect("removed");
    workshop.expect(&["apply", "--phase", "backfill"], 6).await;
}

/// A rollback takes the triggers before the column and counts what the old column does not hold.
async fn rolled_back(dialect: &str, url: &str) {
    let settings = "[[sync]]\ntable = \"users\"\nold = \"name\"\nnew = \"name_key\"\nforward = \"lower(name)\"\n";
    let workshop = project(dialect, url, BASE, settings, DROP).await;
    for phase in ["expand", "backfill"] {
        workshop.expect(&["apply", "--phase", phase], 0).await;
    }
    let mut client = Client::connect(url).await;
    client.run("INSERT INTO users (id, name) VALUES (2, 'Bob')").await.expect("an old release writes");
    client.run("INSERT INTO users (id, name_key) VALUES (3, 'Cyd')").await.expect("a new release writes");
    let rows = client.rows("SELECT id, name, name_key FROM users ORDER BY id").await.expect("rows");
    assert_eq!(rows, [["1", "ann", "ann"], ["2", "Bob", "bob"], ["3", "Cyd", "Cyd"]]);
    let ran = workshop.expect(&["rollback", "0002_sync", "--yes"], 0).await;
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("1 row holds a users.name_key that cannot be made of name again"), "{said}");
    let trigger = said.find("DROP TRIGGER").expect("the trigger goes");
    assert!(trigger < said.find("DROP COLUMN").expect("the column goes"), "{said}");
    assert_eq!(client.rows("SELECT id, name FROM users  ORDER BY id").await.expect("rows"), [["1", "ann"], ["2", "Bob"], ["3", "Cyd"]]);
    client.run("UPDATE users SET name = 'dan' WHERE id = 1").await.expect("nothing is left behind");
    for phase in ["expand", "backfill"] {
        workshop.expect(&["apply", "--phase", phase], 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_says_what_is_lost_on_sqlite() {
    let database = support::sqlite();
    rolled_back("sqlite", &database.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_says_what_is_lost_on_postgres() {
    let Some(cluster) = support::postgres(14) else { return };
    let database = cluster.database();
    rolled_back("postgres", &database.url).await;
}

/// The plan shows the SQL that runs, whole, and finds nothing wrong with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_prints_all_that_runs() {
    let database = support::sqlite();
    let workshop = project("sqlite", &database.url(), BASE, RENAME, DROP).await;
    let plan = workshop.expect(&["plan"], 0).await.stdout;
    for line in [
        "[[sync]] at migrations/0002_sync/migration.toml:1",
        "ALTER TABLE users ADD COLUMN full_name text",
        "UPDATE users SET name = NEW.full_name WHERE rowid = NEW.rowid",
        "UPDATE users SET full_name = name WHERE full_name IS NOT name",
        "DROP TRIGGER zz_sync_users_name_full_name_insert",
        "no findings",
    ] {
        assert!(plan.contains(line), "{line} in\n{plan}");
    }
    workshop.write("0002_sync/migration.toml", &RENAME.replace("\"name\"", "\"nmae\""));
    let wrong = workshop.expect(&["plan"], 2).await;
    assert!(wrong.stderr.contains("migrations/0002_sync/migration.toml:3:7: `users` has no column `nmae`"), "{}", wrong.stderr);
}
