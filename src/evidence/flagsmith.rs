//! Flagsmith: the environment's own state, with no override by segment or identity beside it.
//!
//! Source of the shape: the environment document of the SDK API, `/api/v1/environment-document/`. The plain list of
//! flags does not tell overrides, and proves nothing.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::flag::{Told, items, judge, plain};
use super::http::{Call, Client};
use super::verdict::Verdict;
use crate::migration::veto::Flag;

/// Pages of identity overrides that are read at most.
const PAGES: usize = 100;

/// What identities say of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identities {
    /// Nothing.
    Silent,
    /// Some have a state of their own.
    Overriding,
}

pub(super) async fn ask(asked: &Flag, soak: Duration, now: Timestamp) -> Verdict {
    judge(asked, soak, now, look(asked).await)
}

async fn look(asked: &Flag) -> Result<Told, String> {
    let client = Client::open(&asked.endpoint).map_err(|error| error.to_string())?;
    let mut call = Call::get("api/v1/environment-document/");
    let mut first: Option<Value> = None;
    let mut identities = Identities::Silent;
    for _ in 0..PAGES {
        let answer = client.send(call).await.map_err(|error| error.to_string())?;
        client.success(&answer).map_err(|error| error.to_string())?;
        let document = answer.json().map_err(|error| error.to_string())?;
        if items(&document["identity_overrides"]).iter().any(|one| names(&one["identity_features"], &asked.flag)) {
            identities = Identities::Overriding;
        }
        let next = answer.link.as_deref().and_then(next_page);
        first.get_or_insert(document);
        let Some(query) = next else {
            let document = first.unwrap_or_default();
            let changed = document["updated_at"].as_str().and_then(|text| text.parse().ok());
            let everybody = served(&document, &asked.flag, identities)?;
            return Ok(Told { everybody, changed, seen: json!({ "environment": document["name"] }) });
        };
        // The address stays ours: only the parameters of the next page are taken over.
        call = Call { query, ..Call::get("api/v1/environment-document/") };
    }
    Err(format!("the environment has more than {PAGES} pages of overrides"))
}

/// The parameters of `<…?page_id=…>; rel="next"`.
fn next_page(link: &str) -> Option<Vec<(String, String)>> {
    let part = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let address = part.split('<').nth(1)?.split('>').next()?;
    let query = address.split_once('?')?.1;
    Some(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

fn names(states: &Value, flag: &str) -> bool {
    items(states).iter().any(|state| state["feature"]["name"] == flag)
}

fn served(document: &Value, flag: &str, identities: Identities) -> Result<Result<String, String>, String> {
    let states = items(&document["feature_states"]);
    let state = states.iter().find(|state| state["feature"]["name"] == flag).ok_or_else(|| format!("there is no flag {flag}"))?;
    if identities == Identities::Overriding {
        return Ok(Err("some identities have a state of their own".to_owned()));
    }
    if items(&document["project"]["segments"]).iter().any(|segment| names(&segment["feature_states"], flag)) {
        return Ok(Err("a segment has a state of its own".to_owned()));
    }
    let varies = |one: &Value| one["percentage_allocation"].as_f64().is_some_and(|share| share > 0.0);
    if items(&state["multivariate_feature_state_values"]).iter().any(varies) {
        return Ok(Err("it has several values by percentage".to_owned()));
    }
    match state["enabled"].as_bool() {
        Some(true) => match &state["feature_state_value"] {
            Value::Null => Ok(Ok("true".to_owned())),
            Value::String(text) if text.is_empty() => Ok(Ok("true".to_owned())),
            value => Ok(Ok(plain(value))),
        },
        Some(false) => Ok(Ok("false".to_owned())),
        None => Err(format!("whether flag {flag} is on is not told")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_not_everybody() {
        let state = |more: Value| {
            let mut state = json!({ "feature": { "name": "f" }, "enabled": true, "feature_state_value": null, "multivariate_feature_state_values": [] });
            for (key, value) in more.as_object().cloned().unwrap_or_default() {
                state[key] = value;
            }
            json!({ "feature_states": [state], "project": { "segments": [] } })
        };
        assert_eq!(served(&state(json!({})), "f", Identities::Silent), Ok(Ok("true".into())));
        assert_eq!(served(&state(json!({ "feature_state_value": "v2" })), "f", Identities::Silent), Ok(Ok("v2".into())));
        assert_eq!(served(&state(json!({ "enabled": false })), "f", Identities::Silent), Ok(Ok("false".into())));
        assert!(served(&state(json!({})), "g", Identities::Silent).is_err());
        assert!(served(&state(json!({})), "f", Identities::Overriding).is_ok_and(|told| told.is_err()));
        let split = json!({ "multivariate_feature_state_values": [{ "percentage_allocation": 10.0 }] });
        assert!(served(&state(split), "f", Identities::Silent).is_ok_and(|told| told.is_err()));
        let mut segmented = state(json!({}));
        segmented["project"]["segments"] = json!([{ "feature_states": [{ "feature": { "name": "f" } }] }]);
        assert!(served(&segmented, "f", Identities::Silent).is_ok_and(|told| told.is_err()));
    }

    #[test]
    fn pages_follow_their_link() {
        let link = "<https://elsewhere/api/v1/environment-document/?page_id=abc%3D>; rel=\"next\"";
        assert_eq!(next_page(link), Some(vec![("page_id".to_owned(), "abc=".to_owned())]));
        assert_eq!(next_page("<x?y=1>; rel=\"prev\""), None);
    }
}
