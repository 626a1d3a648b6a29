//! What judging costs: a script on top of many tables that have nothing to do with it costs what it costs on top of few.
//!
//! So no rule walks or copies the catalogue unless it is listed here, and a history of any length costs what its scripts
//! cost. CPU time of the thread is compared, so what else the machine does hardly counts.

use std::fmt::Write as _;

use concertina::lint::{Judge, Level, Levels, Placed, Policy, Replay};
use concertina::migration::MigrationId;
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Phase, Server};
use concertina::sql::{self, Source};

use crate::page::{Example, Verdict};

/// Tables of the two schemas. The large one is so much larger that a walk over it outweighs everything else.
const FEW: usize = 20;
const MANY: usize = 800;

/// Runs of each script; the quickest counts.
const RUNS: usize = 3;

/// What the large schema may cost as a multiple of the small one, and what it may cost more in any case: caches miss, and
/// sets are deeper. A walk over so many tables costs milliseconds.
const TIMES: f64 = 2.5;
const MORE: u64 = 500_000;

/// CPU time of this thread in nanoseconds.
fn spent() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or_default()
}

fn placed(replay: &mut Replay, name: &str, phase: Phase, sql: &str, judge: Judge) {
    let script = sql::read(&Source::new(format!("migrations/{name}/{phase}.sql"), sql), replay.server());
    replay.script(Placed { migration: &MigrationId::new(name), phase, script: &script, allowances: &[] }, judge);
}

/// A schema of so many tables, each with an index, a key to the one before, and what else the database has.
fn schema(server: Server, tables: usize) -> Replay {
    let policy =
        Policy { levels: Levels::default().with_style(Some(Level::Notice)), ..Policy::of(jiff::civil::Date::constant(2026, 11, 21)) };
    let mut replay = Replay::new(server, Knowledge::Known, policy);
    let mut text = String::new();
    for number in 0..tables {
        let parent = number.saturating_sub(1);
        let _ = writeln!(
            text,
            "CREATE TABLE far_{number} (id bigint PRIMARY KEY, parent bigint REFERENCES far_{parent} (id), note varchar(20) DEFAULT 'x' CHECK (note <> ''));\n\
             CREATE INDEX far_{number}_note ON far_{number} (note);\nCREATE VIEW seen_{number} AS SELECT id FROM far_{number};"
        );
        if server.dialect == Dialect::Postgres {
            let _ = writeln!(
                text,
                "CREATE FUNCTION reckon_{number}() RETURNS int LANGUAGE sql AS $$ SELECT {number} $$;\nCREATE TYPE mood_{number} AS ENUM ('a', 'b');\n\
                 CREATE SEQUENCE count_{number};"
            );
        }
        if text.len() > 20_000 || number + 1 == tables {
            placed(&mut replay, &format!("0_far_{number}"), Phase::Expand, &text, Judge::No);
            text.clear();
        }
    }
    replay
}

/// CPU time of judging an example's scripts on top of a schema.
fn cost(on: &Replay, example: &Example) -> u64 {
    let run = || {
        let mut replay = on.clone();
        placed(&mut replay, "1_given", Phase::Expand, &example.given, Judge::No);
        let begun = spent();
        for script in &example.scripts {
            placed(&mut replay, "2_example", script.phase, &script.sql, Judge::Yes);
        }
        spent() - begun
    };
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}

fn grew(few: u64, many: u64) -> bool {
    many as f64 > few as f64 * TIMES && many > few + MORE
}

/// Statements that are about everything there is, with the page that shows them: these do walk over the schema.
const WALKS: [(&str, &str); 6] = [
    ("non-transactional-in-transaction", "VACUUM"),
    ("drop-database", "DROP DATABASE"),
    ("drop-has-dependents", "DROP SCHEMA"),
    ("drop-schema", "DROP SCHEMA"),
    ("rename-object", "ALTER SCHEMA"),
    ("updates-without-replica-identity", "FOR ALL TABLES"),
];

fn walks(example: &Example) -> bool {
    WALKS.iter().any(|(page, words)| example.lint() == *page && example.scripts.iter().any(|script| script.sql.contains(words)))
}

#[test]
fn what_a_rule_costs_does_not_depend_on_what_else_the_schema_holds() {
    let mut dear = Vec::new();
    for dialect in Dialect::ALL {
        let server = Server::oldest(dialect);
        let (small, large) = (schema(server, FEW), schema(server, MANY));
        let examples = super::examples().into_iter().filter(|example| example.server.dialect == dialect && example.verdict == Verdict::Bad);
        for example in examples.filter(|example| !walks(example)) {
            let (few, many) = (cost(&small, &example), cost(&large, &example));
            if grew(few, many) {
                dear.push(format!("{}: {} µs on {FEW} tables, {} µs on {MANY}", example.place, few / 1000, many / 1000));
            }
        }
    }
    assert!(dear.is_empty(), "{} examples:\n{}", dear.len(), dear.join("\n"));
}

/// What a history is called, and its SQL for a length.
type History = (&'static str, fn(usize) -> String);

/// Histories that once copied or walked the catalogue for every script: what the next script is, by its number.
const HISTORIES: [History; 10] = [
    ("drops of several columns", |n| {
        format!("CREATE TABLE a{n} (id int, b int, c int, d int);\nALTER TABLE a{n} DROP COLUMN b, DROP COLUMN c, DROP COLUMN d;")
    }),
    ("drops in a transaction", |n| {
        format!("CREATE TABLE b{n} (id int);\nCREATE VIEW w{n} AS SELECT id FROM b{n};\nBEGIN;\nDROP VIEW w{n};\nDROP TABLE b{n};\nCOMMIT;")
    }),
    ("transactions that are rolled back", |n| format!("BEGIN;\nCREATE TABLE c{n} (id int);\nROLLBACK;\nCREATE TABLE c{n} (id bigint);")),
    ("functions that go", |n| {
        format!("CREATE FUNCTION f{n}() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;\nDROP FUNCTION f{n}();\nSELECT {n};")
    }),
    ("types that go", |n| format!("CREATE TYPE e{n} AS ENUM ('a');\nDROP TYPE e{n};")),
    ("labels that come", |n| format!("ALTER TYPE mood_1 ADD VALUE 'l{n}';")),
    ("sequences that go", |n| format!("CREATE SEQUENCE s{n};\nDROP SEQUENCE s{n};")),
    ("keys to one table", |n| {
        format!(
            "CREATE TABLE g{n} (id bigint PRIMARY KEY, h bigint CONSTRAINT g{n}_h REFERENCES far_1 (id));\nALTER TABLE g{n} DROP CONSTRAINT g{n}_h;"
        )
    }),
    ("renames", |n| {
        format!("CREATE TABLE i{n} (id int, b int);\nALTER TABLE i{n} RENAME COLUMN b TO c;\nALTER TABLE i{n} RENAME TO j{n};")
    }),
    ("blocks", |n| format!("DO $$ BEGIN CREATE TABLE k{n} (id int); ALTER TABLE k{n} ADD l int; DROP TABLE k{n}; END $$;")),
];

/// Scripts of a history whose time is taken together.
const SCRIPTS: usize = 12;

#[test]
fn a_script_costs_the_same_at_the_end_of_a_long_history_as_at_its_beginning() {
    let server = Server::oldest(Dialect::Postgres);
    let (mut small, mut large) = (schema(server, FEW), schema(server, MANY));
    let mut dear = Vec::new();
    for (name, script) in HISTORIES {
        // Each run goes on where the last one ended: nothing else holds a copy of the schema.
        let cost = |replay: &mut Replay, run: usize| {
            let begun = spent();
            (0..SCRIPTS).for_each(|number| placed(replay, "9_next", Phase::Contract, &script(run * SCRIPTS + number), Judge::Yes));
            spent() - begun
        };
        let few = (0..RUNS).map(|run| cost(&mut small, run)).min().unwrap_or_default();
        let many = (0..RUNS).map(|run| cost(&mut large, run)).min().unwrap_or_default();
        if grew(few, many) {
            dear.push(format!("{name}: {} µs on {FEW} tables, {} µs on {MANY}", few / 1000, many / 1000));
        }
    }
    assert!(dear.is_empty(), "{}", dear.join("\n"));
}
