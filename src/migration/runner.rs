//! Who runs the scripts: this tool, or another one whose idea of a transaction the scripts are judged by.

use std::fmt;

use super::group::{Bounds, Ending, Group, Grouping, groups};
use crate::sql::Script;

/// `runner` of migrate.toml.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runner {
    /// This tool: a statement is a transaction of its own unless the file says BEGIN and COMMIT.
    #[default]
    Concertina,
    /// psql, or a client that sends one statement after the other.
    Psql,
    /// sqlx: a file is a transaction unless its first line is `-- no-transaction`.
    Sqlx,
    /// refinery: a file is a transaction.
    Refinery,
    /// Flyway: a file is a transaction unless something in it takes none.
    Flyway,
    /// dbmate: a file is a transaction unless `-- migrate:up transaction:false`.
    Dbmate,
    /// goose: a file is a transaction unless `-- +goose NO TRANSACTION`.
    Goose,
    /// sql-migrate: a file is a transaction unless `-- +migrate Up notransaction`.
    SqlMigrate,
    /// golang-migrate: a file is sent in one piece.
    GolangMigrate,
    /// Diesel: a file is a transaction unless metadata.toml says otherwise.
    Diesel,
    /// Prisma: a file is sent in one piece.
    Prisma,
    /// Liquibase: a changeset is a transaction unless `runInTransaction:false`.
    Liquibase,
    /// Atlas: a file is a transaction unless `-- atlas:txmode none`.
    Atlas,
}

/// What shares a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrap {
    /// Each statement has its own.
    Statement,
    /// All statements have one.
    File,
    /// Several statements that are sent in one piece have one; a lone one has none (PostgreSQL's simple query protocol).
    Piece,
}

impl Runner {
    /// Every runner, this tool first.
    pub const ALL: [Runner; 13] = [
        Runner::Concertina,
        Runner::Psql,
        Runner::Sqlx,
        Runner::Refinery,
        Runner::Flyway,
        Runner::Dbmate,
        Runner::Goose,
        Runner::SqlMigrate,
        Runner::GolangMigrate,
        Runner::Diesel,
        Runner::Prisma,
        Runner::Liquibase,
        Runner::Atlas,
    ];

    /// The name in migrate.toml.
    pub fn as_str(self) -> &'static str {
        match self {
            Runner::Concertina => "concertina",
            Runner::Psql => "psql",
            Runner::Sqlx => "sqlx",
            Runner::Refinery => "refinery",
            Runner::Flyway => "flyway",
            Runner::Dbmate => "dbmate",
            Runner::Goose => "goose",
            Runner::SqlMigrate => "sql-migrate",
            Runner::GolangMigrate => "golang-migrate",
            Runner::Diesel => "diesel",
            Runner::Prisma => "prisma",
            Runner::Liquibase => "liquibase",
            Runner::Atlas => "atlas",
        }
    }

    /// Reads the name back.
    pub fn from_name(name: &str) -> Option<Runner> {
        Runner::ALL.into_iter().find(|runner| runner.as_str() == name)
    }

    /// The transactions in which it runs a script. `takes_none` says which statements the server refuses inside one.
    pub fn grouping(self, script: &Script, takes_none: impl Fn(usize) -> bool) -> Grouping {
        let own = groups(script);
        // A file that says BEGIN itself is taken at its word.
        if own.groups.iter().any(|group| group.bounds == Bounds::Explicit) {
            return own;
        }
        let count = script.statements.len();
        let alone = || (0..count).any(&takes_none);
        match self.wrap(&script.source.text, alone) {
            Wrap::Statement => own,
            Wrap::Piece if count < 2 => own,
            Wrap::File | Wrap::Piece if self == Runner::Liquibase => Grouping { groups: changesets(script), ..own },
            Wrap::File | Wrap::Piece if count == 0 => own,
            Wrap::File | Wrap::Piece => {
                Grouping { groups: vec![Group { body: 0..count, bounds: Bounds::Explicit, ending: Ending::Kept }], ..own }
            }
        }
    }

    fn wrap(self, text: &str, alone: impl Fn() -> bool) -> Wrap {
        match self {
            Runner::Concertina | Runner::Psql => Wrap::Statement,
            Runner::Refinery | Runner::Liquibase => Wrap::File,
            Runner::GolangMigrate | Runner::Prisma => Wrap::Piece,
            Runner::Flyway if alone() => Wrap::Statement,
            // What its metadata.toml says is not in the file; a file that could never run in a transaction surely does not.
            Runner::Diesel if alone() => Wrap::Piece,
            Runner::Flyway | Runner::Diesel => Wrap::File,
            Runner::Sqlx if text.starts_with("-- no-transaction") => Wrap::Piece,
            Runner::Dbmate if says(text, "migrate:up", "transaction:false") => Wrap::Piece,
            Runner::Goose if says(text, "+goose", "NO TRANSACTION") => Wrap::Statement,
            Runner::SqlMigrate if says(text, "+migrate Up", "notransaction") => Wrap::Statement,
            Runner::Atlas if says(text, "atlas:txmode", "none") => Wrap::Statement,
            Runner::Sqlx | Runner::Dbmate | Runner::Goose | Runner::SqlMigrate | Runner::Atlas => Wrap::File,
        }
    }
}

impl fmt::Display for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a comment with this mark says so. The marks themselves are blanked where a file has two parts, so this looks
/// at the whole text that is left, too.
fn says(text: &str, mark: &str, words: &str) -> bool {
    text.lines().filter_map(|line| line.trim_start().strip_prefix("--")).any(|comment| {
        let comment = comment.trim_start();
        comment.starts_with(mark) && comment.contains(words)
    })
}

/// One group for each changeset; those that run outside of a transaction are cut into their statements.
fn changesets(script: &Script) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut starts: Vec<(usize, bool)> = Vec::new();
    let mut at = 0;
    for line in script.source.text.split_inclusive('\n') {
        let comment = line.trim_start().strip_prefix("--").map(str::trim_start);
        if comment.is_some_and(|comment| comment.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("changeset"))) {
            starts.push((at, !line.to_lowercase().contains("runintransaction:false")));
        }
        at += line.len();
    }
    let set = |offset: usize| starts.iter().rposition(|(start, _)| *start <= offset);
    let mut last = None;
    for (index, statement) in script.statements.iter().enumerate() {
        let here = set(statement.span.start);
        let wrapped = here.is_none_or(|here| starts[here].1);
        match groups.last_mut() {
            Some(group) if wrapped && last == Some(here) => group.body.end = index + 1,
            _ => groups.push(Group {
                body: index..index + 1,
                bounds: if wrapped { Bounds::Explicit } else { Bounds::Lone },
                ending: Ending::Kept,
            }),
        }
        last = wrapped.then_some(here);
    }
    groups
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::schema::{Dialect, Server};
    use crate::sql::{self, Source};

    fn cut(runner: Runner, text: &str) -> Vec<(std::ops::Range<usize>, Bounds)> {
        let source = Source::new("1_a.sql", text);
        let script = sql::read(&source, Server::oldest(Dialect::Postgres));
        let takes_none = |index: usize| script.text(script.statements[index].span).contains("CONCURRENTLY");
        runner.grouping(&script, takes_none).groups.into_iter().map(|group| (group.body, group.bounds)).collect()
    }

    const TWO: &str = "CREATE TABLE a (b int);\nCREATE INDEX CONCURRENTLY c ON a (b);\n";
    const PLAIN: &str = "CREATE TABLE a (b int);\nALTER TABLE a ADD c int;\n";

    #[test]
    fn every_runner_has_its_idea_of_a_transaction() {
        let (apart, together) = (vec![(0..1, Bounds::Lone), (1..2, Bounds::Lone)], vec![(0..2, Bounds::Explicit)]);
        assert_eq!(cut(Runner::Concertina, TWO), apart);
        assert_eq!(cut(Runner::Sqlx, TWO), together);
        assert_eq!(cut(Runner::Sqlx, &format!("-- no-transaction\n{TWO}")), together, "it is sent in one piece all the same");
        assert_eq!(cut(Runner::Sqlx, "-- no-transaction\nCREATE INDEX CONCURRENTLY c ON a (b);"), [(0..1, Bounds::Lone)]);
        assert_eq!((cut(Runner::Flyway, TWO), cut(Runner::Flyway, PLAIN)), (apart.clone(), together.clone()));
        assert_eq!(cut(Runner::Goose, &format!("-- +goose NO TRANSACTION\n{TWO}")), apart);
        assert_eq!(cut(Runner::Goose, TWO), together);
        assert_eq!(cut(Runner::Prisma, TWO), together);
        assert_eq!(cut(Runner::Prisma, "CREATE INDEX CONCURRENTLY c ON a (b);"), [(0..1, Bounds::Lone)]);
        assert_eq!(cut(Runner::Atlas, &format!("-- atlas:txmode none\n\n{TWO}")), apart);
        assert_eq!(cut(Runner::Diesel, PLAIN), together);
    }

    #[test]
    fn a_changeset_is_a_transaction() {
        let text = "--liquibase formatted sql\n--changeset ann:1\nSELECT 1;\nSELECT 2;\n--changeset ann:2 runInTransaction:false\nSELECT 3;\n\
                    SELECT 4;\n--changeset ann:3\nSELECT 5;\n";
        let expected = [(0..2, Bounds::Explicit), (2..3, Bounds::Lone), (3..4, Bounds::Lone), (4..5, Bounds::Explicit)];
        assert_eq!(cut(Runner::Liquibase, text), expected);
    }

    #[test]
    fn names_are_read_back() {
        for runner in Runner::ALL {
            assert_eq!(Runner::from_name(runner.as_str()), Some(runner));
        }
    }
}
