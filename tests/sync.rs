//! Declared syncs on real databases: random writes of both releases, the declared winner under concurrent writers, types
//! and tables of every kind, the proof before a contract, and the way back.

#[path = "scenarios/application.rs"]
#[allow(dead_code, reason = "only the client of the scenario application is used here")]
mod application;
#[path = "sync/forms.rs"]
mod forms;
#[path = "sync/gates.rs"]
mod gates;
mod support;
#[path = "sync/winner.rs"]
mod winner;
#[path = "faults/workshop.rs"]
#[allow(dead_code, reason = "a part of the workshop is for other tests")]
mod workshop;
#[path = "sync/writes.rs"]
mod writes;

use application::Client;
use workshop::Workshop;

const RENAME: &str = "[[sync]]\ntable = \"users\"\nold = \"name\"\nnew = \"full_name\"\n";
const DROP: &str = "ALTER TABLE users DROP COLUMN name;\n";

/// The number that a query answers.
async fn number(client: &mut Client, query: &str) -> i64 {
    let rows = client.rows(query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    rows[0][0].parse().unwrap_or_else(|error| panic!("{query}: {} is no number: {error}", rows[0][0]))
}

/// Rows of `users` whose names are not the same.
fn diverged(dialect: &str) -> &'static str {
    match dialect {
        "postgres" => "SELECT count(*) FROM users WHERE full_name IS DISTINCT FROM name",
        _ => "SELECT count(*) FROM users WHERE full_name IS NOT name",
    }
}

/// A project whose second migration declares this; the first is applied.
async fn project(dialect: &str, url: &str, base: &str, settings: &str, contract: &str) -> Workshop {
    let workshop = Workshop::new(dialect, url);
    workshop.write("0001_base/expand.sql", base);
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    workshop.write("0002_sync/migration.toml", settings);
    workshop.write("0002_sync/contract.sql", contract);
    workshop
}
