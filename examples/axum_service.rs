//! A small service as it should start, serve and stop beside migrations.
//!
//! It waits until the schema is ready for this build, serves `/livez`, `/readyz` and `/users`, heartbeats while it
//! runs and deregisters when SIGTERM tells it to drain.
//!
//! Environment: `DATABASE_URL`, `MIGRATIONS` (the folder of this build), `RELEASE`, `LISTEN` (`127.0.0.1:8080`).
//! One program plays every build: `USERS_COLUMN` is the column that this build reads and writes (`name`), and
//! `USERS_COLUMN_BEHIND_FLAG` another, used while the file that `FLAG` names says `on`. `/users` speaks PostgreSQL.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use concertina::{Migrator, Readiness};
use sqlx::PgPool;
use tokio::signal::unix::{SignalKind, signal};

/// What handlers share.
struct Service {
    migrator: Migrator,
    users: Option<Users>,
    /// It heartbeats: no contract takes away what it uses.
    is_registered: AtomicBool,
    draining: AtomicBool,
}

/// The table of users, as this build knows it.
struct Users {
    pool: PgPool,
    column: String,
    behind_flag: Option<(PathBuf, String)>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let migrator = Migrator::from_dir(std::env::var("MIGRATIONS")?, &url)?;
    let release = std::env::var("RELEASE")?;
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let users = url.starts_with("postgres").then(|| Users::new(&url)).transpose()?;
    let service = Arc::new(Service { migrator, users, is_registered: AtomicBool::new(false), draining: AtomicBool::new(false) });

    let router = Router::new()
        .route("/livez", get(|| async { "alive" }))
        .route("/readyz", get(readyz))
        .route("/users", get(read).post(write))
        .with_state(Arc::clone(&service));
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
    service.is_registered.store(true, Ordering::Relaxed);
    heartbeat
}

async fn readyz(State(service): State<Arc<Service>>) -> (StatusCode, String) {
    if service.draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining".to_owned());
    }
    // Latched: a database that goes away later, or moves ahead, is no reason to take every instance out.
    match service.migrator.readiness().await {
        Ok(Readiness::Ready { .. }) if service.is_registered.load(Ordering::Relaxed) => (StatusCode::OK, "ready".to_owned()),
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

impl Users {
    fn new(url: &str) -> Result<Users, Box<dyn Error>> {
        let column = |name: &str| std::env::var(name).ok().filter(|column| column.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        let behind_flag = std::env::var_os("FLAG").map(PathBuf::from).zip(column("USERS_COLUMN_BEHIND_FLAG"));
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(4).connect_lazy(url)?;
        Ok(Users { pool, column: column("USERS_COLUMN").unwrap_or_else(|| "name".to_owned()), behind_flag })
    }

    /// The column of this very request.
    fn column(&self) -> &str {
        match &self.behind_flag {
            Some((flag, column)) if std::fs::read_to_string(flag).is_ok_and(|text| text.trim() == "on") => column,
            Some(_) | None => &self.column,
        }
    }
}

#[derive(serde::Deserialize)]
struct User {
    id: i64,
    name: Option<String>,
}

type Answer = Result<String, (StatusCode, String)>;

fn wrong(error: &sqlx::Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn read(State(service): State<Arc<Service>>, Query(user): Query<User>) -> Answer {
    let Some(users) = &service.users else { return Err((StatusCode::NOT_FOUND, "this database has no users".to_owned())) };
    // The column comes from the build, not from the request.
    let sql = sqlx::AssertSqlSafe(format!("SELECT {} FROM users WHERE id = $1", users.column()));
    let found: Option<Option<String>> =
        sqlx::query_scalar(sql).bind(user.id).fetch_optional(&users.pool).await.map_err(|error| wrong(&error))?;
    found.flatten().ok_or_else(|| (StatusCode::NOT_FOUND, format!("there is no user {}", user.id)))
}

async fn write(State(service): State<Arc<Service>>, Query(user): Query<User>) -> Answer {
    let Some(users) = &service.users else { return Err((StatusCode::NOT_FOUND, "this database has no users".to_owned())) };
    let column = users.column();
    let sql = format!("INSERT INTO users (id, {column}) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column}");
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.id).bind(&user.name).execute(&users.pool).await.map_err(|error| wrong(&error))?;
    Ok("written".to_owned())
}
