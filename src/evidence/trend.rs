//! Compares the release that is live with the one before: the share of failed requests, and how long requests take.

use jiff::Timestamp;
use serde_json::json;

use super::fleet::{Fleet, Who};
use super::prometheus::Prometheus;
use super::verdict::Verdict;
use super::words::{at, later, length};
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
    let pair = pair(&asked.service, asked.window, ledger)?;
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
    let pair = pair(&asked.service, asked.window, ledger)?;
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
fn pair(service: &str, window: std::time::Duration, ledger: &Ledger) -> Result<Pair, String> {
    let fleet = Fleet::of(&ledger.markers);
    let known = fleet.services.get(service).ok_or_else(|| format!("service {service} has no marker"))?;
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
    use super::*;

    #[test]
    fn selectors_are_completed() {
        assert_eq!(every("h_bucket"), "h_bucket{le=\"+Inf\"}");
        assert_eq!(every("h_bucket{job=\"a\"}"), "h_bucket{job=\"a\",le=\"+Inf\"}");
        assert_eq!(every("h_bucket{}"), "h_bucket{le=\"+Inf\"}");
        assert_eq!(of_release("r{v=\"$release\"}", "2\"3"), "r{v=\"2\\\"3\"}");
        assert_eq!(metric("errors{code=\"5\"}"), "errors");
    }
}
