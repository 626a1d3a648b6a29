//! What counts as a conflict with the past, and how it is told.

use jiff::Timestamp;

use super::*;
use crate::ledger::ScriptRecord;
use crate::migration::{Migration, MigrationId, ScriptText, Settings};
use crate::schema::Phase;
use crate::sql::Source;

fn digest(byte: u8) -> Digest {
    Digest([byte; 32])
}

fn migrations(scripts: &[(&str, Phase, u8)]) -> Migrations {
    let mut list: Vec<Migration> = Vec::new();
    for &(id, phase, byte) in scripts {
        let path: Arc<str> = format!("migrations/{id}/{phase}.sql").into();
        let text = ScriptText::Embedded(Source::new(Arc::clone(&path), "SELECT 2;\n"));
        let script = ScriptFile { phase, path, digest: digest(byte), content: Digest([0; 32]), text, declared: Arc::from("") };
        match list.iter_mut().find(|migration| migration.id.as_str() == id) {
            Some(migration) => migration.scripts.push(script),
            None => {
                list.push(Migration { id: MigrationId::new(id), scripts: vec![script], rollback: None, settings: Settings::unstated() })
            }
        }
    }
    Migrations::new(list).expect("versions differ")
}

fn ledger(records: &[(&str, u8, ScriptStatus)]) -> Ledger {
    let mut ledger = Ledger::empty(Timestamp::UNIX_EPOCH);
    ledger.format = FORMAT;
    let record = |&(node, byte, status): &(&str, u8, ScriptStatus)| ScriptRecord {
        node: node.parse().expect("id:phase"),
        digest: digest(byte),
        status,
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: None,
        actor: "ann@host".into(),
        evidence: None,
    };
    ledger.scripts = records.iter().map(record).collect();
    ledger
}

#[test]
fn each_conflict_names_its_script_and_the_way_out() {
    let migrations = migrations(&[("1_a", Phase::Expand, 1), ("2_b", Phase::Expand, 2), ("3_c", Phase::Contract, 3)]);
    let ledger = ledger(&[
        ("1_a:expand", 9, ScriptStatus::Done),
        ("2_b:expand", 2, ScriptStatus::Done),
        ("3_c:expand", 3, ScriptStatus::Done),
        ("4_d:expand", 4, ScriptStatus::Done),
    ]);
    let conflicts = compare(&migrations, &ledger);
    let told: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "migrations/1_a/expand.sql was edited after it was applied as 1_a:expand",
            "3_c:expand was applied, but migration 3_c has no such file",
            "4_d:expand was applied, but there is no migration 4_d here",
        ]
    );
    assert_eq!(conflicts.iter().map(HistoryConflict::is_ahead).collect::<Vec<_>>(), [false, true, true]);
    assert!(conflicts[0].next().contains("git log -p -- migrations/1_a/expand.sql"));
}

#[test]
fn late_files_and_roll_backs_are_no_conflicts() {
    let migrations = migrations(&[("1_a", Phase::Expand, 1), ("1_a", Phase::Contract, 5), ("2_b", Phase::Expand, 2)]);
    let ledger = ledger(&[("1_a:expand", 1, ScriptStatus::Done), ("2_b:expand", 9, ScriptStatus::RolledBack)]);
    assert_eq!(compare(&migrations, &ledger), []);
}

#[test]
fn a_running_script_must_not_be_edited_either() {
    let migrations = migrations(&[("1_a", Phase::Expand, 1)]);
    assert_eq!(compare(&migrations, &ledger(&[("1_a:expand", 9, ScriptStatus::Running)])).len(), 1);
}

#[test]
fn a_run_that_never_ended_tells_how_it_is_taken_back() {
    let migrations = migrations(&[("1_a", Phase::Expand, 1)]);
    let conflicts = compare(&migrations, &ledger(&[("1_a:expand", 9, ScriptStatus::Running), ("2_b:expand", 9, ScriptStatus::Running)]));
    let told: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    let expected = [
        "migrations/1_a/expand.sql was edited after a run began with 1_a:expand",
        "2_b:expand was begun, but there is no migration 2_b here",
    ];
    assert_eq!(told, expected);
    for (conflict, id) in conflicts.iter().zip(["1_a", "2_b"]) {
        assert!(conflict.next().contains(&format!("`migrate rollback {id}`")), "{}", conflict.next());
    }
    let backfill = compare(&migrations, &ledger(&[("2_b:backfill", 9, ScriptStatus::Running)]));
    assert!(!backfill[0].next().contains("rollback"), "a backfill is not rolled back: {}", backfill[0].next());
}

#[test]
fn a_newer_ledger_is_not_read_further() {
    let mut newer = ledger(&[("9_z:expand", 1, ScriptStatus::Done)]);
    newer.format = FORMAT + 1;
    assert_eq!(compare(&migrations(&[]), &newer), [HistoryConflict::NewerLedger { found: FORMAT + 1, known: FORMAT }]);
}

#[test]
fn differences_are_unified_and_blind_to_line_ends() {
    let migrations = migrations(&[("1_a", Phase::Expand, 1)]);
    let script = migrations.script(&"1_a:expand".parse().expect("valid")).expect("there");
    let shown = difference(script, "SELECT 1;\r\n").expect("embedded");
    assert!(shown.contains("--- migrations/1_a/expand.sql (applied)\n+++ migrations/1_a/expand.sql (now)\n"), "{shown}");
    assert!(shown.contains("-SELECT 1;\n+SELECT 2;\n"), "{shown}");
    assert_eq!(difference(script, "SELECT 2;\r\n").expect("embedded"), "");
}
