//! Flagger: 200 passes, 412 holds, and 500 says that waiting does not help; the text of the answer becomes an event of the
//! canary. What cannot be found out holds. Never writes: Flagger's webhooks carry no token.

use std::collections::BTreeMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::body::Body;
use super::super::build::{self, Verdict, judge, names, unasked};
use super::super::gates::{Standing, stand};
use super::super::problem::Problem;
use super::super::reading::Reading;
use super::super::{Shared, State};
use crate::ledger::Release;

/// Goes on.
const PASSES: StatusCode = StatusCode::OK;

/// Waits: it is asked again.
const HOLDS: StatusCode = StatusCode::PRECONDITION_FAILED;

/// Asking again does not help.
const NEVER: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

/// The status, and what is told.
type Answer = (StatusCode, String);

/// What Flagger sends.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::serve) struct Payload {
    /// The canary; the service where `metadata` names none.
    name: String,
    /// Where it lives.
    #[serde(default)]
    namespace: String,
    /// How far the canary is.
    #[serde(default)]
    phase: String,
    /// What the canary's webhook says beside it: `service`, `release`, `migration` (asks for its gate), `phase: backfill`.
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
}

/// The types of webhooks.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::serve) enum HookType {
    /// Before the canary is scaled up.
    ConfirmRollout,
    /// Before traffic is sent to it.
    PreRollout,
    /// At each step.
    Rollout,
    /// Before its weight grows.
    ConfirmTrafficIncrease,
    /// Before it is promoted.
    ConfirmPromotion,
    /// After it was promoted or rolled back.
    PostRollout,
    /// Asks whether to roll back: 200 says yes.
    Rollback,
    /// Tells what happened.
    Event,
}

/// May the canary go on?
#[utoipa::path(post, path = "/v1/hooks/flagger/{type}", tag = "hooks", operation_id = "flagger",
    params(("type" = inline(HookType), Path, description = "The webhook's type.")),
    request_body = Payload,
    responses(
        (status = 200, description = "Go on; for `rollback`: roll back.", body = String, content_type = "text/plain"),
        (status = 412, description = "Wait, or it cannot be found out now; for `rollback`: do not.", body = String, content_type = "text/plain"),
        (status = 500, description = "Waiting does not help: a contract took away what the release uses, there is no such migration or type, or this is no payload of Flagger.", body = String, content_type = "text/plain")))]
pub(in crate::serve) async fn hook(shared: Shared, name: Result<Path<String>, PathRejection>, request: Request) -> Answer {
    let answered = match name {
        Ok(Path(name)) => answer(&shared, &name, request).await,
        Err(error) => Err(Problem::new(NEVER, error.body_text())),
    };
    answered.unwrap_or_else(|problem| (NEVER, problem.line()))
}

async fn answer(shared: &State, name: &str, request: Request) -> Result<Answer, Problem> {
    let kind: HookType = serde_json::from_value(serde_json::Value::String(name.to_owned()))
        .map_err(|_| Problem::new(NEVER, format!("Flagger has no webhook of type `{name}`")).next("/openapi.json"))?;
    let Body(payload) = Body::<Payload>::from_request(request, &()).await?;
    let said = |key: &str| payload.metadata.as_ref().and_then(|metadata| metadata.get(key)).filter(|text| !text.is_empty()).cloned();
    let service = said("service").unwrap_or_else(|| payload.name.clone());
    let release = said("release").map(|version| Release { service, version });
    let told = match kind {
        HookType::PostRollout | HookType::Event => {
            let subject = release.map_or_else(|| payload.name.clone(), |release| release.to_string());
            tracing::info!(canary = %payload.name, namespace = %payload.namespace, phase = %payload.phase, "flagger: {name}");
            return Ok((PASSES, format!("noted; `migrate mark` records what became of {subject}")));
        }
        HookType::Rollback => {
            let reading = shared.readings.now().await;
            return Ok(match judge(shared, &reading, release.as_ref()) {
                Verdict::Behind(missing) => (PASSES, format!("roll back: it needs {}, which did not run", names(&missing))),
                Verdict::Contracted(removed) => (PASSES, format!("roll back: {} took away what it uses", names(&removed))),
                Verdict::Ready { .. } => (HOLDS, "nothing asks for a roll-back: the schema fits".to_owned()),
                Verdict::Unknown(reason) => (HOLDS, format!("nothing asks for a roll-back: {reason}")),
            });
        }
        HookType::ConfirmPromotion => said("migration"),
        HookType::ConfirmRollout | HookType::PreRollout | HookType::Rollout | HookType::ConfirmTrafficIncrease => None,
    };
    let reading = shared.readings.now().await;
    match (told, &reading.now) {
        (Some(migration), Ok(snapshot)) => {
            let answer = stand(snapshot, &migration)?;
            let status = match answer.state {
                Standing::Open | Standing::Done => PASSES,
                Standing::Held | Standing::Unknown => HOLDS,
            };
            Ok((status, format!("{}: {}", answer.migration, answer.reason)))
        }
        // What was ready stays ready; a gate is asked each time.
        (Some(_), Err(report)) => Ok((HOLDS, format!("not known: {}", unasked(report)))),
        (None, _) => Ok(ready(shared, &reading, release.as_ref(), said("phase").as_deref())),
    }
}

/// Whether the schema is ready for the canary, and where the webhook asks for it, its rows are.
fn ready(state: &State, reading: &Reading, release: Option<&Release>, phase: Option<&str>) -> Answer {
    let subject = release.map_or_else(|| "the files beside the server".to_owned(), ToString::to_string);
    match judge(state, reading, release) {
        Verdict::Ready { .. } => {}
        Verdict::Behind(missing) => {
            return (HOLDS, format!("held: {subject} needs {}, which did not run", names(&missing)));
        }
        Verdict::Contracted(removed) => {
            return (NEVER, format!("{} took away what {subject} uses: deploy a build that was made after it", names(&removed)));
        }
        Verdict::Unknown(reason) => return (HOLDS, format!("not known: {reason}")),
    }
    match (phase, &reading.now) {
        (Some("backfill"), Ok(snapshot)) => {
            let manifest = release.and_then(|release| build::manifest(&snapshot.ledger, release));
            let unfilled = build::unfilled(manifest.as_ref().unwrap_or(&snapshot.build), &snapshot.ledger);
            if !unfilled.is_empty() {
                return (HOLDS, format!("held: {} did not run to the end", names(&unfilled)));
            }
        }
        (Some("backfill"), Err(report)) => return (HOLDS, format!("not known: {}", unasked(report))),
        (Some(_) | None, _) => {}
    }
    (PASSES, format!("the schema is ready for {subject}"))
}
