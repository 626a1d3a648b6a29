//! Concertina: schema migrations that enforce expand-contract.

pub mod backend;
pub mod backfill;
pub mod dialect;
pub mod ledger;
pub mod lint;
pub mod migration;
pub mod plan;
pub mod run;
pub mod schema;
pub mod sql;
