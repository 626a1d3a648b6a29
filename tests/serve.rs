//! `migrate serve` as those meet it who ask it: probes, controllers, Prometheus, pipelines and browsers.

#[path = "serve/answers.rs"]
mod answers;
#[path = "serve/server.rs"]
mod server;
mod support;
