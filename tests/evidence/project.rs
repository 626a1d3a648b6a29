//! A project on SQLite that wants nothing but its contract, which gates of a test's own hold.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A scratch project.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Project {
    /// A project whose contract everything but these gates lets through.
    pub(crate) fn held_by(gates: &str) -> Project {
        let project = Project::on("sqlite://shop.db?mode=rwc", gates);
        project.write("migrations/1_items/expand.sql", "CREATE TABLE items (id integer PRIMARY KEY, old text);\n");
        project.write("migrations/2_drop/expand.sql", "ALTER TABLE items ADD COLUMN note text;\n");
        project.write("migrations/2_drop/contract.sql", "ALTER TABLE items DROP COLUMN old;\n");
        project.run(&["apply", "--phase", "expand"], 0);
        project.run(&["mark", "deployed", "api@1"], 0);
        project
    }

    /// A project without migrations, whose migrate.toml ends so.
    pub(crate) fn on(url: &str, settings: &str) -> Project {
        let folder = tempfile::tempdir().expect("there is room");
        let project = Project { folder, variables: Vec::new() };
        let head = "services = [\"api\"]\n[database]\n";
        project.write("migrate.toml", &format!("{head}url = \"{url}\"\n[contract]\nsoak = \"0s\"\n{settings}"));
        project
    }

    /// Starts `migrate` and leaves it at work; what it says goes to `progress` in the project's folder.
    pub(crate) fn start(&self, arguments: &[&str]) -> std::process::Child {
        let progress = fs::File::create(self.path().join("progress")).expect("the folder is ours");
        Command::new(env!("CARGO_BIN_EXE_migrate"))
            .args(arguments)
            .current_dir(self.path())
            .env_remove("MIGRATE_DATABASE_URL")
            .env_remove("DATABASE_URL")
            .env("MIGRATE_ACTOR", "ann@laptop")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(progress)
            .spawn()
            .expect("the command was built")
    }

    /// Waits until what a started command says holds these words.
    pub(crate) fn said(&self, words: &str) -> String {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let text = fs::read_to_string(self.path().join("progress")).unwrap_or_default();
            if text.contains(words) {
                return text;
            }
            assert!(std::time::Instant::now() < deadline, "`{words}` is not in:\n{text}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// With a variable in the environment of every command.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Project {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().expect("it lies in the folder")).expect("the folder is ours");
        fs::write(file, text).expect("the folder is ours");
    }

    /// Runs `migrate … --format json`, which must end with this code.
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> Value {
        let (out, err, found) = self.raw(&[arguments, &["--format", "json"]].concat());
        assert_eq!(found, code, "{arguments:?}\n{out}\n{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}\n{out}\n{err}"))
    }

    /// Runs `migrate`: standard output, standard error, exit code.
    pub(crate) fn raw(&self, arguments: &[&str]) -> (String, String, i32) {
        let output = Command::new(env!("CARGO_BIN_EXE_migrate"))
            .args(arguments)
            .current_dir(self.path())
            .env_remove("MIGRATE_DATABASE_URL")
            .env_remove("DATABASE_URL")
            .env("MIGRATE_ACTOR", "ann@laptop")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .expect("the command was built");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        (text(output.stdout), text(output.stderr), output.status.code().expect("it was not killed"))
    }

    /// Runs SQL in the project's database.
    pub(crate) fn sql(&self, sql: &str) {
        let url = format!("sqlite://{}", self.path().join("shop.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            use sqlx::Connection;
            let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the database is there");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
            connection.close().await.expect("it can be closed");
        });
    }

    /// The number that a query finds in the project's SQLite database.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        let url = format!("sqlite://{}", self.path().join("shop.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            use sqlx::Connection;
            let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the database is there");
            let count = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await;
            connection.close().await.expect("it can be closed");
            count.unwrap_or_else(|error| panic!("{error}\n{sql}"))
        })
    }

    /// State and reason of a gate, as `status` tells them.
    pub(crate) fn gate(&self, name: &str) -> (String, String) {
        let status = self.run(&["status"], 0);
        let gates = status["gates"].as_array().expect("gates are a list");
        let Some(gate) = gates.iter().find(|gate| gate["name"] == name) else { return ("open".to_owned(), String::new()) };
        let text = |key: &str| gate[key].as_str().unwrap_or_default().to_owned();
        (text("state"), text("reason"))
    }

    /// The gate must be in this state, and its reason must hold these words.
    pub(crate) fn expect(&self, name: &str, state: &str, words: &str) {
        let (found, reason) = self.gate(name);
        assert_eq!(found, state, "{reason}");
        assert!(reason.contains(words), "{reason}");
    }
}
