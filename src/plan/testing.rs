//! Projects made of a few lines of SQL, for the tests of this wing.

use jiff::civil::Date;

use super::{Known, Plan, Survey};
use crate::migration::{Migrations, Project};
use crate::schema::{Dialect, Server};

/// The day of every test.
pub(crate) const TODAY: Date = Date::constant(2026, 11, 21);

/// Migrations from files: `("1_a/expand.sql", "CREATE TABLE …")`. A path without a phase is a flat file.
pub(crate) fn migrations(files: &[(&str, &str)], dialect: Dialect) -> Migrations {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("below the folder")).expect("made");
        std::fs::write(file, text).expect("written");
    }
    let mut migrations = Migrations::read(folder.path(), folder.path(), dialect).expect("understood");
    migrations.embed().expect("just written");
    migrations
}

/// A project with the service `api` and a soak of a day.
pub(crate) fn project() -> Project {
    Project { services: vec!["api".to_owned()], ..Project::bare(std::path::Path::new("shop")) }
}

/// The plan for PostgreSQL.
pub(crate) fn plan(files: &[(&str, &str)], known: Known<'_>) -> Plan {
    let migrations = migrations(files, Dialect::Postgres);
    plan_of(&migrations, known)
}

/// The plan of migrations that are at hand.
pub(crate) fn plan_of(migrations: &Migrations, known: Known<'_>) -> Plan {
    let server = Server::oldest(Dialect::Postgres);
    Survey { project: &project(), migrations, server, known, today: TODAY }.plan().expect("a plan")
}
