//! Abort conditions: a backfill pauses and goes on, an expand stops and is undone.

use std::time::{Duration, Instant};

use crate::fake::Fake;
use crate::project::Project;

const CALM: &str = r#"{"errors":0}"#;
const BREACH: &str = r#"{"errors":7}"#;

fn project(fake: &Fake, more: &str) -> Project {
    let settings = format!(
        "[[abort]]\nkind = \"http\"\nname = \"errors\"\nurl = \"{}/slo\"\npointer = \"/errors\"\nbreach_when = \"> 5\"\ninterval = \"200ms\"\n{more}\n",
        fake.url()
    );
    let project = Project::on("sqlite://shop.db?mode=rwc", &settings);
    project.write("migrations/1_items/expand.sql", "CREATE TABLE items (id integer PRIMARY KEY, old text);\n");
    project
}

#[test]
fn nothing_begins_while_something_is_wrong() {
    let fake = Fake::start();
    fake.answer("/slo", 200, BREACH);
    let project = project(&fake, "");
    let stopped = project.run(&["apply", "--phase", "expand"], 75);
    let message = stopped["error"]["message"].as_str().expect("it says why");
    assert!(message.contains("abort condition `errors`: `/errors` is `7`, and the limit is > 5"), "{message}");
    assert_eq!(project.run(&["status"], 0)["migrations"][0]["phases"][0]["state"], "pending");
    fake.answer("/slo", 200, CALM);
    project.run(&["apply", "--phase", "expand"], 0);
}

#[test]
fn what_does_not_answer_is_waited_for_or_not() {
    let fake = Fake::start();
    let project_a = project(&fake, "unknown = \"go-on\"");
    project_a.run(&["apply", "--phase", "expand"], 0);
    let project_b = project(&fake, "[locks]\ngive_up_after = \"1s\"");
    let stopped = project_b.run(&["apply", "--phase", "expand"], 75);
    assert!(stopped["error"]["message"].as_str().is_some_and(|message| message.contains("answered 404")), "{stopped}");
}

#[test]
fn a_backfill_pauses_within_one_interval_and_goes_on() {
    let fake = Fake::start();
    fake.answer("/slo", 200, CALM);
    let project = project(&fake, "");
    project.write("migrations/2_note/expand.sql", "ALTER TABLE items ADD COLUMN note text;\n");
    project.write("migrations/2_note/backfill.sql", "UPDATE items SET note = old WHERE note IS NULL;\n");
    project.run(&["apply", "--phase", "expand"], 0);
    project.sql("INSERT INTO items (id, old) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT i, 'value ' || i FROM n;");
    let left = || project.count("SELECT count(*) FROM items WHERE note IS NULL");
    let mut running = project.start(&["apply", "--phase", "backfill"]);
    let deadline = Instant::now() + Duration::from_secs(30);
    while left() == 1_500_000 {
        assert!(Instant::now() < deadline, "the backfill does not begin");
    }
    let breached = Instant::now();
    fake.answer("/slo", 200, BREACH);
    let text = project.said("paused by abort condition `errors`");
    let seen = breached.elapsed();
    assert!(text.contains("`/errors` is `7`, and the limit is > 5"), "{text}");
    // One interval, one chunk, and a busy machine.
    assert!(seen < Duration::from_secs(3), "seen after {seen:?}");
    let before = left();
    assert!(before > 0, "it had ended before");
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(left(), before, "it went on while it said that it pauses");
    fake.answer("/slo", 200, CALM);
    project.said("goes on; stood still for");
    assert!(running.wait().expect("it ends").success());
    assert_eq!(left(), 0);
}

#[test]
fn an_expand_is_undone_when_its_cost_shows() {
    let fake = Fake::start();
    fake.answer("/slo", 200, CALM);
    let project = project(&fake, "watch_for = \"20s\"");
    project.write("migrations/2_note/expand.sql", "ALTER TABLE items ADD COLUMN note text;\nCREATE INDEX items_note ON items (note);\n");
    let mut running = project.start(&["apply", "--phase", "expand", "--rollback-on-breach"]);
    project.said("watching for 20");
    fake.answer("/slo", 200, BREACH);
    assert_eq!(running.wait().expect("it ends").code(), Some(1));
    assert_eq!(project.count("SELECT count(*) FROM sqlite_schema WHERE name IN ('items', 'items_note')"), 0);
    let text = project.said("undone: 2_note, 1_items");
    assert!(text.contains("abort condition `errors` is breached"), "{text}");
    fake.answer("/slo", 200, CALM);
    // Without being asked to it only says how.
    let mut running = project.start(&["apply", "--phase", "expand"]);
    project.said("watching for 20");
    fake.answer("/slo", 200, BREACH);
    assert_eq!(running.wait().expect("it ends").code(), Some(1));
    assert!(project.said("next: migrate rollback 2_note").contains("expand ran, and abort condition `errors` is breached"));
    assert_eq!(project.count("SELECT count(*) FROM sqlite_schema WHERE name = 'items_note'"), 1);
}
