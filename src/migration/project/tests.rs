//! migrate.toml: every key, every fault with its place, and where the project is found.

use super::*;

const FULL: &str = r#"
dialect = "postgres"
server_version = "15"
migrations = "db/migrations"
services = ["api", "worker"]
environments = ["production", "staging"]
small_tables = ["countries"]
[database]
url_env = "SHOP_URL"
[contract]
soak = "2h"
[locks]
timeout = "3s"
give_up_after = "10m"
[backfill]
chunk_target = "250ms"
[lint]
sizes = "sizes.json"
small_rows = 500
small_bytes = "2 MB"
[lint.levels]
"fk-without-index" = "allow"
"drop-table" = "warn"
"#;

fn fault(text: &str) -> String {
    Project::parse(Path::new("shop"), text).expect_err("must be refused").to_string()
}

#[test]
fn reads_every_key() {
    let project = Project::parse(Path::new("shop"), FULL).expect("valid");
    assert_eq!(project.dialect, Some(Dialect::Postgres));
    assert_eq!(project.server_version, Some(ServerVersion::new(15, 0)));
    assert_eq!(project.migrations, Path::new("shop/db/migrations"));
    assert_eq!(project.services, ["api", "worker"]);
    assert_eq!(project.environments, ["production", "staging"]);
    assert_eq!(project.small_tables, ["countries"]);
    assert_eq!(project.sizes.as_deref(), Some(Path::new("shop/sizes.json")));
    assert_eq!(project.small_limit, SmallLimit { rows: 500, bytes: 2_000_000 });
    assert_eq!(project.database, DatabaseSource::Variable("SHOP_URL".into()));
    assert_eq!(project.soak, Duration::from_hours(2));
    assert_eq!(project.lock_timeout, Duration::from_secs(3));
    assert_eq!(project.give_up_after, Duration::from_mins(10));
    assert_eq!(project.pacing.chunk_target, Some(Duration::from_millis(250)));
    let levels: Vec<_> = project.lint_levels.iter().map(|line| (line.lint.as_str(), line.level)).collect();
    assert_eq!(levels, [("fk-without-index", Level::Allow), ("drop-table", Level::Warn)]);
}

#[test]
fn faults_point_into_the_file() {
    assert_eq!(fault("dialekt = \"postgres\""), "migrate.toml:1:1: unknown key `dialekt`; did you mean `dialect`?");
    assert!(fault("\n dialect = \"postgre\"").starts_with("migrate.toml:2:12: `postgre` is no dialect; did you mean `postgres`?"));
    assert!(fault("[locks]\ntimeout = \"fast\"").starts_with("migrate.toml:2:11: `locks.timeout` is `fast`"));
    assert!(fault("[lint.levels]\n\"x\" = \"error\"").contains("migrate.toml:2:7: `error` is no level"));
    assert!(fault("services = [\"api\", \"api\"]").contains("listed twice"));
    assert!(fault("[database]\nurl = \"sqlite://a\"\nurl_env = \"B\"").contains("not both"));
    assert!(fault("[lint]\nlevel = {}").contains("did you mean `levels`?"));
    assert!(fault("[lint]\nsmall_rows = -1").contains("`lint.small_rows` must be a whole number"));
    assert!(fault("[lint]\nsmall_bytes = \"big\"").contains("must be a number of bytes such as \"10 MB\""));
    assert!(fault("services = \"api\"").contains("must be an array of strings, found string"));
}

#[test]
fn urls_come_from_the_nearest_source() {
    let mut project = Project::bare(Path::new("shop"));
    project.database = DatabaseSource::Url(DatabaseUrl::parse("sqlite://file.db").expect("valid"));
    let none = |_: &str| None;
    let shown = |flag: Option<&str>, env: &dyn Fn(&str) -> Option<String>| {
        project.database_url(flag, env).expect("valid").expect("given").to_string()
    };
    assert_eq!(shown(None, &none), "sqlite://file.db");
    assert_eq!(shown(None, &|name| (name == "DATABASE_URL").then(|| "sqlite://env.db".to_owned())), "sqlite://env.db");
    assert_eq!(shown(None, &|name| Some(format!("sqlite://{name}"))), "sqlite://MIGRATE_DATABASE_URL");
    assert_eq!(shown(None, &|_| Some(String::new())), "sqlite://file.db");
    assert_eq!(shown(Some("sqlite://flag.db"), &|name| Some(format!("sqlite://{name}"))), "sqlite://flag.db");

    project.dialect = Some(Dialect::Postgres);
    assert!(matches!(project.database_url(None, none), Err(MigrationError::DialectMismatch { .. })));
    project.database = DatabaseSource::Variable("SHOP".into());
    assert!(matches!(project.database_url(None, none), Err(MigrationError::UrlVariable { .. })));
}

#[test]
fn found_upward() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let deep = folder.path().join("shop/src/bin");
    std::fs::create_dir_all(&deep).expect("made");
    std::fs::create_dir_all(folder.path().join("shop/migrations")).expect("made");
    let root = std::fs::canonicalize(folder.path().join("shop")).expect("exists");
    let bare = Project::find(&deep).expect("by its migrations folder");
    assert_eq!((bare.root.as_path(), bare.dialect), (root.as_path(), None));
    assert!(matches!(bare.server(None), Err(MigrationError::NoDialect)));

    std::fs::write(root.join(PROJECT_FILE), "dialect = \"sqlite\"").expect("written");
    let found = Project::find(&deep).expect("by its file");
    assert_eq!((found.root.as_path(), found.dialect), (root.as_path(), Some(Dialect::Sqlite)));
    assert!(matches!(Project::at(&deep), Err(MigrationError::NoProject { .. })));
}

#[test]
fn style_and_names_are_read_and_checked() {
    let read = |text: &str| Project::parse(Path::new("/p"), text);
    let project = read("[lint]\nstyle = \"notice\"\n[lint.names]\nindexes = \"idx_*\"\n").expect("it is valid");
    assert_eq!(project.style, Some(Level::Notice));
    assert_eq!(project.naming.indexes.to_string(), "idx_*");
    assert_eq!(project.naming.tables.to_string(), "snake_case");
    assert!(read("[lint]\nstyle = \"loud\"\n").is_err());
    assert!(read("[lint.names]\ntables = \"kebab-case\"\n").is_err());
    assert!(read("[lint.names]\nviews = \"snake_case\"\n").is_err());
}
