//! Feature flags: on for everybody, and constant for the soak. Never "on for me": an evaluation for one user proves
//! nothing of the others.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::verdict::Verdict;
use super::words::{at, later, length};
use crate::migration::veto::Flag;

/// What a service tells of a flag.
pub(super) struct Told {
    /// What everybody is served; why nobody can say, where some may be served something else.
    pub(super) everybody: Result<String, String>,
    /// When anything about it changed for the last time, where the service tells.
    pub(super) changed: Option<Timestamp>,
    /// What else was seen.
    pub(super) seen: Value,
}

/// Judges what a service told.
pub(super) fn judge(asked: &Flag, soak: Duration, now: Timestamp, told: Result<Told, String>) -> Verdict {
    let flag = &asked.flag;
    let told = match told {
        Ok(told) => told,
        Err(reason) => return Verdict::unknown(reason, json!({ "flag": flag })),
    };
    let evidence = json!({ "flag": flag, "changed": told.changed.map(|changed| changed.to_string()), "seen": told.seen });
    let value = match told.everybody {
        Ok(value) => value,
        Err(why) => return Verdict::closed(format!("flag {flag} is not the same for everybody: {why}"), evidence),
    };
    if value != asked.serves {
        return Verdict::closed(format!("flag {flag} serves {value} to everybody; wanted is {}", asked.serves), evidence);
    }
    let wanted = asked.constant_for.unwrap_or(soak);
    if wanted.is_zero() {
        return Verdict::open(format!("flag {flag} serves {value} to everybody"), evidence);
    }
    let Some(changed) = told.changed else {
        return Verdict::unknown(format!("flag {flag} serves {value} to everybody, since when is not told"), evidence);
    };
    let opens = later(changed, wanted);
    if opens > now {
        let reason = format!(
            "flag {flag} serves {value} to everybody, but was changed at {}: it must stay so for {}, until {}",
            at(changed),
            length(wanted),
            at(opens)
        );
        return Verdict::closed(reason, evidence);
    }
    Verdict::open(format!("flag {flag} serves {value} to everybody, unchanged since {}", at(changed)), evidence)
}

/// A value as the settings write it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The members of a list; none where there is no list.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
