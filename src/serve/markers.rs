//! `POST /v1/markers`: what `migrate mark` does, for pipelines that reach the server and not the database. Needs the token.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Shared;
use super::body::Body;
use super::problem::Problem;
use super::status::{envelope, failed};
use super::token::{Shown, shown};
use crate::ledger::{Marker, MarkerKind, Release};
use crate::migration::{Manifest, MigrationId};

/// What happened to a release.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMarker {
    /// What happened.
    kind: Kind,
    /// To the release of which service.
    #[schema(min_length = 1, pattern = r"^[^\s@\x00-\x1f\x7f-\x9f]+$")]
    service: String,
    /// To which release.
    #[schema(min_length = 1, pattern = r"^[^\s@\x00-\x1f\x7f-\x9f]+$")]
    release: String,
    /// Every script that it was built with and its digest, as `migrate mark` records them from a checkout.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    manifest: Option<Manifest>,
    /// Migrations whose contract it is ready for although its checkout does not hold them.
    #[serde(default)]
    ready_for: Vec<String>,
    /// Who says so.
    #[schema(pattern = r"^[^\x00]*$")]
    actor: Option<String>,
    /// The commit that it was built from.
    #[schema(pattern = r"^[^\x00]*$")]
    commit: Option<String>,
    /// A link to the deploy.
    #[schema(pattern = r"^[^\x00]*$")]
    url: Option<String>,
    /// The environment, where a database serves several.
    environment: Option<String>,
    /// A number that grows with each build.
    #[schema(maximum = 9_223_372_036_854_775_807_i64)]
    #[serde(default, deserialize_with = "whole")]
    order: Option<u64>,
}

/// A whole number however it is written: `7.0` is one to JSON Schema.
fn whole<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(source)? else { return Ok(None) };
    // Above 2^53 a fraction cannot be told any more.
    let exact = |value: &f64| value.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(value);
    let whole = number.as_u64().or_else(|| number.as_f64().filter(exact).map(|value| value as u64));
    whole.map(Some).ok_or_else(|| serde::de::Error::custom(format!("`order` is no whole number: {number}")))
}

/// What happened.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// The roll-out began.
    Started,
    /// The roll-out ended.
    Deployed,
    /// It was taken back.
    RolledBack,
    /// Nothing of it runs any more.
    Retired,
}

/// Records what a deploy did, as `migrate mark` does.
#[utoipa::path(post, path = "/v1/markers", tag = "markers", operation_id = "mark", request_body = NewMarker, security(("token" = [])),
    responses(
        (status = 200, description = "Recorded: the document of `migrate mark --format json`.", body = serde_json::Value),
        (status = 400, description = "No marker.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or another.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The server was started without a token and writes nothing.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The service is not declared, or there is no such migration.", body = serde_json::Value),
        (status = 413, description = "Too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "No JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "The database refuses.", body = serde_json::Value),
        (status = 503, description = "The database cannot be written now.", body = serde_json::Value)))]
pub(super) async fn mark(shared: Shared, headers: HeaderMap, request: Request) -> Result<Response, Problem> {
    if shared.token.is_none() {
        let detail = "this server was started without a token and writes nothing";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail).next("MIGRATE_SERVE_TOKEN=… migrate serve"));
    }
    if shown(&headers, shared.token.as_ref()) != Shown::Right {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "`Authorization: Bearer` does not show the server's token"));
    }
    // Read after the token, so that nobody else is told what a marker looks like.
    let Body(marker) = Body::<NewMarker>::from_request(request, &()).await?;
    let bad = |text: &str| text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    if bad(&marker.service) || bad(&marker.release) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "service and release are words without `@` and white space"));
    }
    if marker.order.is_some_and(|order| i64::try_from(order).is_err()) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "`order` is larger than a database holds"));
    }
    let mut texts = [&marker.actor, &marker.commit, &marker.url, &marker.environment].into_iter().flatten().chain(&marker.ready_for);
    let holds_nul = texts.any(|text| text.contains('\0'));
    drop(texts);
    if holds_nul {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "no text may hold a NUL"));
    }
    let marker = Marker {
        release: Release { service: marker.service, version: marker.release },
        kind: match marker.kind {
            Kind::Started => MarkerKind::Started,
            Kind::Deployed => MarkerKind::Deployed,
            Kind::RolledBack => MarkerKind::RolledBack,
            Kind::Retired => MarkerKind::Retired,
        },
        manifest: marker.manifest,
        ready_for: marker.ready_for.iter().map(|id| MigrationId::new(id)).collect(),
        actor: marker.actor.filter(|actor| !actor.is_empty()).unwrap_or_else(|| "migrate serve".to_owned()),
        // The database's clock counts; the backend writes that.
        at: Timestamp::now(),
        commit: marker.commit,
        url: marker.url,
        environment: marker.environment.filter(|name| !name.trim().is_empty()),
        order: marker.order,
    };
    /// The exit code for wrong usage: here, what the marker names is not known.
    const USAGE: u8 = 2;
    Ok(match shared.readings.mark(marker).await {
        Ok(report) => envelope(StatusCode::OK, &report),
        Err(report) if report.exit_code == USAGE => envelope(StatusCode::CONFLICT, &report),
        Err(report) => envelope(failed(&report), &report),
    })
}
