//! JSON pointers and programs, end to end: held, opened, overridden, and the evidence kept.

use crate::fake::Fake;
use crate::project::Project;

fn http(fake: &Fake, more: &str) -> String {
    format!("[[contract.gate]]\nkind = \"http\"\nname = \"ready\"\nurl = \"{}/state\"\npointer = \"/checks/0/ok\"\n{more}\n", fake.url())
}

#[test]
fn a_value_holds_the_contract_until_it_is_as_wanted() {
    let fake = Fake::start();
    let project = Project::held_by(&http(&fake, "equals = true"));
    project.expect("ready", "unknown", "answered 404: nothing here");
    fake.answer("/state", 200, r#"{"checks":[{"ok":false}]}"#);
    project.expect("ready", "closed", "`/checks/0/ok` is `false`; wanted is `true`");
    let held = project.run(&["apply", "--phase", "contract"], 5);
    assert_eq!(held["outcome"], "held");
    for body in ["{}", "no json", r#"{"checks":[{"ok":null}]}"#, r#"{"checks":[{"ok":[true]}]}"#] {
        fake.answer("/state", 200, body);
        assert_eq!(project.gate("ready").0, "unknown", "{body}");
    }
    fake.answer("/state", 200, r#"{"checks":[{"ok":true}]}"#);
    let applied = project.run(&["apply", "--phase", "contract"], 0);
    assert_eq!(applied["outcome"], "applied");
}

#[test]
fn redirects_are_not_followed() {
    let fake = Fake::start();
    let project = Project::held_by(&http(&fake, "equals = true"));
    fake.answer_with("/state", 302, &[("Location", "http://elsewhere.invalid/x?token=abc")], "");
    let (state, reason) = project.gate("ready");
    assert_eq!(state, "unknown");
    assert!(reason.contains("sends elsewhere (to http://elsewhere.invalid/x)") && !reason.contains("abc"), "{reason}");
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    // Bound and never accepted: the connection opens and nothing comes.
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("it is bound"));
    let gate = format!("[[contract.gate]]\nkind = \"http\"\nurl = \"{url}\"\npointer = \"/a\"\nequals = 1\ntimeout = \"300ms\"\n");
    let project = Project::held_by(&gate);
    let began = std::time::Instant::now();
    project.expect("http", "unknown", "cannot ask");
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn an_override_names_the_gate_and_is_kept() {
    let fake = Fake::start();
    fake.answer("/state", 200, r#"{"checks":[{"ok":7}]}"#);
    let project = Project::held_by(&http(&fake, "open_when = \"< 5\""));
    project.expect("ready", "closed", "`/checks/0/ok` is `7`; wanted is < 5");
    let (_, err, code) = project.raw(&["apply", "--phase", "contract", "--override-gate", "redy", "--reason", "x"]);
    assert_eq!(code, 2);
    assert!(err.contains("did you mean `ready`?"), "{err}");
    project.run(&["apply", "--phase", "contract", "--override-gate", "ready", "--reason", "told by phone"], 0);
}

#[test]
fn programs_run_where_the_project_is_and_not_for_a_plan() {
    let project = Project::held_by("[[contract.gate]]\nkind = \"command\"\nrun = [\"./check\", \"strict\"]\n");
    project.write("check", "#!/bin/sh\necho \"$1 $MIGRATE_MIGRATION\"; [ -e open ]\n");
    let allow = std::process::Command::new("chmod").arg("+x").arg(project.path().join("check")).status();
    assert!(allow.is_ok_and(|status| status.success()));
    project.expect("command", "closed", "`./check strict` does not agree: strict 2_drop");
    project.write("open", "");
    let planned = project.run(&["plan"], 0);
    let gate = planned["gates"].as_array().and_then(|gates| gates.iter().find(|gate| gate["name"] == "command")).expect("it is told");
    assert_eq!(gate["state"], "unknown");
    project.run(&["apply", "--phase", "contract"], 0);
}
