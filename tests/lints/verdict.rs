//! What the lints say about an example.

use concertina::lint::{Class, Finding, Judge, Level, Levels, Placed, Policy, Replay, rule};
use concertina::migration::{Bounds, Group, MigrationId, groups};
use concertina::schema::Phase;
use concertina::schema::table::Knowledge;
use concertina::sql::{self, Script, Source};

use crate::page::Example;

/// The day of every judgement: allowances of the pages end long before it or long after.
const TODAY: jiff::civil::Date = jiff::civil::Date::constant(2026, 11, 21);

fn read(path: &str, text: &str, example: &Example) -> Script {
    sql::read(&Source::new(path, text), example.server)
}

/// Everything that is found in the example's migration, after its given schema.
pub(crate) fn findings(example: &Example) -> Vec<Finding> {
    let policy = Policy { levels: switched_on(example), ..Policy::of(TODAY) };
    let mut replay = Replay::new(example.server, Knowledge::Known, policy);
    let given = read("migrations/1_given/expand.sql", &example.given, example);
    let placed = Placed { migration: &MigrationId::new("1_given"), phase: Phase::Expand, script: &given, allowances: &[] };
    let mut unfit = replay.script(placed, Judge::Yes).findings;
    unfit.retain(|finding| finding.level > Level::Notice && finding.lint.as_str() != example.lint());
    assert!(unfit.is_empty(), "{}: the given schema fires {unfit:?}", example.place);
    let mut found = Vec::new();
    for (number, script) in example.scripts.iter().enumerate() {
        let read = read(&format!("migrations/2_example/{}.sql", script.phase), &script.sql, example);
        let placed = Placed { migration: &MigrationId::new("2_example"), phase: script.phase, script: &read, allowances: &[] };
        let report = replay.script(placed, Judge::Yes);
        found.extend(report.findings.into_iter().map(|finding| (number, finding)));
    }
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// A lint about style is off: its own page switches it on.
fn switched_on(example: &Example) -> Levels {
    let style = rule(example.lint()).filter(|rule| rule.class == Class::Style);
    Levels::new(style.map(|rule| (rule.id.as_str(), Level::Warn))).expect("a known lint")
}

/// The lines on which lints fire, as `Example::marks` counts them. A notice expects nothing of anybody: where it is not
/// marked, it does not count.
pub(crate) fn fired(example: &Example) -> Vec<(usize, String)> {
    let number = |phase: Phase| example.scripts.iter().position(|script| script.phase == phase).unwrap_or_default();
    let marks = example.marks();
    let fired = findings(example).into_iter().map(|finding| {
        let line = finding.source.text[..finding.span.start].matches('\n').count() + 1;
        (finding.level, (number(finding.phase) * 1000 + line, finding.lint.to_string()))
    });
    let counts = |(level, place): &(Level, (usize, String))| *level > Level::Notice || marks.contains(place);
    let mut fired: Vec<(usize, String)> = fired.filter(counts).map(|(_, place)| place).collect();
    fired.sort();
    fired
}

/// The files that each finding says to write instead, as an example of their own: they take the place of the transaction
/// in which the finding stands, behind everything that ran before it.
pub(crate) fn cures(example: &Example) -> Vec<(String, Example)> {
    let findings = findings(example).into_iter().filter(|finding| !finding.cure.is_empty());
    findings
        .map(|finding| {
            let phase_of = |path: &str| Phase::ALL.into_iter().find(|phase| path.ends_with(&format!("/{phase}.sql")));
            let at = example.scripts.iter().position(|script| script.phase == finding.phase).expect("a finding stands in a script");
            let mut scripts: Vec<(Phase, String)> = example.scripts[..at].iter().map(|script| (script.phase, script.sql.clone())).collect();
            scripts.push((finding.phase, before_transaction(example, &finding)));
            for file in &finding.cure {
                let phase = phase_of(&file.path).expect("a cure is a phase's file");
                match scripts.iter_mut().find(|(known, _)| *known == phase) {
                    Some((_, sql)) => sql.push_str(&file.sql),
                    None => scripts.push((phase, file.sql.clone())),
                }
            }
            scripts.sort_by_key(|(phase, _)| *phase);
            scripts.retain(|(_, sql)| !sql.is_empty());
            let place = format!("{}, cure of {}", example.place, finding.lint);
            (finding.lint.to_string(), example.with_scripts(place, scripts))
        })
        .collect()
}

/// The part of a script that runs before the transaction of a finding.
fn before_transaction(example: &Example, finding: &Finding) -> String {
    let script = sql::read(&finding.source, example.server);
    let holds = |group: &Group| {
        group
            .statements(&script)
            .iter()
            .any(|statement| statement.span.start <= finding.span.start && finding.span.end <= statement.span.end)
    };
    let first = groups(&script).groups.iter().find(|group| holds(group)).map_or(0, |group| match group.bounds {
        Bounds::Lone => group.body.start,
        Bounds::Explicit => group.body.start - 1,
    });
    let Some(last) = first.checked_sub(1) else { return String::new() };
    format!("{};\n", &script.source.text[..script.statements[last].span.end])
}
