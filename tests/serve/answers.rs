//! What each address answers while a migration walks through its phases.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::server::{Server, TOKEN, migrate, run};
use super::support;

/// A project on SQLite with a migration in all phases.
const PROJECT: &[(&str, &str)] = &[
    (
        "migrate.toml",
        "dialect = \"sqlite\"\nservices = [\"api\"]\n[database]\nurl = \"sqlite://shop.db?mode=rwc\"\n[contract]\nsoak = \"0s\"\n",
    ),
    (
        "migrations/1_users/expand.sql",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO users (name) VALUES ('ann'), ('bob');\n",
    ),
    ("migrations/2_nick/expand.sql", "ALTER TABLE users ADD COLUMN nick TEXT;\n"),
    ("migrations/2_nick/backfill.sql", "UPDATE users SET nick = name WHERE nick IS NULL;\n"),
    ("migrations/2_nick/contract.sql", "ALTER TABLE users DROP COLUMN name;\n"),
];

pub(crate) fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room for scratch folders");
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().expect("it lies in the folder")).expect("the folder is ours");
    fs::write(file, text).expect("the folder is ours");
}

fn bearer() -> (&'static str, String) {
    ("authorization", format!("Bearer {TOKEN}"))
}

#[test]
fn a_migration_walks_through_its_phases_and_every_address_says_so() {
    let folder = project(PROJECT);
    let shop = folder.path();
    let server = Server::start(shop, &[]);

    // Nothing ran: alive, not ready, and the answers say what is missing.
    assert_eq!(server.get("/livez").json(), json!({ "live": true }));
    let behind = server.get("/readyz");
    assert_eq!((behind.status, behind.header("retry-after")), (503, "5"));
    assert_eq!(behind.json()["state"], "behind");
    assert_eq!(behind.json()["missing"], json!(["1_users:expand", "2_nick:expand"]));
    assert_eq!(server.get("/v1/gates/2_nick").status, 412);
    let waits = server.post("/v1/hooks/flagger/pre-rollout", &json!({ "name": "api", "namespace": "shop", "phase": "Progressing" }), &[]);
    assert_eq!(waits.status, 412);
    assert!(waits.body.contains("1_users:expand, 2_nick:expand"), "{}", waits.body);
    let waits = server.post("/v1/hooks/ecs", &json!({ "lifecycleStage": "PRE_SCALE_UP" }), &[]);
    assert_eq!((waits.status, &waits.json()["hookStatus"], &waits.json()["callBackDelay"]), (200, &json!("IN_PROGRESS"), &json!(30)));

    // Expanded: ready, and the hooks let the roll-out go on.
    run(shop, &["apply", "--phase", "expand", "-q"]);
    let ready = server.until("/readyz", |answer| answer.status == 200);
    assert_eq!((ready.json()["ahead"].clone(), ready.json()["latched"].clone()), (json!(false), json!(false)));
    let passes = server.post("/v1/hooks/flagger/confirm-rollout", &json!({ "name": "api", "metadata": {} }), &[]);
    assert_eq!(passes.status, 200, "{}", passes.body);
    let held = server.post("/v1/hooks/flagger/confirm-promotion", &json!({ "name": "api", "metadata": { "phase": "backfill" } }), &[]);
    assert_eq!(held.status, 412, "{}", held.body);
    assert!(held.body.contains("2_nick:backfill"), "{}", held.body);
    let passes = server.post("/v1/hooks/ecs", &json!({ "lifecycleStage": "POST_SCALE_UP", "hookDetails": null }), &[]);
    assert_eq!(passes.json()["hookStatus"], "SUCCEEDED");
    let held = server.post("/v1/hooks/ecs", &json!({ "lifecycleStage": "POST_SCALE_UP", "hookDetails": { "phase": "backfill" } }), &[]);
    assert_eq!(held.json()["hookStatus"], "IN_PROGRESS");

    // A release that nobody told of is not known, one that was marked is.
    let unknown = server.get("/startupz?service=api&release=2.0.0");
    assert_eq!((unknown.status, unknown.json()["state"].clone()), (503, json!("unknown")));
    assert!(unknown.json()["reason"].as_str().is_some_and(|why| why.contains("migrate mark started api@2.0.0")));
    run(shop, &["mark", "deployed", "api@2.0.0", "-q"]);
    let known = server.until("/startupz?service=api&release=2.0.0", |answer| answer.status == 200);
    assert_eq!(known.json()["release"], "api@2.0.0");

    // The gate: held by the backfill, then open, then done. Argo's answer is always 200.
    let held = server.get("/v1/gates/nick");
    assert_eq!(held.status, 412);
    assert_eq!(
        (held.json()["ok"].clone(), held.json()["open"].clone(), held.json()["state"].clone()),
        (json!(false), json!(0), json!("held"))
    );
    let argo = server.get("/v1/gates/2_nick?style=argo");
    assert_eq!((argo.status, argo.json()["data"]["ok"].clone(), argo.json()["data"]["open"].clone()), (200, json!(false), json!(0)));
    run(shop, &["apply", "--phase", "backfill", "-q"]);
    let open = server.until("/v1/gates/2_nick", |answer| answer.status == 200);
    assert_eq!(open.json()["state"], "open", "{}", open.body);
    assert!(open.json()["conditions"].as_array().is_some_and(|all| all.iter().all(|one| one["state"] == "open")));
    assert_eq!(server.get("/v1/gates/2_nick?style=argo").json()["data"]["ok"], true);
    let promoted =
        server.post("/v1/hooks/flagger/confirm-promotion", &json!({ "name": "api", "metadata": { "migration": "2_nick" } }), &[]);
    assert_eq!(promoted.status, 200, "{}", promoted.body);
    run(shop, &["apply", "--phase", "contract", "-q"]);
    let done = server.until("/v1/gates/2_nick", |answer| answer.json()["state"] == "done");
    assert_eq!(done.status, 200);

    // What is not there.
    assert_eq!(server.get("/v1/gates/1_users").status, 404);
    assert_eq!(server.get("/v1/gates/3_none").status, 404);
    assert_eq!(server.get("/v1/gates/2_nick?style=loud").status, 400);
    assert_eq!(server.get("/startupz?service=api").status, 400);
    let nowhere = server.get("/v2");
    assert_eq!((nowhere.status, nowhere.header("content-type")), (404, "application/problem+json"));
    assert_eq!(server.post("/livez", &json!({}), &[]).status, 405);
    // Of Flagger it is an answer like any other: text, and 500 where waiting does not help.
    let strange = server.post("/v1/hooks/flagger/strange", &json!({ "name": "api" }), &[]);
    assert_eq!((strange.status, strange.header("content-type")), (500, "text/plain; charset=utf-8"));
    assert!(strange.body.contains("no webhook of type `strange`"), "{}", strange.body);
    assert_eq!(server.post("/v1/hooks/flagger/event", &json!(["api"]), &[]).status, 500);
    for migration in ["3_none", "1_users"] {
        let canary = json!({ "name": "api", "metadata": { "migration": migration } });
        assert_eq!(server.post("/v1/hooks/flagger/confirm-promotion", &canary, &[]).status, 500, "{migration}");
    }
    let canary = json!({ "name": "api", "metadata": { "release": "9.0.0" } });
    let unknown = server.post("/v1/hooks/flagger/confirm-rollout", &canary, &[]);
    assert_eq!(unknown.status, 412, "{}", unknown.body);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_roll_back_is_ready_and_a_build_from_before_the_contract_is_not() {
    let folder = project(PROJECT);
    let shop = folder.path();
    run(shop, &["apply", "--phase", "expand", "-q"]);
    run(shop, &["apply", "--phase", "backfill", "-q"]);
    // Marked from a checkout that knows the first migration alone, and from one that does not know the contract.
    fs::rename(shop.join("migrations/2_nick"), shop.join("later")).expect("the folder is ours");
    run(shop, &["mark", "deployed", "api@1.0.0", "-q"]);
    fs::rename(shop.join("later"), shop.join("migrations/2_nick")).expect("the folder is ours");
    fs::rename(shop.join("migrations/2_nick/contract.sql"), shop.join("contract.sql")).expect("the folder is ours");
    run(shop, &["mark", "deployed", "api@2.0.0", "-q"]);
    fs::rename(shop.join("contract.sql"), shop.join("migrations/2_nick/contract.sql")).expect("the folder is ours");
    let server = Server::start(shop, &[]);
    let ahead = server.get("/startupz?service=api&release=1.0.0").json();
    assert_eq!((ahead["ready"].clone(), ahead["ahead"].clone()), (json!(true), json!(true)), "{ahead}");
    run(shop, &["mark", "deployed", "api@3.0.0", "-q"]);
    run(shop, &["apply", "--phase", "contract", "-q"]);
    let contracted = server.until("/startupz?service=api&release=2.0.0", |answer| answer.status == 503);
    assert_eq!(contracted.json()["state"], "contracted");
    assert_eq!(contracted.json()["removed"], json!(["2_nick:contract"]));
    let details = json!({ "lifecycleStage": "PRE_SCALE_UP", "hookDetails": { "service": "api", "release": "2.0.0" } });
    assert_eq!(server.post("/v1/hooks/ecs", &details, &[]).json()["hookStatus"], "FAILED");
    let canary = json!({ "name": "api", "metadata": { "release": "2.0.0" } });
    assert_eq!(server.post("/v1/hooks/flagger/rollback", &canary, &[]).status, 200, "it asks for the roll-back");
    let never = server.post("/v1/hooks/flagger/confirm-rollout", &canary, &[]);
    assert_eq!(never.status, 500, "{}", never.body);
    assert!(never.body.contains("2_nick:contract took away what api@2.0.0 uses"), "{}", never.body);
    let canary = json!({ "name": "api", "metadata": { "release": "3.0.0" } });
    assert_eq!(server.post("/v1/hooks/flagger/rollback", &canary, &[]).status, 412);
}

#[test]
fn only_the_token_writes() {
    let folder = project(PROJECT);
    let shop = folder.path();
    run(shop, &["apply", "--phase", "expand", "-q"]);
    let server = Server::start(shop, &[]);
    let marker = json!({ "kind": "deployed", "service": "api", "release": "2.0.0", "commit": "abc" });
    let refused = server.post("/v1/markers", &marker, &[]);
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(server.post("/v1/markers", &marker, &[("authorization", "Bearer 0123456789abcdef-other")]).status, 401);
    assert_eq!(server.post("/v1/markers", &marker, &[("authorization", "Basic YW5uOmFubg==")]).status, 401);
    assert_eq!(server.get("/v1/status").json().get("releases"), None, "nothing was written");
    let (name, value) = bearer();
    let token = [(name, value.as_str())];
    let written = server.post("/v1/markers", &marker, &token);
    assert_eq!(
        (written.status, written.json()["command"].clone(), written.json()["outcome"].clone()),
        (200, json!("mark"), json!("applied"))
    );
    let status = server.get("/v1/status").json();
    assert_eq!(
        (status["releases"][0]["release"].clone(), status["releases"][0]["live"].clone()),
        (json!("2.0.0"), json!(true)),
        "seen at once"
    );
    let undeclared = json!({ "kind": "deployed", "service": "apu", "release": "2.0.0" });
    let refused = server.post("/v1/markers", &undeclared, &token);
    assert_eq!((refused.status, refused.json()["exit_code"].clone()), (409, json!(2)));
    for wrong in [
        json!({ "kind": "gone", "service": "api", "release": "1" }),
        json!({ "kind": "deployed", "service": "a b", "release": "1" }),
        json!({}),
    ] {
        assert_eq!(server.post("/v1/markers", &wrong, &token).status, 400, "{wrong}");
    }
    // ECS after its traffic shift: marks with the token alone, and never with a wrong one.
    let event = json!({ "lifecycleStage": "POST_PRODUCTION_TRAFFIC_SHIFT", "hookDetails": { "service": "api", "release": "2.1.0" } });
    let told = server.post("/v1/hooks/ecs", &event, &[]).json();
    assert!(told["hookStatus"] == "SUCCEEDED" && told["reason"].as_str().is_some_and(|why| why.contains("not marked")), "{told}");
    assert_eq!(server.post("/v1/hooks/ecs", &event, &[("authorization", "Bearer wrong")]).status, 401);
    let told = server.post("/v1/hooks/ecs", &event, &token).json();
    assert_eq!(told["reason"], "marked api@2.1.0 as deployed");
    let shift = json!({ "lifecycleStage": "PRODUCTION_TRAFFIC_SHIFT", "hookDetails": { "service": "api", "release": "9.9.9" } });
    assert_eq!(server.post("/v1/hooks/ecs", &shift, &[]).json()["hookStatus"], "SUCCEEDED", "it may be a roll-back");

    let mut command = migrate(shop, &["serve", "--listen", "127.0.0.1:0"]);
    command.env_remove("MIGRATE_SERVE_TOKEN");
    let reader = Server::of(command);
    assert_eq!(reader.post("/v1/markers", &marker, &token).status, 403, "without a token of its own it writes nothing");
    let refused = reader.post("/v1/hooks/ecs", &event, &token);
    assert_eq!(refused.status, 401);
    assert!(refused.body.contains("started without a token: none is right"), "{}", refused.body);
    assert_eq!(reader.post("/v1/hooks/ecs", &event, &[]).json()["hookStatus"], "SUCCEEDED");
}

#[test]
fn wrong_settings_are_told_before_it_listens() {
    let folder = project(PROJECT);
    let told = |arguments: &[&str], token: &str| {
        let output = migrate(folder.path(), arguments).env("MIGRATE_SERVE_TOKEN", token).output().expect("the command was built");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, error) = told(&["serve"], "short-secret");
    assert_eq!(code, Some(2));
    assert!(error.contains("MIGRATE_SERVE_TOKEN: the token has fewer than 16 characters") && !error.contains("short-secret"), "{error}");
    assert!(error.contains("next: MIGRATE_SERVE_TOKEN=$(openssl rand -hex 32) migrate serve"), "{error}");
    let (code, error) = told(&["serve", "--token-file", "nowhere"], "");
    assert_eq!(code, Some(2));
    assert!(error.contains("--token-file nowhere: No such file"), "{error}");
    assert!(error.contains("next: (umask 077; openssl rand -hex 32 > nowhere)"), "{error}");
    write(folder.path(), "weak", "short-secret\n");
    let (code, error) = told(&["serve", "--token-file", "weak"], "");
    assert_eq!(code, Some(2));
    assert!(error.contains("--token-file weak: the token has fewer than 16 characters") && !error.contains("short-secret"), "{error}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let (code, error) = told(&["serve", "--listen", &address], "");
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains(&format!("cannot listen on {address}: ")) && error.contains("next: migrate serve --listen 127.0.0.1:0"),
        "{error}"
    );
    // An address of documentation: no machine has it.
    let (code, error) = told(&["serve", "--listen", "192.0.2.7:7433"], "");
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains("cannot listen on 192.0.2.7:7433: ") && error.contains("next: migrate serve --listen 127.0.0.1:7433"),
        "{error}"
    );
    let bare = project(&[("migrations/1_a/expand.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n")]);
    let output = migrate(bare.path(), &["serve"]).output().expect("the command was built");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_name_of_another_machine_is_refused_and_browsers_are_kept_short() {
    let folder = project(PROJECT);
    let server = Server::start(folder.path(), &["--host", "board.example.org"]);
    assert_eq!(server.get_with("/livez", &[("host", "evil.example.org")]).status, 421);
    assert_eq!(server.get_with("/livez", &[("host", "board.example.org")]).status, 200);
    for path in ["/livez", "/v2", "/v1/status"] {
        let answer = server.get(path);
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!((answer.header("x-content-type-options"), answer.header("cache-control")), ("nosniff", "no-store"), "{path}");
    }
}

#[test]
fn an_address_of_version_4_that_is_written_as_one_of_version_6_is_this_machine() {
    if std::net::TcpListener::bind("[::ffff:127.0.0.1]:0").is_err() {
        support::skip("IPv6", "this machine has none");
        return;
    }
    let folder = project(PROJECT);
    let server = Server::of(migrate(folder.path(), &["serve", "--listen", "[::ffff:127.0.0.1]:0"]));
    assert!(server.base.starts_with("http://[::ffff:127.0.0.1]:"), "{}", server.base);
    assert_eq!(server.get("/livez").status, 200);
    assert_eq!(server.get_with("/livez", &[("host", "evil.example.org")]).status, 421);
}

/// The value of a series.
pub(crate) fn metric(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[test]
fn metrics_follow_the_ledger() {
    let folder = project(PROJECT);
    let shop = folder.path();
    let server = Server::start(shop, &[]);
    let before = server.get("/metrics");
    assert!(before.header("content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(before.body.ends_with("# EOF\n"), "{}", before.body);
    assert_eq!(metric(&before.body, "concertina_database_up"), Some(1.0));
    assert_eq!(metric(&before.body, "concertina_phases{phase=\"expand\",state=\"pending\"}"), Some(2.0), "{}", before.body);
    run(shop, &["apply", "--phase", "expand", "-q"]);
    run(shop, &["mark", "deployed", "api@1.0.0", "-q"]);
    let after = server.until("/metrics", |answer| answer.body.contains("release_live"));
    assert_eq!(metric(&after.body, "concertina_phases{phase=\"expand\",state=\"done\"}"), Some(2.0), "{}", after.body);
    assert_eq!(metric(&after.body, "concertina_gate_open{migration=\"2_nick\"}"), Some(0.0), "{}", after.body);
    assert_eq!(metric(&after.body, "concertina_gate_condition{migration=\"2_nick\",condition=\"markers\",state=\"open\"}"), Some(1.0));
    assert_eq!(metric(&after.body, "concertina_release_live{service=\"api\",release=\"1.0.0\"}"), Some(1.0));
    assert_eq!(metric(&after.body, "concertina_lease_held"), Some(0.0));
}

#[test]
fn a_database_that_goes_away_is_a_state_and_no_crash() {
    let Some(cluster) = support::Cluster::own(17) else { return };
    let database = cluster.database();
    let mut files: Vec<(&str, &str)> = PROJECT.to_vec();
    files[0] = ("migrate.toml", "dialect = \"postgres\"\nservices = [\"api\"]\n");
    files[1] = ("migrations/1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n");
    files[2] = ("migrations/2_nick/expand.sql", "ALTER TABLE users ADD COLUMN nick text;\n");
    let folder = project(&files);
    let shop = folder.path();
    let url = ["--database-url", database.url.as_str()];
    run(shop, &[&url[..], &["apply", "--phase", "expand", "-q"]].concat());
    run(shop, &[&url[..], &["mark", "deployed", "api@1.0.0", "-q"]].concat());
    let server = Server::start(shop, &url);
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(server.get("/startupz?service=api&release=1.0.0").status, 200);
    cluster.stop();
    let down = server.until("/v1/status", |answer| answer.status == 503);
    assert_eq!((down.json()["exit_code"].clone(), down.json()["outcome"].clone()), (json!(75), json!("failed")), "{}", down.body);
    assert_eq!(down.header("retry-after"), "5");
    // What was ready stays ready, what is not known is not.
    let latched = server.get("/readyz");
    assert_eq!((latched.status, latched.json()["latched"].clone()), (200, json!(true)), "{}", latched.body);
    let latched = server.get("/startupz?service=api&release=1.0.0");
    assert_eq!((latched.status, latched.json()["latched"].clone()), (200, json!(true)), "{}", latched.body);
    assert_eq!(server.get("/startupz?service=api&release=2.0.0").status, 503);
    assert_eq!(server.get("/livez").status, 200);
    assert_eq!(server.get("/v1/gates/2_nick").status, 503);
    let argo = server.get("/v1/gates/2_nick?style=argo");
    assert_eq!((argo.status, argo.json()["data"]["state"].clone()), (200, json!("unknown")));
    assert_eq!(metric(&server.get("/metrics").body, "concertina_database_up"), Some(0.0));
    let event: Value = json!({ "lifecycleStage": "PRE_SCALE_UP" });
    assert_eq!(server.post("/v1/hooks/ecs", &event, &[]).json()["hookStatus"], "SUCCEEDED", "the files were ready before");
    // A gate and filled rows are asked each time.
    let event: Value = json!({ "lifecycleStage": "PRE_SCALE_UP", "hookDetails": { "phase": "backfill" } });
    assert_eq!(server.post("/v1/hooks/ecs", &event, &[]).json()["hookStatus"], "IN_PROGRESS");
    for metadata in [json!({ "migration": "2_nick" }), json!({ "phase": "backfill" })] {
        let canary: Value = json!({ "name": "api", "namespace": "shop", "phase": "Progressing", "metadata": metadata });
        let answer = server.post("/v1/hooks/flagger/confirm-promotion", &canary, &[]);
        assert_eq!(answer.status, 412, "{metadata}: {}", answer.body);
    }
    let (name, value) = bearer();
    let marker = json!({ "kind": "deployed", "service": "api", "release": "2.0.0" });
    assert_eq!(server.post("/v1/markers", &marker, &[(name, value.as_str())]).status, 503);
    cluster.restart();
    assert_eq!(server.until("/v1/status", |answer| answer.status == 200).json()["outcome"], "nothing");
    assert_eq!(server.get("/readyz").json()["latched"], false);
}

#[test]
fn a_fleet_of_probes_costs_the_database_one_read_a_second() {
    let Some(cluster) = support::postgres(17) else { return };
    let database = cluster.database();
    let folder = project(&[
        ("migrate.toml", "dialect = \"postgres\"\n"),
        ("migrations/1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n"),
    ]);
    let url = ["--database-url", database.url.as_str()];
    run(folder.path(), &[&url[..], &["apply", "--phase", "expand", "-q"]].concat());
    let server = Server::start(folder.path(), &url);
    let transactions = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut session = database.connect().await;
            let row: (i64,) = sqlx::query_as("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")
                .fetch_one(&mut session)
                .await
                .expect("statistics can be read");
            row.0
        })
    };
    assert_eq!(server.get("/readyz").status, 200);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let before = transactions();
    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..250 {
                    assert_eq!(server.get("/readyz").status, 200);
                }
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // Each look at the statistics is a few transactions of its own; a read of the ledger is one or two.
    let read = transactions() - before;
    assert!((read as f64) < 20.0 + 5.0 * seconds, "1000 probes in {seconds:.1} s made {read} transactions");
}

#[test]
fn prometheus_scrapes_it() {
    let folder = project(PROJECT);
    let shop = folder.path();
    run(shop, &["apply", "--phase", "expand", "-q"]);
    let server = Server::start(shop, &[]);
    let Some(prometheus) = support::prometheus(Some(&format!("127.0.0.1:{}", server.port())), "") else { return };
    let query = |query: &str| {
        let answer =
            ureq::get(format!("{}/api/v1/query", prometheus.url())).query("query", query).call().ok()?.body_mut().read_to_string().ok()?;
        let answer: Value = serde_json::from_str(&answer).ok()?;
        answer["data"]["result"][0]["value"][1].as_str().map(str::to_owned)
    };
    let began = std::time::Instant::now();
    while query("concertina_database_up").is_none() {
        assert!(began.elapsed().as_secs() < 30, "nothing was scraped: up is {:?}", query("up"));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert_eq!(query("up").as_deref(), Some("1"));
    assert_eq!(query("concertina_gate_open{migration=\"2_nick\"}").as_deref(), Some("0"));
    assert_eq!(query("sum(concertina_phases{state=\"done\"})").as_deref(), Some("2"));
}
