//! A real Prometheus: one number or nothing, windows without gaps, and releases compared.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::fake::Fake;
use crate::project::Project;
use crate::support::{Prometheus, prometheus};

fn gate(server: &Prometheus, more: &str) -> String {
    format!("[[contract.gate]]\nkind = \"prometheus\"\nname = \"reads\"\nurl = \"{}\"\n{more}\n", server.url())
}

/// Waits for a gate to come into a state: Prometheus scrapes once a second.
fn wait(project: &Project, state: &str, words: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (found, reason) = project.gate("reads");
        if found == state && (reason.contains(words) || state == "open") {
            return;
        }
        assert!(Instant::now() < deadline, "{found}: {reason}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn a_number_holds_and_opens_the_contract() {
    let exporter = Fake::start();
    exporter.answer("/metrics", 200, "legacy_reads{pod=\"a\"} 3\nlegacy_reads{pod=\"b\"} 0\n");
    let Some(server) = prometheus(Some(&exporter.address()), "") else { return };
    let project = Project::held_by(&gate(&server, "query = \"sum(legacy_reads)\"\nopen_when = \"== 0\"\nliveness = \"sum(up)\""));
    wait(&project, "closed", "`sum(legacy_reads)` is 3; wanted is == 0");
    let held = project.run(&["apply", "--phase", "contract"], 5);
    assert_eq!(held["outcome"], "held");
    // What cannot be scraped any more is not zero.
    exporter.answer("/metrics", 500, "");
    wait(&project, "unknown", "the sign of life `sum(up)` is 0");
    exporter.answer("/metrics", 200, "legacy_reads{pod=\"a\"} 0\nlegacy_reads{pod=\"b\"} 0\n");
    wait(&project, "open", "");
    project.run(&["apply", "--phase", "contract"], 0);
}

/// A gauge with one sample each 30 seconds of the last hour.
fn gauge(name: &str, value: impl Fn(i64) -> Option<f64>) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut text = format!("# TYPE {name} gauge\n");
    for back in (0..=120).rev() {
        if let Some(value) = value(back * 30) {
            let _ = writeln!(text, "{name} {value} {}", now - back * 30);
        }
    }
    text
}

#[test]
fn whatever_is_not_one_number_is_unknown() {
    let history = format!("{}# EOF\n", gauge("steady", |_| Some(1.0)));
    let Some(server) = prometheus(None, &history) else { return };
    for (query, state, words) in [
        ("steady", "open", ""),
        ("steady + 1", "closed", "is 2; wanted is < 2"),
        ("no_such_metric", "unknown", "there is no data"),
        ("(steady - 1) / (steady - 1)", "unknown", "nothing to count"),
        ("label_replace(steady, \\\"a\\\", \\\"b\\\", \\\"\\\", \\\"\\\") or steady", "unknown", "2 series"),
        ("steady[5m]", "unknown", "matrix"),
        ("sum(", "unknown", "Prometheus refused"),
    ] {
        let project = Project::held_by(&gate(&server, &format!("query = \"{query}\"\nopen_when = \"< 2\"")));
        project.expect("reads", state, words);
    }
    // An address that is not Prometheus.
    let other = Fake::start();
    other.answer("/api/v1/query", 200, "<html>");
    let wrong = format!(
        "[[contract.gate]]\nkind = \"prometheus\"\nname = \"reads\"\nurl = \"{}\"\nquery = \"a\"\nopen_when = \"< 2\"\n",
        other.url()
    );
    Project::held_by(&wrong).expect("reads", "unknown", "did not answer as Prometheus does");
}

#[test]
fn a_window_wants_it_all_the_time_and_without_a_gap() {
    let spike = |back: i64| Some(if back == 600 { 5.0 } else { 0.0 });
    let gap = |back: i64| (!(300..=1200).contains(&back)).then_some(0.0);
    let history = format!("{}{}{}# EOF\n", gauge("calm", |_| Some(0.0)), gauge("spiky", spike), gauge("holey", gap));
    let Some(server) = prometheus(None, &history) else { return };
    for (query, limit, state, words) in [
        ("calm", "== 0", "open", ""),
        ("calm", ">= 0", "open", ""),
        ("spiky", "== 0", "closed", "`spiky` is 5 within 30m"),
        ("spiky", "< 1", "closed", "is 5 within 30m"),
        ("holey", "== 0", "unknown", "of the window alone"),
    ] {
        let more = format!("query = \"{query}\"\nopen_when = \"{limit}\"\nwindow = \"30m\"\nstep = \"30s\"");
        Project::held_by(&gate(&server, &more)).expect("reads", state, words);
    }
}

/// A counter that grows by this much each 30 seconds.
fn counter(name: &str, labels: &str, until: i64, step: impl Fn(i64) -> f64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let (mut text, mut value) = (String::new(), 0.0);
    for back in (until / 30..=240).rev() {
        value += step(back * 30);
        let _ = writeln!(text, "{name}{labels} {value} {}", now - back * 30);
    }
    text
}

/// A project whose release 1 was replaced by release 2 an hour ago, as its ledger says.
fn replaced(gates: &str) -> Project {
    let project = Project::held_by(gates);
    project.run(&["mark", "started", "api@2"], 0);
    project.run(&["mark", "deployed", "api@2"], 0);
    let set = |kind: &str, version: i32, back: i64| {
        format!(
            "UPDATE concertina_marker SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{back} seconds') WHERE kind = '{kind}' AND version = '{version}';"
        )
    };
    project.sql(&[set("deployed", 1, 7000), set("started", 2, 3600), set("deployed", 2, 3540)].concat());
    project
}

#[test]
fn releases_are_compared_in_their_own_time() {
    // Release 2 fails twice as often as release 1 did, and is three times as slow.
    let requests = counter("requests_total", "", 0, |_| 100.0);
    let errors = counter("errors_total", "", 0, |back| if back > 3600 { 1.0 } else { 2.0 });
    let bucket = |le: &str, before: f64, now: f64| {
        counter("seconds_bucket", &format!("{{le=\"{le}\"}}"), 0, move |back| if back > 3600 { before } else { now })
    };
    let buckets = [bucket("0.1", 100.0, 0.0), bucket("0.3", 100.0, 100.0), bucket("+Inf", 100.0, 100.0)].concat();
    let history = format!("# TYPE requests counter\n{requests}# TYPE errors counter\n{errors}# TYPE seconds histogram\n{buckets}# EOF\n");
    let Some(server) = prometheus(None, &history) else { return };
    let rate = |more: &str| {
        format!(
            "[[contract.gate]]\nkind = \"error-rate\"\nname = \"reads\"\nurl = \"{}\"\nservice = \"api\"\nwindow = \"30m\"\n{more}\n",
            server.url()
        )
    };
    let requests = "requests = \"requests_total\"\nerrors = \"errors_total\"";
    replaced(&rate(requests)).expect("reads", "closed", "api@2 fails 2.0");
    replaced(&rate(&format!("{requests}\nmax_increase = 0.02"))).expect("reads", "open", "");
    replaced(&rate(&format!("{requests}\nmin_requests = 100000"))).expect("reads", "unknown", "nothing can be said");
    replaced(&rate("requests = \"requests_total\"\nerrors = \"nowhere_total\"")).expect(
        "reads",
        "unknown",
        "there is no data for `count(nowhere_total)`",
    );
    Project::held_by(&rate(requests)).expect("reads", "unknown", "nothing to compare with");

    let slow = |more: &str| {
        format!(
            "[[contract.gate]]\nkind = \"latency\"\nname = \"reads\"\nurl = \"{}\"\nservice = \"api\"\nwindow = \"30m\"\nhistogram = \"seconds_bucket\"\n{more}\n",
            server.url()
        )
    };
    replaced(&slow("")).expect("reads", "closed", "more than 1.2 times as long");
    replaced(&slow("max_ratio = 4")).expect("reads", "open", "");
}
