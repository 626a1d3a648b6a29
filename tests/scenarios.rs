//! Whole lives of migrations on real databases: an old and a new release write at every gate, each scenario is also
//! killed at random moments and resumed, and an oracle compares every row.

#[path = "scenarios/application.rs"]
mod application;
#[path = "scenarios/life.rs"]
mod life;
#[path = "scenarios/project.rs"]
mod project;
#[path = "scenarios/schema.rs"]
mod schema;
mod support;

use life::{Disturbance, conflict, live};

/// One test per scenario and database.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => { $(
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                on_sqlite(stringify!($name), Disturbance::None).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres_14() {
                on_postgres(stringify!($name), 14, Disturbance::None).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres_18() {
                on_postgres(stringify!($name), 18, Disturbance::None).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite_killed() {
                on_sqlite(stringify!($name), Disturbance::Kills { per_command: 5, seed: 1 }).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres_killed() {
                on_postgres(stringify!($name), 18, Disturbance::Kills { per_command: 5, seed: 2 }).await;
            }
        }
    )* };
}

scenarios!(
    rename_column,
    set_not_null,
    change_type,
    rename_table,
    add_index,
    drop_column,
    drop_table,
    two_open_commute,
    sync_rename,
    sync_cents,
    sync_quoted
);

async fn on_postgres(name: &str, major: u16, disturbance: Disturbance) {
    let Some(cluster) = support::postgres(major) else { return };
    let (database, fresh) = (cluster.database(), cluster.database());
    live(name, "postgres", &database.url, &fresh.url, disturbance).await;
}

async fn on_sqlite(name: &str, disturbance: Disturbance) {
    let (database, fresh) = (support::sqlite(), support::sqlite());
    live(name, "sqlite", &database.url(), &fresh.url(), disturbance).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_open_migrations_that_conflict_are_refused_on_sqlite() {
    let database = support::sqlite();
    conflict("sqlite", &database.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_open_migrations_that_conflict_are_refused_on_postgres() {
    let Some(cluster) = support::postgres(18) else { return };
    let database = cluster.database();
    conflict("postgres", &database.url).await;
}
