//! Markers as pipelines write them: again, at the same moment, from several environments, and read back as releases.

#[path = "faults/workshop.rs"]
#[allow(dead_code, reason = "only a part of the workshop is used here")]
mod workshop;

mod support;

use serde_json::Value;
use sqlx::Connection;
use workshop::Workshop;

fn json(ran: &workshop::Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

fn tree(dialect: &str, url: &str) -> Workshop {
    let tree = Workshop::for_services(dialect, url, &["api", "worker"]);
    tree.write("1_users/expand.sql", "CREATE TABLE users (id integer PRIMARY KEY, nick text);\n");
    tree.write("2_nick/contract.sql", "ALTER TABLE users DROP COLUMN nick;\n");
    tree
}

fn releases(report: &Value) -> Vec<String> {
    let view = |release: &Value| {
        let text = |key: &str| release[key].as_str().unwrap_or_default().to_owned();
        format!("{}@{} {} {}", text("service"), text("release"), text("state"), if release["live"] == true { "live" } else { "gone" })
    };
    report["releases"].as_array().map(|releases| releases.iter().map(view).collect()).unwrap_or_default()
}

async fn at_the_same_moment(dialect: &str, url: &str) {
    let tree = tree(dialect, url);
    let same: Vec<_> = (0..6).map(|_| tree.spawn(&["mark", "started", "api@1", "--format", "json"])).collect();
    let mut outcomes = Vec::new();
    for ran in futures::future::join_all(same).await {
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        outcomes.push(json(&ran)["outcome"].as_str().unwrap_or_default().to_owned());
    }
    outcomes.sort();
    assert_eq!(outcomes, ["applied", "nothing", "nothing", "nothing", "nothing", "nothing"], "one of them is written");
    let different: Vec<_> = (0..5).map(|number| tree.spawn(&["mark", "started", &format!("worker@{number}")])).collect();
    for ran in futures::future::join_all(different).await {
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    }
    let report = json(&tree.expect(&["releases", "--service", "worker", "--live", "--format", "json"], 0).await);
    // The newest five are told: so many were written.
    let mut written = releases(&report);
    written.sort();
    assert_eq!(written, (0..5).map(|number| format!("worker@{number} started live")).collect::<Vec<_>>(), "{report}");
    // Two environments at the same moment: one of them is the first, and the other is refused.
    let two = ["production", "staging"].map(|name| tree.spawn(&["mark", "deployed", "api@1", "--environment", name]));
    let codes: Vec<Option<i32>> = futures::future::join_all(two).await.into_iter().map(|ran| ran.code).collect();
    assert!(codes == [Some(0), Some(2)] || codes == [Some(2), Some(0)], "{codes:?}");
}

async fn releases_and_their_contracts(dialect: &str, url: &str) {
    let tree = tree(dialect, url);
    let told = tree.expect(&["releases"], 0).await.stdout;
    assert!(told.contains("service api has no marker") && told.contains("migrate mark deployed api@<release>"), "{told}");
    tree.expect(&["apply", "--phase", "expand"], 0).await;
    tree.expect(&["mark", "deployed", "api@2", "--order", "7", "--commit", "f3a9c1e", "--url", "https://ci.example.com/7"], 0).await;
    let again = tree.expect(&["mark", "deployed", "api@2"], 0).await.stdout;
    assert!(again.contains("is marked as deployed already"), "{again}");

    // A service in another repository: no project, its readiness is stated.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let folder = elsewhere.path().to_string_lossy().into_owned();
    std::fs::write(elsewhere.path().join("migrate.toml"), format!("dialect = \"{dialect}\"\n")).expect("it is ours");
    std::fs::create_dir(elsewhere.path().join("migrations")).expect("it is ours");
    let mark = ["mark", "deployed", "worker@9", "--project", &folder, "--database-url", url];
    tree.expect(&mark, 0).await;
    let report = json(&tree.expect(&["releases", "--format", "json"], 0).await);
    assert_eq!(releases(&report), ["api@2 deployed live", "worker@9 deployed live"]);
    let api = &report["releases"][0];
    assert_eq!(
        (api["order"].as_u64(), api["commit"].as_str(), api["url"].as_str()),
        (Some(7), Some("f3a9c1e"), Some("https://ci.example.com/7"))
    );
    assert_eq!(api["contracts"][0]["ready"], true, "{api}");
    assert_eq!(report["releases"][1]["contracts"][0]["ready"], false, "{report}");
    let told = tree.expect(&["releases"], 0).await.stdout;
    assert!(told.contains("ready for the contract that is left: 2_nick") && told.contains("not ready for 2_nick"), "{told}");

    // Declared from a checkout that knows the migration.
    tree.expect(&["mark", "deployed", "worker@9", "--ready-for", "2_nick"], 0).await;
    let report = json(&tree.expect(&["releases", "--format", "json"], 0).await);
    assert_eq!(report["releases"][1]["contracts"][0]["ready"], true, "{report}");
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    tree.expect(&["apply", "--phase", "contract"], 0).await;
    let report = json(&tree.expect(&["releases", "--format", "json"], 0).await);
    assert!(report["releases"][0].get("contracts").is_none(), "nothing is left: {report}");
}

async fn environments(dialect: &str, url: &str) {
    let tree = tree(dialect, url);
    tree.expect(&["mark", "deployed", "api@1", "--environment", "production"], 0).await;
    let refused = tree.expect(&["mark", "deployed", "api@2", "--environment", "staging"], 2).await;
    assert!(refused.stderr.contains("production") && refused.stderr.contains("environments = "), "{}", refused.stderr);
    let refused = tree.expect(&["mark", "deployed", "api@2"], 2).await;
    assert!(refused.stderr.contains("--environment production"), "{}", refused.stderr);

    let file = tree.path().join("migrate.toml");
    let text = std::fs::read_to_string(&file).expect("it is there");
    std::fs::write(&file, format!("environments = [\"production\", \"staging\"]\n{text}")).expect("it is ours");
    tree.expect(&["mark", "deployed", "api@2", "--environment", "staging"], 0).await;
    tree.expect(&["mark", "deployed", "api@2", "--environment", "test"], 2).await;
    let report = json(&tree.expect(&["releases", "--live", "--format", "json"], 0).await);
    assert_eq!(releases(&report), ["api@1 deployed live", "api@2 deployed live"], "each environment has its own: {report}");
    assert_eq!(report["releases"][1]["environment"], "staging");

    // The contract asks for every environment: production's release was built with it, and the worker is in none.
    tree.expect(&["apply", "--phase", "expand"], 0).await;
    let held = json(&tree.expect(&["apply", "--phase", "contract", "--format", "json"], 5).await);
    assert!(held["gates"].to_string().contains("service worker has no marker"), "{held}");
}

async fn orders(dialect: &str, url: &str) {
    let tree = Workshop::for_services(dialect, url, &["api"]);
    tree.write("1_users/expand.sql", "CREATE TABLE users (id integer PRIMARY KEY, nick text);\n");
    tree.write("2_nick/contract.sql", "ALTER TABLE users DROP COLUMN nick;\n");
    tree.write("2_nick/migration.toml", "requires = [\"api >= order 1042\"]\n");
    tree.expect(&["apply", "--phase", "expand"], 0).await;
    tree.expect(&["mark", "deployed", "api@f3a9c1e", "--order", "1041"], 0).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let held = json(&tree.expect(&["apply", "--phase", "contract", "--format", "json"], 5).await);
    assert!(held["gates"].to_string().contains("api >= order 1042 is required, api@f3a9c1e is live"), "{held}");
    tree.expect(&["mark", "deployed", "api@0b1c2d3"], 0).await;
    let held = json(&tree.expect(&["apply", "--phase", "contract", "--format", "json"], 5).await);
    assert!(held["gates"].to_string().contains("--order"), "an order that nobody stated is not known: {held}");
    tree.expect(&["mark", "deployed", "api@0b1c2d3", "--order", "1042"], 0).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    tree.expect(&["apply", "--phase", "contract"], 0).await;
}

/// What an earlier version made: the ledger of format 1, with a marker in it.
async fn format_1(dialect: &str, url: &str) {
    let tree = tree(dialect, url);
    let (tables, marker) = match dialect {
        "postgres" => (include_str!("engine/format_1/postgres.sql"), "concertina.marker"),
        _ => (include_str!("engine/format_1/sqlite.sql"), "concertina_marker"),
    };
    let sql = format!("{tables}\nINSERT INTO {marker} (service, version, kind, actor) VALUES ('api', '1', 'deployed', 'ci');");
    let file = url.trim_start_matches("sqlite://").to_owned();
    match dialect {
        "postgres" => {
            let mut connection = sqlx::PgConnection::connect(url).await.expect("it is there");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.map(drop).expect("the tables are there");
        }
        _ => {
            let mut connection = sqlx::SqliteConnection::connect(&file).await.expect("it is there");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.map(drop).expect("the tables are there");
        }
    }
    let report = json(&tree.expect(&["releases", "--format", "json"], 0).await);
    assert_eq!(releases(&report), ["api@1 deployed live"], "it is read as it is");
    tree.expect(&["mark", "deployed", "api@2", "--order", "3", "--environment", "production"], 0).await;
    let report = json(&tree.expect(&["releases", "--format", "json"], 0).await);
    assert_eq!(releases(&report), ["api@1 deployed gone", "api@2 deployed live"], "{report}");
    assert_eq!(report["releases"][1]["order"], 3);
}

macro_rules! on_both {
    ($($name:ident),+) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = super::support::sqlite();
                super::$name("sqlite", &database.url()).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(cluster) = super::support::postgres(17) else { return };
                let database = cluster.database();
                super::$name("postgres", &database.url).await;
            })+
        }
    };
}

on_both!(at_the_same_moment, releases_and_their_contracts, environments, orders, format_1);
