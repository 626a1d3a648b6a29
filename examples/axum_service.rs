//! A small service as it should start, serve and stop beside migrations.
//!
//! It waits until the schema is ready for this build, serves `/livez`, `/readyz` and `/users`, heartbeats while it
//! runs and deregisters when SIGTERM tells it to drain.
//!
//! Environment: `DATABASE_URL`, `MIGRATIONS` (the folder of this build), `RELEASE`, `LISTEN` (`127.0.0.1:8080`).

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use concertina::{Migrator, Readiness};
use tokio::signal::unix::{SignalKind, signal};

/// What handlers share.
struct Service {
    migrator: Migrator,
    /// Latched: a database that goes away later, or moves ahead, is no reason to take every instance out.
    was_ready: AtomicBool,
    draining: AtomicBool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let migrator = Migrator::from_dir(std::env::var("MIGRATIONS")?, &std::env::var("DATABASE_URL")?)?;
    let release = std::env::var("RELEASE")?;
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let service = Arc::new(Service { migrator, was_ready: AtomicBool::new(false), draining: AtomicBool::new(false) });

    let router = Router::new().route("/livez", get(|| async { "alive" })).route("/readyz", get(readyz)).with_state(Arc::clone(&service));
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    let waiting = tokio::spawn(wait_until_ready(Arc::clone(&service), release));
    let draining = Arc::clone(&service);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            if let Ok(mut terminate) = signal(SignalKind::terminate()) {
                terminate.recv().await;
            }
            draining.draining.store(true, Ordering::Relaxed);
        })
        .await?;
    waiting.abort();
    if let Ok(Some(heartbeat)) = waiting.await {
        heartbeat.drain().await?;
    }
    Ok(())
}

/// Asks until the schema is ready for this build, then heartbeats. Never contracts: there is no call for it.
async fn wait_until_ready(service: Arc<Service>, release: String) -> Option<concertina::Heartbeat> {
    loop {
        match service.migrator.readiness().await {
            Ok(Readiness::Ready { .. }) => break,
            Ok(Readiness::Behind { .. } | Readiness::Contracted { .. }) | Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
    let heartbeat = service.migrator.heartbeat("api", &release).await.ok();
    service.was_ready.store(true, Ordering::Relaxed);
    heartbeat
}

async fn readyz(State(service): State<Arc<Service>>) -> (StatusCode, String) {
    if service.draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining".to_owned());
    }
    if service.was_ready.load(Ordering::Relaxed) {
        return (StatusCode::OK, "ready".to_owned());
    }
    match service.migrator.readiness().await {
        Ok(Readiness::Ready { .. }) => (StatusCode::SERVICE_UNAVAILABLE, "registering".to_owned()),
        Ok(Readiness::Behind { missing }) => (StatusCode::SERVICE_UNAVAILABLE, format!("the schema lacks {}", names(&missing))),
        Ok(Readiness::Contracted { removed }) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("the schema no longer has what {} removed", names(&removed)))
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    }
}

fn names(nodes: &[concertina::migration::NodeRef]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
