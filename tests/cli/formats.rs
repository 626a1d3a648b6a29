//! Every format of the projects in tests/formats, as files in tests/formats/expected; `UPDATE_DOCS=1` rewrites them. One
//! project is judged without a database and has findings of each level, the other has a contract that its gate holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Ran, copy, folder, migrate, migrate_with, root};

const FORMATS: [(&str, &str); 8] = [
    ("text", "txt"),
    ("json", "json"),
    ("sarif", "sarif"),
    ("github", "log"),
    ("gitlab", "gitlab.json"),
    ("rdjson", "rdjson"),
    ("junit", "xml"),
    ("markdown", "md"),
];

/// A scratch copy of one of the projects.
pub(crate) fn project(name: &str) -> tempfile::TempDir {
    let scratch = folder(&[]);
    copy(&root().join("tests/formats").join(name), scratch.path());
    scratch
}

/// The project whose expand and backfill ran.
fn held() -> tempfile::TempDir {
    let shop = project("sqlite");
    for phase in ["expand", "backfill"] {
        let ran = migrate(shop.path(), &["apply", "--phase", phase, "--to", "2_full_name"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    shop
}

fn compare(name: &str, printed: &str, wrong: &mut Vec<String>) {
    let path = root().join("tests/formats/expected").join(name);
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == printed {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("the folder can be made");
        fs::write(&path, printed).expect("the file can be written");
        return;
    }
    let difference = similar::TextDiff::from_lines(expected.as_str(), printed);
    wrong.push(format!("{}", difference.unified_diff().context_radius(2).header(name, "printed")));
}

#[test]
fn every_format_is_as_expected() {
    let mut wrong = Vec::new();
    let (offline, held) = (project("postgres"), held());
    for (format, ending) in FORMATS {
        let ran = migrate(offline.path(), &["plan", "--format", format]);
        assert_eq!((ran.code, ran.err.as_str()), (3, ""), "{format}");
        let printed = if format == "sarif" { without_pages(&ran.out) } else { ran.out };
        compare(&format!("offline.{ending}"), &printed, &mut wrong);
        let ran = migrate(held.path(), &["plan", "--format", format]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{format}");
        compare(&format!("held.{ending}"), &ran.out, &mut wrong);
    }
    assert!(wrong.is_empty(), "UPDATE_DOCS=1 rewrites them:\n{}", wrong.join("\n"));
}

/// The document without the pages of the lints, which change for reasons of their own.
fn without_pages(sarif: &str) -> String {
    let mut document: Value = serde_json::from_str(sarif).expect("a JSON document");
    for rule in document["runs"][0]["tool"]["driver"]["rules"].as_array_mut().expect("there are rules") {
        assert_eq!(rule["help"]["text"], rule["help"]["markdown"]);
        assert!(rule["help"]["markdown"].as_str().is_some_and(|page| page.contains("## Why")));
        rule["help"] = "the page".into();
    }
    format!("{document:#}\n")
}

fn value(folder: &Path, arguments: &[&str]) -> Value {
    migrate(folder, arguments).json()
}

#[test]
fn the_json_of_both_projects_keeps_to_the_schema() {
    let schema = super::contract::Schema::read();
    let offline = schema.run(project("postgres").path(), &["plan"]).1;
    assert!(
        offline["allowed"][0]["reason"].is_string()
            && offline["findings"].as_array().is_some_and(|all| all.iter().any(|one| one["replacement"].is_object())),
        "{offline}"
    );
    let held = schema.run(held().path(), &["plan"]).1;
    assert!(
        held["plan_digest"].is_string() && held["gates"].as_array().is_some_and(|gates| gates.iter().any(|gate| gate["state"] == "closed")),
        "{held}"
    );
    let fixed = schema.run(project("postgres").path(), &["fix", "3_faults"]).1;
    assert!(fixed["changes"].is_array(), "{fixed}");
}

#[test]
fn sarif_results_name_rules_that_are_there() {
    let shop = project("postgres");
    let sarif = value(shop.path(), &["plan", "--format", "sarif"]);
    let run = &sarif["runs"][0];
    for result in run["results"].as_array().expect("there are results") {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let is_allowed = result["suppressions"].is_array();
        assert_eq!(is_allowed, result["locations"][0]["physicalLocation"]["region"]["startLine"] == 11, "{result}");
    }
    assert_eq!(run["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]["startColumn"], 9);
}

#[test]
fn other_commands_refuse_the_formats_of_the_check() {
    let scratch = folder(&[]);
    let ran = migrate(scratch.path(), &["status", "--format", "sarif"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    let told = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("`--format sarif` goes with lint") && told.contains("migrate plan"), "{}", ran.err);
}

#[test]
fn fingerprints_survive_moved_lines_and_are_one_findings_alone() {
    let sql = "ALTER TABLE users DROP COLUMN nick;\nALTER TABLE users DROP COLUMN fax;\nALTER TABLE users DROP COLUMN nick;\n";
    let scratch = folder(&[("a.sql", sql)]);
    let prints = |format: &str, pointer: &str| -> Vec<String> {
        let document = value(scratch.path(), &["lint", "a.sql", "--format", format]);
        let list = if pointer.is_empty() { &document } else { document.pointer(pointer).expect("there are findings") };
        let list = list.as_array().expect("a list").iter();
        list.map(|one| match format {
            "sarif" => one["partialFingerprints"]["concertina/v1"].to_string(),
            _ => one["fingerprint"].to_string(),
        })
        .collect()
    };
    for (format, pointer) in [("sarif", "/runs/0/results"), ("gitlab", ""), ("json", "/findings")] {
        fs::write(scratch.path().join("a.sql"), sql).expect("the folder is ours");
        let before = prints(format, pointer);
        assert!(before.len() >= 3, "{before:?}");
        assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len(), "{format}: {before:?}");
        let moved = format!("-- why\n\n\n{}", sql.replace(" DROP", "\n  -- because\n  drop"));
        fs::write(scratch.path().join("a.sql"), moved).expect("the folder is ours");
        assert_eq!(prints(format, pointer), before, "{format}");
    }
}

#[test]
fn columns_count_what_each_format_counts() {
    // é has two bytes, the clef four and two units of UTF-16.
    let scratch = folder(&[("a.sql", "/* é\u{1d11e} */ DROP TABLE users;\n")]);
    let rdjson = value(scratch.path(), &["lint", "a.sql", "--format", "rdjson"]);
    let range = &rdjson["diagnostics"][0]["location"]["range"];
    assert_eq!((&range["start"]["column"], &range["end"]["column"]), (&Value::from(25), &Value::from(30)));
    let sarif = value(scratch.path(), &["lint", "a.sql", "--format", "sarif"]);
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startColumn"], &region["endColumn"]), (&Value::from(21), &Value::from(26)));
    assert_eq!(sarif["runs"][0]["columnKind"], "unicodeCodePoints");
}

#[test]
fn a_fix_replaces_the_statement_and_nothing_else() {
    let shop = project("postgres");
    let file = "migrations/3_faults/expand.sql";
    let text = fs::read_to_string(shop.path().join(file)).expect("it is there");
    let rdjson = value(shop.path(), &["plan", "--format", "rdjson"]);
    let suggestion = &rdjson["diagnostics"][0]["suggestions"][0];
    let line = suggestion["range"]["start"]["line"].as_u64().expect("a line") as usize;
    let column = |end: &str| suggestion["range"][end]["column"].as_u64().expect("a column") as usize - 1;
    let old = text.lines().nth(line - 1).expect("the line is there");
    let new = format!("{}{}{}", &old[..column("start")], suggestion["text"].as_str().expect("a text"), &old[column("end")..]);
    assert_eq!(new, "/* é */ CREATE INDEX CONCURRENTLY users_nick ON users (nick);");
    // In a transaction of several statements, the cure would need another place.
    let grouped =
        text.replace("/* é */ CREATE INDEX users_nick ON users (nick);", "BEGIN; CREATE INDEX users_nick ON users (nick); COMMIT;");
    fs::write(shop.path().join(file), grouped).expect("the folder is ours");
    let findings = value(shop.path(), &["plan", "--format", "json"])["findings"].clone();
    assert!(findings.as_array().is_some_and(|findings| findings.iter().all(|finding| finding["replacement"].is_null())), "{findings}");
}

#[test]
fn paths_are_told_from_the_root_of_the_repository() {
    let scratch = folder(&[(".git/HEAD", "ref: refs/heads/main\n")]);
    let shop = scratch.path().join("deploy/shop db");
    copy(&root().join("tests/formats/postgres"), &shop);
    let gitlab = value(&shop, &["plan", "--format", "gitlab"]);
    assert_eq!(gitlab[0]["location"]["path"], "deploy/shop db/migrations/3_faults/expand.sql");
    let sarif = value(scratch.path(), &["plan", "--project", "deploy/shop db", "--format", "sarif"]);
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "deploy/shop%20db/migrations/3_faults/expand.sql");
    assert_eq!(location["uriBaseId"], "%SRCROOT%");
    let rdjson = value(&shop, &["lint", "migrations/3_faults/expand.sql", "--format", "rdjson"]);
    assert_eq!(rdjson["diagnostics"][0]["location"]["path"], "deploy/shop db/migrations/3_faults/expand.sql");
    let github = migrate(&shop, &["plan", "--format", "github"]).out;
    assert!(github.starts_with("::error file=deploy/shop db/migrations/3_faults/expand.sql,line=2"), "{github}");
    let markdown = migrate(&shop, &["plan", "--format", "markdown"]).out;
    assert!(markdown.starts_with("<!-- concertina:plan:deploy/shop db -->\n"), "{markdown}");
    // A failure carries the same mark, so that it takes the place of the comment before.
    let failed = migrate(scratch.path(), &["plan", "--project", "deploy/shop db", "--base", "no-such", "--format", "markdown"]);
    assert!(failed.code == 2 && failed.out.starts_with("<!-- concertina:plan:deploy/shop db -->\n"), "{}{}", failed.out, failed.err);
}

#[test]
fn a_failure_is_told_in_every_format_and_on_standard_error() {
    let scratch = folder(&[("migrate.toml", "dialect = \"postgres\"\nservises = []\n"), ("migrations/.keep", "")]);
    for (format, _) in FORMATS {
        let ran = migrate(scratch.path(), &["plan", "--format", format]);
        assert_eq!(ran.code, 2, "{format}");
        let told = if format == "json" { &ran.out } else { &ran.err };
        assert!(told.contains("services"), "{format}: {}{}", ran.out, ran.err);
    }
    let sarif = value(scratch.path(), &["plan", "--format", "sarif"]);
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert!(migrate(scratch.path(), &["plan", "--format", "github"]).out.starts_with("::error title=migrate plan::"));
}

/// Runs as a step of GitHub Actions would; the files that GitHub names lie in the folder.
fn in_actions(shop: &Path, arguments: &[&str]) -> (Ran, String, String) {
    let file = |name: &str| -> PathBuf { shop.join(name) };
    let (summary, output) = (file("summary.md"), file("output.txt"));
    for file in [&summary, &output] {
        let _ = fs::remove_file(file);
    }
    let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", text(&summary)), ("GITHUB_OUTPUT", text(&output))];
    let ran = migrate_with(shop, arguments, &variables);
    (ran, fs::read_to_string(&summary).unwrap_or_default(), fs::read_to_string(&output).unwrap_or_default())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("scratch folders have plain names")
}

#[test]
fn github_actions_gets_annotations_summary_and_outputs_by_itself() {
    let shop = project("postgres");
    let (ran, summary, output) = in_actions(shop.path(), &["plan"]);
    assert!(ran.out.contains("refused: 2 errors") && ran.out.contains("\n::error file=migrations/3_faults/expand.sql"), "{}", ran.out);
    assert!(summary.starts_with("<!-- concertina:plan:. -->"), "{summary}");
    assert!(output.starts_with("has-findings=true\nheld=false\ndigest="), "{output}");
    // A format that was asked for is all that is printed; the outputs are no print.
    let (ran, summary, output) = in_actions(shop.path(), &["plan", "--format", "json"]);
    ran.json();
    assert!(summary.is_empty() && output.starts_with("has-findings=true"), "{summary}{output}");
    let (ran, summary, _) = in_actions(shop.path(), &["plan", "--format", "github"]);
    assert!(ran.out.starts_with("::error") && !summary.is_empty());
    // Commands that judge nothing say nothing to GitHub.
    let (ran, summary, output) = in_actions(shop.path(), &["explain", "drop-column"]);
    assert_eq!((ran.out.contains("::"), summary.as_str(), output.as_str()), (false, "", ""));
    let (_, _, output) = in_actions(held().path(), &["plan"]);
    assert!(output.starts_with("has-findings=false\nheld=true\ndigest="), "{output}");
}

#[test]
fn annotations_keep_to_githubs_limits_worst_first() {
    let drops: String = (0..25).map(|number| format!("ALTER TABLE users DROP COLUMN c{number};\n")).collect();
    let tables: String = (0..12).map(|number| format!("DROP TABLE t{number};\n")).collect();
    let toml = "dialect = \"postgres\"\n[lint.levels]\n\"drop-column\" = \"warn\"\n";
    let scratch = folder(&[
        ("migrate.toml", toml),
        ("a.sql", &format!("{drops}{tables}")),
        // Above the limit, nothing is added.
        ("full.md", &"x".repeat(1024 * 1024 - 10)),
    ]);
    let summary = scratch.path().join("full.md");
    let variables = [("GITHUB_STEP_SUMMARY", text(&summary))];
    let out = migrate_with(scratch.path(), &["lint", "a.sql", "--format", "github"], &variables).out;
    let count = |command: &str| out.lines().filter(|line| line.starts_with(command)).count();
    assert_eq!((count("::error"), count("::warning")), (10, 10), "{out}");
    assert!(out.starts_with("::error") && out.contains(" more in the summary of this step"), "{out}");
    assert_eq!(fs::metadata(&summary).expect("it is there").len(), 1024 * 1024 - 10);
    let comment = migrate(scratch.path(), &["lint", "a.sql", "--format", "markdown"]).out;
    assert!(comment.len() < 65_536, "{}", comment.len());
}

#[test]
fn one_run_writes_several_formats() {
    let shop = project("postgres");
    let ran = migrate(shop.path(), &["plan", "--report", "sarif=out.sarif", "--report", "markdown=comment.md", "--report", "text=out.txt"]);
    assert!(ran.out.contains("refused: 2 errors"), "{}", ran.out);
    let read = |file: &str| fs::read_to_string(shop.path().join(file)).expect("it was written");
    assert_eq!(read("out.sarif"), migrate(shop.path(), &["plan", "--format", "sarif"]).out);
    assert_eq!(read("comment.md"), migrate(shop.path(), &["plan", "--format", "markdown"]).out);
    assert_eq!(read("out.txt"), ran.out);
    for (wrong, told) in [("sarif", "FORMAT=FILE"), ("sarf=x", "no format `sarf`"), ("sarif=", "name the file")] {
        let ran = migrate(shop.path(), &["plan", "--report", wrong]);
        assert!(ran.code == 2 && ran.err.contains(told), "{wrong}: {}", ran.err);
    }
    let ran = migrate(shop.path(), &["plan", "--report", "sarif=nowhere/out.sarif"]);
    assert!(ran.err.contains("cannot write the result: nowhere/out.sarif"), "{}", ran.err);
}

#[test]
fn a_big_folder_does_not_drown_what_matters() {
    let drops: String = (0..40).map(|number| format!("ALTER TABLE users DROP COLUMN c{number};\n")).collect();
    let mut files = vec![("migrate.toml".to_owned(), "dialect = \"postgres\"\n".to_owned())];
    for number in 1..=130 {
        let column = format!("ALTER TABLE users ADD COLUMN n{number} text;\n");
        let columns: String = (0..40).map(|number| format!(", c{number} text")).collect();
        let table = format!("CREATE TABLE users (id bigint PRIMARY KEY{columns});\n");
        files.push((format!("migrations/{number:03}_a/expand.sql"), if number == 1 { table } else { column }));
    }
    files.push(("migrations/200_b/expand.sql".to_owned(), drops));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let scratch = folder(&files);
    let usual = migrate(scratch.path(), &["plan"]).out;
    assert_eq!(usual.matches("  help: ").count(), 3, "three in full");
    assert!(usual.contains("more of drop-column are not listed; -v lists them"), "{usual}");
    assert!(usual.contains("of 131 migrations have no error or warning and are not listed"), "{usual}");
    assert!(usual.lines().count() < 600, "{} lines", usual.lines().count());
    let everything = migrate(scratch.path(), &["plan", "-v"]).out;
    assert!(everything.contains("030_a") && !everything.contains("not listed"));
    // In a comment, what is refused comes first.
    let comment = migrate(scratch.path(), &["plan", "--format", "markdown"]).out;
    assert!(comment.contains("|---|---|---|\n| `200_b` | expand | **no**: refused |") && comment.contains("| 31 more | | |"), "{comment}");
    assert_eq!(comment.find("#### "), comment.find("#### `200_b`"));
    assert!(comment.len() < 65_536, "{}", comment.len());
}

#[test]
fn apply_runs_what_was_approved_and_nothing_else() {
    let shop = project("sqlite");
    let shop = shop.path();
    let digest = |arguments: &[&str]| value(shop, &[arguments, &["--format", "json"]].concat())["plan_digest"].as_str().map(str::to_owned);
    let approved = digest(&["plan"]).expect("plan tells it");
    assert_eq!(digest(&["plan", "--offline"]), Some(approved.clone()), "files alone say the same");
    let text = migrate(shop, &["plan"]).out;
    assert!(text.contains(&format!("plan digest: {approved}\n")), "{text}");
    let apply = |phase: &str, more: &[&str]| migrate(shop, &[&["apply", "--phase", phase, "--plan-digest", &approved], more].concat());

    // Half of it, the rest, and once more: a job may be tried again.
    assert_eq!(apply("expand", &["--to", "1_shop"]).code, 0);
    assert_eq!(apply("expand", &[]).code, 0);
    assert_eq!(apply("expand", &[]).code, 0);
    assert_eq!(apply("backfill", &["--dry-run"]).code, 0);

    // Somebody slips a script in.
    fs::create_dir_all(shop.join("migrations/4_more")).expect("the folder is ours");
    fs::write(shop.join("migrations/4_more/expand.sql"), "CREATE TABLE more (id integer PRIMARY KEY);\n").expect("the folder is ours");
    let ran = apply("expand", &[]);
    assert!(ran.code == 6 && ran.err.contains("not what was approved") && ran.err.contains("next: migrate plan"), "{}", ran.err);
    assert!(ran.err.contains(&approved[..20]), "{}", ran.err);
    assert_ne!(digest(&["plan"]).as_deref(), Some(approved.as_str()));
    // The other phases are still what they were.
    assert_eq!(apply("backfill", &[]).code, 0);
    // Somebody edits the contract.
    fs::write(shop.join("migrations/2_full_name/contract.sql"), "DROP TABLE users;\n").expect("the folder is ours");
    assert_eq!(apply("contract", &[]).code, 6);

    let ran = migrate(shop, &["apply", "--phase", "expand", "--plan-digest", "123"]);
    assert!(ran.code == 2 && ran.err.contains("three groups of 20 hexadecimal digits"), "{}", ran.err);
}
