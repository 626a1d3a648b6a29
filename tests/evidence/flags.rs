//! Feature flags: a real Unleash; of LaunchDarkly, Flagsmith and OFREP the answers of their documented interfaces.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::project::Project;
use crate::support::{Unleash, unleash};

/// Waits for a gate to come into a state, with these words in its reason.
fn wait(project: &Project, state: &str, words: &str) {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let (found, reason) = project.gate("flag");
        if found == state && reason.contains(words) {
            return;
        }
        assert!(Instant::now() < deadline, "{found}: {reason}");
        std::thread::sleep(Duration::from_millis(400));
    }
}

/// What a client tells of what it was served.
fn told(server: &Unleash, token: &str, flag: &str, yes: u32, no: u32) {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let counts = json!({ "yes": yes, "no": no, "variants": {} });
    let bucket = json!({ "start": now, "stop": now, "toggles": { flag: counts } });
    server.post("/api/client/metrics", token, &json!({ "appName": "api", "instanceId": "i", "bucket": bucket }));
}

#[test]
fn unleash_must_serve_everybody() {
    let Some(server) = unleash() else { return };
    let features = "/api/admin/projects/default/features";
    for flag in ["new-name", "other"] {
        server.post(features, "", &json!({ "name": flag, "type": "release" }));
    }
    let token = json!({ "type": "backend", "environment": "development", "projects": ["default"], "tokenName": "t" });
    let token = server.post("/api/admin/api-tokens", "", &token)["secret"].as_str().expect("a token").to_owned();
    let gate = |flag: &str, more: &str| {
        format!(
            "[[contract.gate]]\nkind = \"unleash\"\nname = \"flag\"\nurl = \"{}\"\nenvironment = \"development\"\nflag = \"{flag}\"\n{more}\n",
            server.url()
        )
    };
    let project = Project::held_by(&gate("new-name", "constant_for = \"3s\""));
    let here = format!("{features}/new-name/environments/development");
    project.expect("flag", "unknown", "no client told what it was served");
    told(&server, &token, "new-name", 0, 4);
    // It is off: everybody is served false, and the metrics say so too.
    wait(&project, "closed", "serves false to everybody; wanted is true");
    let rollout =
        |share: &str| json!({ "name": "flexibleRollout", "parameters": { "rollout": share, "stickiness": "default", "groupId": "g" } });
    let strategy = server.post(&format!("{here}/strategies"), "", &rollout("50"));
    server.post(&format!("{here}/on"), "", &Value::Null);
    project.expect("flag", "closed", "takes 50 %");
    let id = strategy["id"].as_str().expect("strategies have ids");
    let put = |body: &Value| {
        let answer = ureq::put(format!("{}{here}/strategies/{id}", server.url())).header("Content-Type", "application/json");
        answer.send(body.to_string()).expect("the strategy is there");
    };
    let mut aimed = rollout("100");
    aimed["constraints"] = json!([{ "contextName": "userId", "operator": "IN", "values": ["me"] }]);
    put(&aimed);
    project.expect("flag", "closed", "has constraints");
    put(&rollout("100"));
    // Everybody by now, but clients were served otherwise in this very hour.
    project.expect("flag", "closed", "served the opposite 4 times");

    // A flag that was never off for anybody opens when it has been so long enough.
    let here = format!("{features}/other/environments/development");
    server.post(&format!("{here}/strategies"), "", &rollout("100"));
    server.post(&format!("{here}/on"), "", &Value::Null);
    told(&server, &token, "other", 7, 0);
    let project = Project::held_by(&gate("other", "constant_for = \"1h\""));
    wait(&project, "closed", "it must stay so for 1h");
    let project = Project::held_by(&gate("other", "constant_for = \"2s\""));
    wait(&project, "open", "");
    project.run(&["apply", "--phase", "contract"], 0);
    Project::held_by(&gate("nothing", "")).expect("flag", "unknown", "answered 404");
    Project::held_by(&gate("other", "environment_ = 1").replace("\nenvironment_ = 1", "").replace("\"development\"", "\"moon\"")).expect(
        "flag",
        "unknown",
        "has no environment moon",
    );
}

#[test]
fn launchdarkly_must_serve_everybody() {
    let fake = Fake::start();
    let week_ago = jiff::Timestamp::now().as_millisecond() - 7 * 86_400_000;
    let flag = |state: Value| json!({ "key": "new-name", "archived": false, "variations": [{ "value": true }, { "value": false }], "environments": { "production": state } });
    let on = json!({
        "on": true, "archived": false, "lastModified": week_ago, "version": 4, "targets": [], "contextTargets": [], "rules": [],
        "fallthrough": { "variation": 0 }, "offVariation": 1, "prerequisites": [],
    });
    fake.answer("/api/v2/flags/shop/new-name", 200, &flag(on.clone()).to_string());
    let status = |name: &str| json!({ "name": name, "lastRequested": "2026-11-20T10:00:00Z" }).to_string();
    fake.answer("/api/v2/flag-statuses/shop/production/new-name", 200, &status("launched"));
    let gate = format!(
        "[[contract.gate]]\nkind = \"launchdarkly\"\nname = \"flag\"\nurl = \"{}\"\nproject = \"shop\"\nenvironment = \"production\"\nflag = \"new-name\"\nconstant_for = \"24h\"\ntoken_env = \"LD\"\n",
        fake.url()
    );
    let project = Project::held_by(&gate).with("LD", "api-key-1");
    project.expect("flag", "open", "");
    let asked = fake.asked();
    let first = asked.iter().find(|one| one.line == "GET /api/v2/flags/shop/new-name?env=production").expect("it asks for one environment");
    assert_eq!(first.headers.get("authorization").map(String::as_str), Some("api-key-1"));
    let mut ramp = on.clone();
    ramp["fallthrough"] = json!({ "rollout": { "variations": [{ "variation": 0, "weight": 90000 }] } });
    fake.answer("/api/v2/flags/shop/new-name", 200, &flag(ramp).to_string());
    project.expect("flag", "closed", "a percentage decides");
    let mut young = on.clone();
    young["lastModified"] = json!(jiff::Timestamp::now().as_millisecond() - 3_600_000);
    fake.answer("/api/v2/flags/shop/new-name", 200, &flag(young).to_string());
    project.expect("flag", "closed", "it must stay so for 24h");
    fake.answer("/api/v2/flags/shop/new-name", 200, &flag(on).to_string());
    fake.answer("/api/v2/flag-statuses/shop/production/new-name", 200, &status("inactive"));
    project.expect("flag", "unknown", "no client asks for it");
}

#[test]
fn flagsmith_must_serve_everybody_on_every_page() {
    let fake = Fake::start();
    let document = |overrides: Value, updated: &str| {
        json!({
            "id": 1, "api_key": "ser.x", "name": "Production", "updated_at": updated,
            "project": { "id": 1, "name": "shop", "segments": [] },
            "feature_states": [{ "feature": { "id": 1, "name": "new_name", "type": "STANDARD" }, "enabled": true, "feature_state_value": null,
                                 "multivariate_feature_state_values": [] }],
            "identity_overrides": overrides,
        })
        .to_string()
    };
    let path = "/api/v1/environment-document/";
    fake.answer(path, 200, &document(json!([]), "2026-01-01T00:00:00Z"));
    let gate = format!(
        "[[contract.gate]]\nkind = \"flagsmith\"\nname = \"flag\"\nurl = \"{}\"\nflag = \"new_name\"\nconstant_for = \"24h\"\ntoken_env = \"FS\"\n",
        fake.url()
    );
    let project = Project::held_by(&gate).with("FS", "ser.key");
    project.expect("flag", "open", "");
    let asked = fake.asked().pop().expect("it was asked");
    assert_eq!(asked.headers.get("x-environment-key").map(String::as_str), Some("ser.key"));
    // The second page holds somebody with a state of their own.
    let next = format!("<{}{path}?page_id=2>; rel=\"next\"", fake.url());
    fake.answer_with(path, 200, &[("Link", &next)], &document(json!([]), "2026-01-01T00:00:00Z"));
    let one = json!([{ "identifier": "me", "identity_features": [{ "feature": { "name": "new_name" }, "enabled": false }] }]);
    fake.answer(&format!("{path}?page_id=2"), 200, &document(one, "2026-01-01T00:00:00Z"));
    project.expect("flag", "closed", "some identities have a state of their own");
    fake.answer(path, 200, &document(json!([]), &jiff::Timestamp::now().to_string()));
    project.expect("flag", "closed", "it must stay so for 24h");
}

#[test]
fn ofrep_must_say_that_it_is_static() {
    let fake = Fake::start();
    let path = "/ofrep/v1/evaluate/flags/new-name";
    let gate =
        format!("[[contract.gate]]\nkind = \"ofrep\"\nname = \"flag\"\nurl = \"{}\"\nflag = \"new-name\"\nserves = \"v2\"\n", fake.url());
    let project = Project::held_by(&gate);
    fake.answer(path, 404, r#"{"key":"new-name","errorCode":"FLAG_NOT_FOUND"}"#);
    project.expect("flag", "unknown", "there is no flag new-name");
    fake.answer(path, 200, r#"{"key":"new-name","value":"v2","reason":"TARGETING_MATCH","variant":"on"}"#);
    project.expect("flag", "closed", "the reason is TARGETING_MATCH");
    fake.answer(path, 200, r#"{"key":"new-name","value":"v1","reason":"STATIC"}"#);
    project.expect("flag", "closed", "serves v1 to everybody; wanted is v2");
    fake.answer(path, 200, r#"{"key":"new-name","value":"v2","reason":"STATIC"}"#);
    project.expect("flag", "open", "");
    let asked = fake.asked().pop().expect("it was asked");
    assert_eq!(asked.line, format!("POST {path}"));
    assert!(asked.body.contains("targetingKey"), "{}", asked.body);
    fake.answer(path, 429, "slow down");
    project.expect("flag", "unknown", "answered 429");
}
