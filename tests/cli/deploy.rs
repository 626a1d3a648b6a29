//! What deploy jobs read: the files of `init --deploy`, the termination message, the outputs of a step, one line of JSON.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::formats::project;
use super::{Ran, folder, migrate, migrate_with, root};

const WAYS: [&str; 9] = ["helm", "argocd", "rollouts", "flagger", "kubernetes", "ecs", "github", "gitlab", "compose"];

fn api() -> tempfile::TempDir {
    folder(&[
        ("migrate.toml", "dialect = \"sqlite\"\nservices = [\"api\"]\n[database]\nurl = \"sqlite://a.db\"\n"),
        ("migrations/.keep", ""),
    ])
}

#[test]
fn every_way_writes_files_once() {
    for way in WAYS {
        let scratch = api();
        let init = |further: &[&str]| migrate(scratch.path(), &[&["init", "--deploy", way], further].concat());
        let first = init(&[]);
        assert_eq!(first.code, 0, "{way}: {}{}", first.out, first.err);
        let files: Vec<String> = init_files(scratch.path());
        assert!(!files.is_empty() && first.out.contains("next: "), "{way}: {files:?}\n{}", first.out);
        let again = init(&["--format", "json"]).json();
        assert_eq!((again["outcome"].as_str(), again["files"].as_array()), (Some("nothing"), None), "{way}: {again}");

        let last = files.last().expect("there is one");
        let changed = scratch.path().join(last);
        let written = fs::read_to_string(&changed).expect("it was written");
        fs::write(&changed, "mine").expect("the folder is ours");
        let refused = init(&[]);
        assert_eq!(refused.code, 2, "{way}");
        assert!(refused.err.contains(last.as_str()) && refused.err.contains("--force"), "{}", refused.err);
        assert_eq!(fs::read_to_string(&changed).expect("it is there"), "mine");
        assert_eq!(init(&["--force"]).code, 0);
        assert_eq!(fs::read_to_string(&changed).expect("it is there"), written);
    }
}

/// The files below deploy/ and .github/, in order.
fn init_files(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![root.join("deploy"), root.join(".github")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(root).expect("below it").to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_project_that_is_still_to_come_is_written_as_well() {
    let scratch = folder(&[]);
    let ran = migrate(scratch.path(), &["init", "--deploy", "helm", "--service", "api", "--dialect", "sqlite"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(scratch.path().join("migrate.toml").exists() && scratch.path().join("deploy/helm/api/Chart.yaml").exists());
    let plain = migrate(scratch.path(), &["init"]);
    assert_eq!(plain.code, 2, "without --deploy there is nothing left to do");
}

#[test]
fn a_service_must_be_known() {
    let two = folder(&[("migrate.toml", "dialect = \"sqlite\"\nservices = [\"api\", \"worker\"]\n"), ("migrations/.keep", "")]);
    let refused = migrate(two.path(), &["init", "--deploy", "helm"]);
    assert!(refused.code == 2 && refused.err.contains("api, worker") && refused.err.contains("--service api"), "{}", refused.err);
    let other = migrate(two.path(), &["init", "--deploy", "helm", "--service", "wroker"]);
    assert!(other.code == 2 && other.err.contains("wroker"), "{}", other.err);
    assert_eq!(migrate(two.path(), &["init", "--deploy", "helm", "--service", "worker"]).code, 0);
    let none = folder(&[]);
    let refused = migrate(none.path(), &["init", "--deploy", "helm"]);
    assert!(refused.code == 2 && !none.path().join("migrate.toml").exists(), "nothing is half done: {}", refused.err);
    let tagged = migrate(two.path(), &["init", "--deploy", "helm", "--service", "api", "--image", "r.example.com/api:1", "--force"]);
    assert!(tagged.code == 2 && tagged.err.contains("tag is the release"), "{}", tagged.err);
}

#[test]
#[cfg(unix)]
fn scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = api();
    assert_eq!(migrate(scratch.path(), &["init", "--deploy", "kubernetes"]).code, 0);
    let script = scratch.path().join("deploy/kubernetes/api/roll-out.sh");
    assert_eq!(fs::metadata(script).expect("it was written").permissions().mode() & 0o111, 0o111);
}

/// What a Dockerfile says in its last stage.
fn last_stage(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let from = lines.iter().rposition(|line| line.starts_with("FROM ")).expect("a stage");
    lines[from..].to_vec()
}

#[test]
fn images_hold_the_program_alone_and_no_root() {
    let scratch = api();
    assert_eq!(migrate(scratch.path(), &["init", "--deploy", "compose"]).code, 0);
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for file in [root().join("Dockerfile"), scratch.path().join("deploy/Dockerfile.migrations")] {
        let text = read(&file);
        let stage = last_stage(&text);
        assert_eq!(stage.first(), Some(&"FROM scratch"), "{}", file.display());
        assert!(!stage.iter().any(|line| line.starts_with("RUN ")), "nothing can be run in {}", file.display());
        // Kubernetes tells that a user is not root by its number alone.
        let user = stage.iter().find_map(|line| line.strip_prefix("USER ")).expect("a user");
        let numbers: Vec<u32> = user.split(':').map(|part| part.parse().expect("a number")).collect();
        assert!(numbers.len() == 2 && numbers.iter().all(|number| *number > 0), "{user}");
        assert!(stage.iter().any(|line| line.starts_with("ENTRYPOINT [\"/usr/local/bin/migrate\"]")), "{stage:?}");
        assert!(text.contains("/image/usr/local/bin/migrate") && text.contains("crt-static"), "{}", file.display());
    }
}

#[test]
fn the_image_is_built_of_everything_that_is_compiled_in() {
    let allowed = fs::read_to_string(root().join(".dockerignore")).expect("it is there");
    let allowed: Vec<&str> = allowed.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("it is there");
    // Cargo asks for the files of every target that the manifest names.
    assert!(!manifest.contains("[[bench]]") || allowed.contains(&"benches"), "{allowed:?}");
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("it can be listed") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let tests = path.file_name().is_some_and(|name| name == "tests.rs" || name == "probes.rs");
            let Some(text) = fs::read_to_string(&path).ok().filter(|_| !tests && path.extension().is_some_and(|ext| ext == "rs")) else {
                continue;
            };
            for included in text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let target = fs::canonicalize(path.parent().expect("a folder").join(included)).expect("it is there");
                let target = target.strip_prefix(fs::canonicalize(root()).expect("it is there")).expect("in the crate").to_owned();
                let within = allowed.iter().any(|name| match name.strip_suffix("*.json") {
                    Some(folder) => target.starts_with(folder.trim_end_matches('/')) && target.extension().is_some_and(|ext| ext == "json"),
                    None => target.starts_with(name),
                });
                assert!(within, "{} includes {}, which .dockerignore keeps from the build", path.display(), target.display());
            }
        }
    }
}

fn line_schema() -> jsonschema::Validator {
    let text = fs::read_to_string(root().join("docs/line.schema.json")).expect("the schema is there");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("it is JSON")).expect("it is a schema")
}

fn valid(line: &str) -> Value {
    let line = line.strip_suffix('\n').unwrap_or(line);
    assert!(!line.contains('\n'), "one line: {line}");
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let schema = line_schema();
    let faults: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}: {line}");
    value
}

/// A project with a contract that is held: expand and backfill ran, nobody marked.
fn held() -> tempfile::TempDir {
    let shop = project("sqlite");
    for phase in ["expand", "backfill"] {
        assert_eq!(migrate(shop.path(), &["apply", "--phase", phase]).code, 0);
    }
    shop
}

#[test]
fn one_line_tells_how_it_ended() {
    let shop = held();
    let ran = migrate(shop.path(), &["apply", "--phase", "contract", "--format", "line"]);
    let line = valid(&ran.out);
    assert_eq!((ran.code, line["outcome"].as_str(), line["held"].as_bool()), (5, Some("held"), Some(true)), "{line}");
    assert!(line["pending_count"].as_u64() > Some(0) && line["gates"][0]["reason"].is_string(), "{line}");
    let spinnaker = migrate(shop.path(), &["apply", "--phase", "contract", "--if-open", "--format", "spinnaker"]);
    let json = spinnaker.out.strip_prefix("SPINNAKER_CONFIG_JSON=").expect("what Spinnaker looks for");
    let context: Value = serde_json::from_str(json).expect("one JSON object");
    assert_eq!((spinnaker.code, context["migrate"]["held"].as_bool()), (0, Some(true)));
    for wrong in
        [&["apply", "--phase", "contrat", "--format", "line"][..], &["apply", "--phase", "expand", "--to", "no-such", "--format=line"]]
    {
        let ran = migrate(shop.path(), wrong);
        let line = valid(&ran.out);
        assert_eq!((ran.code, line["outcome"].as_str()), (2, Some("failed")), "{line}");
        assert!(line["error"].as_str().is_some_and(|error| !error.is_empty()));
    }
}

#[test]
fn the_termination_message_is_that_line() {
    let shop = held();
    let file = shop.path().join("termination");
    let path = file.to_string_lossy().into_owned();
    let left = |arguments: &[&str]| -> (Ran, Value) {
        fs::remove_file(&file).unwrap_or_default();
        let ran = migrate_with(shop.path(), arguments, &[("MIGRATE_TERMINATION_LOG", &path)]);
        let message = fs::read_to_string(&file).expect("a message was left");
        assert!(message.len() <= 4096);
        (ran, valid(&message))
    };
    let (ran, message) = left(&["apply", "--phase", "contract"]);
    assert_eq!((ran.code, message["exit_code"].as_u64(), message["held"].as_bool()), (5, Some(5), Some(true)));
    let (ran, message) = left(&["apply", "--phase", "expand"]);
    assert_eq!((ran.code, message["outcome"].as_str()), (0, Some("nothing")));
    let (ran, message) = left(&["apply", "--phase", "wrong"]);
    assert_eq!((ran.code, message["command"].as_str()), (2, Some("usage")));
    let error = message["error"].as_str().expect("it says what is wrong");
    assert!(error.contains("'wrong'") && !error.contains('\n') && !error.contains("Usage:"), "{error}");
    let secret = "postgres://shop:s3cret@127.0.0.1:1/shop";
    let (ran, message) = left(&["status", "--database-url", secret]);
    assert!(ran.code != 0 && !message.to_string().contains("s3cret"), "{message}");

    // A message that cannot be left changes nothing else.
    let lost = migrate_with(shop.path(), &["apply", "--phase", "expand"], &[("MIGRATE_TERMINATION_LOG", "/no/such/folder/log")]);
    assert!(lost.code == 0 && lost.err.contains("termination message"), "{}", lost.err);
    let off = migrate_with(shop.path(), &["apply", "--phase", "expand"], &[("MIGRATE_TERMINATION_LOG", "")]);
    assert!(off.code == 0 && off.err.is_empty(), "{}", off.err);
}

#[test]
fn a_step_of_a_workflow_sets_outputs_in_every_format() {
    let shop = held();
    let file = shop.path().join("output");
    let path = file.to_string_lossy().into_owned();
    let outputs = |arguments: &[&str]| -> (Ran, Vec<(String, String)>) {
        fs::remove_file(&file).unwrap_or_default();
        let ran = migrate_with(shop.path(), arguments, &[("GITHUB_ACTIONS", "true"), ("GITHUB_OUTPUT", &path)]);
        let text = fs::read_to_string(&file).expect("outputs were written");
        let pairs = text.lines().map(|line| line.split_once('=').expect("name=value"));
        (ran, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    };
    let value = |outputs: &[(String, String)], name: &str| {
        let found = outputs.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("{name} is missing: {outputs:?}"));
        found.1.clone()
    };
    for format in [&[][..], &["--format", "json"], &["--format", "line"]] {
        let (ran, outputs) = outputs(&[&["apply", "--phase", "contract", "--if-open"], format].concat());
        assert_eq!(ran.code, 0);
        assert_eq!((value(&outputs, "outcome").as_str(), value(&outputs, "held").as_str()), ("held", "true"));
        assert!(value(&outputs, "pending-count").parse::<u32>().is_ok_and(|left| left > 0));
        value(&outputs, "next-check-at");
        assert_eq!(ran.out.contains("::warning title=migrate apply%3A held::"), format.is_empty(), "{}", ran.out);
    }
    let (_, planned) = outputs(&["plan"]);
    assert_eq!(value(&planned, "plan-digest"), value(&planned, "digest"));
    assert!(!value(&planned, "plan-digest").is_empty());
    let (ran, failed) = outputs(&["apply", "--phase", "expand", "--to", "no-such"]);
    assert_eq!(value(&failed, "outcome"), "failed");
    assert!(ran.out.contains("::error title=migrate apply::"), "{}", ran.out);
}
