//! One case: written by the command, judged, applied phase by phase, with writes of both releases at every gate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::application::Client;
use crate::cases::{Asked, Case};
use crate::shape;

/// Rows before the migration.
pub(crate) const ROWS: usize = 300;

/// Two source trees over one database.
pub(crate) struct Trees {
    pub(crate) old: PathBuf,
    pub(crate) new: PathBuf,
    _scratch: tempfile::TempDir,
}

pub(crate) fn run(tree: &Path, arguments: &[&str], code: i32) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    command.current_dir(tree).args(arguments).stdin(Stdio::null());
    for name in ["DATABASE_URL", "MIGRATE_DATABASE_URL", "RUST_LOG"] {
        command.env_remove(name);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(code) {
        Ok(out.into_owned())
    } else {
        Err(format!("`migrate {}` ended with {:?}\n{out}{err}{}", arguments.join(" "), output.status.code(), written(tree)))
    }
}

/// The migration as it stands in the tree, for messages.
pub(crate) fn written(tree: &Path) -> String {
    let mut text = String::new();
    let mut folders = vec![tree.join("migrations")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            match path.is_dir() {
                true => folders.push(path),
                false if path.to_string_lossy().contains("0001_base") => {}
                false => text.push_str(&format!("--- {}\n{}\n", path.display(), fs::read_to_string(&path).unwrap_or_default())),
            }
        }
    }
    text
}

impl Trees {
    /// A project with the migration that the case asks for, over a database where there is one.
    pub(crate) fn of(case: &Case, dialect: &str, url: Option<&str>) -> Result<Trees, String> {
        let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (old, new) = (scratch.path().join("old"), scratch.path().join("new"));
        for tree in [&old, &new] {
            let base = tree.join("migrations/0001_base");
            fs::create_dir_all(&base).map_err(|error| error.to_string())?;
            let database = url.map(|url| format!("[database]\nurl = \"{url}\"\n")).unwrap_or_default();
            let version = case.version.map(|version| format!("server_version = \"{version}\"\n")).unwrap_or_default();
            let settings = format!(
                "dialect = \"{dialect}\"\n{version}services = [\"app\"]\n{database}[contract]\nsoak = \"0s\"\n[locks]\ntimeout = \"2s\"\n"
            );
            fs::write(tree.join("migrate.toml"), settings).map_err(|error| error.to_string())?;
            fs::write(base.join("expand.sql"), case.given).map_err(|error| error.to_string())?;
        }
        match case.asked {
            Asked::New(arguments) => {
                let arguments: Vec<&str> = ["new", "0002-change"].into_iter().chain(arguments.iter().copied()).collect();
                run(&new, &arguments, 0)?;
            }
            Asked::Fix(sql) => {
                fs::write(new.join("migrations/0002_change.sql"), sql).map_err(|error| error.to_string())?;
                run(&new, &["fix", "0002_change", "--write"], 0)?;
            }
        }
        Ok(Trees { old, new, _scratch: scratch })
    }

    /// The migration's name.
    pub(crate) fn name(&self) -> String {
        let entries = fs::read_dir(self.new.join("migrations")).expect("the migrations can be listed");
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let name = names.filter(|name| name != "0001_base").min().unwrap_or_default();
        name.trim_end_matches(".sql").to_owned()
    }
}

/// Refuses a plan with findings that anybody has to look at.
pub(crate) fn loud(tree: &Path, plan: String) -> Result<(), String> {
    let plan: serde_json::Value = serde_json::from_str(&plan).map_err(|error| error.to_string())?;
    let loud: Vec<_> = plan["findings"].as_array().into_iter().flatten().filter(|finding| finding["level"] != "notice").collect();
    if loud.is_empty() { Ok(()) } else { Err(format!("the plan finds {loud:#?}\n{}", written(tree))) }
}

pub(crate) async fn live(case: &Case, url: &str, fresh: &str) -> Result<(), String> {
    let dialect = if url.starts_with("postgres") { "postgres" } else { "sqlite" };
    let trees = Trees::of(case, dialect, Some(url))?;
    let said = |error: sqlx::Error| error.to_string();
    let mut client = Client::connect(url).await;
    run(&trees.old, &["apply", "--phase", "expand"], 0)?;
    run(&trees.old, &["mark", "deployed", "app@1"], 0)?;
    for row in 0..ROWS {
        client.run(&numbered(case.seed, row)).await.map_err(said)?;
    }

    loud(&trees.new, run(&trees.new, &["plan", "--format", "json"], 0)?)?;
    let name = trees.name();
    run(&trees.new, &["fix", &name, "--exit-code"], 0)?;

    let mut number = 10_000;
    let mut works = async |client: &mut Client, gate: &str, statements: &[&str]| {
        for statement in statements {
            number += 1;
            let sql = numbered(statement, number);
            client.run(&sql).await.map_err(|error| format!("{gate}: `{sql}`: {error}\n{}", written(&trees.new)))?;
        }
        Ok::<(), String>(())
    };
    works(&mut client, "before, old release", case.old).await?;
    for phase in ["expand", "backfill"] {
        run(&trees.new, &["apply", "--phase", phase, "--wait"], 0)?;
        works(&mut client, phase, case.old).await?;
        works(&mut client, phase, case.new).await?;
        works(&mut client, phase, case.old).await?;
    }
    for (query, expected) in case.checks.iter().filter(|(query, _)| query.starts_with("/*b")) {
        check(&mut client, "before contract", query, expected).await?;
    }
    run(&trees.new, &["mark", "started", "app@2"], 0)?;
    run(&trees.new, &["mark", "deployed", "app@2"], 0)?;
    tokio::time::sleep(Duration::from_millis(30)).await;
    if let Err(held) = run(&trees.new, &["apply", "--phase", "contract", "--wait"], 0) {
        // Old releases wrote rows since that the backfill has to see.
        if !held.contains("--again") {
            return Err(held);
        }
        run(&trees.new, &["apply", "--phase", "backfill", "--again", &name], 0)?;
        run(&trees.new, &["apply", "--phase", "contract", "--wait"], 0)?;
    }
    works(&mut client, "after contract, new release", case.new).await?;
    for (query, expected) in case.checks.iter().filter(|(query, _)| !query.starts_with("/*before*/")) {
        check(&mut client, "after contract", query, expected).await?;
    }

    let mut plain = Client::connect(fresh).await;
    for script in [case.given, case.original] {
        for statement in script.split(";\n") {
            plain.run(statement).await.map_err(|error| format!("the original itself: `{statement}`: {error}"))?;
        }
    }
    let (reached, goal) = (shape::of(&mut client, dialect, case.renamed).await, shape::of(&mut plain, dialect, None).await);
    if reached != goal {
        let difference = similar::TextDiff::from_lines(&goal, &reached).unified_diff().context_radius(0).to_string();
        return Err(format!("it ends in another schema than the original:\n{difference}\n{}", written(&trees.new)));
    }
    Ok(())
}

async fn check(client: &mut Client, when: &str, query: &str, expected: &str) -> Result<(), String> {
    let rows = client.rows(query).await.map_err(|error| format!("{when}: `{query}`: {error}"))?;
    let found = rows.into_iter().map(|row| row.join("|")).collect::<Vec<_>>().join("\n");
    if found == expected { Ok(()) } else { Err(format!("{when}: `{query}` answers {found:?} instead of {expected:?}")) }
}

pub(crate) fn numbered(sql: &str, number: usize) -> String {
    sql.replace(":n", &number.to_string())
}
