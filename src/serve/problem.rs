//! What goes wrong in a request, as RFC 9457 has it: `application/problem+json`.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which asking again makes sense.
pub(super) const ASK_AGAIN: HeaderValue = HeaderValue::from_static("5");

/// A problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// What kind, in words.
    title: String,
    /// The status code.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What exactly.
    detail: String,
    /// What to do: a command or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        let title = status.canonical_reason().unwrap_or("problem").to_lowercase();
        Problem { title, status: status.as_u16(), detail: detail.into(), next: None }
    }

    pub(super) fn next(self, next: impl Into<String>) -> Problem {
        Problem { next: Some(next.into()), ..self }
    }

    /// In a line, for those who show text.
    pub(super) fn line(self) -> String {
        match self.next {
            Some(next) => format!("{}: {next}", self.detail),
            None => self.detail,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, ASK_AGAIN);
        }
        response
    }
}

/// An address that there is not.
pub(super) async fn nowhere(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", uri.path())).next("/openapi.json")
}

/// A method that an address does not know.
pub(super) async fn not_so(uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} is not asked in this way", uri.path())).next("/openapi.json")
}
