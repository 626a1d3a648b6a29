//! A write that changes both sides: the declared winner counts, whoever else writes at the same time.

use std::time::Duration;

use crate::{Client, RENAME, diverged, number, project, support};

const WRITERS: u64 = 4;
const ROWS: u64 = 12;

/// Writes to one row in a transaction and compares what the row holds then with what the rule says.
async fn attempt(client: &mut Client, random: &mut fastrand::Rng, begin: &str, winner: &str, serial: &str) -> Result<(), sqlx::Error> {
    let id = random.u64(1..=ROWS);
    let (one, two) = (format!("{serial}a"), format!("{serial}b"));
    let (set, expected) = match random.u8(0..6) {
        0 => (format!("name = '{one}'"), &one),
        1 => (format!("full_name = '{one}'"), &one),
        2 => (format!("name = '{one}', full_name = '{one}'"), &one),
        // A mapper that writes every column with what it read before.
        3 => (format!("name = name, full_name = '{one}'"), &one),
        4 => (format!("name = '{one}', full_name = full_name"), &one),
        _ => (format!("name = '{one}', full_name = '{two}'"), if winner == "old" { &one } else { &two }),
    };
    client.run(begin).await?;
    client.run(&format!("UPDATE users SET {set} WHERE id = {id}")).await?;
    let row = client.rows(&format!("SELECT name, full_name FROM users WHERE id = {id}")).await?.swap_remove(0);
    assert_eq!(row, [expected.as_str(), expected.as_str()], "winner {winner}: SET {set}");
    client.run("COMMIT").await
}

async fn both_changed(dialect: &'static str, url: &str, winner: &'static str, writes: u64) {
    let rows: String = (1..=ROWS).map(|id| format!("INSERT INTO users (id, name) VALUES ({id}, 'n{id}');\n")).collect();
    let base = format!("CREATE TABLE users (id bigint PRIMARY KEY, name text);\n{rows}");
    let workshop = project(dialect, url, &base, &format!("{RENAME}winner = \"{winner}\"\n"), crate::DROP).await;
    for phase in ["expand", "backfill"] {
        workshop.expect(&["apply", "--phase", phase], 0).await;
    }
    let mut inserter = Client::connect(url).await;
    inserter.run("INSERT INTO users (id, name, full_name) VALUES (100, 'a', 'b')").await.expect("a row");
    let row = inserter.rows("SELECT name, full_name FROM users WHERE id = 100").await.expect("a row").swap_remove(0);
    let expected = if winner == "old" { "a" } else { "b" };
    assert_eq!(row, [expected, expected], "an INSERT that gives both");
    let begin = if dialect == "sqlite" { "BEGIN IMMEDIATE" } else { "BEGIN" };
    let writers = (0..WRITERS).map(|writer| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let mut client = Client::connect(&url).await;
            let mut random = fastrand::Rng::with_seed(writer);
            for write in 0..writes {
                attempt(&mut client, &mut random, begin, winner, &format!("w{writer}_{write}")).await.expect("a write");
                if write % 16 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("every write ended as the rule says");
    }
    assert_eq!(number(&mut inserter, diverged(dialect)).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_declared_winner_counts_under_concurrent_writers_on_sqlite() {
    for winner in ["new", "old"] {
        let database = support::sqlite();
        both_changed("sqlite", &database.url(), winner, 100).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_declared_winner_counts_under_concurrent_writers_on_postgres() {
    for (major, winner) in [(14, "new"), (18, "old"), (18, "new")] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        both_changed("postgres", &database.url, winner, 400).await;
    }
}
