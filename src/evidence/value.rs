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
    let found = document.pointer(&asked.pointer).ok_or_else(|| format!("the answer has nothing at `{}`", asked.pointer))?;
    let text = plain(found).ok_or_else(|| format!("what is at `{}` is neither a text nor a number nor true or false", asked.pointer))?;
    let told: String = client.hide(&text).chars().take(TOLD).collect();
    let evidence = json!({ "pointer": asked.pointer, "value": told });
    let (agrees, wanted) = match &asked.expected {
        Expected::Text(wanted) => (*wanted == text || same_number(wanted, &text), format!("`{wanted}`")),
        Expected::Number(limit) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => (limit.holds(number), limit.to_string()),
            Ok(_) | Err(_) => return Err(format!("`{told}` at `{}` is no number", asked.pointer)),
        },
    };
    if agrees {
        return Ok(Verdict::open(format!("`{}` is `{told}`, as wanted", asked.pointer), evidence));
    }
    Ok(Verdict::closed(format!("`{}` is `{told}`; wanted is {wanted}", asked.pointer), evidence))
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
