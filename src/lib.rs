//! Concertina: schema migrations that enforce expand-contract.

pub mod schema;
pub mod sql;
