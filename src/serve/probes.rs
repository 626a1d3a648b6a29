//! Probes. Liveness never asks the database; readiness accepts a schema that is ahead, and what was ready stays ready
//! while the database cannot be asked.

use std::time::Duration;

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::build::{Found, Verdict, judge};
use super::problem::{ASK_AGAIN, Problem};
use super::{Shared, State};
use crate::ledger::Release;
use crate::migration::NodeRef;

/// How long the probe of what was ready before waits for the database: kubelet gives up after a second unless it is told otherwise.
const PATIENCE: Duration = Duration::from_millis(500);

/// That the process runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Live {
    /// Always true.
    live: bool,
}

/// Whether a build may serve.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Probe {
    /// Whether it may.
    ready: bool,
    /// Why.
    state: ProbeState,
    /// Whether the schema knows migrations that the build does not, as after a roll-back. That is fine.
    ahead: bool,
    /// Whether the answer was found out earlier, since the database cannot be asked now.
    latched: bool,
    /// The release that was asked for; without one, the files beside the server are meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    /// Expand scripts that did not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
    /// Contracts that took away what it uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
    /// In a sentence.
    reason: String,
}

/// What is true of a build.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ProbeState {
    /// It may serve.
    Ready,
    /// Its expand scripts did not all run.
    Behind,
    /// A contract took away what it uses.
    Contracted,
    /// Nobody can tell.
    Unknown,
}

/// Which release is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Build {
    /// The service, as its markers name it.
    #[param(min_length = 1)]
    service: Option<String>,
    /// The release, as its markers name it.
    #[param(min_length = 1)]
    release: Option<String>,
}

/// The process runs.
#[utoipa::path(get, path = "/livez", tag = "probes", operation_id = "livez", responses((status = 200, description = "The process runs.", body = Live)))]
pub(super) async fn livez() -> Json<Live> {
    Json(Live { live: true })
}

/// The schema is ready for the files that the server sees. What was ready once stays ready until the server ends: take
/// it for the readiness of the server itself.
#[utoipa::path(get, path = "/readyz", tag = "probes", operation_id = "readyz", responses(
    (status = 200, description = "Ready, or it was before.", body = Probe),
    (status = 503, description = "Not ready; `Retry-After` says when to ask again.", body = Probe)))]
pub(super) async fn readyz(shared: Shared) -> Response {
    let was_ready = shared.latches.ahead(None);
    let mut probe = ask(&shared, None).await;
    if let Some(ahead) = was_ready
        && !probe.ready
    {
        (probe.ready, probe.ahead, probe.latched) = (true, ahead, true);
    }
    probe.into_response()
}

/// The schema is ready for a release: everything that it expands is there. For startup probes: they end with the first success.
#[utoipa::path(get, path = "/startupz", tag = "probes", operation_id = "startupz", params(Build), responses(
    (status = 200, description = "Ready.", body = Probe),
    (status = 400, description = "Half of a release is named.", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "Not ready; `Retry-After` says when to ask again.", body = Probe)))]
pub(super) async fn startupz(shared: Shared, query: Result<Query<Build>, QueryRejection>) -> Result<Response, Problem> {
    let Query(build) = query.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.body_text()))?;
    let release = match (build.service, build.release) {
        (Some(service), Some(version)) if !service.is_empty() && !version.is_empty() => Some(Release { service, version }),
        (None, None) => None,
        (Some(_) | None, Some(_) | None) => {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "a release is named by service and release")
                .next("/startupz?service=api&release=2.3.0"));
        }
    };
    Ok(ask(&shared, release.as_ref()).await.into_response())
}

async fn ask(state: &State, release: Option<&Release>) -> Probe {
    let verdict = match state.latches.ahead(release) {
        None => judge(state, &state.readings.now().await, release),
        Some(ahead) => match tokio::time::timeout(PATIENCE, state.readings.now()).await {
            Ok(reading) => judge(state, &reading, release),
            Err(_) => Verdict::Ready { ahead, found: Found::Earlier },
        },
    };
    Probe::of(verdict, release)
}

impl Probe {
    fn of(verdict: Verdict, release: Option<&Release>) -> Probe {
        let list = |nodes: Vec<NodeRef>| nodes.iter().map(ToString::to_string).collect::<Vec<String>>();
        let release = release.map(ToString::to_string);
        let told = |state: ProbeState, reason: &str| Probe {
            ready: matches!(state, ProbeState::Ready),
            state,
            ahead: false,
            latched: false,
            release: release.clone(),
            missing: Vec::new(),
            removed: Vec::new(),
            reason: reason.to_owned(),
        };
        match verdict {
            Verdict::Ready { found: Found::Earlier, ahead } => {
                Probe { ahead, latched: true, ..told(ProbeState::Ready, "it was ready, and the database cannot be asked now") }
            }
            Verdict::Ready { ahead: true, found: Found::Now } => {
                Probe { ahead: true, ..told(ProbeState::Ready, "everything it needs is there, and more: the schema is newer") }
            }
            Verdict::Ready { ahead: false, found: Found::Now } => told(ProbeState::Ready, "everything it needs is there"),
            Verdict::Behind(missing) => {
                let told = told(ProbeState::Behind, "expand scripts are missing: `migrate apply --phase expand`");
                Probe { missing: list(missing), ..told }
            }
            Verdict::Contracted(removed) => {
                let told =
                    told(ProbeState::Contracted, "a contract took away what this build still uses: deploy one that was built after it");
                Probe { removed: list(removed), ..told }
            }
            Verdict::Unknown(reason) => told(ProbeState::Unknown, &reason),
        }
    }
}

impl IntoResponse for Probe {
    fn into_response(self) -> Response {
        if self.ready {
            Json(self).into_response()
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, ASK_AGAIN)], Json(self)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::super::latch::Latches;
    use super::super::reading::Readings;
    use super::super::source::{Answer, Place, Snapshot, Source};
    use super::*;
    use crate::ledger::Marker;
    use crate::report::Report;

    /// A database that never answers.
    struct Hung;

    impl Source for Hung {
        fn place(&self) -> Place {
            Place::default()
        }

        fn read(&self) -> Answer<'_, Result<Snapshot, Box<Report>>> {
            Box::pin(std::future::pending())
        }

        fn mark(&self, _: Marker) -> Answer<'_, Result<Report, Box<Report>>> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn what_was_ready_does_not_wait_for_a_database_that_hangs() {
        let state = Arc::new(State { readings: Readings::new(Arc::new(Hung)), latches: Latches::default(), token: None });
        let release = Release { service: "api".to_owned(), version: "2.3.0".to_owned() };
        state.latches.set(None, false);
        state.latches.set(Some(&release), true);
        let began = Instant::now();
        let files = readyz(axum::extract::State(Arc::clone(&state))).await;
        assert_eq!(files.status(), StatusCode::OK);
        let probe = ask(&state, Some(&release)).await;
        assert!(probe.ready && probe.latched && probe.ahead, "{probe:?}");
        assert!(began.elapsed() < PATIENCE * 2 + Duration::from_millis(400), "{:?}", began.elapsed());
        let other = Release { version: "2.4.0".to_owned(), ..release };
        assert!(tokio::time::timeout(PATIENCE * 2, ask(&state, Some(&other))).await.is_err(), "what never was ready waits");
    }
}
