//! ECS deployment lifecycle hooks, asked by the Lambda function that ECS calls: the answer is what that function returns.
//!
//! A hook that holds a traffic shift would hold a roll-back as well, since ECS calls the same hook then; so these stages
//! always pass, and readiness is asked at the stages before.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Shared;
use super::super::body::Body;
use super::super::build::{self, Verdict, judge, names, unasked};
use super::super::problem::Problem;
use super::super::status::TEMPORARY;
use super::super::token::{Shown, shown};
use crate::ledger::{Marker, MarkerKind, Release};

/// Seconds until ECS asks again: its own default.
const ASK_AGAIN: u32 = 30;

/// What ECS hands to the function.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::serve) struct Event {
    /// Where the deployment is: `PRE_SCALE_UP`, `POST_PRODUCTION_TRAFFIC_SHIFT`, …
    #[schema(min_length = 1)]
    lifecycle_stage: String,
    /// What the service's definition says beside the hook.
    #[serde(default)]
    hook_details: Option<HookDetails>,
}

/// What the service's definition says beside the hook.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(in crate::serve) struct HookDetails {
    /// The service, as its markers name it.
    service: Option<String>,
    /// The release that is deployed.
    release: Option<String>,
    /// `backfill`: its rows must be filled as well.
    phase: Option<String>,
}

/// What the function returns to ECS.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::serve) struct HookAnswer {
    /// What ECS does.
    hook_status: HookStatus,
    /// Seconds until it asks again.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_back_delay: Option<u32>,
    /// Why, for the function's log.
    reason: String,
}

/// What ECS does.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::serve) enum HookStatus {
    /// It goes on.
    Succeeded,
    /// It asks again.
    InProgress,
    /// It rolls back.
    Failed,
}

/// May the deployment go on? After the shift of production traffic, and with the token, marks the release as deployed.
#[utoipa::path(post, path = "/v1/hooks/ecs", tag = "hooks", operation_id = "ecs", request_body = Event,
    security((), ("token" = [])),
    responses(
        (status = 200, description = "What the function returns to ECS.", body = HookAnswer),
        (status = 400, description = "No event of ECS.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Another token.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "No JSON.", body = Problem, content_type = "application/problem+json")))]
pub(in crate::serve) async fn hook(shared: Shared, headers: HeaderMap, request: Request) -> Result<Json<HookAnswer>, Problem> {
    let shown = shown(&headers, shared.token.as_ref());
    if shown == Shown::Wrong {
        return Err(match shared.token {
            Some(_) => Problem::new(StatusCode::UNAUTHORIZED, "this is not the server's token"),
            None => Problem::new(StatusCode::UNAUTHORIZED, "this server was started without a token: none is right")
                .next("MIGRATE_SERVE_TOKEN=… migrate serve, or ask without `Authorization`"),
        });
    }
    let Body(event) = Body::<Event>::from_request(request, &()).await?;
    if event.lifecycle_stage.is_empty() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "lifecycleStage says nothing"));
    }
    let details = event.hook_details.unwrap_or_default();
    let named = |text: Option<String>| text.filter(|text| !text.is_empty());
    let release = named(details.service).zip(named(details.release)).map(|(service, version)| Release { service, version });
    match event.lifecycle_stage.as_str() {
        "TEST_TRAFFIC_SHIFT" | "PRODUCTION_TRAFFIC_SHIFT" => {
            return Ok(answer(HookStatus::Succeeded, "a shift of traffic is never held: it may be a roll-back"));
        }
        "POST_PRODUCTION_TRAFFIC_SHIFT" => return Ok(deployed(&shared, release, shown).await),
        _ => {}
    }
    let reading = shared.readings.now().await;
    Ok(match judge(&shared, &reading, release.as_ref()) {
        Verdict::Behind(missing) => answer(HookStatus::InProgress, format!("it needs {}, which did not run", names(&missing))),
        Verdict::Contracted(removed) => answer(HookStatus::Failed, format!("{} took away what it uses", names(&removed))),
        Verdict::Unknown(reason) => answer(HookStatus::InProgress, reason),
        Verdict::Ready { .. } => match (details.phase.as_deref(), &reading.now) {
            (Some("backfill"), Ok(snapshot)) => {
                let manifest = release.as_ref().and_then(|release| build::manifest(&snapshot.ledger, release));
                let unfilled = build::unfilled(manifest.as_ref().unwrap_or(&snapshot.build), &snapshot.ledger);
                if unfilled.is_empty() {
                    answer(HookStatus::Succeeded, "the schema is ready and its rows are filled")
                } else {
                    answer(HookStatus::InProgress, format!("{} did not run to the end", names(&unfilled)))
                }
            }
            (Some("backfill"), Err(report)) => answer(HookStatus::InProgress, format!("not known: {}", unasked(report))),
            (Some(_) | None, _) => answer(HookStatus::Succeeded, "the schema is ready"),
        },
    })
}

/// Marks what is fully rolled out, where the request may write; the deployment goes on either way.
async fn deployed(shared: &Shared, release: Option<Release>, shown: Shown) -> Json<HookAnswer> {
    let Some(release) = release else {
        return answer(HookStatus::Succeeded, "not marked: hookDetails names no service and release");
    };
    if shown != Shown::Right {
        return answer(HookStatus::Succeeded, format!("not marked, since no token was shown: `migrate mark deployed {release}`"));
    }
    let told = release.to_string();
    let marker = Marker {
        release,
        kind: MarkerKind::Deployed,
        manifest: None,
        ready_for: Vec::new(),
        actor: "ecs".to_owned(),
        at: Timestamp::now(),
        commit: None,
        url: None,
        environment: None,
        order: None,
    };
    match shared.readings.mark(marker).await {
        Ok(_) => answer(HookStatus::Succeeded, format!("marked {told} as deployed")),
        Err(report) => {
            let why = unasked(&report);
            // What is no matter of time would be asked for until ECS gives up, long after the traffic went over.
            match report.exit_code == TEMPORARY {
                true => answer(HookStatus::InProgress, format!("{told} could not be marked: {why}")),
                false => answer(HookStatus::Succeeded, format!("not marked: {why}: `migrate mark deployed {told}`")),
            }
        }
    }
}

fn answer(hook_status: HookStatus, reason: impl Into<String>) -> Json<HookAnswer> {
    let call_back_delay = match hook_status {
        HookStatus::InProgress => Some(ASK_AGAIN),
        HookStatus::Succeeded | HookStatus::Failed => None,
    };
    Json(HookAnswer { hook_status, call_back_delay, reason: reason.into() })
}
