//! Levels, small tables, allowances, and histories that the replay does not know.

use concertina::lint::{Finding, Judge, Level, Levels, Placed, Policy, Replay, ScriptReport};
use concertina::migration::{Allowance, MigrationId};
use concertina::schema::size::{Count, Sizes, TableSize};
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Ident, ObjectName, Phase, Server};
use concertina::sql::{self, Source};

const TODAY: jiff::civil::Date = jiff::civil::Date::constant(2026, 11, 21);
const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80), nick varchar(40));";

struct Case {
    policy: Policy,
    history: Knowledge,
    allowances: Vec<Allowance>,
}

impl Case {
    fn new() -> Case {
        Case { policy: Policy::of(TODAY), history: Knowledge::Known, allowances: Vec::new() }
    }

    /// Judges a script after the given one; the last findings are those of the end.
    fn judge(&self, given: &str, phase: Phase, text: &str) -> (ScriptReport, Vec<Finding>) {
        let server = Server::oldest(Dialect::Postgres);
        let mut replay = Replay::new(server, self.history, self.policy.clone());
        let read = |path: &str, text: &str| sql::read(&Source::new(path, text), server);
        let given = read("m/1/expand.sql", given);
        replay.script(Placed { migration: &MigrationId::new("1"), phase: Phase::Expand, script: &given, allowances: &[] }, Judge::No);
        let script = read("m/2/expand.sql", text);
        let placed = Placed { migration: &MigrationId::new("2"), phase, script: &script, allowances: &self.allowances };
        let report = replay.script(placed, Judge::Yes);
        (report, replay.finish())
    }

    fn ids(&self, given: &str, phase: Phase, text: &str) -> Vec<String> {
        let (report, end) = self.judge(given, phase, text);
        report.findings.iter().chain(&end).map(|finding| finding.lint.to_string()).collect()
    }
}

fn allowance(lint: &str, phase: Option<Phase>) -> Allowance {
    Allowance { lint: lint.to_owned(), reason: "nobody uses it".to_owned(), until: None, phase }
}

#[test]
fn locks_and_scans_of_small_tables_are_notices_and_a_broken_release_is_not() {
    let mut case = Case::new();
    case.policy = case.policy.with_small_tables(["users"]);
    let levels = |text: &str| {
        let (report, _) = case.judge(USERS, Phase::Expand, text);
        report.findings.iter().map(|finding| (finding.lint.to_string(), finding.level)).collect::<Vec<_>>()
    };
    let notice = |lint: &str| vec![(lint.to_owned(), Level::Notice)];
    assert_eq!(levels("CREATE INDEX users_nick ON users (nick);"), notice("create-index-blocks-writes"));
    assert_eq!(levels("CREATE INDEX users_nick ON public.users (nick);"), notice("create-index-blocks-writes"));
    assert_eq!(levels("ALTER TABLE users DROP COLUMN nick;"), [("drop-column".to_owned(), Level::Deny)]);
    assert_eq!(levels("CREATE TABLE notes (id bigint PRIMARY KEY, author bigint REFERENCES users UNIQUE);"), []);
}

/// Sizes of tables by name, counted after the given script ran.
fn counted(tables: &[(&str, u64)]) -> Sizes {
    let size = |rows: u64| TableSize { rows, bytes: rows * 100, index_bytes: rows * 20 };
    let tables = tables.iter().map(|(name, rows)| (ObjectName::bare(Ident::stored(name)), size(*rows))).collect();
    Sizes::unknown().with(Count { tables, ran: Some([("1".to_owned(), Phase::Expand)].into()) })
}

#[test]
fn a_partitioned_table_is_as_large_as_all_its_partitions_and_unknown_where_one_was_not_counted() {
    const PARTS: &str = "CREATE TABLE parts (id bigint) PARTITION BY RANGE (id);
        CREATE TABLE one PARTITION OF parts FOR VALUES FROM (0) TO (9); CREATE TABLE two PARTITION OF parts FOR VALUES FROM (9) TO (99);";
    let level = |tables: &[(&str, u64)]| {
        let mut case = Case::new();
        case.policy.sizes = counted(tables);
        let (report, _) = case.judge(PARTS, Phase::Expand, "CREATE INDEX i ON parts (id);");
        report.findings.first().map(|finding| (finding.lint.to_string(), finding.level))
    };
    let told = |level: Level| Some(("partitioned-index-blocks".to_owned(), level));
    assert_eq!(level(&[("parts", 9_000), ("one", 4_500), ("two", 4_500)]), told(Level::Notice));
    assert_eq!(level(&[("one", 4_500), ("two", 5_400)]), told(Level::Notice), "the parent's own count adds nothing");
    assert_eq!(level(&[("parts", 12_000), ("one", 6_000), ("two", 6_000)]), told(Level::Deny));
    assert_eq!(level(&[("parts", 12_000), ("one", 1), ("two", 1)]), told(Level::Deny), "partitions that no migration made count too");
    assert_eq!(level(&[("parts", 9_000), ("one", 4_500)]), told(Level::Deny), "one of them was not counted");
    assert_eq!(level(&[]), told(Level::Deny));
}

#[test]
fn a_lock_on_two_tables_is_excused_where_both_are_small() {
    const PAIR: &str = "CREATE TABLE p (id bigint PRIMARY KEY); CREATE TABLE c (id bigint PRIMARY KEY, p_id bigint);";
    let level = |tables: &[(&str, u64)]| {
        let mut case = Case::new();
        case.policy.sizes = counted(tables);
        let (report, _) = case.judge(PAIR, Phase::Contract, "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (p_id) REFERENCES p;");
        report.findings.iter().find(|finding| finding.lint.as_str() == "add-fk-scans-table").map(|finding| finding.level)
    };
    assert_eq!(level(&[("p", 10), ("c", 10)]), Some(Level::Notice));
    assert_eq!(level(&[("p", 1_000_000), ("c", 10)]), Some(Level::Deny));
    assert_eq!(level(&[("c", 10)]), Some(Level::Deny));
}

#[test]
fn the_catalogue_makes_a_fault_milder_than_its_rule() {
    const PARTS: &str =
        "CREATE TABLE parts (id bigint) PARTITION BY RANGE (id); CREATE TABLE one PARTITION OF parts FOR VALUES FROM (0) TO (9);";
    let level = |given: &str| {
        let (report, _) = Case::new().judge(given, Phase::Contract, "ALTER TABLE parts DETACH PARTITION one;");
        report.findings.first().map(|finding| (finding.lint.to_string(), finding.level))
    };
    let told = |level: Level| Some(("detach-partition-blocks".to_owned(), level));
    assert_eq!(level(PARTS), told(Level::Deny));
    assert_eq!(
        level(&format!("{PARTS} CREATE TABLE rest PARTITION OF parts DEFAULT;")),
        told(Level::Notice),
        "no milder way is left there"
    );
}

#[test]
fn a_project_chooses_levels() {
    let mut case = Case::new();
    case.policy.levels = Levels::new([("drop-column", Level::Warn), ("create-index-blocks-writes", Level::Allow)]).expect("known lints");
    let (report, _) = case.judge(USERS, Phase::Expand, "ALTER TABLE users DROP COLUMN nick;\nCREATE INDEX i ON users (name);");
    assert_eq!(
        report.findings.iter().map(|finding| (finding.lint.as_str(), finding.level)).collect::<Vec<_>>(),
        [("drop-column", Level::Warn)]
    );
}

#[test]
fn an_allowance_of_the_migration_silences_and_is_missed_when_it_does_not() {
    let mut case = Case::new();
    case.allowances = vec![allowance("drop-column", None), allowance("drop-table", Some(Phase::Contract))];
    let (report, end) = case.judge(USERS, Phase::Expand, "ALTER TABLE users DROP COLUMN nick;");
    assert!(report.findings.is_empty());
    assert_eq!(report.allowed.iter().map(|allowed| allowed.reason.as_str()).collect::<Vec<_>>(), ["nobody uses it"]);
    assert_eq!(end.iter().map(|finding| (finding.lint.as_str(), finding.level)).collect::<Vec<_>>(), [("unused-allow", Level::Warn)]);
    assert_eq!(&*end[0].source.path, "m/2/migration.toml");
}

#[test]
fn a_finding_that_yields_comes_back_when_the_other_is_allowed() {
    let given = "CREATE TABLE orders (id bigint PRIMARY KEY, code integer);";
    let change = "ALTER TABLE orders ALTER COLUMN code TYPE text;";
    assert_eq!(Case::new().ids(given, Phase::Expand, change), ["change-column-type"]);
    let allowed = format!("-- migrate: allow(change-column-type) reason=\"read as text everywhere\"\n{change}");
    assert_eq!(Case::new().ids(given, Phase::Expand, &allowed), ["change-type-rewrites-table"]);
}

#[test]
fn a_table_that_no_migration_made_is_taken_for_old_and_large() {
    let mut case = Case::new();
    case.history = Knowledge::Unknown;
    assert_eq!(case.ids("", Phase::Expand, "ALTER TABLE users DROP COLUMN nick;"), ["drop-column"]);
    assert_eq!(case.ids("", Phase::Expand, "CREATE INDEX i ON users (nick);"), ["create-index-blocks-writes"]);
    assert_eq!(case.ids("", Phase::Expand, "ALTER TABLE users ADD COLUMN age integer NOT NULL;"), ["add-required-column"]);
    assert!(case.ids("", Phase::Expand, "CREATE TABLE t (id bigint PRIMARY KEY, a int); CREATE INDEX i ON t (a);").is_empty());
}

#[test]
fn a_label_points_at_the_statement_that_holds_the_lock() {
    let sql = "BEGIN;\nALTER TABLE users ADD CONSTRAINT c CHECK (nick <> '') NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT c;\nCOMMIT;";
    let (report, _) = Case::new().judge(USERS, Phase::Contract, sql);
    let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
    let [label] = &finding.labels[..] else { panic!("{:?}", finding.labels) };
    assert!(finding.source.text[label.span.range()].contains("NOT VALID"), "{label:?}");
}

#[test]
fn statements_are_reported_with_their_groups() {
    let (report, _) = Case::new().judge(
        USERS,
        Phase::Expand,
        "CREATE TABLE a (id int);\nBEGIN;\nCREATE TABLE b (id int);\nCREATE TABLE c (id int);\nCOMMIT;",
    );
    assert_eq!(
        report.statements.iter().map(|statement| (statement.statement, statement.group)).collect::<Vec<_>>(),
        [(0, 0), (2, 1), (3, 1)]
    );
    assert!(report.statements.iter().all(|statement| statement.impacts.len() == 1));
}
