//! Plans of small projects: offline, against a base, against a ledger.

use super::*;
use crate::ledger::JournalEntry;
use crate::plan::testing::{ledger, migrations, plan, plan_of, second};
use crate::schema::Dialect;
use crate::sql::Digest;

/// A rename done right: a column is added, filled, and the old one dropped; and a second migration behind it.
const FILES: [(&str, &str); 5] = [
    ("1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);"),
    ("2_full/expand.sql", "ALTER TABLE users ADD COLUMN full_name text;"),
    ("2_full/backfill.sql", "UPDATE users SET full_name = name WHERE full_name IS NULL;"),
    ("2_full/contract.sql", "ALTER TABLE users DROP COLUMN name;"),
    ("3_orders/expand.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);"),
];

fn states(plan: &Plan) -> Vec<(String, &'static str)> {
    let word = |state: &ScriptState| match state {
        ScriptState::Done { .. } => "done",
        ScriptState::Unchanged => "unchanged",
        ScriptState::Running { .. } => "running",
        ScriptState::Pending => "pending",
        ScriptState::Blocked { .. } => "blocked",
        ScriptState::Held(_) => "held",
    };
    plan.scripts.iter().map(|script| (script.node.to_string(), word(&script.state))).collect()
}

fn told(states: &[(String, &'static str)]) -> Vec<String> {
    states.iter().map(|(node, state)| format!("{node} {state}")).collect()
}

#[test]
fn offline_everything_is_judged_and_nothing_is_known() {
    let plan = plan(&FILES, Known::Nothing);
    assert_eq!(plan.basis, Basis::Files);
    assert_eq!(
        told(&states(&plan)),
        [
            "1_users:expand pending",
            "2_full:expand pending",
            "2_full:backfill pending",
            "2_full:contract pending",
            "3_orders:expand pending"
        ]
    );
    let loud = plan.all_findings().filter(|finding| finding.level > Level::Notice);
    assert_eq!(loud.map(|finding| finding.message).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(plan.clashes, []);
    // Nothing can run by it: only the backfill was cut, to see whether it can be.
    assert!(plan.scripts.iter().all(|script| script.source.is_none()));
    let steps: Vec<usize> = plan.scripts.iter().map(|script| script.steps.len()).collect();
    assert_eq!(steps, [0, 0, 1, 0, 0]);
    let script = &plan.scripts[1];
    let statement = script.statements.iter().next().expect("it has one");
    assert_eq!((&script.text.text[statement.span.range()], statement.line), ("ALTER TABLE users ADD COLUMN full_name text", 1));
    assert_eq!(statement.locks.len(), 1);
}

#[test]
fn a_ledger_tells_what_ran_what_waits_and_what_is_held() {
    let migrations = migrations(&FILES, Dialect::Postgres);
    let ran = ledger(&migrations, &["1_users:expand"]);
    let plan = plan_of(&migrations, Known::Ledger(&ran));
    assert_eq!(
        told(&states(&plan)),
        ["1_users:expand done", "2_full:expand pending", "2_full:backfill blocked", "2_full:contract held", "3_orders:expand pending"]
    );
    let backfill = plan.script(&"2_full:backfill".parse().expect("valid")).expect("planned");
    assert_eq!(backfill.state, ScriptState::Blocked { by: vec!["2_full:expand".parse().expect("valid")] });
    // A gate that nobody judged is closed.
    let [spec] = &plan.gates().collect::<Vec<_>>()[..] else { panic!("one contract") };
    assert_eq!(spec.before.iter().map(|(node, _)| node.to_string()).collect::<Vec<_>>(), ["2_full:expand", "2_full:backfill"]);
    assert_eq!(spec.proofs.len(), 1);
    assert!(spec.proofs[0].question.is_ok(), "{:?}", spec.proofs[0].question);
}

#[test]
fn what_ran_out_of_order_is_replayed_as_it_ran() {
    let files = [
        ("1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);"),
        ("2_view/expand.sql", "CREATE VIEW names AS SELECT name FROM users;"),
        ("3_late/expand.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);"),
    ];
    let migrations = migrations(&files, Dialect::Postgres);
    // The second one came from a branch that was merged later.
    let ran = ledger(&migrations, &["1_users:expand", "3_late:expand"]);
    let plan = plan_of(&migrations, Known::Ledger(&ran));
    assert_eq!(told(&states(&plan)), ["1_users:expand done", "3_late:expand done", "2_view:expand pending"]);
    assert_eq!(plan.all_findings().count(), 0);
}

#[test]
fn what_ran_is_not_judged_again() {
    let files = [("1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY);"), ("2_drop/expand.sql", "DROP TABLE users;")];
    let migrations = migrations(&files, Dialect::Postgres);
    assert!(plan_of(&migrations, Known::Nothing).all_findings().count() > 0);
    let ran = ledger(&migrations, &["1_users:expand", "2_drop:expand"]);
    assert_eq!(plan_of(&migrations, Known::Ledger(&ran)).all_findings().count(), 0);
    // A base judges what is new or changed against it.
    let mut base = migrations.manifest();
    assert_eq!(plan_of(&migrations, Known::Base(&base)).all_findings().count(), 0);
    base.scripts.insert("2_drop:expand".parse().expect("valid"), Digest([9; 32]));
    let plan = plan_of(&migrations, Known::Base(&base));
    assert_eq!(told(&states(&plan)), ["1_users:expand unchanged", "2_drop:expand pending"]);
    assert!(plan.all_findings().count() > 0);
}

#[test]
fn a_script_that_was_interrupted_says_how_far_it_came() {
    let files = [("1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint PRIMARY KEY);")];
    let migrations = migrations(&files, Dialect::Postgres);
    let mut ran = ledger(&migrations, &["1_users:expand"]);
    ran.scripts[0].status = ScriptStatus::Running;
    let node: NodeRef = "1_users:expand".parse().expect("valid");
    ran.journal.push(JournalEntry { node, step: 0, digest: Digest([0; 32]), state: JournalState::Done, at: second(5) });
    let plan = plan_of(&migrations, Known::Ledger(&ran));
    assert_eq!(plan.scripts[0].state, ScriptState::Running { finished: 1, of: 2 });
    assert_eq!(plan.scripts[0].steps.len(), 2);
}

#[test]
fn a_rolled_back_script_is_pending_again() {
    let migrations = migrations(&FILES[..2], Dialect::Postgres);
    let mut ran = ledger(&migrations, &["1_users:expand", "2_full:expand"]);
    ran.scripts[1].status = ScriptStatus::RolledBack;
    assert_eq!(told(&states(&plan_of(&migrations, Known::Ledger(&ran)))), ["1_users:expand done", "2_full:expand pending"]);
}

#[test]
fn a_backfill_that_cannot_be_cut_is_a_finding_with_its_reason() {
    let findings = |sql: &str| {
        let plan = plan(
            &[
                ("1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);\nCREATE TABLE logs (line text);"),
                ("2_b/backfill.sql", sql),
            ],
            Known::Nothing,
        );
        let script = plan.scripts.last().expect("planned").clone();
        assert!(script.findings.is_empty() || script.steps.is_empty());
        script.findings.iter().map(|finding| (finding.lint.as_str(), finding.message)).collect::<Vec<_>>()
    };
    assert_eq!(findings("UPDATE users SET name = 'x' WHERE name IS NULL;"), []);
    for (sql, reason) in [
        ("UPDATE users SET id = id + 1 WHERE name IS NULL;", "changes key column id"),
        ("UPDATE logs SET line = guess(line) WHERE line IS NULL;", "has no primary key"),
        ("UPDATE strangers SET line = 'x' WHERE line IS NULL;", "is not known from the migrations"),
        ("SELECT count(*) FROM users;", "only UPDATE, DELETE and INSERT"),
    ] {
        let found = findings(sql);
        assert!(found.iter().any(|(lint, message)| *lint == "backfill-cannot-be-cut" && message.contains(reason)), "{sql}: {found:?}");
    }
    // Another lint says it already.
    let ddl = findings("ALTER TABLE users ADD COLUMN x int;");
    assert!(ddl.iter().all(|(lint, _)| *lint != "backfill-cannot-be-cut") && !ddl.is_empty(), "{ddl:?}");
}

#[test]
fn an_allowed_conflict_does_not_hold_the_gate() {
    let contract = "ALTER TABLE users ADD CONSTRAINT named CHECK (full_name <> '') NOT VALID;";
    let with = |comment: &str| {
        let again = format!("{comment}UPDATE users SET full_name = 'x' WHERE full_name IS NULL;");
        let files = [FILES[0], FILES[1], ("2_full/contract.sql", contract), ("4_names/backfill.sql", again.as_str())];
        plan(&files, Known::Nothing)
    };
    let conflicts = |plan: &Plan| plan.all_findings().filter(|finding| finding.lint.as_str() == "unordered-conflict").count();
    let plain = with("");
    assert_eq!((plain.clashes.len(), conflicts(&plain)), (1, 1));
    assert_eq!(plain.gates().next().map(|spec| spec.clashes.len()), Some(1));
    let allowed = with("-- migrate: allow(unordered-conflict) reason=\"no name is empty in either order\"\n");
    assert_eq!((allowed.clashes.len(), conflicts(&allowed)), (0, 0));
    assert_eq!(allowed.gates().next().map(|spec| spec.clashes.len()), Some(0));
    assert!(allowed.all_findings().all(|finding| finding.lint.as_str() != "unused-allow"));
    assert_eq!(allowed.scripts.last().map(|script| script.allowed.len()), Some(1));
}

#[test]
fn levels_of_strangers_are_refused() {
    let migrations = migrations(&FILES, Dialect::Postgres);
    let project = Project::parse(std::path::Path::new("shop"), "[lint.levels]\ndrop-colum = \"warn\"").expect("levels are checked later");
    let server = Server::oldest(Dialect::Postgres);
    let error = Survey {
        project: &project,
        migrations: &migrations,
        server,
        known: Known::Nothing,
        today: crate::plan::testing::TODAY,
        sizes: &crate::schema::size::Sizes::unknown(),
    }
    .plan();
    assert!(error.expect_err("an unknown lint").to_string().contains("did you mean `drop-column`?"));
}
