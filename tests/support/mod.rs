//! Real databases for the integration tests: thrown away with the test process, never left behind.
//!
//! A server that is not installed is skipped loudly; `MIGRATE_TEST_REQUIRE=postgres14,…,pgbouncer,mariadb,prometheus,chromium,axe,unleash,moto,netns` turns the skip into a failure.

#![allow(clippy::mod_module_files, reason = "the one folder that cargo must not take for a test of its own")]
#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]

mod account;
mod binaries;
mod cluster;
mod machine;
mod mariadb;
mod moto;
mod pooler;
mod prometheus;
mod sqlite;
mod tmpfs;
mod unleash;

pub(crate) use cluster::{Cluster, Database, MAJORS, installed, postgres};
pub(crate) use machine::{Machine, machine};
pub(crate) use mariadb::{MariaDb, MariaDbDatabase, MariaDbSession, mariadb};
pub(crate) use moto::{Moto, moto};
pub(crate) use pooler::{Pooler, pooler};
pub(crate) use prometheus::{Prometheus, prometheus};
pub(crate) use sqlite::{TempDb, sqlite};
pub(crate) use tmpfs::{Tmpfs, tmpfs};
pub(crate) use unleash::{Unleash, unleash};

/// Says that a server is missing; fails instead where the run requires it.
#[allow(clippy::print_stderr, reason = "a skip must be seen")]
pub(crate) fn skip(server: &str, reason: &str) {
    let required = std::env::var("MIGRATE_TEST_REQUIRE").unwrap_or_default();
    let required = required.split(',').any(|name| name.trim() == server);
    assert!(!required, "{server} is required by MIGRATE_TEST_REQUIRE but cannot be used: {reason}");
    eprintln!("SKIPPED: no {server}: {reason}");
}
