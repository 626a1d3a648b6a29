//! Concertina: schema migrations that enforce expand-contract.

pub mod backend;
pub mod backfill;
#[cfg(feature = "cli")]
pub mod cli;
pub mod dialect;
pub mod evidence;
pub mod ledger;
pub mod lint;
pub mod migration;
pub mod plan;
#[cfg(feature = "cli")]
pub mod report;
pub mod run;
pub mod schema;
pub mod sql;
