//! A value in a JSON document that some service answers with.

use serde_json::{Value, json};

use super::http::{Call, Client};
use super::verdict::Verdict;
use crate::migration::veto::{Expected, HttpValue};

/// What is told of a value: it may be a whole document.
const TOLD: usize = 120;

/// Judges `kind = "http"`.
pub(super) async fn judge(asked: &HttpValue) -> Verdict {
    match look(asked).await {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::unknown(reason, json!({ "pointer": asked.pointer })),
    }
}

async fn look(asked: &HttpValue) -> Result<Verdict, String> {
    let client = Client::open(&asked.endpoint).map_err(|error| error.to_string())?;
    let document = client.json(Call::get("")).await.map_err(|error| error.to_string())?;
    let found = compare(&client, &document, &asked.pointer, &asked.expected)?;
    let evidence = json!({ "pointer": asked.pointer, "value": found.told });
    if found.agrees {
        return Ok(Verdict::open(format!("`{}` is `{}`, as wanted", asked.pointer, found.told), evidence));
    }
    Ok(Verdict::closed(format!("`{}` is `{}`; wanted is {}", asked.pointer, found.told, found.wanted), evidence))
}

/// A value beside what is expected of it.
pub(super) struct Compared {
    pub(super) agrees: bool,
    pub(super) told: String,
    pub(super) wanted: String,
}

/// Finds a value in a document and compares it.
pub(super) fn compare(client: &Client, document: &Value, pointer: &str, expected: &Expected) -> Result<Compared, String> {
    let found = document.pointer(pointer).ok_or_else(|| format!("the answer has nothing at `{pointer}`"))?;
    let text = plain(found).ok_or_else(|| format!("what is at `{pointer}` is neither a text nor a number nor true or false"))?;
    let told: String = client.hide(&text).chars().take(TOLD).collect();
    let (agrees, wanted) = match expected {
        Expected::Text(wanted) => (*wanted == text || same_number(wanted, &text), format!("`{wanted}`")),
        Expected::Number(limit) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => (limit.holds(number), limit.to_string()),
            Ok(_) | Err(_) => return Err(format!("`{told}` at `{pointer}` is no number")),
        },
    };
    Ok(Compared { agrees, told, wanted })
}

/// A scalar as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `1` and `1.0`.
#[allow(clippy::float_cmp, reason = "two spellings of one number are equal bit by bit")]
fn same_number(left: &str, right: &str) -> bool {
    matches!((left.parse::<f64>(), right.parse::<f64>()), (Ok(left), Ok(right)) if left == right)
}
