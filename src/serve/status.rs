//! `/v1/status`: the document of `migrate status --format json`.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::problem::{ASK_AGAIN, Problem};
use crate::report::{Report, json};

/// What is applied, running and held: the document of `migrate status --format json`.
#[utoipa::path(get, path = "/v1/status", tag = "state", operation_id = "status", responses(
    (status = 200, description = "The state.", body = serde_json::Value),
    (status = 500, description = "The ledger cannot be understood, or a file is wrong.", body = serde_json::Value),
    (status = 503, description = "The database cannot be asked now.", body = serde_json::Value)))]
pub(super) async fn status(shared: Shared) -> Response {
    match shared.readings.now().await.now {
        Ok(snapshot) => envelope(StatusCode::OK, &snapshot.report),
        Err(report) => envelope(failed(&report), &report),
    }
}

/// The exit code of a command that asks for patience.
pub(super) const TEMPORARY: u8 = 75;

/// The status of a failed command.
pub(super) fn failed(report: &Report) -> StatusCode {
    if report.exit_code == TEMPORARY { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR }
}

/// A report as an answer.
pub(super) fn envelope(status: StatusCode, report: &Report) -> Response {
    let Ok(text) = json::render(report) else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the report cannot be written as JSON").into_response();
    };
    let mut response = (status, [(CONTENT_TYPE, "application/json")], text).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, ASK_AGAIN);
    }
    response
}
