//! Runs examples on real databases, transaction by transaction as the runner would.

use concertina::migration::{Bounds, groups};
use concertina::sql::{self, Source};
use sqlx::{AssertSqlSafe, Connection};

use crate::page::Example;
use crate::support;

/// The SQL of an example in the pieces that are sent, in their order.
fn pieces(example: &Example) -> Vec<String> {
    let scripts = std::iter::once(example.given.as_str()).chain(example.scripts.iter().map(|script| script.sql.as_str()));
    scripts
        .flat_map(|text| {
            let script = sql::read(&Source::new("example.sql", text), example.server);
            let sent = groups(&script).groups.into_iter().map(|group| {
                let statements: String =
                    group.statements(&script).iter().map(|statement| format!("{};\n", script.text(statement.span))).collect();
                match group.bounds {
                    Bounds::Lone => statements,
                    Bounds::Explicit => format!("BEGIN;\n{statements}COMMIT;"),
                }
            });
            sent.collect::<Vec<_>>()
        })
        .collect()
}

/// Drops everything that an example has left behind, and runs it.
pub(crate) fn on_mariadb(database: &support::MariaDbDatabase<'_>, example: &Example) -> Result<(), String> {
    database.empty();
    let mut session = database.session();
    pieces(example).into_iter().try_for_each(|piece| session.run(&piece).map(drop).map_err(|error| format!("{error}\n{piece}")))
}

/// Runs all, and tells of every one that failed.
pub(crate) fn all(examples: &[Example], run: impl Fn(&Example) -> Result<(), String>) {
    assert!(!examples.is_empty());
    let failed: Vec<String> =
        examples.iter().filter_map(|example| run(example).err().map(|error| format!("{}: {error}", example.place))).collect();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), examples.len(), failed.join("\n"));
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(work)
}

pub(crate) fn on_sqlite(example: &Example) -> Result<(), String> {
    block_on(async {
        let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await.map_err(|error| error.to_string())?;
        for piece in pieces(example) {
            sqlx::raw_sql(AssertSqlSafe(piece.clone())).execute(&mut connection).await.map_err(|error| format!("{error}\n{piece}"))?;
        }
        Ok(())
    })
}

pub(crate) fn on_postgres(database: &support::Database, example: &Example) -> Result<(), String> {
    const EMPTY: &str = r"DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' LOOP
            EXECUTE format('DROP SCHEMA %I CASCADE', name);
        END LOOP;
        FOR name IN SELECT pubname FROM pg_publication LOOP
            EXECUTE format('DROP PUBLICATION %I', name);
        END LOOP;
    END $$; CREATE SCHEMA public";
    block_on(async {
        let mut connection = database.connect().await;
        for piece in std::iter::once(EMPTY.to_owned()).chain(pieces(example)) {
            sqlx::raw_sql(AssertSqlSafe(piece.clone())).execute(&mut connection).await.map_err(|error| format!("{error}\n{piece}"))?;
        }
        connection.close().await.map_err(|error| error.to_string())
    })
}
