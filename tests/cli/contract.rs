//! The machine's side: every JSON document keeps to docs/schema.json and tells the exit code, standard output holds the
//! result alone, and colour comes only where it is wanted.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Ran, folder, migrate, migrate_with, root, shop};

pub(crate) struct Schema(jsonschema::Validator);

impl Schema {
    pub(crate) fn read() -> Schema {
        let text = fs::read_to_string(root().join("docs/schema.json")).expect("the schema is published");
        let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
        Schema(jsonschema::validator_for(&schema).expect("the schema is one"))
    }

    /// Runs a command with `--format json` and holds its document to the schema.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> (Ran, Value) {
        let ran = migrate(folder, &[arguments, &["--format", "json"]].concat());
        let document = ran.json();
        let faults: Vec<String> = self.0.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{arguments:?}:\n{}\n{}", faults.join("\n"), ran.out);
        assert_eq!(document["exit_code"], ran.code, "{arguments:?}");
        (ran, document)
    }
}

#[test]
fn every_command_keeps_to_the_schema() {
    let schema = Schema::read();
    let scratch = folder(&[]);
    assert_eq!(schema.run(scratch.path(), &["init", "--dialect", "sqlite"]).1["outcome"], "applied");
    assert_eq!(schema.run(scratch.path(), &["new", "first"]).1["outcome"], "applied");
    assert_eq!(schema.run(scratch.path(), &["explain", "lints"]).0.code, 0);
    assert_eq!(schema.run(scratch.path(), &["completions", "bash"]).0.code, 0);
    assert_eq!(schema.run(scratch.path(), &["no-such-command"]).1["command"], "usage");

    let shop = shop();
    let shop = shop.path();
    let planned = schema.run(shop, &["plan"]).1;
    assert!(planned["migrations"].as_array().is_some_and(|migrations| migrations.len() >= 6), "{planned}");
    assert_eq!(schema.run(shop, &["status", "--exit-code"]).0.code, 4);
    assert_eq!(schema.run(shop, &["wait", "--phase", "expand", "--timeout", "0s"]).0.code, 75);
    let dry = schema.run(shop, &["apply", "--phase", "expand", "--dry-run"]).1;
    assert_eq!(dry["outcome"], "nothing");
    assert_eq!(schema.run(shop, &["apply", "--phase", "expand"]).1["outcome"], "applied");
    assert_eq!(schema.run(shop, &["apply", "--phase", "expand"]).1["outcome"], "nothing");
    assert_eq!(schema.run(shop, &["wait", "--phase", "expand", "--timeout", "0s"]).0.code, 0);
    assert_eq!(schema.run(shop, &["apply", "--phase", "backfill"]).1["outcome"], "applied");
    let (ran, held) = schema.run(shop, &["apply", "--phase", "contract"]);
    assert_eq!((ran.code, &held["outcome"]), (5, &Value::from("held")));
    assert!(held["gates"].as_array().is_some_and(|gates| gates.iter().any(|gate| gate["state"] == "closed")), "{held}");
    let (ran, held) = schema.run(shop, &["apply", "--phase", "contract", "--if-open"]);
    assert_eq!((ran.code, &held["outcome"]), (0, &Value::from("held")));
    assert_eq!(schema.run(shop, &["mark", "deployed", "shop@1"]).1["outcome"], "applied");
    let status = schema.run(shop, &["status"]).1;
    assert_eq!(status["releases"][0]["release"], "1");
    let migration = status["migrations"][2]["id"].as_str().expect("migrations have names").to_owned();
    assert_eq!(schema.run(shop, &["explain", &migration]).0.code, 0);
}

#[test]
fn findings_tell_their_place_and_where_they_would_be_legal() {
    let schema = Schema::read();
    let scratch = folder(&[("bad.sql", "-- é\n  ALTER TABLE users DROP COLUMN nick;\n")]);
    let (ran, document) = schema.run(scratch.path(), &["lint", "bad.sql"]);
    assert_eq!((ran.code, &document["outcome"]), (3, &Value::from("refused")));
    let finding = &document["findings"][0];
    assert_eq!(finding["lint"], "drop-column");
    assert_eq!(finding["level"], "deny");
    assert_eq!(finding["file"], "bad.sql");
    assert_eq!(finding["phase"], "expand");
    assert_eq!(finding["legal_in"], serde_json::json!(["contract"]));
    assert_eq!(finding["line"], 2);
    assert_eq!(finding["end_line"], 2);
    let end = finding["end_column"].as_u64().expect("a column");
    assert_eq!(end, "  ALTER TABLE users DROP COLUMN nick".len() as u64 + 1);
}

#[test]
fn standard_output_holds_the_result_and_standard_error_the_progress() {
    let shop = shop();
    let ran = migrate(shop.path(), &["apply", "--phase", "expand", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json();
    assert!(ran.err.contains("expand.sql"), "progress is missing: {}", ran.err);
    let ran = migrate(shop.path(), &["apply", "--phase", "backfill", "--quiet"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn colour_comes_only_where_it_is_wanted() {
    let scratch = folder(&[("bad.sql", "ALTER TABLE users DROP COLUMN nick;\n")]);
    let lint = ["lint", "bad.sql"];
    let is_coloured =
        |arguments: &[&str], variables: &[(&str, &str)]| migrate_with(scratch.path(), arguments, variables).out.contains('\u{1b}');
    assert!(!is_coloured(&lint, &[]), "a pipe is no terminal");
    assert!(is_coloured(&[&lint[..], &["--color", "always"]].concat(), &[]));
    assert!(is_coloured(&lint, &[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&lint, &[("NO_COLOR", "1")]));
    assert!(!is_coloured(&[&lint[..], &["--color", "never"]].concat(), &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn text_fits_eighty_columns() {
    let shop = shop();
    for arguments in [&["plan"][..], &["status"], &["apply", "--phase", "expand"], &["apply", "--phase", "contract"], &["status"]] {
        let ran = migrate(shop.path(), arguments);
        for line in ran.out.lines() {
            let is_one_word = line.contains("migrate ") || line.split_whitespace().any(|word| word.chars().count() > 40);
            assert!(line.chars().count() <= 80 || is_one_word, "{arguments:?}: {} columns: {line}", line.chars().count());
        }
    }
}
