//! Signals that no database tells: addresses and Prometheus, asked once a second while a backfill runs.

use std::time::{Duration, Instant};

use crate::backend::gauge::{Dials, EVERY, Gauge};
use crate::evidence::http::{Call, Client};
use crate::evidence::prometheus::Prometheus;
use crate::migration::Endpoint;
use crate::migration::pacing::throttle::{Signal, Throttle};

/// How long one request may take: several of them still fit before the signal counts as not read.
const PATIENCE: Duration = Duration::from_secs(4);

/// Starts to ask whatever lies outside of the database.
pub(super) fn watch(gauge: &mut Gauge, throttles: &[Throttle]) {
    for throttle in throttles {
        let name = throttle.name();
        match throttle.signal.clone() {
            Signal::Http { endpoint, .. } => gauge.start(|dials| Box::pin(address(quick(endpoint), name, dials))),
            Signal::Prometheus { endpoint, query, .. } => gauge.start(|dials| Box::pin(prometheus(quick(endpoint), query, name, dials))),
            // Told by the database or by the clock: see `Signal::source`.
            _ => {}
        }
    }
}

fn quick(mut endpoint: Endpoint) -> Endpoint {
    endpoint.timeout = endpoint.timeout.min(PATIENCE);
    endpoint
}

/// 200 says that all is well; any other answer that it is not; none that nobody knows.
async fn address(endpoint: Endpoint, name: String, dials: Dials) {
    loop {
        let begin = Instant::now();
        // Opened each time: a secret in a file may be replaced while a backfill runs for days.
        let asked = match Client::open(&endpoint) {
            Ok(client) => client.send(Call::get("")).await,
            Err(error) => Err(error),
        };
        match asked {
            Ok(answer) if answer.status == 200 => dials.show(&name, 0.0, None),
            Ok(answer) => dials.show(&name, 1.0, Some(format!("answered {}", answer.status))),
            Err(error) => dials.fail(&name, error.to_string()),
        }
        tokio::time::sleep(EVERY.saturating_sub(begin.elapsed())).await;
    }
}

async fn prometheus(endpoint: Endpoint, query: String, name: String, dials: Dials) {
    loop {
        let begin = Instant::now();
        let asked = match Prometheus::open(&endpoint) {
            Ok(server) => server.number(&query, None).await,
            Err(reason) => Err(reason),
        };
        match asked {
            Ok(number) => dials.show(&name, number, None),
            Err(reason) => dials.fail(&name, reason),
        }
        tokio::time::sleep(EVERY.saturating_sub(begin.elapsed())).await;
    }
}
