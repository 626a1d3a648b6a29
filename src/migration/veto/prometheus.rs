//! What Prometheus is asked: a query of the user's, or one of the two recipes that compare releases.

use std::ops::Range;
use std::time::Duration;

use crate::migration::bound::Comparison;
use crate::migration::endpoint::{Endpoint, Scheme};
use crate::migration::table::Table;
use crate::migration::{Bound, MigrationError};

/// `kind = "prometheus"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrometheusQuery {
    /// The server.
    pub endpoint: Endpoint,
    /// `query`: an instant query with one number as its answer.
    pub query: String,
    /// `open_when`: what that number must be.
    pub open_when: Bound,
    /// `window`: that it must have been so all the time.
    pub window: Option<Window>,
    /// `liveness`: a second query, whose number must not be zero: it tells no data from no trouble.
    pub liveness: Option<String>,
}

/// A time in which a condition must have held without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How long.
    pub length: Duration,
    /// `step`: how often it is looked at within. Default one minute.
    pub step: Duration,
}

/// `kind = "error-rate"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRate {
    /// The server.
    pub endpoint: Endpoint,
    /// `requests`: the selector of a counter of all requests. `$release` stands for the release.
    pub requests: String,
    /// `errors`: the selector of a counter of failed requests.
    pub errors: String,
    /// `service`: whose markers tell when the release before was live.
    pub service: String,
    /// `environment`: where, in a database of several.
    pub environment: Option<String>,
    /// `window`: over how long both are counted. Default one hour.
    pub window: Duration,
    /// `max_increase`: how much the share of failures may have grown, in points of the whole (0.01 is one percent).
    pub max_increase: Decimal,
    /// `min_requests`: with fewer requests on either side nothing is said. Default 100.
    pub min_requests: Decimal,
}

/// `kind = "latency"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The server.
    pub endpoint: Endpoint,
    /// `histogram`: the selector of the `_bucket` series. `$release` stands for the release.
    pub histogram: String,
    /// `quantile`. Default 0.99.
    pub quantile: Decimal,
    /// `service`: whose markers tell when the release before was live.
    pub service: String,
    /// `environment`: where, in a database of several.
    pub environment: Option<String>,
    /// `window`: over how long both are measured. Default one hour.
    pub window: Duration,
    /// `max_ratio`: how many times as long requests may take now. Default 1.2.
    pub max_ratio: Decimal,
    /// `min_requests`: with fewer requests on either side nothing is said. Default 100.
    pub min_requests: Decimal,
}

/// A number of the settings: finite, and not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decimal(pub f64);

// It is finite, so equality is reflexive.
impl Eq for Decimal {}

/// Parts of PromQL that answer where there is no data.
const INVENTS: [&str; 4] = ["vector(", "absent(", "absent_over_time(", "scalar("];

impl PrometheusQuery {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<PrometheusQuery, MigrationError> {
        let document = table.document();
        let endpoint = Endpoint::read(table, at.clone(), Scheme::Bearer)?;
        let (query, query_at) = table.required("query", at.clone())?;
        let (limit, limit_at) = table.required("open_when", at)?;
        let open_when: Bound = limit.parse().map_err(|message| document.fault(limit_at.clone(), message))?;
        let window = read_window(table)?;
        if window.is_some() && open_when.comparison == Comparison::Different {
            let message = "`!=` cannot be followed over a `window`: write it as `<` or `>`".to_owned();
            return Err(document.fault(limit_at, message));
        }
        let liveness = table.text("liveness")?.map(|(query, _)| query);
        let plain = query.replace(' ', "");
        if liveness.is_none() && INVENTS.iter().any(|part| plain.contains(part)) {
            let message = "this query answers even where Prometheus has no data: add `liveness`, a query that is zero or empty then, \
                           such as \"up{job=\\\"api\\\"}\" or \"sum(up{job=\\\"api\\\"})\"";
            return Err(document.fault(query_at, message.to_owned()));
        }
        Ok(PrometheusQuery { endpoint, query, open_when, window, liveness })
    }
}

impl ErrorRate {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<ErrorRate, MigrationError> {
        Ok(ErrorRate {
            endpoint: Endpoint::read(table, at.clone(), Scheme::Bearer)?,
            requests: table.required("requests", at.clone())?.0,
            errors: table.required("errors", at.clone())?.0,
            service: table.required("service", at)?.0,
            environment: table.text("environment")?.map(|(name, _)| name),
            window: table.duration("window")?.unwrap_or(Duration::from_hours(1)),
            max_increase: Decimal(table.decimal("max_increase")?.unwrap_or(0.0)),
            min_requests: Decimal(table.decimal("min_requests")?.unwrap_or(100.0)),
        })
    }
}

impl Latency {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<Latency, MigrationError> {
        let latency = Latency {
            endpoint: Endpoint::read(table, at.clone(), Scheme::Bearer)?,
            histogram: table.required("histogram", at.clone())?.0,
            quantile: Decimal(table.decimal("quantile")?.unwrap_or(0.99)),
            service: table.required("service", at.clone())?.0,
            environment: table.text("environment")?.map(|(name, _)| name),
            window: table.duration("window")?.unwrap_or(Duration::from_hours(1)),
            max_ratio: Decimal(table.decimal("max_ratio")?.unwrap_or(1.2)),
            min_requests: Decimal(table.decimal("min_requests")?.unwrap_or(100.0)),
        };
        if latency.quantile.0 <= 0.0 || latency.quantile.0 >= 1.0 {
            return Err(table.document().fault(at, "`quantile` must lie between 0 and 1".to_owned()));
        }
        Ok(latency)
    }
}

fn read_window(table: &mut Table<'_>) -> Result<Option<Window>, MigrationError> {
    let document = table.document();
    let length = table.duration("window")?;
    let step = table.duration("step")?;
    let Some(length) = length else { return Ok(None) };
    let step = step.unwrap_or(Duration::from_mins(1)).min(length);
    // Prometheus refuses more than 11,000 points.
    if step.as_millis() == 0 || length.as_millis() / step.as_millis() > 10_000 {
        return Err(document.fault(0..0, "`window` has more than 10,000 steps: lengthen `step`".to_owned()));
    }
    Ok(Some(Window { length, step }))
}
