//! Whether the lints are silent on what is safe and speak up about what is not: cases written from the catalogue of
//! hazards, not from the rules.
//!
//! ```text
//! given                                          the schema before, for the cases that follow
//!   CREATE TABLE …
//! safe <phase> [dialect=D] [version=N] | <what it is>   no warning, no error
//! risky <phase> [dialect=D] [version=N] | <what it is>  at least a notice
//!   ALTER TABLE …
//!   == contract                                  the next phase of the same migration
//! ```

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use concertina::lint::{Judge, Level, Placed, Policy, Replay};
use concertina::migration::MigrationId;
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Phase, Server, ServerVersion};
use concertina::sql::{self, Source};

const TODAY: jiff::civil::Date = jiff::civil::Date::constant(2026, 11, 21);

struct Case {
    place: String,
    title: String,
    risky: bool,
    server: Server,
    given: String,
    scripts: Vec<(Phase, String)>,
}

/// The cases of one file.
fn read(name: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut given = String::new();
    let mut in_given = false;
    for (number, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", number + 1);
        if line.starts_with('#') || (line.trim().is_empty() && !line.starts_with(' ')) {
            continue;
        }
        let body = line.strip_prefix("  ");
        match (body, cases.last_mut()) {
            (Some(sql), _) if in_given => given.push_str(&format!("{sql}\n")),
            (Some(mark), Some(case)) if mark.starts_with("== ") => case.scripts.push((phase(&mark[3..], &place), String::new())),
            (Some(sql), Some(case)) => case.scripts.last_mut().expect("a case has a script").1.push_str(&format!("{sql}\n")),
            (None, _) if line == "given" => {
                given.clear();
                in_given = true;
            }
            (None, _) => {
                in_given = false;
                let (head, title) = line.split_once(" | ").unwrap_or_else(|| panic!("{place}: a case says what it is behind ` | `"));
                let words: Vec<&str> = head.split_whitespace().collect();
                let risky = match words[0] {
                    "safe" => false,
                    "risky" => true,
                    other => panic!("{place}: a case is `safe` or `risky`, not `{other}`"),
                };
                let version = words.iter().find_map(|word| word.strip_prefix("version="));
                let named = words.iter().find_map(|word| word.strip_prefix("dialect="));
                let dialect =
                    named.map_or(Dialect::Postgres, |name| Dialect::from_name(name).unwrap_or_else(|| panic!("{place}: `{name}`")));
                let version = version.map_or(ServerVersion::oldest(dialect), |version| {
                    ServerVersion::from_str(version).unwrap_or_else(|error| panic!("{place}: {error}"))
                });
                let first = phase(words[1].split('+').next().unwrap_or_default(), &place);
                let server = Server { dialect, version };
                let scripts = vec![(first, String::new())];
                cases.push(Case { place, title: title.to_owned(), risky, server, given: given.clone(), scripts });
            }
            (Some(_), None) => panic!("{place}: SQL before the first case"),
        }
    }
    cases
}

fn phase(name: &str, place: &str) -> Phase {
    Phase::from_name(name.trim()).unwrap_or_else(|| panic!("{place}: `{name}` is no phase"))
}

/// What is said about a case: level and lint of every finding.
fn said(case: &Case) -> Vec<(Level, String)> {
    let mut replay = Replay::new(case.server, Knowledge::Known, Policy::of(TODAY));
    let read = |path: &str, text: &str| sql::read(&Source::new(path, text), case.server);
    let (before, own) = (MigrationId::new("1_given"), MigrationId::new("2_case"));
    let given = read("migrations/1_given/expand.sql", &case.given);
    assert!(given.problems.is_empty(), "{}: the given schema cannot be read: {:?}", case.place, given.problems);
    replay.script(Placed { migration: &before, phase: Phase::Expand, script: &given, allowances: &[] }, Judge::No);
    let mut said = Vec::new();
    for (phase, text) in &case.scripts {
        let script = read(&format!("migrations/2_case/{phase}.sql"), text);
        let report = replay.script(Placed { migration: &own, phase: *phase, script: &script, allowances: &[] }, Judge::Yes);
        said.extend(report.findings.iter().map(|finding| (finding.level, format!("{} {}", finding.level, finding.lint))));
    }
    said
}

#[test]
fn the_check_is_silent_on_what_is_safe_and_speaks_up_about_what_is_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judgement");
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).expect("the folder is there").map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    let (mut safe, mut risky, mut flagged, mut silent) = (0, 0, 0, 0);
    let mut wrong = String::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for case in read(&name, &std::fs::read_to_string(&file).expect("a case file is text")) {
            let said = said(&case);
            if case.risky {
                risky += 1;
                if said.is_empty() {
                    silent += 1;
                    let _ = writeln!(wrong, "silent   {} {}", case.place, case.title);
                }
            } else {
                safe += 1;
                let loud: Vec<&str> = said.iter().filter(|(level, _)| *level >= Level::Warn).map(|(_, said)| said.as_str()).collect();
                if !loud.is_empty() {
                    flagged += 1;
                    let _ = writeln!(wrong, "flagged  {} {}: {}", case.place, case.title, loud.join(", "));
                }
            }
        }
    }
    let verdict = format!("{flagged} of {safe} safe cases flagged, {silent} of {risky} risky cases silent\n{wrong}");
    assert!(safe > 100 && risky > 150, "cases are missing: {verdict}");
    assert!(wrong.is_empty(), "{verdict}");
}
