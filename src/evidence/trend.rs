//! Compares the release that is live with the one before: the share of failed requests, and how long requests take.

use jiff::Timestamp;
use serde_json::json;

use super::fleet::{Fleet, Service, Who};
use super::prometheus::Prometheus;
use super::verdict::Verdict;
use super::words::{at, later, length, list};
use crate::ledger::Ledger;
use crate::migration::veto::{ErrorRate, Latency};

/// Two releases and the moments at which each is looked back from.
struct Pair {
    now: Side,
    before: Side,
}

struct Side {
    release: String,
    /// The end of its window.
    until: Timestamp,
}

/// Judges `kind = "error-rate"`.
pub(super) async fn error_rate(asked: &ErrorRate, ledger: &Ledger) -> Verdict {
    match errors(asked, ledger).await {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::unknown(reason, json!({ "service": asked.service })),
    }
}

/// Judges `kind = "latency"`.
pub(super) async fn latency(asked: &Latency, ledger: &Ledger) -> Verdict {
    match times(asked, ledger).await {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::unknown(reason, json!({ "service": asked.service })),
    }
}

async fn errors(asked: &ErrorRate, ledger: &Ledger) -> Result<Verdict, String> {
    let pair = pair(&asked.service, asked.environment.as_deref(), asked.window, ledger)?;
    let server = Prometheus::open(&asked.endpoint)?;
    let mut shares = Vec::new();
    for side in [&pair.now, &pair.before] {
        let count = |selector: &str| format!("sum(increase({}[{}ms]))", of_release(selector, &side.release), asked.window.as_millis());
        let requests = server.number(&count(&asked.requests), Some(side.until)).await?;
        if requests < asked.min_requests.0 {
            return Err(few(&asked.service, &side.release, requests, asked.min_requests.0));
        }
        let failed = match server.maybe(&count(&asked.errors), Some(side.until)).await? {
            Some(failed) => failed,
            // A service that never failed has no such series; one whose metric is misspelt has none either.
            None => {
                server.number(&format!("count({})", metric(&asked.errors)), Some(side.until)).await?;
                0.0
            }
        };
        shares.push(failed / requests);
    }
    let (now, before) = (shares[0], shares[1]);
    let evidence = json!({
        "now": { "release": pair.now.release, "errors": now },
        "before": { "release": pair.before.release, "errors": before, "until": pair.before.until.to_string() },
        "window_seconds": asked.window.as_secs(),
    });
    let told = format!(
        "{}@{} fails {:.3} % of its requests, {} before it {:.3} %",
        asked.service,
        pair.now.release,
        now * 100.0,
        pair.before.release,
        before * 100.0
    );
    if now - before <= asked.max_increase.0 {
        return Ok(Verdict::open(told, evidence));
    }
    Ok(Verdict::closed(format!("{told}: more than {:.3} points worse", asked.max_increase.0 * 100.0), evidence))
}

async fn times(asked: &Latency, ledger: &Ledger) -> Result<Verdict, String> {
    let pair = pair(&asked.service, asked.environment.as_deref(), asked.window, ledger)?;
    let server = Prometheus::open(&asked.endpoint)?;
    let mut seconds = Vec::new();
    for side in [&pair.now, &pair.before] {
        let selector = of_release(&asked.histogram, &side.release);
        let window = asked.window.as_millis();
        let counted = format!("sum(increase({}[{window}ms]))", every(&selector));
        let requests = server.number(&counted, Some(side.until)).await?;
        if requests < asked.min_requests.0 {
            return Err(few(&asked.service, &side.release, requests, asked.min_requests.0));
        }
        let quantile = format!("histogram_quantile({}, sum by (le) (rate({selector}[{window}ms])))", asked.quantile.0);
        seconds.push(server.number(&quantile, Some(side.until)).await?);
    }
    let (now, before) = (seconds[0], seconds[1]);
    let evidence = json!({
        "now": { "release": pair.now.release, "seconds": now },
        "before": { "release": pair.before.release, "seconds": before, "until": pair.before.until.to_string() },
        "quantile": asked.quantile.0,
    });
    let told = format!(
        "{} % of the requests to {}@{} take at most {now:.4} s, to {} before it {before:.4} s",
        asked.quantile.0 * 100.0,
        asked.service,
        pair.now.release,
        pair.before.release
    );
    if now <= before * asked.max_ratio.0 {
        return Ok(Verdict::open(told, evidence));
    }
    Ok(Verdict::closed(format!("{told}: more than {} times as long", asked.max_ratio.0), evidence))
}

/// The live release and the one before, each with a window in which nothing else ran.
fn pair(service: &str, environment: Option<&str>, window: std::time::Duration, ledger: &Ledger) -> Result<Pair, String> {
    let fleet = Fleet::of(&ledger.markers);
    let known = sole(&fleet, service, environment)?;
    let [live] = &known.live[..] else { return Err(format!("service {service} has no single live release")) };
    let (Who::Release(release), Some(since)) = (&live.who, live.since) else {
        return Err(format!("what is live of {service} is not known"));
    };
    let earlier = known.gone.iter().filter_map(|(who, until)| match who {
        Who::Release(version) => Some((*until, version)),
        Who::Unknown => None,
    });
    let (gone, before) =
        earlier.max().ok_or_else(|| format!("no release of {service} was live before {release}: nothing to compare with"))?;
    let ready = later(gone.max(since), window);
    if ready > ledger.now {
        return Err(format!("{service}@{release} was not alone for {} yet; come back at {}", length(window), at(ready)));
    }
    Ok(Pair { now: Side { release: release.clone(), until: ledger.now }, before: Side { release: before.clone(), until: since.min(gone) } })
}

/// The service in the environment that is asked for, or in the only one that it has.
fn sole<'a>(fleet: &'a Fleet, service: &'a str, environment: Option<&str>) -> Result<&'a Service, String> {
    // In a database of one environment none is told apart.
    let is_asked = |known: &&Service| environment.is_none() || known.environment.is_none() || known.environment.as_deref() == environment;
    let found: Vec<&Service> = fleet.of_service(service).map(|(_, known)| known).filter(is_asked).collect();
    match (&found[..], environment) {
        ([one], _) => Ok(*one),
        ([], Some(environment)) => Err(format!("service {service} has no marker in {environment}")),
        ([], None) => Err(format!("service {service} has no marker")),
        ([..], _) => {
            let names: Vec<String> = found.iter().filter_map(|known| known.environment.clone()).collect();
            Err(format!("service {service} is marked in {}: say which one counts with `environment`", list(&names)))
        }
    }
}

fn few(service: &str, release: &str, requests: f64, wanted: f64) -> String {
    format!("{service}@{release} had {requests:.0} requests in its window, and with fewer than {wanted} nothing can be said")
}

/// `$release` as a string of PromQL.
fn of_release(selector: &str, release: &str) -> String {
    selector.replace("$release", &release.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The metric of a selector.
fn metric(selector: &str) -> &str {
    selector.split('{').next().unwrap_or_default().trim()
}

/// The bucket that counts every request.
fn every(selector: &str) -> String {
    match selector.trim_end().strip_suffix('}') {
        Some(front) if front.trim_end().ends_with(['{', ',']) => format!("{front}le=\"+Inf\"}}"),
        Some(front) => format!("{front},le=\"+Inf\"}}"),
        None => format!("{selector}{{le=\"+Inf\"}}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ledger::{Marker, MarkerKind, Release};

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn deployed(version: &str, environment: &str, at: i64) -> Marker {
        Marker {
            release: Release { service: "api".into(), version: version.into() },
            kind: MarkerKind::Deployed,
            manifest: None,
            ready_for: Vec::new(),
            actor: "ci".into(),
            at: second(at),
            commit: None,
            url: None,
            environment: Some(environment.to_owned()),
            order: None,
        }
    }

    #[test]
    fn each_environment_has_its_own_pair() {
        let mut ledger = Ledger::empty(second(1000));
        ledger.markers = vec![deployed("1", "production", 1), deployed("2", "production", 100)];
        let of = |ledger: &Ledger, environment: Option<&str>| {
            let pair = pair("api", environment, Duration::from_secs(60), ledger);
            pair.map(|pair| (pair.now.release, pair.before.release))
        };
        let of_production = Ok(("2".to_owned(), "1".to_owned()));
        assert_eq!(of(&ledger, None), of_production, "there is only one");
        assert_eq!(of(&ledger, Some("production")), of_production);
        ledger.markers.extend([deployed("3", "staging", 200), deployed("4", "staging", 300)]);
        assert_eq!(of(&ledger, Some("production")), of_production);
        assert_eq!(of(&ledger, Some("staging")), Ok(("4".to_owned(), "3".to_owned())));
        assert_eq!(of(&ledger, Some("test")), Err("service api has no marker in test".to_owned()));
        let unclear = "service api is marked in production and staging: say which one counts with `environment`";
        assert_eq!(of(&ledger, None), Err(unclear.to_owned()));
    }

    #[test]
    fn selectors_are_completed() {
        assert_eq!(every("h_bucket"), "h_bucket{le=\"+Inf\"}");
        assert_eq!(every("h_bucket{job=\"a\"}"), "h_bucket{job=\"a\",le=\"+Inf\"}");
        assert_eq!(every("h_bucket{}"), "h_bucket{le=\"+Inf\"}");
        assert_eq!(of_release("r{v=\"$release\"}", "2\"3"), "r{v=\"2\\\"3\"}");
        assert_eq!(metric("errors{code=\"5\"}"), "errors");
    }
}
