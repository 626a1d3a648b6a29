//! A body: one JSON object of a known shape. What is none is refused with its reason.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;

/// What a request says.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        let Json(value) =
            Json::<Value>::from_request(request, state).await.map_err(|error| Problem::new(error.status(), error.body_text()))?;
        // A list would do for serde where an object is meant.
        if !value.is_object() {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "the body is no JSON object"));
        }
        serde_json::from_value(value).map(Body).map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))
    }
}
