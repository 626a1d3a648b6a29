//! The board: what people see. One page, whole without JavaScript; a little of it keeps the page fresh where it runs.

mod assets;
mod card;
mod moment;
mod row;
mod view;
mod walk;

pub(super) use assets::asset;
pub(super) use walk::last_chunk;

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::problem::Problem;
use view::View;

/// The page.
#[derive(Template)]
#[template(path = "page.html", config = "src/serve/askama.toml")]
struct Page {
    view: View,
    /// Changes with the assets, so that browsers may keep them.
    assets: &'static str,
}

/// The board.
pub(super) async fn page(shared: Shared) -> Response {
    let page = Page { view: View::of(&shared.readings.now().await), assets: assets::version() };
    match page.render() {
        Ok(html) => ([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the board cannot be written: {error}")).into_response(),
    }
}
