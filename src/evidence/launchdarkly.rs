//! LaunchDarkly: no target, no rule, no percentage, no prerequisite stands between everybody and one variation.
//!
//! Source of the shapes: the REST API reference, "Get feature flag" and "Get feature flag status".

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::flag::{Told, items, judge, plain};
use super::http::{Call, Client};
use super::unleash::encoded;
use super::verdict::Verdict;
use crate::migration::veto::Flag;

pub(super) async fn ask(asked: &Flag, soak: Duration, now: Timestamp) -> Verdict {
    judge(asked, soak, now, look(asked).await)
}

async fn look(asked: &Flag) -> Result<Told, String> {
    let client = Client::open(&asked.endpoint).map_err(|error| error.to_string())?;
    let [project, environment, key] = [&asked.project, &asked.environment, &asked.flag].map(|part| encoded(part));
    let call = Call::get(format!("api/v2/flags/{project}/{key}")).with("env", asked.environment.clone());
    let flag = client.json(call).await.map_err(|error| error.to_string())?;
    let state = &flag["environments"][&asked.environment];
    if !state.is_object() {
        return Err(format!("flag {} has no environment {}", asked.flag, asked.environment));
    }
    let status = client.json(Call::get(format!("api/v2/flag-statuses/{project}/{environment}/{key}"))).await;
    let status = status.map_err(|error| error.to_string())?;
    // A flag that nobody asks for says nothing of what the code does.
    match status["name"].as_str() {
        Some("active" | "launched") => {}
        Some(name) => return Err(format!("flag {} is {name}: no client asks for it", asked.flag)),
        None => return Err(format!("whether anybody asks for flag {} is not told", asked.flag)),
    }
    let changed = state["lastModified"].as_i64().and_then(|at| Timestamp::from_millisecond(at).ok());
    let seen = json!({ "status": status["name"], "last_requested": status["lastRequested"], "version": state["version"] });
    Ok(Told { everybody: served(&flag, state), changed, seen })
}

fn served(flag: &Value, state: &Value) -> Result<String, String> {
    if flag["archived"] == true || state["archived"] == true {
        return Err("it is archived, and clients fall back to what their code says".to_owned());
    }
    let variation = |index: &Value| {
        let index = index.as_u64().and_then(|index| usize::try_from(index).ok()).ok_or("it serves no variation")?;
        items(&flag["variations"]).get(index).map(|one| plain(&one["value"])).ok_or("it serves an unknown variation")
    };
    match state["on"].as_bool() {
        Some(true) => {}
        Some(false) => return variation(&state["offVariation"]).map_err(str::to_owned),
        None => return Err("whether it is on is not told".to_owned()),
    }
    if !items(&state["prerequisites"]).is_empty() {
        return Err("it depends on another flag".to_owned());
    }
    let aims = |list: &Value| items(list).iter().any(|target| !items(&target["values"]).is_empty());
    if aims(&state["targets"]) || aims(&state["contextTargets"]) {
        return Err("some are targeted one by one".to_owned());
    }
    if !items(&state["rules"]).is_empty() {
        return Err(format!("{} rules decide", items(&state["rules"]).len()));
    }
    if !state["fallthrough"]["rollout"].is_null() {
        return Err("a percentage decides".to_owned());
    }
    variation(&state["fallthrough"]["variation"]).map_err(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_makes_a_difference_between_users_is_not_everybody() {
        let flag = json!({ "variations": [{ "value": true }, { "value": false }] });
        let on =
            json!({ "on": true, "targets": [], "rules": [], "prerequisites": [], "fallthrough": { "variation": 0 }, "offVariation": 1 });
        let with = |key: &str, value: Value| {
            let mut state = on.clone();
            state[key] = value;
            served(&flag, &state)
        };
        assert_eq!(served(&flag, &on), Ok("true".into()));
        assert_eq!(with("on", json!(false)), Ok("false".into()));
        assert_eq!(with("targets", json!([{ "values": [], "variation": 1 }])), Ok("true".into()));
        assert!(with("targets", json!([{ "values": ["me"], "variation": 1 }])).is_err());
        assert!(with("contextTargets", json!([{ "values": ["me"], "contextKind": "org" }])).is_err());
        assert!(with("rules", json!([{}])).is_err());
        assert!(with("prerequisites", json!([{ "key": "other" }])).is_err());
        assert!(with("fallthrough", json!({ "rollout": { "variations": [] } })).is_err());
        assert!(with("fallthrough", json!({ "variation": 9 })).is_err());
        assert!(with("archived", json!(true)).is_err());
    }
}
