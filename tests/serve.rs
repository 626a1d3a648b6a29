//! `migrate serve` as those meet it who ask it: probes, controllers, Prometheus, pipelines and browsers.

#[path = "serve/answers.rs"]
mod answers;
#[path = "serve/board.rs"]
mod board;
#[path = "serve/locks.rs"]
mod locks;
#[path = "serve/page.rs"]
mod page;
#[path = "serve/programs.rs"]
mod programs;
#[path = "serve/server.rs"]
mod server;
mod support;
