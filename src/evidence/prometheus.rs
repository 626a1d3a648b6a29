//! Asks Prometheus: one number at one moment. Whatever is not exactly one finite number is not known.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::http::{Call, Client};
use super::verdict::Verdict;
use crate::migration::veto::{PrometheusQuery, Window};
use crate::migration::{Bound, Comparison, Endpoint};

/// Beyond this a query goes in the body: servers and proxies cut long addresses.
const LONG: usize = 1500;

/// The share of a window's steps that must have data. The first and the last may miss by a scrape.
const COVERED: f64 = 0.9;

/// A Prometheus, or what speaks its language: Thanos, Mimir, VictoriaMetrics.
#[derive(Clone, Debug)]
pub struct Prometheus {
    client: Client,
}

impl Prometheus {
    /// A server that can be asked.
    ///
    /// # Errors
    /// A sentence: the secret or the certificates cannot be read.
    pub fn open(endpoint: &Endpoint) -> Result<Prometheus, String> {
        Client::open(endpoint).map(|client| Prometheus { client }).map_err(|error| error.to_string())
    }

    /// The one number that a query has as its answer, now or at another moment.
    ///
    /// # Errors
    /// A sentence that says why there is not one finite number: no data, several series, a warning, no answer.
    pub async fn number(&self, query: &str, at: Option<Timestamp>) -> Result<f64, String> {
        self.maybe(query, at).await?.ok_or_else(|| format!("there is no data for `{query}`"))
    }

    /// As [`Prometheus::number`]; `None` where the query has no series as its answer.
    ///
    /// # Errors
    /// As [`Prometheus::number`].
    pub async fn maybe(&self, query: &str, at: Option<Timestamp>) -> Result<Option<f64>, String> {
        let answer = self.client.send(call(query, at)).await.map_err(|error| error.to_string())?;
        // Prometheus explains its 400, 422 and 503 in the document; whatever stands in front of it does not.
        match answer.json() {
            Ok(document) if document["status"].is_string() => read(query, &document),
            Ok(_) | Err(_) => {
                self.client.success(&answer).map_err(|error| error.to_string())?;
                Err(format!("{} did not answer as Prometheus does: is the address right?", answer.from))
            }
        }
    }
}

fn call(query: &str, at: Option<Timestamp>) -> Call {
    let at = at.map(|at| format!("{}.{:03}", at.as_second(), at.subsec_millisecond()));
    if query.len() < LONG {
        let call = Call::get("api/v1/query").with("query", query);
        return at.into_iter().fold(call, |call, at| call.with("time", at));
    }
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("query", query);
    if let Some(at) = &at {
        form.append_pair("time", at);
    }
    Call::post("api/v1/query", form.finish(), "application/x-www-form-urlencoded")
}

/// Reads the document. The sources of the shape: the HTTP API page of Prometheus, "instant queries".
fn read(query: &str, document: &Value) -> Result<Option<f64>, String> {
    if document["status"] != "success" {
        let error = document["error"].as_str().unwrap_or("no reason was given");
        return Err(format!("Prometheus refused `{query}`: {error}"));
    }
    if let Some(warnings) = document["warnings"].as_array().filter(|warnings| !warnings.is_empty()) {
        let told: Vec<&str> = warnings.iter().filter_map(Value::as_str).collect();
        return Err(format!("Prometheus warns of its own answer to `{query}`: {}", told.join("; ")));
    }
    let data = &document["data"];
    let sample = match data["resultType"].as_str() {
        Some("scalar") => Some(&data["result"]),
        Some("vector") => match data["result"].as_array().map(Vec::as_slice) {
            Some([]) => None,
            Some([one]) => Some(&one["value"]),
            Some(several) => {
                return Err(format!("`{query}` has {} series as its answer: make it one, with `sum(…)` or `max(…)`", several.len()));
            }
            None => return Err("Prometheus answered without a result".to_owned()),
        },
        Some(other) => return Err(format!("`{query}` has a {other} as its answer, not a number")),
        None => return Err("Prometheus answered without a result".to_owned()),
    };
    let Some(sample) = sample else { return Ok(None) };
    let text = sample[1].as_str().ok_or("Prometheus answered without a value")?;
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        // 0/0 where nothing was counted.
        Ok(_) => Err(format!("`{query}` is {text}: there was nothing to count")),
        Err(_) => Err(format!("`{query}` is `{text}`, which is no number")),
    }
}

/// Judges `kind = "prometheus"`.
pub(super) async fn judge(asked: &PrometheusQuery) -> Verdict {
    match look(asked).await {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::unknown(reason, json!({ "query": asked.query })),
    }
}

async fn look(asked: &PrometheusQuery) -> Result<Verdict, String> {
    let server = Prometheus::open(&asked.endpoint)?;
    if let Some(liveness) = &asked.liveness {
        let alive = match asked.window {
            Some(window) => lowest(&server, liveness, window).await?,
            None => server.number(liveness, None).await?,
        };
        if alive <= 0.0 {
            let reason = format!("the sign of life `{liveness}` is {alive}: nobody knows what `{}` means now", asked.query);
            return Ok(Verdict::unknown(reason, json!({ "query": asked.query, "liveness": alive })));
        }
    }
    let (query, limit) = (&asked.query, asked.open_when);
    let Some(window) = asked.window else {
        let value = server.number(query, None).await?;
        return Ok(told(query, limit, value, "", json!({ "query": query, "value": value })));
    };
    let (low, high) = match limit.comparison {
        Comparison::Below | Comparison::AtMost => {
            let high = highest(&server, query, window).await?;
            (high, high)
        }
        Comparison::Above | Comparison::AtLeast => {
            let low = lowest(&server, query, window).await?;
            (low, low)
        }
        // Both ends at the same number leave nothing between.
        Comparison::Equal | Comparison::Different => (lowest(&server, query, window).await?, highest(&server, query, window).await?),
    };
    let worst = if limit.holds(low) { high } else { low };
    let evidence = json!({ "query": query, "lowest": low, "highest": high, "window_seconds": window.length.as_secs() });
    Ok(told(query, limit, worst, &format!(" within {}", super::words::length(window.length)), evidence))
}

fn told(query: &str, limit: Bound, value: f64, when: &str, evidence: Value) -> Verdict {
    if limit.holds(value) {
        return Verdict::open(format!("`{query}` is {value}{when}, as wanted: {limit}"), evidence);
    }
    Verdict::closed(format!("`{query}` is {value}{when}; wanted is {limit}"), evidence)
}

async fn highest(server: &Prometheus, query: &str, window: Window) -> Result<f64, String> {
    covered(server, query, window).await?;
    server.number(&format!("max_over_time({})", within(query, window)), None).await
}

async fn lowest(server: &Prometheus, query: &str, window: Window) -> Result<f64, String> {
    covered(server, query, window).await?;
    server.number(&format!("min_over_time({})", within(query, window)), None).await
}

/// Whether there was data all the time: the extremes of a series with gaps say nothing of the gaps.
async fn covered(server: &Prometheus, query: &str, window: Window) -> Result<(), String> {
    let found = server.number(&format!("count_over_time({})", within(query, window)), None).await?;
    let steps = (window.length.as_secs_f64() / window.step.as_secs_f64()).floor();
    if found < steps * COVERED {
        return Err(format!("`{query}` has data for {found} of {steps} steps of the window alone"));
    }
    Ok(())
}

fn within(query: &str, window: Window) -> String {
    format!("({query})[{}ms:{}ms]", window.length.as_millis(), window.step.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(document: &str) -> Result<Option<f64>, String> {
        read("q", &serde_json::from_str(document).expect("valid"))
    }

    fn vector(result: &str) -> Result<Option<f64>, String> {
        of(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#))
    }

    #[test]
    fn only_one_finite_number_is_an_answer() {
        let one = r#"{"metric":{},"value":[1700000000.1,"0.25"]}"#;
        assert_eq!(vector(one), Ok(Some(0.25)));
        assert_eq!(vector(""), Ok(None));
        assert!(vector(&format!("{one},{one}")).is_err_and(|why| why.contains("2 series")));
        for value in ["NaN", "+Inf", "-Inf"] {
            assert!(vector(&one.replace("0.25", value)).is_err_and(|why| why.contains("nothing to count")), "{value}");
        }
        assert_eq!(of(r#"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"3"]}}"#), Ok(Some(3.0)));
        assert!(of(r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#).is_err_and(|why| why.contains("matrix")));
        assert!(of(r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#).is_err_and(|why| why.contains("parse error")));
        let warned = r#"{"status":"success","warnings":["partial response"],"data":{"resultType":"scalar","result":[1,"3"]}}"#;
        assert!(of(warned).is_err_and(|why| why.contains("partial response")));
    }
}
