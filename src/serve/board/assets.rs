//! The files beside the page, carried in the program.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::serve::problem::Problem;
use crate::sql::Digest;

const STYLE: &str = include_str!("../assets/board.css");
const SCRIPT: &str = include_str!("../assets/board.js");
const MARK: &str = include_str!("../assets/mark.svg");

/// What stands behind the `?` of their addresses: a new one when one of them changes.
pub(super) fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| Digest::of_bytes([STYLE, SCRIPT, MARK].concat().as_bytes()).to_string().chars().take(12).collect());
    &VERSION
}

/// One of them.
pub(in crate::serve) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let (kind, text) = match name.as_str() {
        "board.css" => ("text/css; charset=utf-8", STYLE),
        "board.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "mark.svg" => ("image/svg+xml", MARK),
        _ => return Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no asset {name}"))),
    };
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], text).into_response())
}
