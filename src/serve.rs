//! What `migrate serve` answers over HTTP: probes, metrics, gates for controllers, hooks and the board. Knows values and
//! where they come from, never a backend, and writes nothing but markers, for those who hold the token.

mod board;
mod body;
mod build;
mod gates;
mod guard;
mod hooks;
mod latch;
mod markers;
mod metrics;
mod openapi;
mod probes;
mod problem;
mod reading;
mod source;
mod status;
mod token;

pub use guard::Hosts;
pub use openapi::document;
pub use source::{Answer, Place, Refused, Side, Snapshot, Source, Waiting};
pub use token::{Token, WeakToken};

use std::io;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::net::TcpListener;

use latch::Latches;
use reading::Readings;

/// What hooks send is a few hundred bytes, a manifest of ten thousand scripts a megabyte.
const LARGEST_BODY: usize = 2 * 1024 * 1024;

/// What the server is told at its start.
#[derive(Debug, Default)]
pub struct Settings {
    /// Who may write; nobody without it.
    pub token: Option<Token>,
    /// Under which names it may be called.
    pub hosts: Hosts,
}

/// What every answer is made from.
struct State {
    readings: Readings,
    latches: Latches,
    token: Option<Token>,
}

/// The state, as handlers get it.
type Shared = axum::extract::State<Arc<State>>;

/// Answers until `stop` comes back, then finishes the requests at hand.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    source: Arc<dyn Source>,
    settings: Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(source, settings)).with_graceful_shutdown(stop).await
}

fn router(source: Arc<dyn Source>, settings: Settings) -> Router {
    let hosts = Arc::new(settings.hosts);
    let state = Arc::new(State { readings: Readings::new(source), latches: Latches::default(), token: settings.token });
    Router::new()
        .route("/", get(board::page))
        .route("/assets/{name}", get(board::asset))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/startupz", get(probes::startupz))
        .route("/metrics", get(metrics::metrics))
        .route("/openapi.json", get(openapi::openapi))
        .route("/v1/status", get(status::status))
        .route("/v1/gates/{migration}", get(gates::gate))
        .route("/v1/hooks/flagger/{type}", post(hooks::flagger::hook))
        .route("/v1/hooks/ecs", post(hooks::ecs::hook))
        .route("/v1/markers", post(markers::mark))
        .fallback(problem::nowhere)
        .method_not_allowed_fallback(problem::not_so)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(hosts, guard::guard))
        .with_state(state)
}
