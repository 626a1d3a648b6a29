//! Abort conditions: a backfill pauses and goes on, an expand stops and is undone.

use std::time::{Duration, Instant};

use crate::fake::Fake;
use crate::project::Project;

pub(crate) const CALM: &str = r#"{"errors":0}"#;
pub(crate) const BREACH: &str = r#"{"errors":7}"#;

/// What is asked of a fake server so often.
pub(crate) fn condition(fake: &Fake, name: &str, interval: &str) -> String {
    format!(
        "[[abort]]\nkind = \"http\"\nname = \"{name}\"\nurl = \"{}/{name}\"\npointer = \"/errors\"\nbreach_when = \"> 5\"\ninterval = \"{interval}\"\n",
        fake.url()
    )
}

fn project(fake: &Fake, more: &str) -> Project {
    asked_every(fake, "200ms", more)
}

fn asked_every(fake: &Fake, interval: &str, more: &str) -> Project {
    let settings = format!("{}{more}\n", condition(fake, "slo", interval));
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
    assert!(message.contains("abort condition `slo`: `/errors` is `7`, and the limit is > 5"), "{message}");
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
fn nothing_is_undone_because_nobody_can_be_asked() {
    let fake = Fake::start();
    fake.answer("/slo", 200, CALM);
    let project = asked_every(&fake, "100ms", "[locks]\ngive_up_after = \"1s\"");
    project.run(&["apply", "--phase", "expand"], 0);
    project.sql("INSERT INTO items (id, old) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT i, 'value ' || i FROM n;");
    // Long enough that the next answer comes while it is at work.
    project.write("migrations/2_index/expand.sql", "CREATE INDEX items_old ON items (old);\n");
    project.write("migrations/3_note/expand.sql", "ALTER TABLE items ADD COLUMN note text;\n");
    let mut running = project.start(&["apply", "--phase", "expand", "--rollback-on-breach"]);
    project.said("2_index:expand: ");
    fake.answer("/slo", 503, "");
    assert_eq!(running.wait().expect("it ends").code(), Some(75));
    let text = project.said("next: migrate apply --phase expand");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("stopped before the next statement of 3_note:expand: abort condition `slo` cannot be asked: "), "{text}");
    assert!(!text.contains("undone:") && !text.contains("is breached"), "{text}");
    assert_eq!(project.count("SELECT count(*) FROM sqlite_schema WHERE name = 'items_old'"), 1);
    assert_eq!(project.count("SELECT count(*) FROM pragma_table_info('items') WHERE name = 'note'"), 0);
    fake.answer("/slo", 200, CALM);
    project.run(&["apply", "--phase", "expand"], 0);
}

/// Chunks that began after a moment, as the events tell, and a moment more in which the answer is under way.
fn begun_behind(project: &Project, moment: jiff::Timestamp) -> usize {
    let text = std::fs::read_to_string(project.path().join("events")).expect("events are written");
    let events = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let chunks = events.filter(|event| event["event"] == "chunk-finished").map(|event| {
        let at: jiff::Timestamp = event["at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
        at - jiff::SignedDuration::from_millis(event["took_ms"].as_i64().expect("a number"))
    });
    let begun: Vec<jiff::Timestamp> = chunks.collect();
    assert!(begun.iter().any(|at| *at < moment), "no chunk ran before");
    begun.iter().filter(|at| **at > moment + jiff::SignedDuration::from_millis(50)).count()
}

/// A backfill of a second or two that has not begun.
fn backfill(fake: &Fake) -> Project {
    fake.answer("/slo", 200, CALM);
    // Longer than a chunk: between two questions there are several.
    let project = asked_every(fake, "500ms", "");
    project.write("migrations/2_note/expand.sql", "ALTER TABLE items ADD COLUMN note text;\n");
    project.write("migrations/2_note/backfill.sql", "UPDATE items SET note = old WHERE note IS NULL;\n");
    project.run(&["apply", "--phase", "expand"], 0);
    project.sql("INSERT INTO items (id, old) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT i, 'value ' || i FROM n;");
    project
}

#[test]
fn a_backfill_pauses_at_the_first_breaching_answer_and_goes_on() {
    let fake = Fake::start();
    let project = backfill(&fake);
    let left = || project.count("SELECT count(*) FROM items WHERE note IS NULL");
    let mut running = project.start(&["apply", "--phase", "backfill", "--events", "events"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while left() == 1_500_000 {
        assert!(Instant::now() < deadline, "the backfill does not begin");
    }
    fake.answer("/slo", 200, BREACH);
    let before = fake.asked().len();
    let text = project.said("paused by abort condition `slo`");
    assert!(text.contains("`/errors` is `7`, and the limit is > 5"), "{text}");
    let stood = left();
    assert!(stood > 0, "it had ended before");
    let told = fake.asked()[before].at;
    let begun = begun_behind(&project, told);
    // One at most: on a busy machine the answer is a while under way.
    assert!(begun <= 1, "{begun} chunks began after the first breaching answer");
    let asked = fake.asked().len();
    while fake.asked().len() < asked + 3 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(left(), stood, "it went on while it said that it pauses");
    fake.answer("/slo", 200, CALM);
    let calm = fake.asked().len();
    project.said("goes on; stood still for");
    assert!(fake.asked().len() >= calm + 3, "one calm answer is not enough");
    assert!(running.wait().expect("it ends").success());
    assert_eq!(left(), 0);
}

#[test]
fn a_backfill_that_a_condition_pauses_says_so_and_listens() {
    let fake = Fake::start();
    let project = backfill(&fake);
    let mut running = project.start(&["apply", "--phase", "backfill"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while project.count("SELECT count(*) FROM items WHERE note IS NULL") == 1_500_000 {
        assert!(Instant::now() < deadline, "the backfill does not begin");
    }
    fake.answer("/slo", 200, BREACH);
    project.said("paused by abort condition `slo`");
    let progress = || {
        let status = project.run(&["status"], 0);
        let phases = status["migrations"][1]["phases"].as_array().expect("phases are a list").clone();
        phases.into_iter().find(|phase| phase["phase"] == "backfill").expect("it has one")["progress"]["backfill"].clone()
    };
    while progress()["state"] != "throttled" {
        assert!(Instant::now() < deadline, "{}", progress());
    }
    let held = progress()["held"].as_str().map(str::to_owned);
    assert!(held.is_some_and(|held| held.contains("paused by abort condition `slo`: `/errors` is `7`")), "{}", progress());
    project.run(&["backfill", "pause", "2_note"], 0);
    assert_eq!(progress()["state"], "paused");
    project.run(&["backfill", "resume", "2_note"], 0);
    project.run(&["backfill", "cancel", "2_note"], 0);
    assert_eq!(running.wait().expect("it ends").code(), Some(1));
    assert!(project.count("SELECT count(*) FROM items WHERE note IS NULL") > 0);
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
    assert!(text.contains("abort condition `slo` is breached"), "{text}");
    fake.answer("/slo", 200, CALM);
    // Without being asked to it only says how.
    let mut running = project.start(&["apply", "--phase", "expand"]);
    project.said("watching for 20");
    fake.answer("/slo", 200, BREACH);
    assert_eq!(running.wait().expect("it ends").code(), Some(1));
    assert!(project.said("next: migrate rollback 2_note").contains("expand ran, and abort condition `slo` is breached"));
    assert_eq!(project.count("SELECT count(*) FROM sqlite_schema WHERE name = 'items_note'"), 1);
}

#[test]
fn each_condition_is_asked_and_watched_as_it_says_itself() {
    let fake = Fake::start();
    for path in ["/hasty", "/patient", "/seldom"] {
        fake.answer(path, 200, CALM);
    }
    let settings = format!(
        "{}watch_for = \"400ms\"\n{}watch_for = \"3s\"\n{}",
        condition(&fake, "hasty", "100ms"),
        condition(&fake, "patient", "100ms"),
        condition(&fake, "seldom", "1m"),
    );
    let asked = |path: &str| fake.asked().iter().filter(|one| one.line.contains(path)).count();
    let project = Project::on("sqlite://shop.db?mode=rwc", &settings);
    project.write("migrations/1_items/expand.sql", "CREATE TABLE items (id integer PRIMARY KEY);\n");
    let mut running = project.start(&["apply", "--phase", "expand"]);
    project.said("watching for 3");
    std::thread::sleep(Duration::from_millis(800));
    // Its time is over, that of the other is not.
    fake.answer("/hasty", 200, BREACH);
    assert!(running.wait().expect("it ends").success());
    assert!(asked("/patient") > 10 && asked("/seldom") == 1, "{} and {}", asked("/patient"), asked("/seldom"));
    fake.answer("/hasty", 200, CALM);
    project.write("migrations/2_note/expand.sql", "ALTER TABLE items ADD COLUMN note text;\n");
    let mut running = project.start(&["apply", "--phase", "expand"]);
    project.said("watching for 3");
    std::thread::sleep(Duration::from_millis(800));
    fake.answer("/patient", 200, BREACH);
    assert_eq!(running.wait().expect("it ends").code(), Some(1));
    project.said("abort condition `patient` is breached");
}
