//! Projects made of a few lines of SQL, for the tests of this wing.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Known, Plan, Survey};
use crate::ledger::{FORMAT, Ledger, ScriptRecord, ScriptStatus};
pub(crate) use crate::migration::testing::migrations;
use crate::migration::{Migrations, NodeRef, Project};
use crate::schema::size::Sizes;
use crate::schema::{Dialect, Server};
use crate::sql::Digest;

/// The day of every test.
pub(crate) const TODAY: Date = Date::constant(2026, 11, 21);

/// A project with the service `api` and a soak of a day.
pub(crate) fn project() -> Project {
    Project { services: vec!["api".to_owned()], ..Project::bare(std::path::Path::new("shop")) }
}

/// The plan for PostgreSQL.
pub(crate) fn plan(files: &[(&str, &str)], known: Known<'_>) -> Plan {
    plan_in(Dialect::Postgres, files, known)
}

/// The plan for a dialect's oldest server.
pub(crate) fn plan_in(dialect: Dialect, files: &[(&str, &str)], known: Known<'_>) -> Plan {
    survey(&migrations(files, dialect), Server::oldest(dialect), known)
}

/// The plan of migrations that are at hand.
pub(crate) fn plan_of(migrations: &Migrations, known: Known<'_>) -> Plan {
    survey(migrations, Server::oldest(Dialect::Postgres), known)
}

fn survey(migrations: &Migrations, server: Server, known: Known<'_>) -> Plan {
    Survey { project: &project(), migrations, server, known, today: TODAY, sizes: &Sizes::unknown() }.plan().expect("a plan")
}

/// A ledger in which these scripts (`1_a:expand`) ran, in this order, with the digests that their files have now.
pub(crate) fn ledger(migrations: &Migrations, ran: &[&str]) -> Ledger {
    let mut ledger = Ledger::empty(second(1000));
    ledger.format = FORMAT;
    for (node, at) in ran.iter().zip(1..) {
        let node: NodeRef = node.parse().expect("id:phase");
        let digest = migrations.script(&node).map_or(Digest([0; 32]), |script| script.digest);
        ledger.scripts.push(ScriptRecord {
            node,
            digest,
            status: ScriptStatus::Done,
            started_at: second(at),
            finished_at: Some(second(at)),
            actor: "ci".into(),
            evidence: None,
        });
    }
    ledger
}

/// A point in time.
pub(crate) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}
