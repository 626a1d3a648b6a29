//! Holds the house to its plan: imports run one way, external crates stay in their wings, files stay short, and the
//! documentation names only what exists.

#[path = "architecture/code.rs"]
mod code;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use code::{Use, uses};

/// The wings from the ground up. A wing imports only floors below its own, never a neighbour on its floor.
const FLOORS: &[&[&str]] = &[
    &["schema"],
    &["sql", "dialect"],
    &["migration"],
    &["recipe"],
    &["lint", "backfill"],
    &["ledger"],
    &["plan"],
    &["backend", "evidence", "fix"],
    &["run"],
    &["report"],
    &["serve"],
    &["cli", "app"],
];

/// Which wings may use an external crate. A crate that is not listed may be used by all.
const KEPT_IN: &[(&str, &[&str])] = &[
    ("sqlparser", &["sql"]),
    ("arcstr", &["schema"]),
    ("ureq", &["evidence"]),
    ("hmac", &["evidence"]),
    ("roxmltree", &["evidence"]),
    ("base64", &["evidence"]),
    ("memchr", &["sql", "cli"]),
    ("petgraph", &["plan"]),
    ("sqlx", &["backend"]),
    ("toml", &["migration", "cli"]),
    ("include_dir", &["migration", "app", "cli"]),
    ("tokio", &["backend", "evidence", "run", "serve", "cli", "app"]),
    ("futures", &["backend", "evidence", "run", "cli", "app"]),
    ("backon", &["backend", "run", "app"]),
    ("fastrand", &["backend", "run", "app", "cli"]),
    ("gethostname", &["backend", "run", "app", "cli"]),
    ("axum", &["serve"]),
    ("askama", &["serve"]),
    ("prometheus_client", &["serve"]),
    ("utoipa", &["serve"]),
    ("annotate_snippets", &["report"]),
    ("comfy_table", &["report"]),
    ("colored", &["report", "cli"]),
    ("anstream", &["report", "cli"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("indicatif", &["cli"]),
    ("tracing_subscriber", &["cli"]),
];

/// Wings that do no input or output and read no clock: time is a value there.
const PURE: &[&str] = &["schema", "dialect", "recipe", "lint", "backfill", "ledger", "plan", "fix"];

/// Paths of the standard library and of jiff that would break that.
const IMPURE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["std", "env"],
    &["std", "io"],
    &["SystemTime", "now"],
    &["Instant", "now"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
];

/// No file is longer. One that grows past 300 lines explains itself at its top.
const LONGEST_FILE: usize = 500;

struct File {
    path: PathBuf,
    /// The module path: `["plan", "gate"]` for src/plan/gate.rs, empty for lib.rs.
    module: Vec<String>,
    text: String,
}

impl File {
    fn wing(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    /// Tests that grew into a file of their own, and what they share: `#[cfg(test)] mod tests;`.
    fn is_test(&self) -> bool {
        self.module.last().is_some_and(|module| module == "tests" || module == "testing")
    }

    fn uses(&self) -> Vec<Use> {
        uses(&self.text, &self.module)
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files() -> Vec<File> {
    let mut found = Vec::new();
    let source = root().join("src");
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&source).expect("it was found in src").with_extension("");
                let mut module: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                if module == ["lib"] || module == ["main"] {
                    module.clear();
                }
                let text = fs::read_to_string(&path).expect("source files are text");
                found.push(File { path: path.strip_prefix(root()).expect("it lies in the crate").to_owned(), module, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 30, "only {} files were found: the test looks in the wrong place", found.len());
    found
}

fn floor(wing: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&wing))
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

#[test]
fn every_wing_has_a_floor() {
    let wings: BTreeSet<String> = files().iter().filter_map(|file| file.wing().map(str::to_owned)).collect();
    let unknown: Vec<String> = wings.into_iter().filter(|wing| floor(wing).is_none()).collect();
    assert_none(&unknown);
}

#[test]
fn imports_run_downward() {
    let mut faults = Vec::new();
    for file in files() {
        let Some(wing) = file.wing() else { continue };
        for used in file.uses() {
            let Some(target) = used.wing() else { continue };
            let (Some(here), Some(there)) = (floor(wing), floor(target)) else { continue };
            if target != wing && there >= here {
                faults.push(format!("{}:{}: {wing} must not know {target}", file.path.display(), used.line));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn neighbours_in_a_wing_do_not_know_each_other() {
    let mut faults = Vec::new();
    for file in files() {
        let own = |parent: &[&str]| {
            let is_child = file.module.len() > parent.len() && file.module.iter().zip(parent).all(|(a, b)| a == b);
            is_child.then(|| file.module[parent.len()].clone())
        };
        let families: [(&[&str], &[&str]); 3] =
            [(&["lint", "rules"], &[]), (&["dialect"], &["postgres", "sqlite", "mysql"]), (&["backend"], &["postgres", "sqlite", "mysql"])];
        for (parent, members) in families {
            let Some(own) = own(parent) else { continue };
            let is_member = |name: &str| members.is_empty() || members.contains(&name);
            if !is_member(&own) {
                continue;
            }
            for used in file.uses() {
                let Some(other) = used.child_of(parent) else { continue };
                let is_module = root().join("src").join(parent.join("/")).join(format!("{other}.rs")).exists();
                if other != own && is_member(other) && is_module {
                    faults.push(format!("{}:{}: {own} must not know {other}", file.path.display(), used.line));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn external_crates_stay_in_their_wings() {
    let mut faults = Vec::new();
    for file in files() {
        let Some(wing) = file.wing() else { continue };
        for used in file.uses() {
            let Some((name, wings)) = KEPT_IN.iter().find(|(name, _)| used.starts_with_external(name)) else { continue };
            if !wings.contains(&wing) {
                faults.push(format!("{}:{}: {wing} must not use {name}", file.path.display(), used.line));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn the_pure_wings_do_no_io_and_read_no_clock() {
    let mut faults = Vec::new();
    for file in files().iter().filter(|file| !file.is_test() && file.wing().is_some_and(|wing| PURE.contains(&wing))) {
        for used in file.uses() {
            if let Some(path) = IMPURE.iter().find(|path| used.contains(path)) {
                faults.push(format!("{}:{}: {}", file.path.display(), used.line, path.join("::")));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn the_list_of_kept_crates_names_dependencies_only() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).expect("there is a manifest").parse().expect("it is TOML");
    let dependencies = manifest["dependencies"].as_table().expect("it is a table");
    let unknown: Vec<String> = KEPT_IN
        .iter()
        .filter(|(name, _)| !dependencies.contains_key(&name.replace('_', "-")) && !dependencies.contains_key(*name))
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_none(&unknown);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut faults = Vec::new();
    for file in files() {
        let lines = file.text.lines().count();
        if lines > LONGEST_FILE {
            faults.push(format!("{}: {lines} lines; split it", file.path.display()));
        }
        if !file.is_test() && !file.text.starts_with("//!") {
            faults.push(format!("{}: the first line must say what the file is for", file.path.display()));
        }
        if file.path.ends_with("mod.rs") {
            faults.push(format!("{}: use a file module", file.path.display()));
        }
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
        if ["utils", "util", "common", "helpers", "manager"].contains(&stem.as_ref()) {
            faults.push(format!("{}: name it after what it does", file.path.display()));
        }
    }
    assert_none(&faults);
}

#[test]
fn the_architecture_page_names_only_what_exists() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md is there");
    assert!(page.lines().count() <= 150, "docs/architecture.md has more than 150 lines");
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    let faults: Vec<String> = page
        .split(|c: char| !is_path(c))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| ["src/", "tests/", "docs/", "lints/", "examples/"].iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !root().join(word).exists() && !root().join(format!("{word}.rs")).exists())
        .map(str::to_owned)
        .collect();
    assert_none(&faults);
    let unnamed: Vec<String> = FLOORS
        .iter()
        .flat_map(|floor| floor.iter())
        .filter(|wing| !page.contains(&format!("src/{wing}")))
        .map(|wing| (*wing).to_owned())
        .collect();
    assert_none(&unnamed);
}

#[test]
fn nothing_speaks_of_this_machine() {
    let mut faults = Vec::new();
    let mut folders =
        ["src", "tests", "docs", "examples", "migrations-example", "lints", "benches", ".ci"].map(|name| root().join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("folders can be listed").path()) {
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "node_modules" && name != "corpus") {
                    folders.push(path);
                }
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            for (number, line) in text.lines().enumerate() {
                if has_private_path(line) {
                    faults.push(format!("{}:{}: {line}", path.strip_prefix(root()).unwrap_or(&path).display(), number + 1));
                }
            }
        }
    }
    assert_none(&faults);
}

/// Home folders and build folders of whoever wrote the line.
fn has_private_path(line: &str) -> bool {
    [["/wo", "rk/"], ["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"]].iter().any(|parts| {
        let path = parts.concat();
        line.match_indices(&path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| matches!(c, ' ' | '"' | '\'' | '=' | '(' | '`'))
        })
    })
}

#[test]
fn the_reader_of_imports_sees_them_all() {
    let text = r#"
        //! use crate::cli in a comment
        use crate::plan::{self, gate::{Condition, Gate}, Step};
        use super::super::lint::Rule;
        fn f() { let x = crate::ledger::Ledger::empty(now); sqlx::query("crate::report"); std::fs::read(p); }
    "#;
    let module: Vec<String> = ["schema", "table"].map(str::to_owned).to_vec();
    let found = uses(text, &module);
    let wings: BTreeSet<&str> = found.iter().filter_map(Use::wing).collect();
    assert_eq!(wings, BTreeSet::from(["plan", "lint", "ledger"]));
    assert!(found.iter().any(|used| used.starts_with_external("sqlx")));
    assert!(found.iter().any(|used| used.contains(&["std", "fs"])));
    assert!(found.iter().any(|used| used.path == ["crate", "plan", "gate", "Gate"]));
    assert!(Path::new(file!()).ends_with("architecture.rs"));
}

#[test]
fn files_of_tests_are_compiled_for_tests_alone() {
    let mut faults = Vec::new();
    for file in files().iter().filter(|file| file.is_test()) {
        let name = file.module.last().expect("a test file has a name");
        let parent = root().join("src").join(file.module[..file.module.len() - 1].join("/")).with_extension("rs");
        let text = fs::read_to_string(&parent).expect("a file module has a parent");
        let declaration = text
            .lines()
            .zip(text.lines().skip(1))
            .find(|(_, line)| line.trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ") == format!("mod {name};"));
        if declaration.is_none_or(|(above, _)| above != "#[cfg(test)]") {
            faults.push(format!("{}: `mod {name};` stands in {} without #[cfg(test)]", file.path.display(), parent.display()));
        }
    }
    assert_none(&faults);
}
