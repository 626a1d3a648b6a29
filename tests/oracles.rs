//! The readers against grammars that are not ours: squawk's PostgreSQL parser and the SQLite engine.

#![expect(clippy::print_stderr, reason = "the figures are what a reader of the log looks for")]

use concertina::schema::{Dialect, Operation, Server};
use concertina::sql::{Source, read};

fn probes(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"))
}

/// Whether a text is read without a problem and without an opaque statement.
fn is_read(dialect: Dialect, sql: &str) -> bool {
    let script = read(&Source::new("probe.sql", sql), Server::oldest(dialect));
    script.problems.is_empty()
        && !script.statements.is_empty()
        && script.statements.iter().flat_map(|statement| &statement.clauses).all(|clause| !matches!(clause.operation, Operation::Opaque(_)))
}

fn postgres_accepts(sql: &str) -> bool {
    squawk_syntax::SourceFile::parse(&format!("{sql};")).errors().is_empty()
}

const POSTGRES: &str = include_str!("probes/postgres.sql");
const REFUSED: &str = include_str!("probes/refused/postgres.sql");

/// PostgreSQL 18 takes these; squawk 2.68 does not.
const BEYOND_SQUAWK: &[&str] = &[
    "STORAGE EXTERNAL",
    "COMPRESSION lz4",
    "STORAGE plain COMPRESSION default",
    "EXCLUDE USING gist (lower(a)",
    "ALTER STATISTICS IF EXISTS s SET",
    "SET NAMES",
];

/// squawk takes these; PostgreSQL does not: it wants at least one name or action, and these actions alone.
const BEYOND_POSTGRES: &[&str] = &[
    "ADD INDEX i (a)",
    "RENAME TO u, ADD",
    "DETACH PARTITION p, ADD",
    "SET SCHEMA s, OWNER",
    "; DROP TABLE t",
    "ALTER TABLE t",
    "DROP TABLE",
];

#[test]
fn postgres_probes_are_postgres() {
    let known = |sql: &&str| BEYOND_SQUAWK.iter().any(|part| sql.contains(part));
    let rejected: Vec<_> = probes(POSTGRES).filter(|sql| !postgres_accepts(sql)).filter(|sql| !known(sql)).collect();
    assert_eq!(rejected, Vec::<&str>::new());
}

#[test]
fn refused_probes_are_not_postgres() {
    let known = |sql: &&str| BEYOND_POSTGRES.iter().any(|part| sql == part || part.contains(' ') && part.len() > 13 && sql.contains(part));
    let accepted: Vec<_> = probes(REFUSED).filter(|sql| postgres_accepts(sql)).filter(|sql| !known(sql)).collect();
    assert_eq!(accepted, Vec::<&str>::new());
}

/// Every probe with one word left out, doubled, exchanged with its neighbour or replaced by a word of another probe.
fn mutations() -> Vec<String> {
    let probes: Vec<Vec<&str>> = probes(POSTGRES).map(|sql| sql.split(' ').collect()).collect();
    let words: Vec<&str> = probes.iter().flatten().copied().collect();
    let mut random = fastrand::Rng::with_seed(7);
    let mut mutated = Vec::new();
    for probe in &probes {
        for at in 0..probe.len() {
            let mut without = probe.clone();
            without.remove(at);
            let mut doubled = probe.clone();
            doubled.insert(at, probe[at]);
            let mut exchanged = probe.clone();
            exchanged.swap(at, (at + 1) % probe.len());
            let mut replaced = probe.clone();
            replaced[at] = words[random.usize(..words.len())];
            mutated.extend([without, doubled, exchanged, replaced].map(|words| words.join(" ")));
        }
    }
    mutated.retain(|sql| !sql.trim().is_empty());
    mutated.sort_unstable();
    mutated.dedup();
    mutated
}

#[test]
fn mutated_probes_are_judged_as_postgres_judges_them() {
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    let (mut gaps, mut leaks) = (Vec::new(), Vec::new());
    for sql in mutations() {
        match (postgres_accepts(&sql), is_read(Dialect::Postgres, &sql)) {
            (true, true) => valid += 1,
            (true, false) => {
                valid += 1;
                gaps.push(sql);
            }
            (false, false) => invalid += 1,
            (false, true) => {
                invalid += 1;
                leaks.push(sql);
            }
        }
    }
    for (kind, list) in [("valid but not read", &gaps), ("invalid but read", &leaks)] {
        list.iter().for_each(|sql| eprintln!("{kind}: {sql}"));
    }
    let percent = |part: usize, of: usize| 100.0 * part as f64 / of as f64;
    let (gap, leak) = (percent(gaps.len(), valid), percent(leaks.len(), invalid));
    eprintln!(
        "{} of {valid} valid mutations not read ({gap:.2} %), {} of {invalid} invalid ones read ({leak:.2} %)",
        gaps.len(),
        leaks.len()
    );
    // squawk takes reserved words for names, and repeated or half options, which PostgreSQL refuses: that is the first bound.
    assert!(gap < 15.0 && leak < 2.5, "the readers drifted from PostgreSQL's grammar");
}

/// Whether SQLite's own parser takes a statement; what it names need not exist.
async fn sqlite_accepts(database: &mut sqlx::SqliteConnection, sql: &'static str) -> bool {
    match sqlx::raw_sql(sql).execute(database).await {
        Ok(_) => true,
        Err(error) => !["syntax error", "unrecognized token", "incomplete input"].iter().any(|fault| error.to_string().contains(fault)),
    }
}

#[tokio::test]
async fn sqlite_judges_the_probes_alike() -> Result<(), sqlx::Error> {
    use sqlx::Connection as _;
    let (mut rejected, mut accepted) = (Vec::new(), Vec::new());
    for sql in probes(include_str!("probes/sqlite.sql")).filter(|sql| !sql.contains("'x.db'")) {
        let mut database = sqlx::SqliteConnection::connect("sqlite::memory:").await?;
        sqlx::raw_sql("CREATE TABLE t (a, b, c); CREATE TABLE o (id); CREATE INDEX i ON t (a)").execute(&mut database).await?;
        if !sqlite_accepts(&mut database, sql).await {
            rejected.push(sql);
        }
    }
    for sql in probes(include_str!("probes/refused/sqlite.sql")) {
        let mut database = sqlx::SqliteConnection::connect("sqlite::memory:").await?;
        sqlx::raw_sql("CREATE TABLE t (a, b, c); CREATE TABLE o (id); CREATE INDEX i ON t (a)").execute(&mut database).await?;
        if sqlite_accepts(&mut database, sql).await {
            accepted.push(sql);
        }
    }
    assert_eq!((rejected, accepted), (Vec::<&str>::new(), Vec::<&str>::new()));
    Ok(())
}
