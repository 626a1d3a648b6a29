//! The pages in lints/ are tests: their examples are judged, and what they recommend is executed on real databases.
//!
//! See `lints/page.rs` for the form of an example.

#[path = "lints/allowances.rs"]
mod allowances;
#[path = "lints/blocks.rs"]
mod blocks;
#[path = "lints/cost.rs"]
mod cost;
#[path = "lints/execute.rs"]
mod execute;
#[path = "lints/objects.rs"]
mod objects;
#[path = "lints/page.rs"]
mod page;
#[path = "lints/settings.rs"]
mod settings;
mod support;
#[path = "lints/verdict.rs"]
mod verdict;

use std::collections::BTreeSet;
use std::path::Path;

use concertina::lint::{ALL, Class, Level, Rule};
use concertina::schema::{Dialect, Phase};
use page::{Example, Page, Verdict};

/// The page of every rule.
fn pages() -> Vec<(&'static Rule, Page)> {
    ALL.iter().map(|rule| (*rule, Page::read(rule.id.as_str(), rule.doc))).collect()
}

fn examples() -> Vec<Example> {
    pages().into_iter().flat_map(|(_, page)| page.examples).collect()
}

/// The stems of the files with this ending in a folder of the repository.
fn stems(folder: &str, ending: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let names = entries.map(|entry| entry.expect("a folder can be listed").file_name().into_string().expect("file names are text"));
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let ids: BTreeSet<String> = ALL.iter().map(|rule| rule.id.to_string()).collect();
    assert_eq!(stems("lints", ".md"), ids, "the folder lints/ and rules::ALL differ");
    let modules: BTreeSet<String> = stems("src/lint/rules", ".rs").into_iter().map(|stem| stem.replace('_', "-")).collect();
    assert_eq!(modules, ids, "the folder src/lint/rules/ and rules::ALL differ");
    for rule in ALL {
        assert_eq!(rule.title(), rule.id.as_str(), "the title of lints/{}.md is another lint's", rule.id);
    }
}

#[test]
fn every_page_says_why_and_what_to_do() {
    for rule in ALL {
        let summary = rule.summary();
        assert!(!summary.is_empty() && !summary.starts_with('#') && summary.ends_with('.'), "{}: no summary: {summary:?}", rule.id);
        for heading in ["## Why", "## Do instead", "## Examples"] {
            let section = rule.doc.split_once(heading).unwrap_or_else(|| panic!("{}: no section {heading}", rule.id)).1;
            assert!(section.trim_start().lines().next().is_some_and(|line| !line.starts_with('#')), "{}: {heading} is empty", rule.id);
        }
    }
}

#[test]
fn every_database_of_a_rule_has_a_bad_and_a_good_example() {
    for (rule, page) in pages() {
        for dialect in rule.dialects {
            for verdict in [Verdict::Bad, Verdict::Good] {
                // Faults that no script shows by itself are tried where plans are made.
                if verdict == Verdict::Bad && rule.is_planned() {
                    continue;
                }
                let has = page.examples.iter().any(|example| example.server.dialect == *dialect && example.verdict == verdict);
                assert!(has, "lints/{}.md has no {verdict:?} example for {dialect}", rule.id);
            }
        }
        for example in &page.examples {
            let claimed = rule.dialects.contains(&example.server.dialect);
            assert!(claimed, "{}: an example for {}, which the rule does not claim", example.place, example.server.dialect);
        }
    }
}

#[test]
fn bad_examples_fire_on_their_marked_lines_and_nowhere_else() {
    let mut wrong = Vec::new();
    for example in examples() {
        let expected: Vec<(usize, String)> = example.marks();
        let found = verdict::fired(&example);
        if expected != found {
            wrong.push(format!("{}: expected {expected:?}\n  found {found:?}", example.place));
        }
    }
    assert!(wrong.is_empty(), "{} examples:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_bad_example_marks_its_own_lint_and_a_good_one_marks_nothing() {
    for (rule, page) in pages() {
        for example in &page.examples {
            let marks = example.marks();
            match example.verdict {
                Verdict::Bad => assert!(marks.iter().any(|(_, id)| id == rule.id.as_str()), "{}: {} is not marked", example.place, rule.id),
                Verdict::Good => assert!(marks.is_empty(), "{}: a good example has marks", example.place),
            }
        }
    }
}

#[test]
fn messages_and_helps_keep_to_the_house_style() {
    for example in examples() {
        for finding in verdict::findings(&example) {
            let (message, help) = (&finding.message, &finding.help);
            let starts_with_a_sentence = message.chars().next().is_some_and(char::is_uppercase) && !starts_with_sql(message);
            assert!(!starts_with_a_sentence, "{}: {message:?} begins with a capital", finding.lint);
            assert!(!message.ends_with('.') && !message.contains('\n'), "{}: {message:?} ends with a period or has lines", finding.lint);
            let ends_with_sql = help.ends_with('`') || help.ends_with(';') || help.ends_with(')');
            let holds_sql = help.contains('`') || help.contains(';');
            assert!(ends_with_sql || holds_sql, "{}: {help:?} tells no command and no SQL", finding.lint);
            assert!(!help.ends_with('.'), "{}: {help:?} ends with a period", finding.lint);
            assert!(!finding.cure.iter().any(|file| file.sql.contains("<type>")), "{}: {:?} has a gap", finding.lint, finding.cure);
        }
    }
}

#[test]
fn the_list_of_lints_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lints.md");
    let mut list = String::from(
        "# Lints\n\nEach has a page: `migrate explain <lint>`, or the file in [lints/](../lints). A level of `-` says that the phase is the right one for \
         the statement;\n`off`, that `[lint] style` of migrate.toml switches it on.\nThis file is written by `UPDATE_DOCS=1 cargo test --test lints`.\n\n| lint | expand | backfill | contract | databases | what it finds |\n|---|---|---|---|---|---|\n",
    );
    for rule in ALL {
        let level = |phase| match rule.levels.of(phase) {
            Level::Allow if rule.class == Class::Style => "off".to_owned(),
            Level::Allow => "-".to_owned(),
            level => level.to_string(),
        };
        let [expand, backfill, contract] = Phase::ALL.map(level);
        let databases: Vec<&str> = rule.dialects.iter().map(|dialect| dialect.as_str()).collect();
        let summary = rule.summary().replace('\n', " ");
        list.push_str(&format!(
            "| [{id}](../lints/{id}.md) | {expand} | {backfill} | {contract} | {} | {summary} |\n",
            databases.join(", "),
            id = rule.id
        ));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &list).expect("docs/lints.md can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == list, "docs/lints.md is out of date: UPDATE_DOCS=1 cargo test --test lints");
}

/// Whether a text begins with an SQL keyword, which is written in capitals.
fn starts_with_sql(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).next().is_some_and(|word| word.len() > 1 && word.chars().all(char::is_uppercase))
}

#[test]
fn the_files_that_a_finding_prints_are_silent_themselves() {
    let mut wrong = Vec::new();
    for example in examples() {
        for (lint, cure) in verdict::cures(&example) {
            let found = verdict::fired(&cure);
            if !found.is_empty() {
                wrong.push(format!("{}: the cure of {lint} fires {found:?}:\n{}", cure.place, cure.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cures:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn good_examples_and_cures_run_on_sqlite() {
    execute::all(&good_and_cures(Dialect::Sqlite), execute::on_sqlite);
}

#[test]
fn good_examples_and_cures_run_on_postgres() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let newest = |example: &Example| example.server.version.major <= major;
        let examples: Vec<Example> = good_and_cures(Dialect::Postgres).into_iter().filter(newest).collect();
        let database = cluster.database();
        execute::all(&examples, |example| execute::on_postgres(&database, example));
    }
}

#[test]
fn good_examples_and_cures_run_on_mariadb() {
    let Some(server) = support::mariadb() else { return };
    let oldest = concertina::schema::ServerVersion::oldest(Dialect::Mysql);
    // An example that names a release of MySQL shows what MariaDB has not.
    let shared = |example: &Example| example.server.version == oldest || example.server.version.is_mariadb();
    let examples: Vec<Example> = good_and_cures(Dialect::Mysql).into_iter().filter(shared).collect();
    let database = server.database();
    execute::all(&examples, |example| execute::on_mariadb(&database, example));
}

#[test]
fn what_a_page_says_to_fail_fails_on_postgres() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let failing = |example: &Example| example.fails && example.server.dialect == Dialect::Postgres;
        for example in examples().into_iter().filter(failing) {
            let given = example.with_scripts(example.place.clone(), Vec::new());
            assert_eq!(execute::on_postgres(&database, &given), Ok(()), "{}: the given schema", example.place);
            assert!(execute::on_postgres(&database, &example).is_err(), "{}: {major} takes it", example.place);
        }
    }
}

/// Everything that this house recommends for a database.
fn good_and_cures(dialect: Dialect) -> Vec<Example> {
    let of_dialect = examples().into_iter().filter(|example| example.server.dialect == dialect);
    let (good, bad): (Vec<Example>, Vec<Example>) = of_dialect.partition(|example| example.verdict == Verdict::Good);
    let cures = bad.iter().flat_map(verdict::cures).map(|(_, cure)| cure);
    good.into_iter().chain(cures).collect()
}
