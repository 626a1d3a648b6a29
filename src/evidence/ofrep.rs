//! OFREP, the protocol of OpenFeature: only the reasons that are the same for everybody count.
//!
//! Source of the shape: the OpenAPI file of the protocol, version 0.3. It tells nothing of the past.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::flag::{Told, judge, plain};
use super::http::{Call, Client};
use super::unleash::encoded;
use super::verdict::Verdict;
use crate::migration::veto::Flag;

pub(super) async fn ask(asked: &Flag, soak: Duration, now: Timestamp) -> Verdict {
    judge(asked, soak, now, look(asked).await)
}

async fn look(asked: &Flag) -> Result<Told, String> {
    let client = Client::open(&asked.endpoint).map_err(|error| error.to_string())?;
    let context = json!({ "context": { "targetingKey": "concertina" } });
    let call = Call::post(format!("ofrep/v1/evaluate/flags/{}", encoded(&asked.flag)), context.to_string(), "application/json");
    let answer = client.send(call).await.map_err(|error| error.to_string())?;
    let document = answer.json();
    if let (404, Ok(document)) = (answer.status, &document)
        && document["errorCode"] == "FLAG_NOT_FOUND"
    {
        return Err(format!("there is no flag {}", asked.flag));
    }
    client.success(&answer).map_err(|error| error.to_string())?;
    read(&document.map_err(|error| error.to_string())?)
}

fn read(document: &Value) -> Result<Told, String> {
    let reason = document["reason"].as_str().unwrap_or_default();
    let seen = json!({ "reason": reason, "variant": document["variant"] });
    let everybody = match reason {
        "STATIC" | "DISABLED" => match &document["value"] {
            Value::Null => return Err("the code of each client decides: no value is served".to_owned()),
            value => Ok(plain(value)),
        },
        "" => return Err("why this value is served is not told".to_owned()),
        // DEFAULT follows rules that did not match this user, CACHED is of some earlier time.
        "TARGETING_MATCH" | "SPLIT" | "DEFAULT" => Err(format!("the reason is {reason}")),
        other => return Err(format!("the reason is {other}, which says nothing of everybody")),
    };
    Ok(Told { everybody, changed: None, seen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_static_answers_are_for_everybody() {
        let of = |document: Value| read(&document).map(|told| told.everybody);
        assert_eq!(of(json!({ "value": true, "reason": "STATIC" })), Ok(Ok("true".into())));
        assert_eq!(of(json!({ "value": "v2", "reason": "DISABLED" })), Ok(Ok("v2".into())));
        assert!(of(json!({ "reason": "STATIC" })).is_err());
        for reason in ["TARGETING_MATCH", "SPLIT", "DEFAULT"] {
            assert!(of(json!({ "value": true, "reason": reason })).is_ok_and(|told| told.is_err()), "{reason}");
        }
        for reason in ["CACHED", "UNKNOWN", "ERROR", ""] {
            assert!(of(json!({ "value": true, "reason": reason })).is_err(), "{reason}");
        }
    }
}
