//! Unleash: the environment is on with a strategy that takes everybody, none has variants, and no client was served anything
//! else lately.
//!
//! Source of the shapes: the OpenAPI document of Unleash 8 (`/docs/openapi.json` of a server).

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::flag::{Told, items, judge};
use super::http::{Call, Client};
use super::verdict::Verdict;
use crate::migration::veto::Flag;

/// Metrics are kept by the hour for two days.
const LONGEST: u64 = 48;

pub(super) async fn ask(asked: &Flag, soak: Duration, now: Timestamp) -> Verdict {
    judge(asked, soak, now, look(asked, soak).await)
}

async fn look(asked: &Flag, soak: Duration) -> Result<Told, String> {
    let client = Client::open(&asked.endpoint).map_err(|error| error.to_string())?;
    let path = |parts: &[&str]| parts.iter().map(|part| encoded(part)).collect::<Vec<_>>().join("/");
    let feature = Call::get(path(&["api", "admin", "projects", &asked.project, "features", &asked.flag]));
    let feature = client.json(feature).await.map_err(|error| error.to_string())?;
    let environments = items(&feature["environments"]);
    let environment = environments.iter().find(|one| one["name"] == asked.environment.as_str()).ok_or_else(|| {
        let names: Vec<&str> = environments.iter().filter_map(|one| one["name"].as_str()).collect();
        format!("flag {} has no environment {}; it has {}", asked.flag, asked.environment, names.join(", "))
    })?;
    let everybody = served(&feature, environment);
    let hours = asked.constant_for.unwrap_or(soak).as_secs().div_ceil(3600).clamp(1, LONGEST);
    let metrics = Call::get(path(&["api", "admin", "client-metrics", "features", &asked.flag, "raw"])).with("hoursBack", hours.to_string());
    let metrics = client.json(metrics).await.map_err(|error| error.to_string())?;
    let counts = Counts::of(&metrics, &asked.environment);
    let changed = changed(&client, asked).await?;
    let seen = json!({ "hours": hours, "yes": counts.yes, "no": counts.no, "applications": counts.applications });
    let everybody = match everybody {
        Ok(value) => counts.agree(value, hours)?,
        Err(why) => Err(why),
    };
    Ok(Told { everybody, changed, seen })
}

/// What the strategies of an environment serve to everybody.
fn served(feature: &Value, environment: &Value) -> Result<String, String> {
    if feature["archived"] == true {
        return Err("it is archived, and clients fall back to what their code says".to_owned());
    }
    if environment["enabled"] != true {
        return Ok("false".to_owned());
    }
    let strategies: Vec<&Value> = items(&environment["strategies"]).iter().filter(|one| one["disabled"] != true).collect();
    if items(&feature["dependencies"]).iter().any(|one| !one.is_null()) {
        return Err("it depends on another flag".to_owned());
    }
    // The first strategy that is true for a user decides which variants it may get.
    if has_variants(environment) || strategies.iter().any(|one| has_variants(one)) {
        return Err("it has variants".to_owned());
    }
    match strategies[..] {
        // Enabled without a strategy means everybody.
        [] => Ok("true".to_owned()),
        [one] => everybody(one).map(|()| "true".to_owned()),
        [..] => match strategies.iter().any(|one| everybody(one).is_ok()) {
            // Strategies are alternatives: a client is on as soon as one of them says so.
            true => Ok("true".to_owned()),
            false => Err(format!("{} strategies decide, and none of them takes everybody", strategies.len())),
        },
    }
}

fn has_variants(place: &Value) -> bool {
    !items(&place["variants"]).is_empty()
}

fn everybody(strategy: &Value) -> Result<(), String> {
    let name = strategy["name"].as_str().unwrap_or_default();
    if !items(&strategy["constraints"]).is_empty() {
        return Err(format!("strategy {name} has constraints"));
    }
    if !items(&strategy["segments"]).is_empty() {
        return Err(format!("strategy {name} is for segments"));
    }
    match name {
        "default" => Ok(()),
        "flexibleRollout" => {
            let rollout = &strategy["parameters"]["rollout"];
            let share = rollout.as_str().map_or_else(|| rollout.to_string(), str::to_owned);
            if share == "100" { Ok(()) } else { Err(format!("strategy {name} takes {share} %")) }
        }
        _ => Err(format!("strategy {name} decides by user")),
    }
}

/// When the flag changed in this environment, or as a whole, for the last time.
async fn changed(client: &Client, asked: &Flag) -> Result<Option<Timestamp>, String> {
    let call = Call::get("api/admin/search/events").with("feature", format!("IS:{}", asked.flag)).with("limit", "100");
    let events = client.json(call).await.map_err(|error| format!("when flag {} changed is not told: {error}", asked.flag))?;
    let here = |event: &&Value| event["environment"].is_null() || event["environment"] == asked.environment.as_str();
    let times = items(&events["events"]).iter().filter(here).filter_map(|event| event["createdAt"].as_str()?.parse::<Timestamp>().ok());
    Ok(times.max())
}

/// How often clients were served what.
struct Counts {
    yes: u64,
    no: u64,
    applications: BTreeSet<String>,
}

impl Counts {
    fn of(metrics: &Value, environment: &str) -> Counts {
        let mut counts = Counts { yes: 0, no: 0, applications: BTreeSet::new() };
        for one in items(&metrics["data"]).iter().filter(|one| one["environment"] == environment) {
            counts.yes += one["yes"].as_u64().unwrap_or_default();
            counts.no += one["no"].as_u64().unwrap_or_default();
            counts.applications.extend(one["appName"].as_str().map(str::to_owned));
        }
        counts
    }

    /// What clients were served must be what the strategies say: a client that was not told yet still serves the rest.
    fn agree(&self, value: String, hours: u64) -> Result<Result<String, String>, String> {
        let (same, other) = if value == "true" { (self.yes, self.no) } else { (self.no, self.yes) };
        if other > 0 {
            return Ok(Err(format!("in the last {hours} hours clients were served the opposite {other} times")));
        }
        if same == 0 {
            return Err(format!("in the last {hours} hours no client told what it was served: old clients do not, and metrics come late"));
        }
        Ok(Ok(value))
    }
}

/// A part of a path.
pub(super) fn encoded(part: &str) -> String {
    url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(environment: &Value) -> Result<String, String> {
        served(&json!({}), environment)
    }

    #[test]
    fn a_strategy_that_takes_everybody_is_on() {
        let with = |strategy: &Value| of(&json!({ "enabled": true, "strategies": [strategy] }));
        assert_eq!(of(&json!({ "enabled": false, "strategies": [{ "name": "default" }] })), Ok("false".into()));
        assert_eq!(with(&json!({ "name": "default", "constraints": [], "segments": [] })), Ok("true".into()));
        assert_eq!(with(&json!({ "name": "flexibleRollout", "parameters": { "rollout": "100" } })), Ok("true".into()));
        assert!(with(&json!({ "name": "flexibleRollout", "parameters": { "rollout": "99" } })).is_err());
        assert!(with(&json!({ "name": "default", "constraints": [{}] })).is_err());
        assert!(with(&json!({ "name": "default", "segments": [1] })).is_err());
        assert!(with(&json!({ "name": "userWithId", "parameters": { "userIds": "me" } })).is_err());
        let disabled = json!({ "name": "userWithId", "disabled": true });
        assert_eq!(of(&json!({ "enabled": true, "strategies": [disabled, { "name": "default" }] })), Ok("true".into()));
        assert!(served(&json!({ "archived": true }), &json!({ "enabled": true })).is_err());
    }

    #[test]
    fn one_of_several_strategies_that_takes_everybody_is_on() {
        let some = json!({ "name": "flexibleRollout", "parameters": { "rollout": "10" } });
        let all = json!({ "name": "flexibleRollout", "parameters": { "rollout": "100" } });
        let with = |strategies: &[&Value]| of(&json!({ "enabled": true, "strategies": strategies }));
        assert_eq!(with(&[&some, &all]), Ok("true".into()));
        assert!(with(&[&some, &some]).is_err_and(|why| why.contains("none of them takes everybody")));
    }

    #[test]
    fn variants_are_not_the_same_for_everybody() {
        let with = |variants: Value| json!({ "name": "default", "variants": variants });
        let on = |strategies: &[Value]| of(&json!({ "enabled": true, "strategies": strategies }));
        let blue = json!([{ "name": "blue", "weight": 1000 }]);
        assert_eq!(on(&[with(json!([]))]), Ok("true".into()));
        assert_eq!(on(&[with(blue.clone())]), Err("it has variants".into()));
        assert!(on(&[json!({ "name": "default" }), with(blue.clone())]).is_err());
        let disabled = json!({ "name": "default", "variants": blue, "disabled": true });
        assert_eq!(on(&[disabled, json!({ "name": "default" })]), Ok("true".into()));
        assert!(of(&json!({ "enabled": true, "variants": blue, "strategies": [] })).is_err());
    }
}
