//! SIGTERM stops at a safe point with 75, the next run goes on there, and a log without a terminal shows that it lives.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{folder, migrate};

/// Enough for a backfill that is still at work when the signal comes.
const ROWS: usize = 200_000;

#[test]
fn a_backfill_stops_at_a_batch_and_goes_on_there() {
    let scratch = folder(&[
        ("migrate.toml", "dialect = \"sqlite\"\n[database]\nurl = \"sqlite://a.db\"\n[backfill]\nchunk_target = \"50ms\"\n"),
        (
            "migrations/1_a/expand.sql",
            &format!(
                "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, done INTEGER);\nINSERT INTO a (n) WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {ROWS}) SELECT x FROM c;\n"
            ),
        ),
        ("migrations/2_b/backfill.sql", "UPDATE a SET done = 1 WHERE done IS NULL;\n"),
    ]);
    assert_eq!(migrate(scratch.path(), &["apply", "--phase", "expand", "-q"]).code, 0);
    let began = Instant::now();
    let (code, document) = interrupted(&scratch);
    assert_eq!(code, 75, "{document}");
    assert_eq!(document["outcome"], "interrupted", "{document}");
    let ran = migrate(scratch.path(), &["apply", "--phase", "backfill", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(ran.json()["outcome"], "applied");
    let status = migrate(scratch.path(), &["status", "--format", "json"]).json();
    assert_eq!(status["migrations"][1]["phases"][0]["state"], "done", "{status}");
    // Whatever was done before the signal is not done again: both runs together walk the table once.
    let walked = ran.json()["migrations"][0]["phases"][0]["progress"]["rows"]["walked"].as_u64();
    assert_eq!(walked, Some(ROWS as u64), "the rows of the earlier run count as well");
    if began.elapsed() > Duration::from_secs(12) {
        assert!(ran.err.contains("rows/s"), "no line told the rate: {}", ran.err);
    }
}

/// Starts the backfill, sends SIGTERM once it is at work, and gives its end.
fn interrupted(scratch: &tempfile::TempDir) -> (i32, serde_json::Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_migrate"))
        .args(["apply", "--phase", "backfill", "--format", "json"])
        .current_dir(scratch.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command was built");
    let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("backfill.sql:1") {
        line.clear();
        assert_ne!(log.read_line(&mut line).expect("the log can be read"), 0, "it ended before it began");
    }
    // Some batches later.
    std::thread::sleep(Duration::from_millis(100));
    let signalled = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("there is kill");
    assert!(signalled.success());
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("the log can be read");
    let mut out = String::new();
    child.stdout.take().expect("it is piped").read_to_string(&mut out).expect("the result can be read");
    let code = child.wait().expect("it is ours").code().unwrap_or(-1);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("no JSON document ({error}): {out}{rest}")))
}
