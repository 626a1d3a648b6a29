//! Twenty thousand random writes, each of one release, before, during and after the backfill: no row diverges.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::{Client, RENAME, diverged, number, project, support};

const WRITES: usize = 20_000;
const BATCH: usize = 250;
const SEEDED: i64 = 2_000;

/// One write of one release, as SQL and in the model.
fn step(random: &mut fastrand::Rng, model: &mut BTreeMap<i64, Option<u64>>, next: &mut i64, nulls: bool) -> String {
    let column = if random.bool() { "name" } else { "full_name" };
    let value = (!nulls || random.u8(0..8) > 0).then(|| random.u64(1..1_000_000));
    let text = value.map_or_else(|| "NULL".to_owned(), |value| format!("'v{value}'"));
    let known = model.range(random.i64(0..=*next)..).next().map(|(id, _)| *id);
    match (random.u8(0..10), known) {
        (0..=2, _) | (_, None) => {
            *next += 1;
            model.insert(*next, value);
            format!("INSERT INTO users (id, {column}) VALUES ({next}, {text})")
        }
        (3, Some(id)) => {
            model.remove(&id);
            format!("DELETE FROM users WHERE id = {id}")
        }
        (4, Some(id)) => format!("UPDATE users SET visits = visits + 1 WHERE id = {id}"),
        (_, Some(id)) => {
            model.insert(id, value);
            format!("UPDATE users SET {column} = {text} WHERE id = {id}")
        }
    }
}

async fn write(client: &mut Client, writes: usize, model: &mut BTreeMap<i64, Option<u64>>, seed: u64, nulls: bool) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut next = model.last_key_value().map_or(0, |(id, _)| *id);
    for _ in 0..writes / BATCH {
        let mut batch = String::from("BEGIN;\n");
        for _ in 0..BATCH {
            let _ = writeln!(batch, "{};", step(&mut random, model, &mut next, nulls));
        }
        batch.push_str("COMMIT;\n");
        client.run(&batch).await.expect("every release can write");
    }
}

async fn one_sided(dialect: &str, url: &str) {
    let numbers = match dialect {
        "postgres" => format!("SELECT n, 'v' || n FROM generate_series(1, {SEEDED}) AS n"),
        _ => format!(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {SEEDED}) SELECT n, 'v' || n FROM numbers"
        ),
    };
    let base = format!(
        "CREATE TABLE users (id bigint PRIMARY KEY, name text, visits integer NOT NULL DEFAULT 0);\nINSERT INTO users (id, name) {numbers};\n"
    );
    let workshop = project(dialect, url, &base, RENAME, crate::DROP).await;
    workshop.expect(&["apply", "--phase", "expand"], 0).await;
    let mut client = Client::connect(url).await;
    if dialect == "sqlite" {
        client.run("PRAGMA recursive_triggers = on").await.expect("a pragma");
    }
    let mut model: BTreeMap<i64, Option<u64>> = (1..=SEEDED).map(|id| (id, Some(id as u64))).collect();
    // A release that sets NULL where the backfill has not been changes nothing, so that nobody could tell.
    write(&mut client, WRITES / 4, &mut model, 1, false).await;
    workshop.expect(&["apply", "--phase", "backfill"], 0).await;
    assert_eq!(number(&mut client, diverged(dialect)).await, 0, "{dialect}: behind the backfill");
    write(&mut client, WRITES * 3 / 4, &mut model, 2, true).await;
    assert_eq!(number(&mut client, diverged(dialect)).await, 0, "{dialect}: behind all writes");
    for column in ["name", "full_name"] {
        let rows = client.rows(&format!("SELECT id, {column} FROM users ORDER BY id")).await.expect("rows");
        let told = |value: &Option<u64>| value.map_or_else(|| "∅".to_owned(), |value| format!("v{value}"));
        let expected: Vec<Vec<String>> = model.iter().map(|(id, value)| vec![id.to_string(), told(value)]).collect();
        assert!(rows == expected, "{dialect}: {column} is not what was written last");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_writes_of_both_releases_leave_no_row_apart_on_sqlite() {
    let database = support::sqlite();
    one_sided("sqlite", &database.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_writes_of_both_releases_leave_no_row_apart_on_postgres() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        one_sided("postgres", &database.url).await;
    }
}
