//! `/v1/gates/<migration>`: may its contract run? In the style of a plain check, and in the one that Argo's web metric reads.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::problem::Problem;
use super::source::Snapshot;
use crate::migration::MigrationId;
use crate::plan::{Gate, GateState};
use crate::report::planned;
use crate::report::view::{GateView, PhaseState};
use crate::schema::Phase;

/// How the answer is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Style {
    /// The status code tells: 200 open, 412 held.
    #[default]
    Plain,
    /// Always 200, and the body tells: Argo's web metric takes any other status for an error of the metric.
    Argo,
}

/// How it is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// How the answer is told.
    #[serde(default)]
    #[param(inline)]
    style: Style,
}

/// A gate.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct GateAnswer {
    /// Whose contract.
    pub(super) migration: String,
    /// Whether it may run, or ran.
    pub(super) ok: bool,
    /// The same as a number: 1 or 0.
    open: u8,
    /// Which of both, and what else may be.
    pub(super) state: Standing,
    /// In a sentence.
    pub(super) reason: String,
    /// When it opens if nothing else happens.
    #[schema(value_type = Option<String>)]
    opens_at: Option<Timestamp>,
    /// What to do, the likely one first.
    pub(super) next: Vec<String>,
    /// What the gate asks for, each with its state, as in `migrate status --format json`.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub(super) conditions: Vec<GateView>,
}

/// How a gate stands. Anything but the first two holds the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Standing {
    /// The contract may run.
    Open,
    /// The contract ran.
    Done,
    /// Something holds it.
    Held,
    /// Something could not be found out.
    Unknown,
}

/// A gate as Argo's web metric reads it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArgoAnswer {
    /// The gate.
    data: GateAnswer,
}

/// May the contract of this migration run?
#[utoipa::path(get, path = "/v1/gates/{migration}", tag = "gates", operation_id = "gate",
    params(("migration" = String, Path, description = "The migration: its whole id, or a part that no other has.", min_length = 1), Asked),
    responses(
        (status = 200, description = "Open, or the contract ran. In the style `argo` any state: the body tells.", body = inline(Either)),
        (status = 400, description = "There is no such style.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such migration, or it has no contract.", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "Held.", body = GateAnswer),
        (status = 503, description = "It cannot be found out now.", body = GateAnswer)))]
pub(super) async fn gate(
    shared: Shared,
    Path(migration): Path<String>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.body_text()))?;
    let reading = shared.readings.now().await;
    let answer = match &reading.now {
        Ok(snapshot) => stand(snapshot, &migration)?,
        Err(report) => {
            let why = report.error.as_ref().map(|error| error.message.clone());
            GateAnswer::bare(&migration, Standing::Unknown, why.unwrap_or_else(|| "the database cannot be asked".to_owned()))
        }
    };
    Ok(match asked.style {
        Style::Argo => Json(ArgoAnswer { data: answer }).into_response(),
        Style::Plain => (answer.status(), Json(answer)).into_response(),
    })
}

/// Either style, for the description.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "tells the two shapes of a success to the description")]
pub(super) enum Either {
    /// `style=plain`.
    Plain(GateAnswer),
    /// `style=argo`.
    Argo(ArgoAnswer),
}

impl GateAnswer {
    fn bare(migration: &str, state: Standing, reason: String) -> GateAnswer {
        let ok = matches!(state, Standing::Open | Standing::Done);
        GateAnswer {
            migration: migration.to_owned(),
            ok,
            open: u8::from(ok),
            state,
            reason,
            opens_at: None,
            next: Vec::new(),
            conditions: Vec::new(),
        }
    }

    fn status(&self) -> StatusCode {
        match self.state {
            Standing::Open | Standing::Done => StatusCode::OK,
            Standing::Held => StatusCode::PRECONDITION_FAILED,
            Standing::Unknown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// How the contract of a migration stands.
///
/// # Errors
/// When there is no such migration or it has no contract.
pub(super) fn stand(snapshot: &Snapshot, asked: &str) -> Result<GateAnswer, Problem> {
    let id = resolve(snapshot, asked)?;
    let migration = snapshot.report.migrations.iter().find(|migration| migration.id == id);
    let contract = migration.and_then(|migration| migration.phases.iter().find(|phase| phase.phase == Phase::Contract));
    let Some(contract) = contract else {
        return Err(Problem::new(StatusCode::NOT_FOUND, format!("{id} has no contract")).next("/v1/status"));
    };
    if contract.state == PhaseState::Done {
        return Ok(GateAnswer::bare(&id, Standing::Done, "the contract ran".to_owned()));
    }
    // The history and the files disagree: nothing may run before that is settled.
    if let Some(error) = &snapshot.report.error {
        let mut answer = GateAnswer::bare(&id, Standing::Held, error.message.clone());
        answer.next.clone_from(&snapshot.report.next);
        return Ok(answer);
    }
    let Some(gate) = snapshot.gates.iter().find(|gate| gate.migration.as_str() == id) else {
        return Ok(GateAnswer::bare(&id, Standing::Unknown, "its gate was not judged".to_owned()));
    };
    Ok(told(&id, gate, &contract.waits_for))
}

fn told(id: &str, gate: &Gate, waits_for: &[String]) -> GateAnswer {
    let closed: Vec<&crate::plan::Condition> = gate.closed().collect();
    let state = if gate.is_open() && waits_for.is_empty() {
        Standing::Open
    } else if !closed.is_empty() && closed.iter().all(|condition| condition.state == GateState::Unknown) {
        Standing::Unknown
    } else {
        Standing::Held
    };
    let reason = match (state, closed.first()) {
        (Standing::Open, _) => "the gate is open: `migrate apply --phase contract`".to_owned(),
        (_, Some(_)) => closed.iter().map(|condition| format!("{}: {}", condition.name, condition.reason)).collect::<Vec<_>>().join("; "),
        (_, None) => format!("waits for {}", waits_for.join(", ")),
    };
    let mut next: Vec<String> = Vec::new();
    for command in closed.iter().filter_map(|condition| condition.next.clone()) {
        if !next.contains(&command) {
            next.push(command);
        }
    }
    if state == Standing::Open {
        next.push("migrate apply --phase contract".to_owned());
    }
    GateAnswer { opens_at: gate.opens_at(), next, conditions: planned::gate(gate).collect(), ..GateAnswer::bare(id, state, reason) }
}

/// The migration that a text names: its whole id or version, or a part that no other has.
fn resolve(snapshot: &Snapshot, text: &str) -> Result<String, Problem> {
    let ids = || snapshot.report.migrations.iter().map(|migration| migration.id.as_str());
    if let Some(whole) = ids().find(|id| *id == text || MigrationId::new(id).version() == Some(text)) {
        return Ok(whole.to_owned());
    }
    let mut holding = ids().filter(|id| !text.is_empty() && id.contains(text));
    match (holding.next(), holding.next()) {
        (Some(found), None) => Ok(found.to_owned()),
        (Some(first), Some(second)) => {
            let detail = format!("`{text}` could be {first} or {second}: give the whole id");
            Err(Problem::new(StatusCode::NOT_FOUND, detail).next("/v1/status"))
        }
        (None, _) => Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no migration `{text}`")).next("/v1/status")),
    }
}
